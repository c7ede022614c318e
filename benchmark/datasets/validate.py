"""Checks that all formats share: from the arrays of a reader to a `Dataset`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets.dataset import Dataset, Part
from benchmark.errors import BenchmarkError

MIN_TRAINING_IMAGES = 2
"""Fewest training images of a class: a single one would be missing from either the fit or the validation."""


@dataclass(frozen=True)
class FileDataset(Dataset):
    """A data set with the paths of its files.

    Attributes
    ----------
    files : tuple of Path
        The files that it was read from; empty if it comes with a library, or from too many files to name.
    """

    files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class RawPart:
    """Images and labels as a reader returns them, unchecked.

    Attributes
    ----------
    X : ndarray, (n, height, width), (n, height, width, 1 or 3) or (n, a square number of pixels)
        Integers or floats in 0..255, or floats in 0..1.
    y : ndarray, (n,), (n, 1) or (n, k)
        Whole numbers; texts; or a 1 in the column of each class (one-hot).
    X_from, y_from : str
        What an error message names: a file, or an array or a column of a file.
    names : tuple of str, (n,), or empty
        See `Part`.
    """

    X: npt.NDArray[Any]
    y: npt.NDArray[Any]
    X_from: str
    y_from: str
    names: tuple[str, ...] = ()


def build_dataset(
    name: str,
    source: str,
    train: RawPart,
    test: RawPart,
    files: tuple[Path, ...] = (),
    class_names: tuple[str, ...] | None = None,
    more: Sequence[RawPart] = (),
) -> FileDataset:
    """Check images and labels, and return them as a data set.

    Parameters
    ----------
    name : str
        Converted by `folder_name`.
    source : str
    train, test : RawPart
    files : tuple of Path
    class_names : tuple of str, optional
        Names of the labels ``0 .. k - 1``. Default: the distinct training labels, sorted.
    more : sequence of RawPart
        Join the training part, after its own images.

    Returns
    -------
    FileDataset

    Raises
    ------
    BenchmarkError
        The message names the file, what is wrong with it, and what to do.
    """
    parts = (train, test, *more)
    images = [_images(part) for part in parts]
    labels = _comparable([_labels(part) for part in parts], parts)
    for part, X, y in zip(parts, images, labels, strict=True):
        if len(X) != len(y):
            raise BenchmarkError(
                f"{part.y_from}: {len(y):,} labels, but {part.X_from} has {len(X):,} images; give one label an image"
            )
    shape = images[0].shape[1:]
    for part, X in zip(parts, images, strict=True):
        if X.shape[1:] != shape:
            raise BenchmarkError(
                f"{part.X_from}: images are {_by(X.shape[1:])}, those of {train.X_from} are {_by(shape)}; "
                "give both parts the same size"
            )
    known = np.unique(labels[0]) if class_names is None else np.arange(len(class_names))
    _check_classes(known, labels, parts)
    fractions = _fractions(images, parts)
    pixels = [_levels(X, fractions).reshape(len(X), -1) for X in images]
    targets = [np.searchsorted(known, y).astype(np.int64) for y in labels]
    trained = [place for place in range(len(parts)) if place != 1]
    return FileDataset(
        name=folder_name(name),
        class_names=class_names or tuple(str(label) for label in known),
        image_shape=(int(shape[0]), int(shape[1]), int(shape[2]) if len(shape) == 3 else 1),
        train=Part(
            np.ascontiguousarray(np.concatenate([pixels[place] for place in trained]) if more else pixels[0]),
            np.concatenate([targets[place] for place in trained]),
            tuple(name for place in trained for name in parts[place].names),
        ),
        test=Part(np.ascontiguousarray(pixels[1]), targets[1], test.names),
        source=f"{source} (0..1, scaled to 0..255)" if fractions else source,
        files=files,
    )


def _levels(X: npt.NDArray[Any], fractions: bool) -> npt.NDArray[np.uint8]:
    if X.dtype == np.uint8:  # the common case, without a copy
        return X
    levels: npt.NDArray[np.uint8] = np.rint(X * 255.0 if fractions else X).astype(np.uint8)
    return levels


def folder_name(name: str) -> str:
    """Return `name` as a valid folder name of letters, digits, ``.``, ``_`` and ``-``; neither hidden nor empty."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80].strip(".-") or "images"


def _by(shape: tuple[int, ...]) -> str:
    return " by ".join(str(size) for size in shape)


