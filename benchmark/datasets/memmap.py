"""The data as ``.npy`` files, which worker processes map into memory."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import locations
from benchmark.datasets.dataset import Dataset, none_validates
from benchmark.errors import BenchmarkError
from benchmark.storage import scratch, serialization


@dataclass(frozen=True)
class ArrayFiles:
    """The files of a data set's arrays; the test labels are not written, so that no worker can read them.

    Attributes
    ----------
    train_X : Path
        uint8, (n_train, pixels).
    train_y : Path
        int64, (n_train,).
    train_groups : Path
        int64, (n_train,), or empty; see `benchmark.datasets.dataset.Part`.
    train_validates : Path
        bool, (n_train,), or empty; see `benchmark.datasets.dataset.Part`.
    test_X : Path
        uint8, (n_test, pixels); in a separate folder.

    Of data that are cross-validated there is `train_X` alone, which holds all images; `write_part` writes the rest.
    """

    train_X: Path
    train_y: Path
    train_groups: Path
    train_validates: Path
    test_X: Path


def array_files(sha256: str, cache_dir: Path | None = None) -> ArrayFiles:
    """Return the paths of a data set's arrays, whether or not they exist.

    Parameters
    ----------
    sha256 : str
        `Dataset.sha256`.
    cache_dir : Path, optional
        Default: `benchmark.datasets.locations.cache_folder`.
    """
    folder = (locations.cache_folder() if cache_dir is None else cache_dir) / "arrays" / sha256
    names = ("train_X.npy", "train_y.npy", "train_groups.npy", "train_validates.npy", "test/test_X.npy")
    return ArrayFiles(*(folder / name for name in names))


def materialise(dataset: Dataset, cache_dir: Path | None = None) -> ArrayFiles:
    """Write the arrays to ``<cache>/arrays/<sha256>`` unless they exist; safe for concurrent processes.

    Parameters
    ----------
    dataset : Dataset
    cache_dir : Path, optional
        Default: `benchmark.datasets.locations.cache_folder`.

    Returns
    -------
    ArrayFiles
        Existing files are reused if shape, type and size are right, and written again otherwise.

    Raises
    ------
    BenchmarkError
        The folder is not writable.
    """
    paths = array_files(dataset.sha256, cache_dir)
    content: dict[Path, npt.NDArray[Any]] = {paths.train_X: dataset.train.X}
    if not dataset.folds:
        content |= {
            paths.train_y: dataset.train.y,
            paths.train_groups: dataset.train.groups,
            paths.train_validates: dataset.train.validates,
            paths.test_X: dataset.test.X,
        }
    return _write(paths, content)


@dataclass(frozen=True)
class TrainingPart:
    """What a job may be fitted on.

    Attributes
    ----------
    y : ndarray of int64, (n_train,)
    groups : ndarray of int64, (n_train,), or empty
    validates : ndarray of bool, (n_train,), or empty
        See `benchmark.datasets.dataset.Part`.
    """

    y: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    validates: npt.NDArray[np.bool_]
    _X: npt.NDArray[np.uint8]
    _rows: npt.NDArray[np.int64] | None = None

    def images(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return training images by their rows in `y`, (len(rows), pixels)."""
        return np.asarray(self._X[rows if self._rows is None else self._rows[rows]])


def training(sha256: str, part: str = "") -> TrainingPart:
    """Open the training part of a data set, or of one of its folds, in a worker process.

    Parameters
    ----------
    sha256 : str
        `Dataset.sha256`.
    part : str
        As `write_part` was given it; empty: of the data set.
    """
    files = array_files(sha256)
    X = np.load(files.train_X, mmap_mode="r")
    if not part:
        return TrainingPart(np.load(files.train_y), np.load(files.train_groups), np.load(files.train_validates), X)
    y, groups, rows = (np.load(_part_folder(files, part) / f"train_{name}.npy") for name in ("y", "groups", "rows"))
    return TrainingPart(y, groups, none_validates(), X, rows)


def images_to_predict(sha256: str, part: str = "") -> npt.NDArray[np.uint8]:
    """Return the test images of a data set, or of one of its folds, (n_test, pixels); see `training`."""
    files = array_files(sha256)
    if not part:
        return np.asarray(np.load(files.test_X))
    return np.asarray(np.load(files.train_X, mmap_mode="r")[np.load(_part_folder(files, part) / "test_rows.npy")])


def write_part(dataset: Dataset, part: str, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]) -> None:
    """Write which images of a cross-validated data set are a fold's training and test part.

    Labels and groups of the training rows are written with them, so no file of a fold holds the labels of its test
    images.

    Parameters
    ----------
    dataset : Dataset
        Written by `materialise`.
    part : str
        Name of a folder.
    train, test : ndarray of int64
        Rows.

    Raises
    ------
    BenchmarkError
        The folder is not writable.
    """
    folder = _part_folder(array_files(dataset.sha256), part)
    groups = dataset.train.groups
    arrays = {
        "train_rows": train,
        "train_y": dataset.train.y[train],
        "train_groups": groups[train] if len(groups) else groups,
        "test_rows": test,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            serialization.write_atomically(folder / f"{name}.npy", buffer.getvalue())
    except OSError as error:
        raise _unwritable(folder, error) from error


def _part_folder(files: ArrayFiles, part: str) -> Path:
    return files.train_X.parent / "parts" / part


def _unwritable(folder: Path, error: OSError) -> BenchmarkError:
    return BenchmarkError(
        f"{folder}: cannot be written ({error.strerror or error}); free some space, or set BENCHMARK_CACHE"
    )


def receive(sha256: str, blobs: Mapping[str, bytes]) -> ArrayFiles:
    """Write arrays that were received over a network; see `materialise`.

    Parameters
    ----------
    sha256 : str
        `Dataset.sha256`.
    blobs : mapping of str to bytes
        The content of each file, by field of `ArrayFiles`.
    """
    paths = array_files(sha256)
    content: dict[Path, npt.NDArray[Any]] = {}
    for field, blob in blobs.items():
        content[getattr(paths, field)] = np.load(io.BytesIO(blob), allow_pickle=False)
    return _write(paths, content)


def _write(paths: ArrayFiles, content: dict[Path, npt.NDArray[Any]]) -> ArrayFiles:
    folder = paths.train_X.parent
    scratch.remove_abandoned(folder.parent)
    if _valid(content):
        return paths
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch.temporary_folder(folder.parent) as temporary:
            for path, array in content.items():
                target = temporary / "new" / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                np.save(target, array, allow_pickle=False)
            _move_in(temporary, folder, content)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return paths


def _move_in(temporary: Path, folder: Path, content: dict[Path, npt.NDArray[Any]]) -> None:
    # A rename is atomic, and fails if the folder exists.
    try:
        os.rename(temporary / "new", folder)
    except OSError:
        if _valid(content):  # another process was first
            return
        # The folder is damaged: replace file by file, so that a concurrent reader always finds the old or the new file.
        for path in content:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary / "new" / path.relative_to(folder), path)


def _valid(content: dict[Path, npt.NDArray[Any]]) -> bool:
    for path, array in content.items():
        try:
            stored = np.load(path, mmap_mode="r", allow_pickle=False)  # mapping fails where the file is too short
        except (OSError, ValueError, EOFError):
            return False
        if stored.shape != array.shape or stored.dtype != array.dtype:
            return False
    return True
