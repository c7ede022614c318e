"""Downloads from public mirrors, tried in turn; the checksum is verified before a file is used."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from benchmark.datasets import idx
from benchmark.errors import BenchmarkError
from benchmark.storage import scratch

TIMEOUT_SECONDS = (10, 30)
"""Time limits to connect, and between two pieces of the answer."""

_OUR_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO}
"""Errors of this machine and not of a mirror."""


class UnavailableError(BenchmarkError):
    """The data are neither on this machine nor on any mirror."""


@dataclass(frozen=True)
class File:
    """One file of a source.

    Attributes
    ----------
    sha256 : str
        Empty if unknown before the download.
    size : int
        Largest size in bytes; a download that exceeds it is stopped.
    md5 : str
        Verified if there is no SHA-256. A file with neither describes other files, and is not verified.
    path : str
        Path on a mirror; empty if it is the file name.
    """

    sha256: str
    size: int
    md5: str = ""
    path: str = ""

    @property
    def known_hash(self) -> str | None:
        """The checksum in pooch's notation."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}" if self.md5 else None


@dataclass(frozen=True)
class Source:
    """Files that belong together, and their mirrors.

    Attributes
    ----------
    title : str
        The name for people.
    files : mapping of str to File
        By name.
    mirrors : tuple of str
        URLs of folders, tried in turn. ``$BENCHMARK_MIRRORS``, separated by spaces, replaces them; if it is set but
        empty, there is none.
    put : str
        What the user can do by hand: "put the four files into data/fashion-mnist".
    flag : str
        The alternative: "name their folder with --data-dir".
    """

    title: str
    files: Mapping[str, File]
    mirrors: tuple[str, ...]
    put: str
    flag: str


def download(source: Source, folder: Path) -> None:
    """Download the files that a folder lacks; each is verified, then moved into place.

    Parameters
    ----------
    source : Source
    folder : Path
        Created if it does not exist.

    Raises
    ------
    UnavailableError
        No mirror has a file (the message names each that was tried), or the folder is not writable.
    """
    replaced = os.environ.get("BENCHMARK_MIRRORS")
    mirrors = list(source.mirrors) if replaced is None else replaced.split()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with scratch.temporary_folder(folder) as temporary:
            for name, file in source.files.items():
                if not _verified(folder / name, file):
                    _fetch(source, name, mirrors, temporary).replace(folder / name)
    except OSError as error:
        raise UnavailableError(
            f"{source.title} is not on this machine, and {folder} cannot be written to download it "
            f"({error.strerror or error}); set BENCHMARK_CACHE to another folder, or {source.put}"
        ) from error


def _verified(path: Path, file: File) -> bool:
    import pooch

    if file.sha256:
        return path.is_file() and idx.digest(path) == file.sha256
    return path.is_file() and (not file.md5 or pooch.file_hash(str(path), "md5") == file.md5)


def _fetch(source: Source, name: str, mirrors: list[str], folder: Path) -> Path:
    """Download and verify one file from the first mirror that has it; mirrors that fail move to the end of the list."""
    import pooch

    pooch.get_logger().setLevel("CRITICAL")  # failures are reported below
    http = pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS)
    wanted = source.files[name]

    def bounded(url: str, target: str, owner: object) -> None:
        with open(target, "wb") as file:
            http(url, _Bounded(file, wanted.size), owner)

    failures = []
    for mirror in tuple(mirrors):
        try:
            url = mirror.rstrip("/") + "/" + (wanted.path or name)
            return Path(pooch.retrieve(url, wanted.known_hash, fname=name, path=folder, downloader=bounded))
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is a ValueError
            if isinstance(error, OSError) and error.errno in _OUR_DISK:
                raise
            failures.append(f"{mirror} ({_cause(error)})")
            mirrors.append(mirrors.pop(0))  # so that the timeout of a dead mirror is spent once, not for each file
    raise UnavailableError(
        f"{source.title}: {name} is not on this machine and no mirror gave it: {', '.join(failures) or 'none'}; "
        f"{source.put}, or {source.flag}"
    )


def _cause(error: OSError | ValueError) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"answers with status {status}"
    return str(error) if isinstance(error, _TooMuchError) else type(error).__name__


class _TooMuchError(OSError):
    """A mirror sends more than the size of the file."""


class _Bounded:
    """A file to write to that raises `_TooMuchError` beyond a size."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.file, self.limit, self.left = file, limit, limit

    def write(self, piece: bytes) -> None:
        self.left -= len(piece)
        if self.left < 0:
            raise _TooMuchError(f"sends more than the {self.limit:,} bytes of the file")
        self.file.write(piece)

    def flush(self) -> None:
        self.file.flush()
