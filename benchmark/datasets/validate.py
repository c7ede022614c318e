"""Checks that all formats share: from the arrays of a reader to a `Dataset`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import split
from benchmark.datasets.dataset import Dataset, Part, no_groups, none_validates
from benchmark.datasets.request import Notify
from benchmark.errors import BenchmarkError

MIN_TRAINING_IMAGES = 2
"""Fewest training images of a class: a single one would be missing from either the fit or the validation."""

RANGES = (
    *((0, 1), (-1, 1), (0, 16), (0, 255), (-128, 127)),
    *((0, 1_023), (0, 4_095), (0, 65_535), (-32_768, 32_767)),
)
"""The ranges of pixel values that are understood, lowest and highest value: fractions and black and white; signed
fractions; scikit-learn's digits; bytes, and signed ones; 10, 12 and 16 bits, and signed ones. The first that holds all
pixels of a data set is its own. Signed bytes and signed 16 bits must use more than half of either side, or other
numbers with a few below zero, such as those of CT, would be taken for them.
"""

OVERSHOOT = 0.01
"""Share of the span of all values by which floats may miss their range: interpolation leaves such values. It is not a
share of the range, or standardised pixels (-2 to 2) would be taken for dark ones of 0..255.
"""

OVERSHOOT_OF_FRACTIONS = 0.1
"""The same of fractions, 0 to 1 and -1 to 1: sharpening and cubic interpolation leave 1.05, and nothing else is near.
Standardised pixels of deviation 1 do not fit into -0.1..1.1."""

LEVELS = (0, 255)
"""The range of a data set's pixels."""

BLACK_OR_WHITE = 0.05
"""Share of pixels that are black or white from which signed bytes tell how they were made; see `_unsigned`."""

CLEARLY = 0.95
"""Ratio of two mean differences of neighbouring pixels from which one order of colours is clearly the right one. Of
photographs of 8 to 64 pixels a side it is 0.4 to 0.6 and 2.5 to 7.4 (`../shared/data/pictures`, either order); of 30
images of noise 0.97 to 1.02."""

_ROWS = 4_096
"""Images that are checked or scaled at once, so that no copy in floats of all of them is in memory."""


@dataclass(frozen=True)
class FileDataset(Dataset):
    """A data set with the paths of its files.

    Attributes
    ----------
    files : tuple of Path
        The files that it was read from; empty if it comes with a library, or from too many files to name.
    held_out : str
        What messages name, if the test part was split off by `split.hold_out`; empty if the data have one of their own.
    """

    files: tuple[Path, ...] = ()
    held_out: str = ""


@dataclass(frozen=True)
class RawPart:
    """Images and labels as a reader returns them, unchecked.

    Attributes
    ----------
    X : ndarray, (n, height, width), (n, height, width, 1 or 3), (n, 1 or 3, height, width) or (n, values)
        Booleans, integers or floats in one of `RANGES`. A row of values is a square grey image, or one in colour if
        their number is three times a square; see `_planes_first`.
    y : ndarray, (n,), (n, 1) or (n, k)
        Whole numbers from 0; -1 and 1; texts; or a 1 in the column of each class (one-hot).
    X_from, y_from : str
        What an error message names: a file, or an array or a column of a file.
    names : tuple of str, (n,), or empty
        See `Part`.
    groups : ndarray of int64, (n,), or empty
        What the user says belongs together; see `Part`. All parts have groups, or none has.
    validates : ndarray of bool, (n,), or empty
        Which images of a training part come from the validation part of the data.
    any_range : bool
        The pixels may be in any of `RANGES` although they are bytes, as those of an array may. Bytes of a decoded
        picture are in 0..255, however dark it is.
    held_out : str
        See `FileDataset`; of a test part.
    """

    X: npt.NDArray[Any]
    y: npt.NDArray[Any]
    X_from: str
    y_from: str
    names: tuple[str, ...] = ()
    groups: npt.NDArray[np.int64] = field(default_factory=no_groups)
    validates: npt.NDArray[np.bool_] = field(default_factory=none_validates)
    any_range: bool = False
    held_out: str = ""


