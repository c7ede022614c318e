"""The data as ``.npy`` files that worker processes map into memory."""

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
from benchmark.datasets.dataset import Dataset
from benchmark.errors import BenchmarkError
from benchmark.storage import scratch


@dataclass(frozen=True)
class ArrayFiles:
    """Files of a data set's arrays; there is none of the test labels.

    Attributes
    ----------
    train_X : Path
        uint8, (n_train, pixels).
    train_y : Path
        int64, (n_train,).
    test_X : Path
        uint8, (n_test, pixels); in a folder of its own.
    """

    train_X: Path
    train_y: Path
    test_X: Path


def array_files(sha256: str, cache_dir: Path | None = None) -> ArrayFiles:
    """Return where the arrays of a data set lie, or would lie.

    Parameters
    ----------
    sha256 : str
        `Dataset.sha256`.
    cache_dir : Path, optional
        Default: `benchmark.datasets.locations.cache_folder`.
    """
    folder = (locations.cache_folder() if cache_dir is None else cache_dir) / "arrays" / sha256
    return ArrayFiles(folder / "train_X.npy", folder / "train_y.npy", folder / "test" / "test_X.npy")


def materialise(dataset: Dataset, cache_dir: Path | None = None) -> ArrayFiles:
    """Write the arrays once under ``<cache>/arrays/<sha256>``; any number of processes may do so at once.

    Parameters
    ----------
    dataset : Dataset
    cache_dir : Path, optional
        Default: `benchmark.datasets.locations.cache_folder`.

    Returns
    -------
    ArrayFiles
        Whole: reused where shape, type and size are right, else written anew.

    Raises
    ------
    BenchmarkError
        The folder cannot be written.
    """
    found = array_files(dataset.sha256, cache_dir)
    content: dict[Path, npt.NDArray[Any]] = {
        found.train_X: dataset.train.X,
        found.train_y: dataset.train.y,
        found.test_X: dataset.test.X,
    }
    return _write(found, content)


def receive(sha256: str, blobs: Mapping[str, bytes]) -> ArrayFiles:
    """Write arrays that came over a network, as `materialise` does.

    Parameters
    ----------
    sha256 : str
        `Dataset.sha256`.
    blobs : mapping of str to bytes
        The fields of `ArrayFiles` to what their files hold.
    """
    found = array_files(sha256)
    content: dict[Path, npt.NDArray[Any]] = {}
    for field, blob in blobs.items():
        content[getattr(found, field)] = np.load(io.BytesIO(blob), allow_pickle=False)
    return _write(found, content)


def _write(found: ArrayFiles, content: dict[Path, npt.NDArray[Any]]) -> ArrayFiles:
    folder = found.train_X.parent
    scratch.remove_abandoned(folder.parent)
    if _whole(content):
        return found
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch.temporary_folder(folder.parent) as place:
            for path, array in content.items():
                target = place / "new" / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                np.save(target, array, allow_pickle=False)
            _move_in(place, folder, content)
    except OSError as error:
        raise BenchmarkError(
            f"{folder}: cannot be written ({error.strerror or error}); make room, or set BENCHMARK_CACHE"
        ) from error
    return found


def _move_in(place: Path, folder: Path, content: dict[Path, npt.NDArray[Any]]) -> None:
    # A rename puts the folder there whole or not at all; it fails where one already is.
    try:
        os.rename(place / "new", folder)
    except OSError:
        if _whole(content):  # another process was first
            return
        # Damaged: mended file by file, so that whoever reads one meanwhile finds the old or the new, never none.
        for path in content:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place / "new" / path.relative_to(folder), path)


def _whole(content: dict[Path, npt.NDArray[Any]]) -> bool:
    for path, array in content.items():
        try:
            found = np.load(path, mmap_mode="r", allow_pickle=False)  # mapping fails where the file is too short
        except (OSError, ValueError, EOFError):
            return False
        if found.shape != array.shape or found.dtype != array.dtype:
            return False
    return True
