"""Which images train and which test, where the data do not say."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

SEED = 0
"""Of the draw: the same images are split off from the same data, always."""

SPLIT = f"a fifth of each class is split off as the test part (drawn with seed {SEED})"
"""For people."""


def stratified_holdout(y: Ints, copies: Ints | None = None) -> tuple[Ints, Ints]:
    """Return the rows that train and those that test, each ascending.

    Of each class a fifth tests, at least one image where there are three; of one or two all train.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Labels.
    copies : ndarray of int64, (n,), optional
        Images of one class with equal numbers are copies of each other and stay on one side.

    Returns
    -------
    tuple of ndarray of int64
    """
    groups = np.arange(len(y)) if copies is None else copies
    tests = np.zeros(len(y), dtype=bool)
    random = np.random.default_rng(SEED)
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        different = np.unique(groups[rows])
        if len(different) >= 3:
            chosen = random.permutation(different)[: (len(different) + 2) // 5]
            tests[rows] = np.isin(groups[rows], chosen)
    return np.flatnonzero(~tests).astype(np.int64), np.flatnonzero(tests).astype(np.int64)


def first_identical(X: npt.NDArray[Any]) -> Ints:
    """Return for each image, (n, ...), the first that has the same pixels, itself if there is none before it."""
    seen: dict[bytes, int] = {}
    return np.asarray([seen.setdefault(image.tobytes(), row) for row, image in enumerate(X)], dtype=np.int64)
