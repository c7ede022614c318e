"""Files from public mirrors, tried in turn; a checksum is compared before a byte is used."""

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
"""To connect, and between two pieces of the answer."""

_OUR_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO}
"""Errors that are this machine's and no mirror's."""


class UnavailableError(BenchmarkError):
    """Neither on this machine nor on any mirror."""


@dataclass(frozen=True)
class File:
    """One file of a source.

    Attributes
    ----------
    sha256 : str
        Empty where it is not known beforehand.
    size : int
        Bytes; a mirror that sends more is cut off.
    md5 : str
        Compared where there is no SHA-256. Where there is neither, the file is a description of others, and
        whatever comes is taken.
    path : str
        Where it lies on a mirror; empty where that is its name.
    """

    sha256: str
    size: int
    md5: str = ""
    path: str = ""

    @property
    def known_hash(self) -> str | None:
        """The checksum as pooch has it."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}" if self.md5 else None


@dataclass(frozen=True)
class Source:
    """Files that belong together, and where they are to be had.

    Attributes
    ----------
    title : str
        What they are, for people.
    files : mapping of str to File
        By name.
    mirrors : tuple of str
        Addresses of folders, tried in turn. ``$BENCHMARK_MIRRORS``, separated by spaces, replaces
        them; set but empty means none.
    put : str
        What a person can do by hand: "put the four files into data/fashion-mnist".
    flag : str
        What else: "name their folder with --data-dir".
    """

    title: str
    files: Mapping[str, File]
    mirrors: tuple[str, ...]
    put: str
    flag: str


def download(source: Source, folder: Path) -> None:
    """Fetch those files into a folder that are not in it yet, each verified, then moved into place.

    Parameters
    ----------
    source : Source
    folder : Path
        Made if need be.

    Raises
    ------
    UnavailableError
        No mirror gave a file (each that was tried is named), or the folder cannot be written.
    """
    given = os.environ.get("BENCHMARK_MIRRORS")
    mirrors = list(source.mirrors) if given is None else given.split()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with scratch.temporary_folder(folder) as place:
            for name, file in source.files.items():
                if not _right(folder / name, file):
                    _fetch(source, name, mirrors, place).replace(folder / name)
    except OSError as error:
        raise UnavailableError(
            f"{source.title} is not on this machine, and {folder} cannot be written to download it "
            f"({error.strerror or error}); set BENCHMARK_CACHE to another folder, or {source.put}"
        ) from error


def _right(path: Path, file: File) -> bool:
    import pooch

    if file.sha256:
        return path.is_file() and idx.digest(path) == file.sha256
    return path.is_file() and (not file.md5 or pooch.file_hash(str(path), "md5") == file.md5)


def _fetch(source: Source, name: str, mirrors: list[str], place: Path) -> Path:
    """Download one file, verified, from the first mirror that gives it; those that fail go to the end of the list."""
    import pooch

    pooch.get_logger().setLevel("CRITICAL")  # a mirror that fails is told below, in our words
    http = pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS)
    wanted = source.files[name]

    def bounded(url: str, target: str, owner: object) -> None:
        with open(target, "wb") as file:
            http(url, _Bounded(file, wanted.size), owner)

    failures = []
    for mirror in tuple(mirrors):
        try:
            url = mirror.rstrip("/") + "/" + (wanted.path or name)
            found = pooch.retrieve(url, wanted.known_hash, fname=name, path=place, downloader=bounded)
            return Path(found)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong sum is a ValueError
            if isinstance(error, OSError) and error.errno in _OUR_DISK:
                raise
            failures.append(f"{mirror} ({_cause(error)})")
            mirrors.append(mirrors.pop(0))  # a dead one is waited for once, not once a file
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
    """A mirror sends more than the file holds."""


class _Bounded:
    """A file that takes so many bytes and no more."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.file, self.limit, self.left = file, limit, limit

    def write(self, piece: bytes) -> None:
        self.left -= len(piece)
        if self.left < 0:
            raise _TooMuchError(f"sends more than the {self.limit:,} bytes of the file")
        self.file.write(piece)

    def flush(self) -> None:
        self.file.flush()
