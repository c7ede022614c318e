"""Hold-out or cross-validation, for data that come without a test part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmark.datasets import split
from benchmark.datasets.dataset import Part
from benchmark.datasets.request import Notify
from benchmark.datasets.validate import FileDataset, tell_divided
from benchmark.errors import BenchmarkError


def hold_out_or_fold(dataset: FileDataset, asked: int | None, notify: Notify) -> FileDataset:
    """Keep the test part that a reader split off, or join both parts again and give the data folds; say which.

    Parameters
    ----------
    dataset : FileDataset
    asked : int or None
        Number of folds; 0 keeps the test part; None gives `split.FOLDS` folds if the test part has fewer than
        `split.FEW` images.
    notify : callable
        Called with one line if the data have no test part of their own.

    Returns
    -------
    FileDataset

    Raises
    ------
    BenchmarkError
        Folds are asked for, and the data have a test part of their own, or too few images for as many.
    """
    where, trained, tested = dataset.held_out, len(dataset.train.y), len(dataset.test.y)
    if not where:
        refuse_folds(dataset.name, asked)
        return dataset
    count = split.FOLDS if asked is None and tested < split.FEW else asked or 0
    if count:
        whole = _joined(dataset)
        try:
            found = split.folds(whole.y, count, 0, fold_groups(whole))
        except BenchmarkError as error:
            if asked:
                raise BenchmarkError(f"{where}: {error}") from error
            count = 0
    if not count:
        if dataset.group:
            tell_divided([dataset.train], where, notify)
        groups = np.concatenate([dataset.train.groups, dataset.test.groups])
        able = bool(np.bincount(np.concatenate([dataset.train.y, dataset.test.y])).max() >= split.FOLDS)
        able = able and (not len(groups) or len(np.unique(groups)) >= split.FOLDS)
        instead = f" (--folds {split.FOLDS} cross-validates them instead)" if able else ""
        how = split.SPLIT_GROUPS if dataset.group else split.SPLIT
        notify(f"{where}: there is no test part, so {how}: {trained:,} pictures train, {tested:,} test{instead}")
        return replace(dataset, asked_folds=asked)
    if dataset.group:
        fitted = [Part(whole.X[:0], whole.y[found != k], groups=whole.groups[found != k]) for k in range(count)]
        tell_divided(fitted, where, notify)
    few = f" and a fifth would be {tested:,} pictures only" if asked is None else ""
    of = " of whole groups" if dataset.group else ""
    switch = f" (--folds 0 splits off {tested:,} pictures for testing instead)"
    notify(
        f"{where}: there is no test part{few}, so the {len(whole.y):,} pictures are cross-validated in {count} folds"
        f"{of}: each is predicted by models that have not seen it{switch}"
    )
    return replace(dataset, train=whole, test=whole, folds=count, asked_folds=asked)


def refuse_folds(name: str, asked: int | None) -> None:
    """Refuse a number of folds for data with a test part.

    Raises
    ------
    BenchmarkError
    """
    if asked:
        raise BenchmarkError(
            f"--folds {asked}: {name} has a test part of its own, which every estimator is tested on; leave --folds out"
        )


def fold_groups(whole: Part) -> npt.NDArray[np.int64]:
    """Return the images that must be in one fold: those of a group, of which copies are one.

    Parameters
    ----------
    whole : Part
        All images.

    Returns
    -------
    ndarray of int64, (n,)
    """
    return whole.groups if len(whole.groups) else split.first_identical(whole.X)


def _joined(dataset: FileDataset) -> Part:
    """Return all images as one part; none validates, since data with a validation part are not split here."""
    train, test = dataset.train, dataset.test
    return Part(
        np.concatenate([train.X, test.X]),
        np.concatenate([train.y, test.y]),
        train.names + test.names,
        np.concatenate([train.groups, test.groups]),
    )
