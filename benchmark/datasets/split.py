"""The split into a training and a test part, for data that come without one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
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


def hold_out(where: str, y: Ints, copies: Ints, notify: Callable[[str], None]) -> tuple[Ints, Ints]:
    """Split a test part off data that have none, and say so: `stratified_holdout` for the readers of all forms.

    Parameters
    ----------
    where : str
        What the messages name: the file or folder.
    y, copies : ndarray of int64, (n,)
        See `stratified_holdout`.
    notify : callable
        Called with one line that says how the test part was split off.

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
    notify(f"{where}: there is no test part, so {SPLIT}: {len(trained):,} pictures train, {len(tested):,} test")
    return trained, tested


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
