"""A cache of prepared pictures: to decode and shrink a phone's photo takes 0.4 s, and every command needs all of them.

The key is the name, size and modification time of each file, as for make.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL

from benchmark.datasets import locations
from benchmark.datasets.dataset import Shape
from benchmark.datasets.idx import LIMIT
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

VERSION = 4
"""Increased when pictures are prepared in another way."""


@dataclass(frozen=True)
class Asked:
    """What a user asks of a folder's pictures.

    Attributes
    ----------
    size : tuple of int, optional
        (height, width); None leaves it to the pictures.
    grey : bool
        Colours are dropped.
    level : str
        Which folders are the classes, where folders lie in folders: "outer", "inner", or empty.
    group : str
        ``--group``: which pictures belong together, see `grouping.group_names`; empty if that is not said.
    """

    size: tuple[int, int] | None = None
    grey: bool = False
    level: str = ""
    group: str = ""

    def words(self) -> tuple[str, ...]:
        """Return what is asked for as a user writes it after each ``@``: ("48x64", "grey", "outer")."""
        size = "" if self.size is None else f"{self.size[0]}x{self.size[1]}"
        return tuple(word for word in (size, "grey" if self.grey else "", self.level) if word)


@dataclass(frozen=True)
class Prepared:
    """Pictures of one size.

    Attributes
    ----------
    shape : Shape
    X : ndarray of uint8, (n, values)
        The readable pictures, in the order of their files.
    broken : dict of int to str
        Index of each unreadable file, and what is wrong with it.
    """

    shape: Shape
    X: npt.NDArray[np.uint8]
    broken: dict[int, str]


def cache_path(stamps: Iterable[str], asked: Asked) -> Path:
    """Return the cache file for pictures of these stamps at this size, whether or not it exists; see `file_stamp`."""
    digest = hashlib.sha256(repr((VERSION, PIL.__version__, asked.size, asked.grey)).encode())
    for stamp in stamps:
        digest.update(stamp.encode("utf-8", "surrogateescape"))
    return locations.cache_folder() / "pictures" / f"{digest.hexdigest()}.npz"


def file_stamp(path: Path) -> str:
    """Return a text that changes when the file does.

    Raises
    ------
    OSError
        The file no longer exists.
    """
    stat = path.stat()
    return repr((str(path.absolute()), stat.st_size, stat.st_mtime_ns))


def read(path: Path) -> Prepared | None:
    """Return the pictures in a cache file, or None if it does not exist or is damaged."""
    if not path.is_file():
        return None
    try:
        arrays = serialization.read_npz(path, LIMIT)
        height, width, channels = arrays["shape"].tolist()
        X, rows, reasons = arrays["X"], arrays["rows"].tolist(), arrays["reasons"].tolist()
        valid = X.dtype == np.uint8 and X.ndim == 2 and X.shape[1] == height * width * channels
        return Prepared((height, width, channels), X, dict(zip(rows, reasons, strict=True))) if valid else None
    except (BenchmarkError, KeyError, ValueError):
        return None


def write(path: Path, prepared: Prepared) -> None:
    """Write prepared pictures to a cache file; errors are ignored, and the pictures are prepared again next time."""
    blob = serialization.to_npz(
        shape=np.asarray(prepared.shape),
        X=prepared.X,
        rows=np.asarray(list(prepared.broken), dtype=np.int64),
        reasons=np.asarray(list(prepared.broken.values()), dtype=np.str_),
    )
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        serialization.write_atomically(path, blob)
