"""The split into a training and a test part, or into folds, for data that come without a test part."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TRAIN, TEST, VALIDATION = "train", "test", "validation"

PART_WORDS = {TRAIN: ("train", "training"), TEST: ("test", "testing"), VALIDATION: ("val", "valid", "validation")}
"""What a part is called in the name of a folder, a file or an array, in lower case; any case is accepted."""

SEED = 0
"""Random seed of the split: the same data are always split in the same way."""

DRAWS = 64
"""Draws of whole groups, of which the one nearest to the classes' proportions is taken."""

VALIDATING = 5
"""Fewest images of a validation part, per class on average, with which tuning can do."""

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

SPLIT_GROUPS = f"whole groups, about a fifth of each class, are split off as the test part (drawn with seed {SEED})"
"""The same, of data with groups."""

SHARE = 5
"""One image in so many is for testing."""

VALIDATION_SHARE = 6
"""One training row in so many validates while an estimator is tuned."""

MIN_LEFT = 2
"""Images of each class that the groups which are held out leave."""


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


def alone(groups: Ints, n: int) -> Bools:
    """Return which of `n` images, (n,), are the only one of their group; all, if there are no groups."""
    if not len(groups):
        return np.ones(n, dtype=bool)
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(counts[which] == 1, dtype=bool)


def hold_out_groups(y: Ints, groups: Ints, share: int, seed: int) -> Bools:
    """Draw whole groups of several images, so that each class is held out in its share as well as can be.

    scikit-learn's StratifiedGroupKFold (1.9) weighs every group against every fold: 4 s for 5,000 groups, in each
    worker. Here the best of some random draws is taken, each of which is stratified by the groups' largest classes.

    Parameters
    ----------
    y, groups : ndarray of int64, (n,)
        Labels; the group of each image, or empty.
    share : int
        One image in so many is held out.
    seed : int

    Returns
    -------
    ndarray of bool, (n,)
        Images of groups that are alone are never held out, nor any group without which a class could not be trained.
        All False if no group can be held out.
    """
    single = alone(groups, len(y))
    if single.all():
        return np.zeros(len(y), dtype=bool)
    rows = np.flatnonzero(~single)
    totals = np.bincount(y)
    names, which = np.unique(groups[rows], return_inverse=True)
    cells, counts = np.unique(which * len(totals) + y[rows], return_counts=True)
    group, label = np.divmod(cells, len(totals))
    spare = np.ones(len(names), dtype=bool)
    spare[group[totals[label] - counts < MIN_LEFT]] = False
    largest = np.zeros(len(names), dtype=np.int64)  # the class with most images of each group
    by_count = np.argsort(counts, kind="stable")
    largest[group[by_count]] = label[by_count]
    wanted = np.bincount(label, weights=counts, minlength=len(totals)) / share
    random = np.random.default_rng(seed)
    best, least = np.zeros(len(names), dtype=bool), np.inf
    for _ in range(DRAWS):
        order = np.lexsort((random.random(len(names)), largest, ~spare))
        order = order[: spare.sum()]
        starts = np.unique(largest[order], return_index=True, return_counts=True)
        place = np.arange(len(order)) - np.repeat(starts[1], starts[2])
        shift = np.repeat(random.random(len(starts[0])), starts[2])
        drawn = np.zeros(len(names), dtype=bool)
        drawn[order] = share * (place + shift) < np.repeat(starts[2], starts[2])
        held = np.bincount(label, weights=counts * drawn[group], minlength=len(totals))
        distance = float(np.abs(held - wanted).sum())
        if drawn.any() and (totals - held)[totals > 0].min() >= MIN_LEFT and distance < least:
            best, least = drawn, distance
    mask = np.zeros(len(y), dtype=bool)
    mask[rows] = best[which]
    return mask


