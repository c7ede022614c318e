"""People beside the estimators: do they stumble over the same test images?

Human labels and stored predictions in, `people_record.People` out; pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from benchmark.analyses.human_labels import data as human_labels
from benchmark.analyses.human_labels.record import FIFTHS, SCHEMA, Compared, Contrast, Group, People
from benchmark.datasets import FASHION_MNIST_SHA256
from benchmark.errors import BenchmarkError
from benchmark.metrics import scores
from benchmark.metrics.scores import Floats, Ints
from benchmark.metrics.significance import RESAMPLES
from benchmark.storage.schema import Results

SEED = 0

SMALLEST = 10
"""Missed (or right) images, at least, of which anything is said: fewer tell little, and too much of each one."""

_AT_ONCE = 2**19
"""Numbers of a piece of the bootstrap, so that it stays in the processor's cache."""

_DIGITS = 4
"""Decimals that are kept; more would say nothing, and differ between processors."""

Flags = npt.NDArray[np.bool_]


def make(results: Results, counts: Ints) -> People:
    """Compare people with every finished record.

    Parameters
    ----------
    results : Results
        Of Fashion-MNIST.
    counts : ndarray of int64, (n, k)
        How many people gave each test image each class.

    Raises
    ------
    BenchmarkError
        The labels are not of these test images.
    """
    test_set = results.test_set
    y, k = test_set.y, len(test_set.class_names)
    if test_set.sha256 != FASHION_MNIST_SHA256:
        raise BenchmarkError(
            f"{results.folder}: these are results on other data than Fashion-MNIST, of whose test images alone there "
            "are human labels; give --results the folder that holds its results"
        )
    if counts.shape != (len(y), k) or not counts.any(axis=1).all():
        raise BenchmarkError(
            f"{human_labels.FILE}: {' by '.join(map(str, counts.shape))} counts, not some for each of {len(y):,} test "
            f"images and {k} classes; fetch it again"
        )
    majority, human = majority_vote(counts), entropy(counts)
    finished = [record for record in results.records if record.status == "ok"]
    groups = [np.flatnonzero(y == label) for label in range(k)] + [np.arange(len(y))]
    proba = [results.proba[record.estimator, record.seed] for record in finished]
    predicted = np.array([scores.predicted_labels(rows) for rows in proba], dtype=np.int64).reshape(-1, len(y))
    doubt = np.array([entropy(rows) for rows in proba]).reshape(-1, len(y))
    found = [
        _group(
            y[rows], human[rows], majority[rows], predicted[:, rows], doubt[:, rows], np.random.default_rng([SEED, n])
        )
        for n, rows in enumerate(groups)
    ]
    most = counts == counts.max(axis=1, keepdims=True)
    tied = most.sum(axis=1) > 1
    given = counts.sum(axis=1)
    return People(
        schema=SCHEMA,
        dataset=test_set.dataset,
        dataset_sha256=test_set.sha256,
        labels_sha256=human_labels.COUNTS.sha256,
        fewest=int(given.min()),
        mean=_kept(given.mean()),
        most=int(given.max()),
        ties=int(tied.sum()),
        ties_right=int((tied & (majority == y)).sum()),
        ties_with_label=int((tied & most[np.arange(len(y)), y]).sum()),
        confusion=tuple(tuple(row) for row in scores.confusion_matrix(y, majority, k).tolist()),
        entropy=tuple(_kept(human[rows].mean()) if len(rows) else 0.0 for rows in groups[:k]),
        resamples=RESAMPLES,
        smallest=SMALLEST,
        compared=tuple(
            Compared(record.estimator, record.seed, record.proba_sha256, every, tuple(classes))
            for record, (*classes, every) in zip(finished, zip(*found, strict=True), strict=True)
        ),
    )


def majority_vote(counts: Ints) -> Ints:
    """Return each image's most frequent label, (n,); of equally frequent ones the first in the order of the classes."""
    return np.asarray(counts.argmax(axis=1), dtype=np.int64)


def entropy(weights: npt.NDArray[Any]) -> Floats:
    """Return the entropy of each row, in bits.

    Parameters
    ----------
    weights : ndarray, (n, k)
        Counts or probabilities, not all zero; a row need not sum to one. Less than zero counts as zero.

    Returns
    -------
    ndarray of float64, (n,)
        Rounded so that the same numbers in other columns give the same entropy.
    """
    shares = np.maximum(weights.astype(np.float64), 0.0)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(np.maximum(-(shares * logs).sum(axis=1), 0.0).round(9), dtype=np.float64)


