"""Compares human labels with stored predictions: do people disagree about the images that the estimators misclassify?

Pure functions: arrays and records in, `benchmark.analyses.human_labels.record.People` out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

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
"""Fewest misclassified (or correct) images for a comparison: fewer would reveal too much about single images."""

_AT_ONCE = 2**19
"""Numbers in one piece of the bootstrap, so that it fits into the processor's cache."""

_DIGITS = 4
"""Decimals that are stored; more would not be meaningful, and differ between processors."""

Flags = npt.NDArray[np.bool_]


def make(results: Results, counts: Ints) -> People:
    """Compare human labels with every finished record.

    Parameters
    ----------
    results : Results
        Results of Fashion-MNIST.
    counts : ndarray of int64, (n, k)
        Number of people who chose each class (column) for each test image (row).

    Raises
    ------
    BenchmarkError
        The labels are not labels of these test images.
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
    compared = [
        _group(
            y[rows], human[rows], majority[rows], predicted[:, rows], doubt[:, rows], np.random.default_rng([SEED, n])
        )
        for n, rows in enumerate(groups)
    ]
    most = counts == counts.max(axis=1, keepdims=True)
    tied = most.sum(axis=1) > 1
    labels = counts.sum(axis=1)
    return People(
        schema=SCHEMA,
        dataset=test_set.dataset,
        dataset_sha256=test_set.sha256,
        labels_sha256=human_labels.COUNTS.sha256,
        fewest=int(labels.min()),
        mean=_rounded(labels.mean()),
        most=int(labels.max()),
        ties=int(tied.sum()),
        ties_right=int((tied & (majority == y)).sum()),
        ties_with_label=int((tied & most[np.arange(len(y)), y]).sum()),
        confusion=tuple(tuple(row) for row in scores.confusion_matrix(y, majority, k).tolist()),
        entropy=tuple(_rounded(human[rows].mean()) if len(rows) else 0.0 for rows in groups[:k]),
        resamples=RESAMPLES,
        smallest=SMALLEST,
        compared=tuple(
            Compared(record.estimator, record.seed, record.proba_sha256, every, tuple(classes))
            for record, (*classes, every) in zip(finished, zip(*compared, strict=True), strict=True)
        ),
    )


def majority_vote(counts: Ints) -> Ints:
    """Return the most frequent label of each image, (n,); of equally frequent ones, the first in class order."""
    return np.asarray(counts.argmax(axis=1), dtype=np.int64)


def entropy(weights: npt.NDArray[Any]) -> Floats:
    """Return the entropy of each row, in bits.

    Parameters
    ----------
    weights : ndarray, (n, k)
        Counts or probabilities; a row need not sum to one. Negative values count as zero; a row of zeros has entropy 0.

    Returns
    -------
    ndarray of float64, (n,)
        Rounded so that the same numbers in other columns give the same entropy.
    """
    with np.errstate(invalid="ignore"):  # of a row of zeros: 0 / 0
        bits = stats.entropy(np.maximum(weights.astype(np.float64), 0.0), base=2, axis=1)
    return np.asarray(np.nan_to_num(bits).round(9), dtype=np.float64)


def auc(values: Floats, chosen: Flags) -> float:
    """Return the probability that a chosen image has a higher value than another one (Mann and Whitney 1947).

    Parameters
    ----------
    values : ndarray of float64, (n,)
    chosen : ndarray of bool, (n,)
        At least one is True, and at least one is False.
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(chosen, values))


def auc_intervals(values: Floats, chosen: Flags, rng: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
    """Return the 95 % percentile bootstrap intervals of `auc` over images, for several choices at once.

    All choices share the same resamples. A resampled image counts as often as it was drawn. If W chosen images were
    drawn, the sum of their midranks is the number of pairs that they win among all drawn images, ties counting half;
    W²/2 of these pairs are among the chosen images themselves.

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
    aucs = []
    for drawn in _resampled(len(values), resamples, rng):
        running = np.zeros((len(drawn), len(values) + 1))
        np.cumsum(drawn, axis=1, out=running[:, 1:])
        midranks = (running[:, below] + running[:, upto]) / 2
        weight = drawn @ marks
        pairs = weight * (len(values) - weight)
        wins = (drawn * midranks) @ marks - weight**2 / 2
        aucs.append(np.divide(wins, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0))
    return np.asarray(np.nanquantile(np.concatenate(aucs), [0.025, 0.975], axis=0).T)


def _resampled(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield how often each of n images is drawn, some resamples at a time: (resamples, n); each row sums to n."""
    at_once = max(1, _AT_ONCE // n)
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        drawn = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def _group(
    y: Ints, human: Floats, majority: Ints, predicted: Ints, doubt: Floats, rng: np.random.Generator
) -> list[Group]:
    """Compare human labels with each record on some images.

    Parameters
    ----------
    y, human, majority : ndarray, (n,)
        Labels of the data set, entropy of the human labels, majority labels.
    predicted, doubt : ndarray, (records, n)
        Predicted classes, and the entropy of the scores.
    """
    missed = predicted != y
    enough = (missed.sum(axis=1) >= SMALLEST) & ((~missed).sum(axis=1) >= SMALLEST)
    intervals = np.zeros((len(missed), 2))
    if enough.any():
        intervals[enough] = auc_intervals(human, missed[enough], rng)
    fifth = np.empty(len(y), dtype=np.int64)
    for number, rows in enumerate(np.array_split(np.argsort(human, kind="stable"), FIFTHS)):
        fifth[rows] = number
    groups = []
    for wrong, answers, own, interval, compared in zip(missed, predicted, doubt, intervals, enough, strict=True):
        contrast = (
            Contrast(
                entropy_missed=_rounded(human[wrong].mean()),
                entropy_right=_rounded(human[~wrong].mean()),
                auc=_rounded(auc(human, wrong)),
                auc_low=_rounded(interval[0]),
                auc_high=_rounded(interval[1]),
                same_answer=int((majority[wrong] == answers[wrong]).sum()),
                label=int((majority[wrong] == y[wrong]).sum()),
                fifths=tuple(np.bincount(fifth[wrong], minlength=FIFTHS).tolist()),
            )
            if compared
            else None
        )
        groups.append(Group(len(y), int(wrong.sum()), _spearman(human, own), contrast))
    return groups


def _spearman(a: Floats, b: Floats) -> float | None:
    """Return Spearman's rank correlation; None if either is constant or there are fewer than two images."""
    if len(a) < 2 or not np.ptp(a) or not np.ptp(b):
        return None
    return _rounded(stats.spearmanr(a, b).statistic)


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)
