"""IDX files, the format of MNIST (http://yann.lecun.com/exdb/mnist): a big-endian header, then raw bytes."""

from __future__ import annotations

import gzip
import math
import os
import re
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from benchmark.datasets.picture_tree import is_litter
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

IMAGES, LABELS = 0x803, 0x801
"""Magic numbers of unsigned bytes in three dimensions, and in one."""

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""Images and labels; each file name may end in ``.gz``."""

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""Types of numbers by the third byte of a magic number."""

LIMIT = 2**30
"""Largest size of a file, packed or unpacked, that is read, in bytes."""

PARTS = ("train", "test")
KINDS = {"images": 3, "labels": 1}
"""What the files of a data set hold, with their dimensions."""

_NAME = re.compile(
    r"(?P<set>.*?)[-_. ]*(?P<part>train|test|t10k)[-_. ](?P<kind>images|labels)[-_. ]idx(?P<rank>[13])[-_. ]ubyte"
    r"(\.gz)?",
    re.IGNORECASE,
)
"""File names as in MNIST and EMNIST; some unpackers write ``train-images.idx3-ubyte``, others change the case."""

_WITHOUT_NAME = "mnist"
"""What a data set is called whose files have MNIST's names, so nothing before ``train`` and ``t10k``."""

Files = dict[tuple[str, str], Path]
"""By part ("train" or "test") and kind ("images" or "labels")."""

_PIECE = 2**20
"""Bytes that are read at once."""


def find_files(folder: Path) -> list[Path]:
    """Return the IDX files in a folder, at most four; if a file exists packed and unpacked, the packed one."""
    either = [(folder / f"{name}.gz", folder / name) for name in (*TRAIN, *TEST)]
    # os.path.isfile, unlike Path.is_file, returns False for a folder without read permission.
    return [next(path for path in pair if os.path.isfile(path)) for pair in either if any(map(os.path.isfile, pair))]


def missing_files(files: list[Path]) -> list[str]:
    """Return the names of the four files that are not in a list from `find_files`."""
    present = {path.name.removesuffix(".gz") for path in files}
    return [name for name in (*TRAIN, *TEST) if name not in present]


def find_sets(folder: Path) -> dict[str, Files]:
    """Return the IDX files of each data set in a folder, by the beginning of their names: ``emnist-letters``.

    If a file exists packed and unpacked, the packed one is returned.
    """
    sets: dict[str, Files] = {}
    if not os.path.isdir(folder):
        return sets
    places = [each for each in sorted(os.listdir(folder)) if not is_litter(each)]
    # Some unpackers put each file into a folder of its name. A file of the folder itself comes later, and counts.
    for name in sorted(places, key=lambda each: os.path.isfile(folder / each)):  # and name.gz comes after name
        path = folder / name / name if os.path.isdir(folder / name) else folder / name
        if (match := _NAME.fullmatch(name)) is not None and os.path.isfile(path):
            part = "train" if match["part"].lower() == "train" else "test"
            sets.setdefault(match["set"] or _WITHOUT_NAME, {})[part, match["kind"].lower()] = path
    return sets


def missing_file(files: Files) -> str | None:
    """Return the name of the first file that a data set lacks, as its other files are named, or None.

    A data set may lack both files of its test part.
    """
    parts = PARTS if any(part == "test" for part, _ in files) else PARTS[:1]
    for part in parts:
        for kind, rank in KINDS.items():
            if (part, kind) in files:
                continue
            match = _NAME.fullmatch(next(iter(files.values())).name)
            assert match is not None  # it was found by it
            test = "test" if match["set"] or match["part"].lower() == "test" else "t10k"
            pieces = {"part": part if part == "train" else test, "kind": kind, "rank": str(rank)}
            name, end = "", 0
            for piece, text in pieces.items():
                name += match.string[end : match.start(piece)] + text
                end = match.end(piece)
            return name + match.string[end:]
    return None