def _images(part: RawPart) -> npt.NDArray[Any]:
    X, where = part.X, part.X_from
    if X.dtype.kind not in "uif":
        raise BenchmarkError(f"{where}: pixels are of type {X.dtype}; give whole numbers or floats in 0..255")
    if X.ndim == 4 and X.shape[3] == 1:
        X = X[..., 0]
    if X.ndim not in (2, 3) and not (X.ndim == 4 and X.shape[3] == 3):
        raise BenchmarkError(
            f"{where}: images have shape {X.shape}; give (n, height, width) or (n, pixels), or in colour "
            "(n, height, width, 3)"
        )
    if not len(X):
        raise BenchmarkError(f"{where}: no images (zero rows); give at least two classes with two images each")
    if X.ndim == 2:
        side = math.isqrt(X.shape[1])
        if side * side != X.shape[1]:
            raise BenchmarkError(
                f"{where}: {X.shape[1]} pixels make no square image; give (n, height, width), or a square number"
            )
        X = X.reshape(len(X), side, side)
    if not X.size:
        raise BenchmarkError(f"{where}: images of {_by(X.shape[1:])} pixels; give some pixels")
    if X.dtype == np.uint8:
        return X
    bad = ~np.isfinite(X).reshape(len(X), -1).all(axis=1)
    if bad.any():
        raise BenchmarkError(f"{where}: image {bad.argmax()} (from 0) holds NaN or infinity; correct or remove it")
    if X.min() < 0 or X.max() > 255:
        raise BenchmarkError(f"{where}: pixel values run from {X.min()} to {X.max()}; scale them to 0..255")
    return X


def _labels(part: RawPart) -> npt.NDArray[Any]:
    """Return the labels of a part, (n,): int64, or text."""
    y, where = part.y, part.y_from
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "buif" and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        return np.asarray(y.argmax(axis=1), dtype=np.int64)
    if y.ndim != 1 or y.dtype.kind not in "buifUS":
        raise BenchmarkError(f"{where}: labels are {y.dtype} of shape {y.shape}; give whole numbers, one an image")
    if y.dtype.kind == "S":
        return np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "U":
        return y
    with np.errstate(invalid="ignore"):  # the cast changes NaN and infinity, so they differ below
        whole: npt.NDArray[np.int64] = y.astype(np.int64)
    bad = (whole != y) | (whole < 0)
    if bad.any():
        raise BenchmarkError(
            f"{where}: label {y[bad][0]} (row {bad.argmax()}, from 0) is out of range; give whole numbers from 0"
        )
    return whole


def _comparable(labels: list[npt.NDArray[Any]], parts: Sequence[RawPart]) -> list[npt.NDArray[Any]]:
    """Return the labels if they are of one kind."""
    for part, y in zip(parts, labels, strict=True):
        if y.dtype.kind != labels[0].dtype.kind:
            raise BenchmarkError(
                f"{part.y_from}: labels are {y.dtype}, those of {parts[0].y_from} are {labels[0].dtype}; "
                "give both parts labels of the same kind"
            )
    return labels


def _check_classes(known: npt.NDArray[Any], labels: list[npt.NDArray[Any]], parts: Sequence[RawPart]) -> None:
    for part, y in zip(parts, labels, strict=True):
        strange = np.setdiff1d(y, known)
        if len(strange):
            raise BenchmarkError(
                f"{part.y_from}: label {strange[0]} is out of range, the training part has {known[0]}..{known[-1]} "
                f"in {len(known)} classes; correct the labels, or add that class to the training part"
            )
    if len(known) < 2:
        raise BenchmarkError(f"{parts[0].y_from}: only one class, all labels are {known[0]}; give two at least")
    values, counts = np.unique(labels[0], return_counts=True)
    if counts.min() < MIN_TRAINING_IMAGES:
        raise BenchmarkError(
            f"{parts[0].y_from}: label {values[counts.argmin()]} has a single training image; "
            f"give at least {MIN_TRAINING_IMAGES}, or correct the label if it is out of range"
        )


def _fractions(images: list[npt.NDArray[Any]], parts: Sequence[RawPart]) -> bool:
    # Grey values in 0..1 are the other common convention, but only for floating-point types.
    fractions = [X.dtype.kind == "f" and 0 < X.max() <= 1 for X in images]
    if any(fractions) and not all(fractions):
        scaled, unscaled = parts[fractions.index(True)], parts[fractions.index(False)]
        raise BenchmarkError(
            f"{scaled.X_from}: pixels are in 0..1, those of {unscaled.X_from} in 0..255; use one scale for both parts"
        )
    return all(fractions)
