"""Ctrl-C once asks a run to stop; twice leaves at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from benchmark.engine.scheduler import Stop
from benchmark.errors import INTERRUPTED


@contextmanager
def heeded(stop: Stop, kill: Callable[[], None], again: str) -> Iterator[None]:
    """Let SIGINT set `stop`; a second one calls `kill` and ends this process.

    Where SIGINT is ignored (a background job of a shell script), it stays so.

    Parameters
    ----------
    stop : Stop
    kill : callable
        Kills every worker; takes no lock and waits for nothing.
    again : str
        How to go on from there.
    """
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if not stop.asked:
            stop.asked = True
            return
        kill()
        show_cursor = b"\x1b[?25h" if os.isatty(2) else b""
        os.write(2, show_cursor + f"\nleft at once; {again} goes on from here\n".encode())
        os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