def digest(path: Path) -> str:
    """Return the SHA-256 of a file on disk, read in pieces.

    Raises
    ------
    BenchmarkError
        The file is unreadable.
    """
    try:
        return serialization.sha256(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def read(path: Path, magic: int, limit: int = LIMIT) -> npt.NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, gzipped or not; no more is unpacked than its header states.

    Parameters
    ----------
    path : Path
        If the name ends in ``.gz``, the content must be gzip.
    magic : int
        `IMAGES` or `LABELS`.
    limit : int
        Largest size in bytes; a larger file, packed or unpacked, is refused before it is read.

    Returns
    -------
    ndarray of uint8, (n, height, width) or (n,)

    Raises
    ------
    BenchmarkError
        The file is unreadable, too large, empty, truncated or not gzip, has a wrong magic number, or has another size
        than its header states.
    """
    return _read(path, magic, limit, {magic: np.dtype(np.uint8)}).astype(np.uint8, copy=False)


def read_any(path: Path, magic: int) -> npt.NDArray[Any]:
    """Read one IDX file of numbers of any type, as `read` does.

    Parameters
    ----------
    path : Path
    magic : int
        `IMAGES` or `LABELS`, whatever the type.

    Returns
    -------
    ndarray, (n, height, width) or (n,)
        Of the machine's byte order.

    Raises
    ------
    BenchmarkError
        As `read`.
    """
    return _read(path, magic, LIMIT, {(code << 8) + (magic & 0xFF): np.dtype(kind) for code, kind in _TYPES.items()})


def _read(path: Path, magic: int, limit: int, kinds: Mapping[int, np.dtype[Any]]) -> npt.NDArray[Any]:
    """Read a file whose magic number is one of `kinds`; `magic` is the one that messages name."""
    try:
        packed = path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    with packed:
        if os.fstat(packed.fileno()).st_size > limit:
            raise BenchmarkError(f"{path}: larger than the {limit:,} bytes that are read; give a smaller file")
        return _decode(packed, path, magic, limit, kinds)


def _decode(
    packed: BinaryIO, path: Path, magic: int, limit: int, kinds: Mapping[int, np.dtype[Any]]
) -> npt.NDArray[Any]:
    try:
        start = packed.read(2)
        packed.seek(0)
        zipped = start == b"\x1f\x8b"
    except OSError as error:
        raise _unreadable(path, error) from error
    if not start:
        raise BenchmarkError(f"{path}: the file is empty; fetch it again")
    if path.suffix == ".gz" and not zipped:
        raise BenchmarkError(f"{path}: not gzip, although its name ends in .gz; fetch it again, or drop the .gz")
    try:
        with gzip.GzipFile(fileobj=packed) if zipped else packed as file:
            shape, kind = _shape(file.read(4 + 4 * (magic & 0xFF)), path, magic, limit, kinds)
            body = np.empty(math.prod(shape) * kind.itemsize, dtype=np.uint8)  # no memory until it is filled
            filled = _fill(file, body.data)
            surplus = file.read(1)  # reading to the end makes gzip verify its checksum
    except (OSError, EOFError, zlib.error) as error:
        raise BenchmarkError(f"{path}: damaged or truncated gzip ({error}); fetch it again") from error
    if filled < body.size or surplus:
        holds = "more" if surplus else f"{filled:,}"
        raise BenchmarkError(f"{path}: the header counts {body.size:,} bytes, the file holds {holds}; fetch it again")
    return body.view(kind).astype(kind.newbyteorder("="), copy=False).reshape(shape)


def _fill(file: BinaryIO | gzip.GzipFile, buffer: memoryview) -> int:
    """Read until the buffer is full or the file ends; in pieces, so that the data are not in memory twice."""
    filled = 0
    while filled < len(buffer) and (piece := file.read(min(_PIECE, len(buffer) - filled))):
        buffer[filled : filled + len(piece)] = piece
        filled += len(piece)
    return filled


def _unreadable(path: Path, error: OSError) -> BenchmarkError:
    return BenchmarkError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions")


def _shape(
    header: bytes, path: Path, magic: int, limit: int, kinds: Mapping[int, np.dtype[Any]]
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the type that a header states."""
    what = "images" if magic == IMAGES else "labels"
    number = struct.unpack_from(">I", header)[0] if len(header) >= 4 else magic
    if number not in kinds:
        raise BenchmarkError(
            f"{path}: magic number 0x{number:08x} is not that of IDX {what} (0x{magic:08x}); is it another file?"
        )
    if len(header) < 4 + 4 * (magic & 0xFF):
        raise BenchmarkError(f"{path}: ends within its header; fetch it again")
    shape: tuple[int, ...] = struct.unpack_from(f">{magic & 0xFF}I", header, 4)
    size = math.prod(shape) * kinds[number].itemsize
    if size > limit:
        raise BenchmarkError(
            f"{path}: the header counts {size:,} bytes, more than the {limit:,} that are read; give a smaller file"
        )
    return shape, kinds[number]
