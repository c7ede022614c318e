"""Prepared pictures, kept: a telephone's photo takes 0.4 s to decode and to shrink, and every verb needs all of them.

A folder's pictures are known again by the name, size and time of change of each file, as make knows what it made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL

from benchmark.datasets import locations
from benchmark.datasets.idx import LIMIT
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

VERSION = 1
"""Raised when pictures are prepared in another way."""


@dataclass(frozen=True)
class Prepared:
    """Pictures of one size.

    Attributes
    ----------
    shape : tuple of int
        (height, width).
    X : ndarray of uint8, (n, pixels)
        Of those that can be read, in the order of their files.
    broken : dict of int to str
        Places of the other files, and what is wrong with each.
    """

    shape: tuple[int, int]
    X: npt.NDArray[np.uint8]
    broken: dict[int, str]


def cache_path(paths: Sequence[Path], asked: tuple[int, int] | None) -> Path:
    """Return where the pictures of these files, brought to that size, are kept or would be.

    Raises
    ------
    OSError
        One of them is no longer there.
    """
    digest = hashlib.sha256(repr((VERSION, PIL.__version__, asked)).encode())
    for path in paths:
        stat = path.stat()
        digest.update(repr((str(path.absolute()), stat.st_size, stat.st_mtime_ns)).encode())
    return locations.cache_folder() / "pictures" / f"{digest.hexdigest()}.npz"


def read(path: Path) -> Prepared | None:
    """Return what is kept; None where nothing is, or it is damaged."""
    if not path.is_file():
        return None
    try:
        found = serialization.read_npz(path, LIMIT)
        height, width = found["shape"].tolist()
        X, rows, reasons = found["X"], found["rows"].tolist(), found["reasons"].tolist()
        whole = X.dtype == np.uint8 and X.ndim == 2 and X.shape[1] == height * width
        return Prepared((height, width), X, dict(zip(rows, reasons, strict=True))) if whole else None
    except (BenchmarkError, KeyError, ValueError):
        return None


def write(path: Path, prepared: Prepared) -> None:
    """Keep prepared pictures; where that cannot be done they are prepared again the next time."""
    blob = serialization.to_npz(
        shape=np.asarray(prepared.shape),
        X=prepared.X,
        rows=np.asarray(list(prepared.broken), dtype=np.int64),
        reasons=np.asarray(list(prepared.broken.values()), dtype=np.str_),
    )
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        serialization.write_atomically(path, blob)