def auc(values: Floats, chosen: Flags) -> float:
    """Return the probability that a chosen image's value is above another's, ties half (Mann and Whitney 1947).

    Parameters
    ----------
    values : ndarray of float64, (n,)
    chosen : ndarray of bool, (n,)
        Some, but not all.
    """
    m = int(chosen.sum())
    return float((rankdata(values)[chosen].mean() - (m + 1) / 2) / (len(values) - m))


def auc_intervals(values: Floats, chosen: Flags, rng: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
    """Return the 95 % percentile bootstrap interval of `auc` over images, for several choices at once.

    Every choice sees the same resamples. A resampled image counts as often as it was drawn. With
    W of them chosen, the sum of their midranks is the number of pairs that they win, ties half,
    among all drawn images; W²/2 of these are among themselves.

    Parameters
    ----------
    values : ndarray of float64, (n,)
    chosen : ndarray of bool, (m, n)
    rng : numpy.random.Generator
    resamples : int

    Returns
    -------
    ndarray of float64, (m, 2)
    """
    order = np.argsort(values, kind="stable")
    ranked, marks = values[order], chosen[:, order].T.astype(np.float64)
    below, upto = (np.searchsorted(ranked, ranked, side) for side in ("left", "right"))
    found = []
    for drawn in _resampled(len(values), resamples, rng):
        running = np.zeros((len(drawn), len(values) + 1))
        np.cumsum(drawn, axis=1, out=running[:, 1:])
        midranks = (running[:, below] + running[:, upto]) / 2
        weight = drawn @ marks
        pairs = weight * (len(values) - weight)
        wins = (drawn * midranks) @ marks - weight**2 / 2
        found.append(np.divide(wins, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0))
    return np.asarray(np.nanquantile(np.concatenate(found), [0.025, 0.975], axis=0).T)


def _resampled(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Give how often each of n images is drawn, n draws a resample, some resamples at a time: (resamples, n)."""
    at_once = max(1, _AT_ONCE // n)
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        drawn = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def _group(
    y: Ints, human: Floats, majority: Ints, predicted: Ints, doubt: Floats, rng: np.random.Generator
) -> list[Group]:
    """Compare people with each record on some images.

    Parameters
    ----------
    y, human, majority : ndarray, (n,)
    predicted, doubt : ndarray, (records, n)
        Answers, and the entropy of the scores.
    """
    missed = predicted != y
    told = (missed.sum(axis=1) >= SMALLEST) & ((~missed).sum(axis=1) >= SMALLEST)
    intervals = np.zeros((len(missed), 2))
    if told.any():
        intervals[told] = auc_intervals(human, missed[told], rng)
    fifth = np.empty(len(y), dtype=np.int64)
    for place, rows in enumerate(np.array_split(np.argsort(human, kind="stable"), FIFTHS)):
        fifth[rows] = place
    out = []
    for wrong, answers, own, interval, enough in zip(missed, predicted, doubt, intervals, told, strict=True):
        contrast = (
            Contrast(
                entropy_missed=_kept(human[wrong].mean()),
                entropy_right=_kept(human[~wrong].mean()),
                auc=_kept(auc(human, wrong)),
                auc_low=_kept(interval[0]),
                auc_high=_kept(interval[1]),
                same_answer=int((majority[wrong] == answers[wrong]).sum()),
                label=int((majority[wrong] == y[wrong]).sum()),
                fifths=tuple(np.bincount(fifth[wrong], minlength=FIFTHS).tolist()),
            )
            if enough
            else None
        )
        out.append(Group(len(y), int(wrong.sum()), _spearman(human, own), contrast))
    return out


def _spearman(a: Floats, b: Floats) -> float | None:
    """Return Spearman's rank correlation, ties at their mean rank; None where one is constant or there is nothing."""
    if len(a) < 2 or not np.ptp(a) or not np.ptp(b):
        return None
    return _kept(np.clip(np.corrcoef(rankdata(a), rankdata(b))[0, 1], -1.0, 1.0))


def _kept(value: float) -> float:
    return round(float(value), _DIGITS)
