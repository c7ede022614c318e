"""The split into a training and a test part, for data that come without one."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

SEED = 0
"""Random seed of the split: the same data are always split in the same way."""

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
        if len(distinct) >= 3:
            chosen = random.permutation(distinct)[: (len(distinct) + 2) // 5]
            tests[rows] = np.isin(groups[rows], chosen)
    return np.flatnonzero(~tests).astype(np.int64), np.flatnonzero(tests).astype(np.int64)


def first_identical(X: npt.NDArray[Any]) -> Ints:
    """Return the index of the first image with the same pixels, for each image of ``X``, (n, ...)."""
    seen: dict[bytes, int] = {}
    return np.asarray([seen.setdefault(image.tobytes(), row) for row, image in enumerate(X)], dtype=np.int64)


def copied_tests(train: npt.NDArray[Any], test: npt.NDArray[Any]) -> Ints:
    """Return the rows of the test images that have the pixels of a training image, whatever the labels; ascending.

    Parameters
    ----------
    train, test : ndarray, (n, pixels)
        Of the same type and number of pixels.
    """
    # Of digests, because the pixels of photographs would take as much memory again as the data set.
    trained = {_digest(image) for image in train}
    return np.asarray([row for row, image in enumerate(test) if _digest(image) in trained], dtype=np.int64)


def _digest(image: npt.NDArray[Any]) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()
