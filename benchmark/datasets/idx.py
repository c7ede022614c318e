"""IDX files, the format of MNIST and its kin (http://yann.lecun.com/exdb/mnist): big-endian header, raw bytes."""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError

IMAGES, LABELS = 0x803, 0x801
"""Magic numbers: unsigned bytes in three dimensions, and in one."""

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""Images and labels; each name may have ``.gz`` behind it."""

LIMIT = 2**30
"""Bytes: no file larger than this is read, packed or unpacked, whatever its header says."""


def find(folder: Path) -> list[Path]:
    """Return those of the four files that lie in the folder, the gzipped one where there are both."""
    either = [(folder / f"{name}.gz", folder / name) for name in (*TRAIN, *TEST)]
    # os.path.isfile, unlike Path.is_file, answers False where a folder may not be looked into.
    return [next(path for path in pair if os.path.isfile(path)) for pair in either if any(map(os.path.isfile, pair))]


def missing(found: list[Path]) -> list[str]:
    """Return the names of the four that are not among what `find` found."""
    present = {path.name.removesuffix(".gz") for path in found}
    return [name for name in (*TRAIN, *TEST) if name not in present]


def blob(path: Path) -> bytes:
    """Return the file's bytes, as they lie on disk.

    Raises
    ------
    BenchmarkError
        Unreadable, or larger than `LIMIT`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1) if path.stat().st_size > LIMIT else file.read()
    except OSError as error:
        raise BenchmarkError(
            f"{path}: cannot be read ({error.strerror}); check the file and its permissions"
        ) from error
    if len(content) > LIMIT:
        raise BenchmarkError(f"{path}: larger than the {LIMIT:,} bytes that are read; give a smaller file")
    return content


def decode(content: bytes, path: Path, magic: int) -> npt.NDArray[np.uint8]:
    """Decode one IDX file, gzipped or not; unpacks no more than its header accounts for.

    Parameters
    ----------
    content : bytes
        The file as it lies on disk.
    path : Path
        What to name in an error. If it ends in ``.gz``, the content must be gzip.
    magic : int
        `IMAGES` or `LABELS`.

    Returns
    -------
    ndarray of uint8, (n, height, width) or (n,)

    Raises
    ------
    BenchmarkError
        Empty, truncated, not gzip, wrong magic number, or a header that disagrees with the bytes.
    """
    if not content:
        raise BenchmarkError(f"{path}: the file is empty; fetch it again")
    zipped = content[:2] == b"\x1f\x8b"
    if path.suffix == ".gz" and not zipped:
        raise BenchmarkError(f"{path}: not gzip, whatever its name says; fetch it again, or drop the .gz")
    dimensions = magic & 0xFF
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) if zipped else io.BytesIO(content) as file:
            header = file.read(4 + 4 * dimensions)
            shape = _shape(header, path, magic)
            size = math.prod(shape)
            body = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BenchmarkError(f"{path}: damaged or truncated gzip ({error}); fetch it again") from error
    if len(body) != size:
        holds = "more" if len(body) > size else f"{len(body):,}"
        raise BenchmarkError(f"{path}: the header counts {size:,} bytes, the file holds {holds}; fetch it again")
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)


def read(path: Path, magic: int) -> npt.NDArray[np.uint8]:
    """Read one IDX file; see `decode`."""
    return decode(blob(path), path, magic)


def _shape(header: bytes, path: Path, magic: int) -> tuple[int, ...]:
    kind = "images" if magic == IMAGES else "labels"
    if len(header) >= 4 and (found := struct.unpack_from(">I", header)[0]) != magic:
        raise BenchmarkError(
            f"{path}: magic number 0x{found:08x} is not that of IDX {kind} (0x{magic:08x}); is it another file?"
        )
    if len(header) < 4 + 4 * (magic & 0xFF):
        raise BenchmarkError(f"{path}: ends within its header; fetch it again")
    shape: tuple[int, ...] = struct.unpack_from(f">{magic & 0xFF}I", header, 4)
    if math.prod(shape) > LIMIT:
        raise BenchmarkError(
            f"{path}: the header counts {math.prod(shape):,} bytes, more than the {LIMIT:,} that are read; "
            "give a smaller file"
        )
    return shape
