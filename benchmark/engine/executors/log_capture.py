"""What estimators print: kept in a file that cannot grow without end."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from multiprocessing.context import SpawnContext
from pathlib import Path

KEPT = 2**22
"""Bytes of a log file; the file before it is kept beside it as ``.1``, so a log takes twice that at most."""

DRAIN_SECONDS = 1.0


class Log:
    """The log of one estimator, which several workers may write to.

    Parameters
    ----------
    path : Path
        Appended to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def write(self, text: bytes) -> None:
        """Append; where the disk is full the text is lost, and never the job."""
        with self._lock, suppress(OSError):
            if self.path.exists() and self.path.stat().st_size + len(text) > KEPT:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
            with self.path.open("ab") as file:
                file.write(text[-KEPT:])


class Pump:
    """Carries what a worker prints from a pipe to its log.

    Parameters
    ----------
    context : SpawnContext
    log : Log

    Attributes
    ----------
    end : Connection
        The end that the worker writes to.
    """

    def __init__(self, context: SpawnContext, log: Log) -> None:
        self._source, self.end = context.Pipe(duplex=False)
        self._log = log
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close our copy of the worker's end and let what is in the pipe come through."""
        self.end.close()
        self._thread.join(DRAIN_SECONDS)  # it ends when the last copy is closed; something may have kept one

    def _run(self) -> None:
        while text := os.read(self._source.fileno(), 2**16):
            self._log.write(text)
        self._source.close()
