"""The first Ctrl-C asks a run to stop; the second ends the process at once. So do the signals in `STOPS`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

from benchmark.engine.scheduler import StopRequest
from benchmark.errors import INTERRUPTED

STOPS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that are taken as Ctrl-C: of `kill`, `docker stop` and job schedulers, and of a terminal that is closed."""


@contextmanager
def handle_interrupts(stop: StopRequest, kill: Callable[[], None], resume_command: str) -> Iterator[None]:
    """Let the first SIGINT or one of `STOPS` set `stop`, and the second call `kill` and end this process.

    A signal that is ignored (SIGINT in a background job of a shell script, SIGHUP after ``nohup``) stays ignored.

    Parameters
    ----------
    stop : StopRequest
    kill : callable
        Kills every worker without taking a lock or waiting.
    resume_command : str
        Says how to continue the run.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        if not stop.requested:
            stop.requested = True
            return
        kill()
        with suppress(OSError):  # nobody reads it any more
            show_cursor = b"\x1b[?25h" if os.isatty(2) else b""
            os.write(2, show_cursor + f"\nleft at once; {resume_command} goes on from here\n".encode())
        os._exit(INTERRUPTED)

    with ExitStack() as until_the_end:
        for number in (signal.SIGINT, *STOPS):
            before = signal.getsignal(number)
            if before != signal.SIG_IGN:
                signal.signal(number, handle)
                until_the_end.callback(signal.signal, number, before)
        yield