def build_dataset(
    name: str,
    source: str,
    train: RawPart,
    test: RawPart,
    files: tuple[Path, ...] = (),
    class_names: tuple[str, ...] | None = None,
    more: Sequence[RawPart] = (),
    label_names: Mapping[int, str] | None = None,
    notify: Notify = lambda _: None,
    *,
    published: bool = True,
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
    label_names : mapping of int to str, optional
        Names of labels that may have gaps; a label that it lacks keeps its number.
    notify : callable
        Called with one line if channels come first, if pixels are scaled, or if their range is odd.
    published : bool
        The data have no groups and no validation part, so that everybody splits them in the same way; otherwise copies
        of an image belong together.

    Returns
    -------
    FileDataset

    Raises
    ------
    BenchmarkError
        The message names the file, what is wrong with it, and what to do.
    """
    parts = (train, test, *more)
    planes = _planes_first(train.X)
    images = [_images(part, planes, notify if part is train else lambda _: None) for part in parts]  # said once
    labels = _comparable([_labels(part) for part in parts], parts)
    for part, X, y in zip(parts, images, labels, strict=True):
        if len(X) != len(y):
            raise _other_counts(part, len(y), len(X))
    shape = images[0].shape[1:]
    for part, X in zip(parts, images, strict=True):
        if X.shape[1:] != shape:
            raise BenchmarkError(
                f"{part.X_from}: images are {_by(X.shape[1:])}, those of {train.X_from} are {_by(shape)}; "
                "give both parts the same size"
            )
    known = np.unique(labels[0]) if class_names is None else np.arange(len(class_names))
    _check_classes(known, labels, parts)
    images = _unsigned(images, parts, notify)
    full = _range(images, parts, notify)
    pixels = [_levels(X, full).reshape(len(X), -1) for X in images]
    targets = [np.searchsorted(known, y).astype(np.int64) for y in labels]
    trained = [place for place in range(len(parts)) if place != 1]
    y = np.concatenate([targets[place] for place in trained])
    groups, test_groups, validates = no_groups(), no_groups(), none_validates()
    if not published:
        order = [*trained, 1]
        every = _groups([parts[place] for place in order], [pixels[place] for place in order])
        groups, test_groups = every[: len(y)], every[len(y) :]
        validates = _validates([parts[place] for place in trained], y, groups)
    return FileDataset(
        name=folder_name(name),
        class_names=class_names or _class_names(known, label_names or {}),
        image_shape=(int(shape[0]), int(shape[1]), int(shape[2]) if len(shape) == 3 else 1),
        train=Part(
            np.ascontiguousarray(np.concatenate([pixels[place] for place in trained]) if more else pixels[0]),
            y,
            tuple(name for place in trained for name in parts[place].names),
            groups,
            validates,
        ),
        test=Part(np.ascontiguousarray(pixels[1]), targets[1], test.names, test_groups),
        source=source if full == LEVELS else f"{source} ({full[0]}..{full[1]:,}, scaled to 0..255)",
        files=files,
        held_out=test.held_out,
    )


def _groups(parts: Sequence[RawPart], pixels: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.int64]:
    """Return the group of each image of all parts, numbered from 0 in their order; empty if all are alone."""
    like = split.first_identical([image for X in pixels for image in X])
    said = np.concatenate([part.groups for part in parts])
    groups = split.joined(said, like) if len(said) else like
    return no_groups() if split.alone(groups, len(groups)).all() else split.numbered(groups)


def _validates(
    parts: Sequence[RawPart], y: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Return which training images validate; empty if there is no validation part, or none that can be used."""
    each = [part.validates if len(part.validates) else np.zeros(len(part.X), dtype=bool) for part in parts]
    validates = np.concatenate(each)
    return validates if split.can_validate(y, validates, groups) else none_validates()


def tell_validation(dataset: Dataset, where: str, validation: str, notify: Notify) -> None:
    """Say what becomes of a validation part, which trains in the end.

    Parameters
    ----------
    dataset : Dataset
    where : str
        What the messages name.
    validation : str
        The subject of the sentence, such as "the 12 pictures of the validation part"; empty if there is none.
    notify : callable
    """
    train = dataset.train
    if validation and len(train.validates):
        notify(f"{where}: {validation} are the validation rows of tuning, and join those that train for the refit")
    elif validation:
        notify(f"{where}: {validation} join those that train; tuning splits its own validation rows off from these")


def tell_divided(parts: Iterable[Part], where: str, notify: Notify) -> None:
    """Say if tuning cannot keep the user's groups whole in some training part.

    Parameters
    ----------
    parts : iterable of Part
        The training part, or that of each fold.
    where : str
        What the message names.
    notify : callable
    """
    for part in parts:
        held = split.hold_out_validation(part.y, part.groups, np.arange(len(part.y)), split.SEED)
        if not len(part.validates) and split.divides_groups(part.groups, held):
            notify(
                f"{where}: too few groups, or too large ones, for validation rows of whole groups, so tuning validates "
                "on groups that it also fits"
            )
            return


def split_off_test(part: RawPart, where: str, notify: Notify) -> tuple[RawPart, RawPart]:
    """Return the training part and the test part of images that have one part only; see `split.hold_out`.

    Classes with a single image are left out, and that is said.

    Raises
    ------
    BenchmarkError
        The labels are invalid, or no class has three different images.
    """
    labels = _labels(part)
    if len(labels) != len(part.X):
        raise _other_counts(part, len(labels), len(part.X))
    names, y, counts = np.unique(labels, return_inverse=True, return_counts=True)
    single = names[counts < MIN_TRAINING_IMAGES]
    if len(single):
        listed = ", ".join(str(name) for name in single[:3]) + (f" and {len(single) - 3:,} more" * (len(single) > 3))
        notify(f"{where}: classes with a single image are left out: {listed}")
    rows = np.flatnonzero(counts[y] >= MIN_TRAINING_IMAGES)
    X = part.X[rows] if len(single) else part.X
    trained, tested = split.hold_out(where, y[rows].astype(np.int64), split.first_identical(X))
    train, test = (replace(part, X=X[side], y=labels[rows][side]) for side in (trained, tested))
    return train, replace(test, held_out=where)


def _levels(X: npt.NDArray[Any], full: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return pixels of a range as bytes; what overshoots the range is clipped."""
    if X.dtype == np.uint8 and full == LEVELS:  # the common case, without a copy
        return X
    low, high = full
    levels = np.empty(X.shape, dtype=np.uint8)
    for rows in _pieces(X):
        wide = X[rows].astype(np.int64) if X.dtype.kind == "i" else X[rows]  # 127 + 128 is no int8
        from_zero = X[rows] if low == 0 else wide - low
        levels[rows] = np.rint(from_zero if full == LEVELS else from_zero * (255.0 / (high - low))).clip(0, 255)
    return levels


def _pieces(X: npt.NDArray[Any]) -> Iterator[slice]:
    return (slice(start, start + _ROWS) for start in range(0, len(X), _ROWS))


def _range(images: list[npt.NDArray[Any]], parts: Sequence[RawPart], notify: Notify) -> tuple[int, int]:
    """Return the range of the pixels of all parts, as the lowest and the highest value that they can have.

    It is the first of `RANGES` that holds them. A part that by itself is in a smaller range, up to 0..255, has another
    scale, which is an error; black images have any scale. Bytes are taken as they are where the parts do not say
    `any_range`, and where some need all of 0..255.
    """
    bytes_only = all(X.dtype == np.uint8 for X in images)
    if bytes_only and not any(part.any_range for part in parts):
        return LEVELS
    ends = [(float(X.min()), float(X.max())) for X in images]
    whole = all(X.dtype.kind in "bui" for X in images)
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    far = next(i for i, own in enumerate(ends) if (own[0] == low if low < 0 else own[1] == high))
    full, where = _smallest_range(low, high, whole), parts[0].X_from
    if full is None:
        raise BenchmarkError(
            f"{parts[far].X_from}: pixel values run {_from_to(ends[far])}, which is no usual range (a normalisation?); "
            "scale them to 0..255"
        )
    if low == high == 0:
        return LEVELS
    if not (bytes_only and full == LEVELS):
        for part, X, own in zip(parts, images, ends, strict=True):
            its = _smallest_range(*own, X.dtype.kind in "bui")
            if own != (0, 0) and its != full and (its is None or its[1] <= LEVELS[1]):
                raise BenchmarkError(
                    f"{part.X_from}: pixel values run {_from_to(own)}, those of {parts[far].X_from} "
                    f"{_from_to(ends[far])}; use one scale for all parts"
                )
    if full != LEVELS:
        notify(
            f"{where}: pixel values run {_from_to((low, high))}, so they are scaled from {full[0]}..{full[1]:,} "
            "to 0..255"
        )
    if high - low <= (full[1] - full[0]) / 2:
        notify(
            f"{where}: pixel values run {_from_to((low, high))}, at most half of {full[0]}..{full[1]:,}; "
            "if other values are black and white, scale the pixels to 0..255"
        )
    return full


def _smallest_range(low: float, high: float, whole: bool) -> tuple[int, int] | None:
    """Return the first of `RANGES` that holds pixel values, or None; whole numbers overshoot none."""
    for least, most in RANGES:
        slack = 0.0 if whole else (OVERSHOOT_OF_FRACTIONS if most == 1 else OVERSHOOT) * (high - low)
        used = least >= -1 or (low < least / 2 and high > most / 2)
        if used and low >= least - slack and high <= most + slack:
            return least, most
    return None


def _unsigned(images: list[npt.NDArray[Any]], parts: Sequence[RawPart], notify: Notify) -> list[npt.NDArray[Any]]:
    """Return bytes that a program without unsigned ones wrote, -1 for 255, as they were; other pixels unchanged.

    Whole numbers of -128..127 are that, or bytes less 128. Black and white are -128 and 127 in these, and 0 and -1 in
    those, which are grey in these. Where neither is frequent, 128 was taken off.
    """
    if not all(X.dtype.kind == "i" for X in images):
        return images
    low, high = min(int(X.min()) for X in images), max(int(X.max()) for X in images)
    if _smallest_range(low, high, whole=True) != (-128, 127):
        return images
    some = images[0][:_ROWS]
    shifted, wrapped = (float(np.isin(some, ends).mean()) for ends in ((-128, 127), (0, -1)))
    if wrapped < BLACK_OR_WHITE or wrapped <= shifted:
        return images
    notify(f"{parts[0].X_from}: pixel values run from {low} to {high}, so they are read as bytes: -1 is 255")
    return [X.astype(np.int8).view(np.uint8) for X in images]


def _from_to(ends: tuple[float, float]) -> str:
    return f"from {ends[0]:.8g} to {ends[1]:.8g}"


def _class_names(known: npt.NDArray[Any], label_names: Mapping[int, str]) -> tuple[str, ...]:
    """Return the names of labels; with their numbers where two have one name."""
    names = [label_names.get(label, str(label)) for label in known.tolist()]
    if len(set(names)) < len(names):
        names = [f"{name} ({label})" for name, label in zip(names, known.tolist(), strict=True)]
    return tuple(names)


def _other_counts(part: RawPart, labels: int, images: int) -> BenchmarkError:
    return BenchmarkError(
        f"{part.y_from}: {labels:,} labels, but {part.X_from} has {images:,} images; give one label an image"
    )


def folder_name(name: str) -> str:
    """Return `name` as a valid folder name of letters, digits, ``.``, ``_`` and ``-``; neither hidden nor empty."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80].strip(".-") or "images"


def _by(shape: tuple[int, ...]) -> str:
    return " by ".join(str(size) for size in shape)


def _planes_first(X: npt.NDArray[Any]) -> bool:
    """Return whether rows of values, (n, values), have all red first, then green, then blue, as CIFAR-10's have.

    Read in the wrong order, the pixel below is another one: in planes it is three rows further down, in pixels it is
    a third of a row to the side. Neighbours are alike, so the order in which they differ less is right. Where that is
    not clear, as of noise, the colours of each pixel are taken to be in turn.
    """
    side = math.isqrt(X.shape[1] // 3) if X.ndim == 2 else 0
    if side < 2 or 3 * side * side != X.shape[1] or X.dtype.kind not in "buif":
        return False
    some = X[:_ROWS].astype(np.float32)
    planes, pixels = some.reshape(-1, 3, side, side), some.reshape(-1, side, side, 3)
    below = np.abs(np.diff(planes, axis=2)).mean(), np.abs(np.diff(pixels, axis=1)).mean()
    return bool(below[0] < CLEARLY * below[1])


def _images(part: RawPart, planes: bool, notify: Notify) -> npt.NDArray[Any]:
    """Return the images of a part, (n, height, width) or (n, height, width, 3), of the type that they have.

    Rows of values in colour have all red first if `planes`; see `_planes_first`.
    """
    X, where = part.X, part.X_from
    if X.dtype.kind not in "buif":
        raise BenchmarkError(f"{where}: pixels are of type {X.dtype}; give whole numbers or floats in 0..255")
    if X.ndim == 4 and X.shape[3] not in (1, 3) and X.shape[1] in (1, 3):
        notify(f"{where}: images have shape {X.shape}, so they are read with their channels first")
        X = np.moveaxis(X, 1, 3)
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
        X = _from_rows(X, where, planes, notify)
    if not X.size:
        raise BenchmarkError(f"{where}: images of {_by(X.shape[1:])} pixels; give some pixels")
    if X.dtype.kind == "f":
        for rows in _pieces(X):
            bad = ~np.isfinite(X[rows]).reshape(len(X[rows]), -1).all(axis=1)
            if bad.any():
                row = rows.start + bad.argmax()
                raise BenchmarkError(f"{where}: image {row} (from 0) holds NaN or infinity; correct or remove it")
    return X


def _from_rows(X: npt.NDArray[Any], where: str, planes: bool, notify: Notify) -> npt.NDArray[Any]:
    """Return rows of values as square images: grey, or in colour if there are three times a square of them."""
    values = X.shape[1]
    side, third = math.isqrt(values), math.isqrt(values // 3)
    if side * side == values:
        return X.reshape(len(X), side, side)
    if 3 * third * third == values:
        order = "all red, then all green, then all blue" if planes else "red, green and blue of each in turn"
        notify(f"{where}: {values:,} values an image are read as {third} by {third} pixels: {order}")
        return np.moveaxis(X.reshape(-1, 3, third, third), 1, 3) if planes else X.reshape(-1, third, third, 3)
    raise BenchmarkError(
        f"{where}: {values} pixels make no square image; give (n, height, width), or a square number (three times "
        "that in colour)"
    )


def _labels(part: RawPart) -> npt.NDArray[Any]:
    """Return the labels of a part, (n,): int64, or text."""
    y, where = part.y, part.y_from
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "buif" and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        return np.asarray(y.argmax(axis=1), dtype=np.int64)
    if y.ndim == 2 and y.dtype.kind in "buif" and np.isin(y, (0, 1)).all():
        raise BenchmarkError(
            f"{where}: {y.shape[1]} answers an image, some with several classes or none; give one class an image"
        )
    if y.ndim != 1 or y.dtype.kind not in "buifUS":
        raise BenchmarkError(f"{where}: labels are {y.dtype} of shape {y.shape}; give whole numbers, one an image")
    if y.dtype.kind == "S":
        return np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "U":
        return y
    with np.errstate(invalid="ignore"):  # the cast changes NaN and infinity, so they differ below
        whole: npt.NDArray[np.int64] = y.astype(np.int64)
    bad = (whole != y) | ((whole < 0) & ~np.isin(whole, (-1, 1)).all())
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
