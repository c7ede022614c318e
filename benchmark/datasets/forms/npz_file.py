"""An ``.npz`` file with the names of arrays that Keras, MedMNIST or ``numpy.savez`` gives, or a file for each part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from benchmark.datasets import idx
from benchmark.datasets.forms import parts
from benchmark.datasets.forms.form import Form, Request, can_choose, chosen
from benchmark.datasets.picture_tree import files_in
from benchmark.datasets.split import PART_WORDS, TEST, TRAIN, VALIDATION
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

NPZ_LIMIT = 4 * idx.LIMIT
"""Largest unpacked size of an ``.npz``, in bytes: a pixel stored as float64 takes eight."""

_NUMBERED = re.compile(r"arr_\d+")
"""What ``numpy.savez`` calls arrays that are given without a name."""

Arrays = Mapping[str, npt.NDArray[Any]]


def read_arrays(
    path: Path, wanted: Callable[[list[str]], list[str]] = lambda names: names
) -> dict[str, npt.NDArray[Any]]:
    """Read arrays of an ``.npz``; nothing is unpickled.

    Parameters
    ----------
    path : Path
    wanted : callable
        Is told the names of all arrays and returns those that are read.

    Raises
    ------
    BenchmarkError
        The file is damaged, or too large for this program or for the memory that is free.
    """
    try:
        check_size(path, serialization.unpacked_bytes(path))
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in wanted(file.files)}
    except MemoryError as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); give fewer or smaller images, as uint8") from error
    except serialization.UNREADABLE_NPZ as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(f"{path}: cannot be read as .npz ({cause}); save it again with numpy.savez") from error


def check_size(path: Path, size: int) -> None:
    """Refuse arrays of `size` bytes that are too large for this program or for the memory that is free.

    Raises
    ------
    BenchmarkError
    """
    free = psutil.virtual_memory().available
    if size > NPZ_LIMIT:
        raise BenchmarkError(
            f"{path}: unpacks to {size:,} bytes, more than {NPZ_LIMIT:,}; give fewer or smaller images, as uint8"
        )
    if 2 * size > free:  # to split a part off takes a copy
        raise BenchmarkError(
            f"{path}: unpacks to {size:,} bytes, more than half of the {free:,} of memory that are free; give fewer or "
            "smaller images, as uint8"
        )


def from_arrays(
    path: Path, arrays: Arrays, places: Mapping[str, str], there: Iterable[str], request: Request
) -> FileDataset:
    """Return the data set of arrays by their names.

    Parameters
    ----------
    path : Path
        The ``.npz``, or the folder of ``.npy`` files.
    arrays : mapping of str to ndarray
    places : mapping of str to str
        What an error message names, for each array.
    there : iterable of str
        The names of all arrays, whether or not they were read.
    request : Request

    Raises
    ------
    BenchmarkError
        An array is missing, or the arrays are invalid.
    """
    found = parts.named(arrays)
    if not found and arrays and all(map(_NUMBERED.fullmatch, arrays)):
        found = _by_shape(path, arrays, request)
    found.setdefault(TRAIN, (None, None))
    raw = {}
    for part, (X, y) in found.items():
        if X is None or y is None:
            raise BenchmarkError(
                f"{path}: array `{_missing(part, X, y, found)}` is missing, there are: {', '.join(there) or 'none'}; "
                "save images and labels of each part"
            )
        raw[part] = RawPart(arrays[X], arrays[y], places[X], places[y])
    validation = found.get(VALIDATION, ("",))[0] or ""
    return parts.assemble(request.name, str(path), raw, request.notify, (path,) * path.is_file(), None, validation)


def _missing(part: str, X: str | None, y: str | None, found: Mapping[str, tuple[str | None, str | None]]) -> str:
    """Return the name that a missing array would have: that of a sister, with the part replaced."""
    kind = 0 if X is None else 1
    if X is None and y is None:
        return "X_train"
    for other, pair in found.items():
        name = pair[kind]
        for word in PART_WORDS[other]:
            if name is not None and other != part and word in name.lower():
                at = name.lower().index(word)
                return name[:at] + PART_WORDS[part][0] + name[at + len(word) :]
    return f"{'Xy'[kind]}_{PART_WORDS[part][0]}"


def _by_shape(path: Path, arrays: Arrays, request: Request) -> dict[str, tuple[str | None, str | None]]:
    """Return the parts of arrays without names: the first images and the first labels train, the second test."""
    images = [name for name, array in arrays.items() if array.ndim >= 2 and array[:1].size > 1]
    labels = [name for name in arrays if name not in images]
    pairs = list(zip(images, labels, strict=False))
    fit = all(len(arrays[X]) == arrays[y].size for X, y in pairs if arrays[y].ndim)
    if len(images) != len(labels) or len(pairs) not in (1, 2) or not fit:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise BenchmarkError(
            f"{path}: the arrays have no names ({shapes[:200]}); save them as X_train, y_train, X_test and y_test"
        )
    both = dict(zip((TRAIN, TEST), pairs, strict=False))
    said = "; ".join(f"{X} and {y} {part}" for part, (X, y) in both.items())
    request.notify(f"{path}: the arrays have no names, so they are read in their order: {said}")
    return {part: (X, y) for part, (X, y) in both.items()}


def _known(names: list[str]) -> list[str]:
    """Return the arrays that are read: those with a usual name, or all."""
    return [name for pair in parts.named(names).values() for name in pair if name is not None] or names


def _read(path: Path, request: Request) -> FileDataset:
    there: list[str] = []

    def wanted(names: list[str]) -> list[str]:
        there.extend(names)
        return _known(names)

    arrays = read_arrays(path, wanted)
    return from_arrays(path, arrays, {name: f"{path} ({name})" for name in arrays}, there, request)


def _pairs(folder: Path) -> dict[str, dict[str, Path]]:
    """Return the data sets of a folder that have a file for training and one for another part."""
    files = [each for each in files_in(folder) if each.suffix.lower() == ".npz"]
    found = parts.by_part(folder, files)
    return {name: each for name, each in found.items() if TRAIN in each and len(each) > 1}


def _read_pair(path: Path, request: Request) -> FileDataset:
    files = chosen(path, _pairs)
    raw = {}
    for part, file in files.items():
        arrays = read_arrays(file, _known)
        found = parts.named(arrays)
        X, y = found.popitem()[1] if len(found) == 1 else (None, None)
        if X is None or y is None:
            raise BenchmarkError(f"{file}: arrays `x` and `y` are expected, there are: {', '.join(arrays) or 'none'}")
        raw[part] = RawPart(arrays[X], arrays[y], f"{file} ({X})", f"{file} ({y})")
    request.notify(f"{path}: " + ", ".join(f"{part} from {file.name}" for part, file in files.items()))
    names = tuple(files.values())
    validation = files[VALIDATION].name if VALIDATION in files else ""
    return parts.assemble(request.name, str(path), raw, request.notify, names, None, validation)


FORM = Form("an .npz file with images and labels", lambda path: path.suffix.lower() == ".npz" and path.is_file(), _read)

PAIR = Form("train.npz and test.npz", lambda path: can_choose(path, _pairs), _read_pair)
