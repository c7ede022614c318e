"""The first Ctrl-C asks a run to stop; the second ends the process at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from benchmark.engine.scheduler import StopRequest
from benchmark.errors import INTERRUPTED


@contextmanager
def handle_sigint(stop: StopRequest, kill: Callable[[], None], resume_command: str) -> Iterator[None]:
    """Let the first SIGINT set `stop`, and the second call `kill` and end this process.

    A SIGINT that is ignored (in a background job of a shell script) stays ignored.

    Parameters
    ----------
    stop : StopRequest
    kill : callable
        Kills every worker without taking a lock or waiting.
    resume_command : str
        Says how to continue the run.
    """
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if not stop.requested:
            stop.requested = True
            return
        kill()
        show_cursor = b"\x1b[?25h" if os.isatty(2) else b""
        os.write(2, show_cursor + f"\nleft at once; {resume_command} goes on from here\n".encode())
        os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
