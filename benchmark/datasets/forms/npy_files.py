"""A folder of ``.npy`` files: one a class, as QuickDraw is published, or images and labels by their names.

QuickDraw (https://github.com/googlecreativelab/quickdraw-dataset) has 345 files of 120,000 drawings and more. The files
are mapped into memory, and no more images of a class are read than `MOST_IMAGES`, or than fit into `MOST_BYTES`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import split
from benchmark.datasets.forms import npz_file, parts
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.picture_tree import files_in
from benchmark.datasets.split import TRAIN
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

MOST_IMAGES = 10_000
"""Most images of a class that are taken."""

MOST_BYTES = 2**29
"""Most bytes of all images together; to split a test part off takes a copy."""

PUBLISHED_PREFIX = "full_numpy_bitmap_"
"""A browser puts the folders of QuickDraw's bucket before the name of a class."""


def _files(folder: Path) -> list[Path]:
    return [path for path in files_in(folder) if path.suffix.lower() == ".npy"]


def _recognises(path: Path) -> bool:
    return path.is_dir() and len(_files(path)) >= 2


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except serialization.UNREADABLE_NPZ as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(f"{path}: cannot be read as .npy ({cause}); save it again with numpy.save") from error
    return array


def _read(folder: Path, request: Request) -> FileDataset:
    files = _files(folder)
    found = parts.named(path.stem for path in files)
    shapes = [_mapped(path).shape[1:] for path in files if path.stem in found.get(TRAIN, ())]
    if len(shapes) == 2 and shapes[0] != shapes[1]:  # x.npy and y.npy of one shape are two letters
        return _named(folder, files, found, request)
    return _classes(folder, files, request)


def _named(
    folder: Path, files: list[Path], found: dict[str, tuple[str | None, str | None]], request: Request
) -> FileDataset:
    """Read images and labels from files that are called as the arrays of an ``.npz``: ``X.npy`` and ``Y.npy``."""
    called = {name for pair in found.values() for name in pair if name is not None}
    paths = {path.stem: path for path in files if path.stem in called}
    mapped = {stem: _mapped(path) for stem, path in paths.items()}
    npz_file.check_size(folder, sum(array.nbytes for array in mapped.values()))
    arrays = {stem: np.array(array) for stem, array in mapped.items()}
    request.notify(f"{folder}: read from {', '.join(path.name for path in paths.values())}")
    return npz_file.from_arrays(folder, arrays, {stem: str(path) for stem, path in paths.items()}, arrays, request)


def _classes(folder: Path, files: list[Path], request: Request) -> FileDataset:
    arrays = [_mapped(path) for path in files]
    shape = arrays[0].shape[1:]
    for path, array in zip(files, arrays, strict=True):
        if array.ndim < 2 or array.shape[1:] != shape:
            raise BenchmarkError(
                f"{path}: an array of shape {array.shape}, {files[0].name} has {arrays[0].shape}; give a file a class, "
                "of images of one size"
            )
    names = [path.stem.removeprefix(PUBLISHED_PREFIX) for path in files]
    bytes_each = max(1, arrays[0][:1].nbytes)
    most = max(1, min(MOST_IMAGES, MOST_BYTES // (bytes_each * len(files))))
    taken = [_drawn(len(array), most) for array in arrays]
    y = np.repeat(np.array(names), [len(rows) for rows in taken])
    X = np.empty((len(y), *shape), dtype=np.result_type(*arrays))
    npz_file.check_size(folder, X.nbytes)
    start = 0
    for array, rows in zip(arrays, taken, strict=True):
        X[start : start + len(rows)] = array[rows]
        start += len(rows)
    total = sum(map(len, arrays))
    some = f"; at most {most:,} images of each are taken, {len(y):,} of {total:,} (drawn with seed {split.SEED})"
    request.notify(f"{folder}: {len(files)} .npy files, a class each by its name{some if len(y) < total else ''}")
    part = RawPart(X, y, str(folder), str(folder))
    return parts.assemble(request.name, str(folder), {TRAIN: part}, request.notify)


def _drawn(count: int, most: int) -> npt.NDArray[np.int64]:
    """Return the rows that are taken of a class, ascending, so that the file is read in its order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(split.SEED).choice(count, most, replace=False))


FORM = Form("a folder of .npy files, one a class", _recognises, _read)