def hold_out_validation(y: Ints, groups: Ints, order: Ints, seed: int) -> Bools:
    """Return which training rows validate while an estimator is tuned, unless the data have such a part.

    Parameters
    ----------
    y, groups : ndarray of int64, (n,)
        See `hold_out_groups`.
    order : ndarray of int64, (n,)
        All rows, stratified; of those that are alone in their group the first ones validate.
    seed : int

    Returns
    -------
    ndarray of bool, (n,)
        One row in `VALIDATION_SHARE`. No group is divided, unless `divides_groups`.
    """
    held = hold_out_groups(y, groups, VALIDATION_SHARE, seed)
    single = order[alone(groups, len(y))[order]]
    held[single[: len(single) // VALIDATION_SHARE]] = True
    if 2 * VALIDATION_SHARE * held.sum() < len(y):
        held[:] = False
        held[order[: max(1, len(y) // VALIDATION_SHARE)]] = True
    return held


def divides_groups(groups: Ints, held: Bools) -> bool:
    """Return whether a group has rows that are held out and rows that are not; groups may be empty."""
    return bool(len(groups)) and bool(np.isin(groups[held], groups[~held]).any())


def apart(validates: Bools, groups: Ints) -> Bools:
    """Return the rows, (n,), that neither validate nor are of a group with one that does."""
    if not len(groups):
        return np.asarray(~validates, dtype=bool)
    return ~validates & ~np.isin(groups, groups[validates])


def can_validate(y: Ints, validates: Bools, groups: Ints) -> bool:
    """Return whether a validation part is enough to tune on, and leaves enough to fit.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Labels of the training part, to which the validation part belongs.
    validates : ndarray of bool, (n,)
    groups : ndarray of int64, (n,), or empty
    """
    classes = len(np.unique(y))
    held, fitted = int(validates.sum()), y[apart(validates, groups)]
    return VALIDATING * classes <= held <= len(fitted) and len(np.unique(fitted)) == classes


def hold_out(where: str, y: Ints, copies: Ints, groups: Ints | None = None) -> tuple[Ints, Ints]:
    """Split a test part off data that have none: `stratified_holdout` for the readers of all forms.

    `benchmark.datasets.cross_validation` then says so, or joins the parts again and gives the data folds.

    Parameters
    ----------
    where : str
        What the message names: the file or folder.
    y, copies : ndarray of int64, (n,)
        See `stratified_holdout`.
    groups : ndarray of int64, (n,), optional
        The user's groups, which stay whole; copies are of one group.

    Returns
    -------
    tuple of ndarray of int64
        The training rows and the test rows, each ascending.

    Raises
    ------
    BenchmarkError
        No class has three different pictures, or no group can be held out.
    """
    if groups is None:
        trained, tested = stratified_holdout(y, copies)
    else:
        tests = hold_out_groups(y, groups, SHARE, SEED)
        single = np.flatnonzero(alone(groups, len(y)))
        tests[single[stratified_holdout(y[single])[1]]] = True
        trained, tested = np.flatnonzero(~tests).astype(np.int64), np.flatnonzero(tests).astype(np.int64)
        if not len(tested):
            raise BenchmarkError(
                f"{where}: no group can be split off as the test part, since some class would have fewer than "
                f"{MIN_LEFT} pictures left; give each class two groups at least, or other groups with --group"
            )
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


def joined(groups: Ints, more: Ints) -> Ints:
    """Return the groups, (n,), of images that are connected by one of two kinds of groups, both (n,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = (np.unique(each, return_inverse=True)[1] for each in (groups, more))
    second = second + len(first)
    nodes = 2 * len(first)
    edges = coo_array((np.ones(len(first), dtype=bool), (first, second)), shape=(nodes, nodes))
    return np.asarray(connected_components(edges, directed=False)[1][first], dtype=np.int64)


def numbered(groups: Ints) -> Ints:
    """Return groups, (n,), numbered from 0 in the order in which they appear."""
    _, starts, which = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(starts)).astype(np.int64)[which]


def first_identical(X: Iterable[npt.NDArray[Any]]) -> Ints:
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
