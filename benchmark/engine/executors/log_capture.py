"""What estimators print, captured in a file of limited size."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from multiprocessing.context import BaseContext
from pathlib import Path

MAX_BYTES = 2**22
"""Size limit of a log file. The file before it is kept as ``.1``, so a log takes at most twice this size."""

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
        """Append. If the disk is full, the text is lost but the job goes on."""
        with self._lock, suppress(OSError):
            if self.path.exists() and self.path.stat().st_size + len(text) > MAX_BYTES:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
            with self.path.open("ab") as file:
                file.write(text[-MAX_BYTES:])


class PipeReader:
    """Copies what a worker prints from a pipe to its log, in a thread.

    Parameters
    ----------
    context : BaseContext
    log : Log

    Attributes
    ----------
    end : Connection
        End of the pipe that the worker writes to.
    """

    def __init__(self, context: BaseContext, log: Log) -> None:
        self._source, self.end = context.Pipe(duplex=False)
        self._log = log
        self._thread = threading.Thread(target=self._run, name="log reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close this process's copy of the worker's end, and wait for the rest of the text."""
        self.end.close()
        self._thread.join(DRAIN_SECONDS)  # ends when the last copy is closed; a surviving process may hold one

    def _run(self) -> None:
        while text := os.read(self._source.fileno(), 2**16):
            self._log.write(text)
        self._source.close()
