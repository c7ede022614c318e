"""What a process is started with, made harmless: streams, signals, folders for caches, the plotting backend.

A run of hours may be started from a notebook, a container, a job script or a terminal that is closed meanwhile. None of
that may cost a result.
"""

from __future__ import annotations

import codecs
import getpass
import io
import os
import select
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.engine.executors.worker_init import warn_only
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


_ASCII = {"–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "±": "+/-", "→": "->", "·": "-", "≤": "<=", "≥": ">="}
"""Our own characters beyond ASCII, for an output that lacks them."""

_ERRORS = "benchmark.written_out"


def safe_streams() -> None:
    """Make standard output and errors take any text, and go on without a reader.

    A closed stream becomes one that discards what it is given. The descriptors 0 to 2 are taken, so that no file of
    ours is where a library prints.
    """
    for _ in range(3):  # the system gives the lowest number that is free
        number = os.open(os.devnull, os.O_RDWR)
        if number > 2:
            os.close(number)
            break
        os.set_inheritable(number, True)
    codecs.register_error(_ERRORS, _written_out)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None or (stream is getattr(sys, f"__{name}__") and isinstance(stream, io.TextIOWrapper)):
            setattr(sys, name, _safe(stream, number))


@contextmanager
def stops_as_interrupts() -> Iterator[None]:
    """Let each of `STOPS` raise KeyboardInterrupt, as Ctrl-C does; one that is ignored (by ``nohup``) stays ignored."""
    from benchmark.engine.interrupts import STOPS

    with ExitStack() as until_the_end:
        if threading.current_thread() is threading.main_thread():
            for number in STOPS:
                if signal.getsignal(number) == signal.SIG_DFL:
                    signal.signal(number, signal.default_int_handler)
                    until_the_end.callback(signal.signal, number, signal.SIG_DFL)
        yield


def safe_environment() -> str:
    """Set the environment variables that libraries need here, for this process and its workers.

    - A warning ends nothing, whatever ``PYTHONWARNINGS`` says: estimators and libraries warn.
    - A matplotlib backend that a notebook hands on may not exist here. Figures are drawn without any.
    - The user may have no name and no home folder, as in a container. Without one, or with one in which nothing can
      be cached, a private temporary folder takes its place. Numba, for one, could not be imported.

    Returns
    -------
    str
        What the user should know, in one line; empty if there is nothing.

    Raises
    ------
    BenchmarkError
        The current folder has been removed.
    """
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise BenchmarkError("the current folder has been removed; go to another one: cd ~") from error
    warn_only()
    os.environ["MPLBACKEND"] = "agg"
    try:
        getpass.getuser()
    except (KeyError, OSError):  # torch names folders by it
        os.environ["USER"] = "user"
    home = os.path.expanduser("~")
    if home == "~":
        private = _private_folder()
        os.environ["HOME"] = str(private)
        os.environ.pop("XDG_CACHE_HOME", None)
        return _said("there is no home folder", private)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path(home, ".cache"))
    if _writable(cache):
        return ""
    private = _private_folder()
    os.environ["XDG_CACHE_HOME"] = str(private)
    return _said(f"nothing can be written in {cache}", private)


def _said(why: str, folder: Path) -> str:
    named = "" if os.environ.get("BENCHMARK_CACHE") else "; set BENCHMARK_CACHE to a folder that lasts"
    return f"{why}, so downloads and caches go to {folder}{named}"


def _private_folder() -> Path:
    """Return a folder for temporary files that nobody else can write, the same each time if it can be."""
    found = Path(tempfile.gettempdir()) / f"classical-vs-cnn-{os.getuid()}"
    with suppress(OSError):
        found.mkdir(mode=0o700, exist_ok=True)
        is_ours = found.lstat()  # and not a link, or a folder that someone else has put there
        if stat.S_ISDIR(is_ours.st_mode) and is_ours.st_uid == os.getuid() and not is_ours.st_mode & 0o022:
            return found
    return Path(tempfile.mkdtemp(prefix="classical-vs-cnn-"))


def _writable(folder: Path) -> bool:
    """Return whether a folder can be written, or created where it is."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _safe(stream: io.TextIOWrapper | None, number: int) -> io.TextIOWrapper:
    if stream is not None:
        with suppress(OSError):
            stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Unbreakable(number, "w", closefd=False)),
        encoding=stream.encoding if stream is not None else "utf-8",
        errors=_ERRORS,
        line_buffering=True,
        write_through=stream is not None and stream.write_through,
    )


class _Unbreakable(io.FileIO):
    """A stream whose reader may go away (a pipe, a terminal), or whose disk may fill: the rest is discarded."""

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        try:
            while (written := super().write(data)) is None:  # it does not block, and has no room now
                select.select([], [self], [])
        except OSError:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())
            os.close(nothing)
            return size
        return written


def _written_out(error: UnicodeError) -> tuple[str, int]:
    """Return what to print for characters that an output lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_ASCII.get(char) or ascii(char)[1:-1] for char in lacking), error.end
