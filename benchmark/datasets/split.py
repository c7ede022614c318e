"""The split into a training and a test part, or into folds, for data that come without a test part."""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError

Ints = npt.NDArray[np.int64]

TRAIN, TEST, VALIDATION = "train", "test", "validation"

PART_WORDS = {TRAIN: ("train", "training"), TEST: ("test", "testing"), VALIDATION: ("val", "valid", "validation")}
"""What a part is called in the name of a folder, a file or an array, in lower case; any case is accepted."""

SEED = 0
"""Random seed of the split: the same data are always split in the same way."""

LEAST = 3
"""Least number of different images of a class from which one is split off."""

FOLDS = 5
"""Folds of a cross-validation, unless the user asks for another number: every model is fitted on four fifths of the
images, as many as the hold-out leaves, and 5 or 10 are what Kohavi (1995) and Hastie et al. (2009, 7.10) recommend."""

FEW = 200
"""Test images below which data without a test part are cross-validated. With 200 the interval of an accuracy of 0.85 is
±5 points; with fewer, hardly any two estimators differ significantly."""

SPLIT = f"a fifth of each class is split off as the test part (drawn with seed {SEED})"
"""Describes the split to people."""


def stratified_holdout(y: Ints, copies: Ints | None = None) -> tuple[Ints, Ints]:
    """Return the training rows and the test rows, each ascending.

    A fifth of each class is for testing: at least one image of a class of three, none of a class of one or two.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Labels.
    copies : ndarray of int64, (n,), optional
        Group of each image. Images of one class and one group are copies and stay in one part.

    Returns
    -------
    tuple of ndarray of int64
    """
    groups = np.arange(len(y)) if copies is None else copies
    tests = np.zeros(len(y), dtype=bool)
    random = np.random.default_rng(SEED)
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        distinct = np.unique(groups[rows])
        if len(distinct) >= LEAST:
            chosen = random.permutation(distinct)[: (len(distinct) + 2) // 5]
            tests[rows] = np.isin(groups[rows], chosen)
    return np.flatnonzero(~tests).astype(np.int64), np.flatnonzero(tests).astype(np.int64)


def hold_out(where: str, y: Ints, copies: Ints) -> tuple[Ints, Ints]:
    """Split a test part off data that have none: `stratified_holdout` for the readers of all forms.

    `benchmark.datasets.cross_validation` then says so, or joins the parts again and gives the data folds.

    Parameters
    ----------
    where : str
        What the message names: the file or folder.
    y, copies : ndarray of int64, (n,)
        See `stratified_holdout`.

    Returns
    -------
    tuple of ndarray of int64
        The training rows and the test rows, each ascending.

    Raises
    ------
    BenchmarkError
        No class has three different pictures.
    """
    trained, tested = stratified_holdout(y, copies)
    if not len(tested):
        raise BenchmarkError(
            f"{where}: too few pictures to split off a test part; give {LEAST} different ones of a class at least"
        )
    return trained, tested


def folds(y: Ints, count: int, repeat: int, groups: Ints | None = None) -> Ints:
    """Return the fold of each image in a cross-validation: each has its share of every class, as far as groups allow.

    The folds depend on nothing else, so they are the same for every estimator.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Labels.
    count : int
        Number of folds, at least 2.
    repeat : int
        Number of the repeat, from 0: each has other folds.
    groups : ndarray of int64, (n,), optional
        Images of one group, such as copies, stay in one fold. Default: each image is a group of its own.

    Returns
    -------
    ndarray of int64, (n,)
        From 0 to ``count - 1``.

    Raises
    ------
    BenchmarkError
        No class has images of different groups for each fold.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # takes a second to import

    alone = groups is None or len(np.unique(groups)) == len(groups)
    # Without groups StratifiedKFold makes the same kind of folds, and for 20,000 images 1,000 times as fast.
    kind = StratifiedKFold if alone else StratifiedGroupKFold
    found = np.zeros(len(y), dtype=np.int64)
    try:
        with warnings.catch_warnings():  # a class of fewer images than folds is missing from some, which is right
            warnings.simplefilter("ignore", UserWarning)
            parts = kind(count, shuffle=True, random_state=SEED + repeat).split(y, y, groups)
            for number, (_, tested) in enumerate(parts):
                found[tested] = number
    except ValueError:
        found[:] = 0
    if len(np.unique(found)) < count:
        raise BenchmarkError(
            f"too few different pictures for {count} folds: no class has {count}; give --folds a smaller number, or "
            "--folds 0 to split off a test part"
        )
    return found


def first_identical(X: npt.NDArray[Any]) -> Ints:
    """Return the index of the first image with the same pixels, for each image of ``X``, (n, ...).

    Images are compared by a checksum of 128 bits, so that no copy of all of them is in memory.
    """
    seen: dict[bytes, int] = {}
    sums = (_digest(image) for image in X)
    return np.asarray([seen.setdefault(each, row) for row, each in enumerate(sums)], dtype=np.int64)


def copied_tests(train: npt.NDArray[Any], test: npt.NDArray[Any]) -> Ints:
    """Return the rows of the test images that have the pixels of a training image, whatever the labels; ascending.

    Parameters
    ----------
    train, test : ndarray, (n, pixels)
        Of the same type and number of pixels.
    """
    trained = {_digest(image) for image in train}
    return np.asarray([row for row, image in enumerate(test) if _digest(image) in trained], dtype=np.int64)


def _digest(image: npt.NDArray[Any]) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()
