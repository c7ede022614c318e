"""Where the bytes of a picture come from: a file, or a row of a table."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from benchmark.datasets import picture_cache, preprocessing
from benchmark.errors import BenchmarkError

_ROW = re.compile(r"\.parquet#\d+\.\d+ ")


def row_name(file: str, group: int, row: int, path: str) -> str:
    """Return what a picture in a row of a Parquet file is called; the path that the row gives it may be empty."""
    return f"{file}#{group}.{row} {path}".rstrip()


def path_in(name: str) -> str:
    """Return the path in a picture's name: all of it, but of a row that gives its picture a path only that."""
    match = _ROW.search(name)
    return name if match is None else name[match.end() :]


class Source(Protocol):
    """One picture, not yet decoded."""

    @property
    def name(self) -> str:
        """What messages and pages call it: its path in the data set's folder."""

    def open(self) -> BinaryIO:
        """Return its bytes, to be read once.

        Raises
        ------
        BenchmarkError, OSError
            They cannot be had, or are more than `preprocessing.MAX_BYTES`.
        """

    def stamp(self) -> str:
        """Return a text that changes when its bytes do; see `picture_cache.file_stamp`."""


@dataclass(frozen=True)
class PictureFile:
    """A picture in a file of its own.

    Attributes
    ----------
    path : Path
    folder : Path
        The data set's.
    """

    path: Path
    folder: Path

    @property
    def name(self) -> str:
        """See `Source`."""
        return self.path.relative_to(self.folder).as_posix()

    def open(self) -> BinaryIO:
        """See `Source`."""
        file = self.path.open("rb")
        size = os.fstat(file.fileno()).st_size
        if size > preprocessing.MAX_BYTES:
            file.close()
            raise BenchmarkError(
                f"{size / 2**20:,.1f} MiB, more than the {preprocessing.MAX_BYTES // 2**20} that are read"
            )
        return file

    def stamp(self) -> str:
        """See `Source`."""
        return picture_cache.file_stamp(self.path)
