"""Confidence intervals and significance tests: arrays in, intervals and p-values out. Pure functions.

A score depends on two random draws: the test images and the seeds of the refit. The bootstrap resamples both: images
with replacement and, for each row, its seeds with replacement (Efron and Tibshirani 1993; percentile intervals at
95 %). All rows share the same resamples of images, so differences are paired. With a single seed the spread over seeds
is unknown; it adds nothing to the interval, and the report says so. If all resamples give the same value, because all
predictions are correct (or wrong), the interval is Wilson's (1927), or Agresti and Min's (2005) for a difference.

In a cross-validation every image is a test image, and models of different folds were fitted on many of the same images.
The interval of an accuracy, and of a difference, then comes from the folds: see `corrected_interval`.

Throughout, `n` is the number of test images, `k` of classes, `s` of seeds, `m` of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from benchmark.metrics import scores
from benchmark.metrics.scores import Floats, Interval, Ints

RESAMPLES = 10_000
SEED = 0
LEVEL = 0.05
"""Significance level of a comparison after Holm's correction; intervals have the level 1 - LEVEL."""

_ROUNDING = 1e-9
"""Differences of accuracies below it are of floats and not of images."""

_BLOCK = 1_000
"""Resamples computed at once: 40 MB of counts for 10,000 images."""


@dataclass(frozen=True)
class Resampled:
    """Results of the bootstrap.

    Attributes
    ----------
    accuracy, macro_f1 : tuple of Interval, (m,)
        Over images and seeds.
    accuracy_by_images : tuple of Interval, (m,)
        Over images only, with the seeds as they are: what another test set could show.
    f1_low, f1_high : ndarray of float64, (m, k)
        Bounds of the intervals of F1; NaN for a class with neither images nor predictions.
    draws : ndarray of float64, (RESAMPLES, m)
        Accuracies of the resamples, from which `compare` takes differences between rows.
    """

    accuracy: tuple[Interval, ...]
    macro_f1: tuple[Interval, ...]
    accuracy_by_images: tuple[Interval, ...]
    f1_low: Floats
    f1_high: Floats
    draws: Floats


@dataclass(frozen=True)
class Pair:
    """A comparison of two rows on the same images.

    Attributes
    ----------
    first, second : int
        Indices of the rows; `first` is the smaller.
    difference : Interval
        Accuracy of the first minus that of the second, over images and seeds.
    only_first, only_second : int
        Images that only one of the two classified correctly, under the first seed of each.
    p : float
        McNemar's exact test on these two counts (McNemar 1947; two-sided binomial); of a cross-validation the corrected
        resampled t-test, see `corrected_p`.
    p_holm : float
        The p-value after Holm's (1979) correction over all pairs.
    """

    first: int
    second: int
    difference: Interval
    only_first: int
    only_second: int
    p: float
    p_holm: float

    @property
    def significant(self) -> bool:
        """Whether the p-value after Holm's correction is below `LEVEL` and the interval excludes zero."""
        return self.p_holm < LEVEL and not self.difference.contains_zero

    @property
    def reversed(self) -> Pair:
        """The same comparison with the two rows exchanged."""
        estimate, low, high = self.difference
        return Pair(
            self.second,
            self.first,
            Interval(-estimate, -high, -low),
            self.only_second,
            self.only_first,
            self.p,
            self.p_holm,
        )


def resample(y: Ints, predicted: Sequence[Ints], n_classes: int) -> Resampled:
    """Resample images and seeds with replacement, `RESAMPLES` times.

    F1 of a resample follows from its number of images, of predictions and of correct predictions of each class. All
    three are sums over images, so one matrix product computes them for every row. The sums are whole numbers and exact
    in float32, so every machine computes the same bytes.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    predicted : sequence of ndarray of int64, (s, n)
        Predicted classes of each row; rows may have different numbers of seeds.
    n_classes : int

    Returns
    -------
    Resampled
    """
    return _resample(y.tobytes(), tuple((each.shape, each.tobytes()) for each in predicted), n_classes)


@lru_cache(maxsize=8)
def _resample(y_bytes: bytes, predicted_bytes: tuple[tuple[tuple[int, ...], bytes], ...], n_classes: int) -> Resampled:
    """Do `resample`; one process often scores the same predictions again: the app, or a report after a run."""
    y = np.frombuffer(y_bytes, dtype=np.int64)
    predicted = [np.frombuffer(content, dtype=np.int64).reshape(shape) for shape, content in predicted_bytes]
    random = np.random.default_rng(SEED)
    n, seed_counts = len(y), [len(seeds) for seeds in predicted]
    classes = np.arange(n_classes)
    is_class = (y[:, None] == classes).astype(np.float32)
    predicted_class = [(labels[:, None] == classes).astype(np.float32) for seeds in predicted for labels in seeds]
    columns = np.hstack([is_class, *predicted_class, *(each * is_class for each in predicted_class)])
    shares = [random.multinomial(count, np.full(count, 1 / count), RESAMPLES) / count for count in seed_counts]

    draws = np.empty((RESAMPLES, len(seed_counts)))
    by_images, macro = np.empty_like(draws), np.empty_like(draws)
    f1 = np.empty((RESAMPLES, len(seed_counts), n_classes))
    for start in range(0, RESAMPLES, _BLOCK):
        block = slice(start, start + _BLOCK)
        sums = (_image_counts(random, _BLOCK, n) @ columns).astype(np.float64).reshape(_BLOCK, -1, n_classes)
        images, predictions, correct = np.split(sums, [1, 1 + sum(seed_counts)], axis=1)
        with np.errstate(invalid="ignore"):
            f1_scores = 2 * correct / (images + predictions)
        # A class without images and predictions in a resample has an F1 of NaN, which the mean leaves out.
        means = np.nanmean(f1_scores, axis=2)
        accuracies = correct.sum(axis=2) / n
        for row, where in enumerate(_slices(seed_counts)):
            drawn = shares[row][block]
            draws[block, row] = (drawn * accuracies[:, where]).sum(axis=1)
            by_images[block, row] = accuracies[:, where].mean(axis=1)
            macro[block, row] = (drawn * means[:, where]).sum(axis=1)
            f1[block, row] = (drawn[:, :, None] * f1_scores[:, where]).sum(axis=1)

    estimates = [float((seeds == y).mean()) for seeds in predicted]
    macros = [
        float(np.mean([scores.macro_f1(scores.confusion_matrix(y, labels, n_classes)) for labels in seeds]))
        for seeds in predicted
    ]
    low, high = _ends(f1.reshape(RESAMPLES, -1)).reshape(2, len(seed_counts), n_classes)
    _widen(low, high, np.bincount(y, minlength=n_classes))
    # If macro F1 is 1 in every resample, its bounds are the means of the bounds of its classes.
    macro_f1 = tuple(
        each if each.low < each.high else Interval(each.estimate, float(np.nanmean(a)), float(np.nanmean(b)))
        for each, a, b in zip(_intervals(macros, macro), low, high, strict=True)
    )
    accuracy, accuracy_by_images = (
        tuple(_unless_certain(each, n) for each in _intervals(estimates, values)) for values in (draws, by_images)
    )
    return Resampled(accuracy, macro_f1, accuracy_by_images, low, high, draws)


def seed_interval(accuracies: Sequence[float]) -> Interval | None:
    """Return Student's interval of the mean accuracy over seeds, or None for a single seed.

    It describes what other seeds could show on these same test images.
    """
    if len(accuracies) < 2:
        return None
    mean, half = float(np.mean(accuracies)), scores.half_width_over_seeds(np.asarray(accuracies))
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half))


@dataclass(frozen=True)
class Folds:
    """The accuracies of a row in a cross-validation.

    Attributes
    ----------
    accuracy : ndarray of float64, (J,)
        Of each fold of each repeat.
    repeats : ndarray of int64, (J,)
        Number of its repeat.
    count : int
        Folds of a repeat.
    """

    accuracy: Floats
    repeats: Ints
    count: int

    @property
    def test_per_training(self) -> float:
        """Test images of a fold for each image of its training part."""
        return 1 / (self.count - 1)

    @classmethod
    def of(cls, y: Ints, predicted: Ints, folds: Sequence[Ints], repeats: Sequence[int]) -> Folds:
        """Score a row.

        Parameters
        ----------
        y : ndarray of int64, (n,)
        predicted : ndarray of int64, (s, n)
            Of each repeat.
        folds : sequence of ndarray of int64, (n,)
            The fold of each image, in each of these repeats.
        repeats : sequence of int
            Their numbers.
        """
        pairs = list(zip(predicted, folds, strict=True))
        shares = [np.bincount(its, weights=answers == y) / np.bincount(its) for answers, its in pairs]
        count = len(shares[0])
        return cls(np.concatenate(shares), np.repeat(np.asarray(repeats, dtype=np.int64), count), count)

    def differences(self, other: Folds) -> Floats:
        """Return the differences from another row, fold by fold, in the repeats that both have."""
        both = np.intersect1d(self.repeats, other.repeats)
        first, second = (each.accuracy[np.isin(each.repeats, both)] for each in (self, other))
        return np.asarray(first - second)


def corrected_interval(estimate: float, values: Floats, test_per_training: float) -> Interval:
    """Return the corrected resampled interval of a mean over the folds of a repeated cross-validation.

    Models of different folds share most of their training images, so their results are not independent, and Student's
    interval is far too narrow. Nadeau and Bengio (2003, "Inference for the generalization error", Machine Learning 52)
    take ``(1/J + n_test/n_train)`` times the variance of the J results for that of their mean, instead of 1/J times,
    and Student's t with J - 1 degrees of freedom. Bouckaert and Frank (2004) use it for repeated cross-validation.

    Parameters
    ----------
    estimate : float
        Mean over the images, the middle of the interval. Folds have nearly the same size, so it is nearly the mean of
        `values`.
    values : ndarray of float64, (J,)
        Result of each fold of each repeat, at least two.
    test_per_training : float
        ``n_test/n_train`` of a fold.
    """
    from scipy.special import stdtrit  # takes a while to import

    half = float(stdtrit(len(values) - 1, 1 - LEVEL / 2) * _corrected_error(values, test_per_training))
    return Interval(estimate, estimate - half, estimate + half)


def corrected_p(estimate: float, values: Floats, test_per_training: float) -> float:
    """Return the two-sided p-value of the corrected resampled t-test that a mean over folds is 0.

    Parameters
    ----------
    estimate, values, test_per_training
        See `corrected_interval`; `values` are not all equal.
    """
    from scipy.special import stdtr

    t = abs(estimate) / _corrected_error(values, test_per_training)
    return float(2 * stdtr(len(values) - 1, -t))


def _corrected_error(values: Floats, test_per_training: float) -> float:
    return float(np.sqrt((1 / len(values) + test_per_training) * values.var(ddof=1)))


def _vary(values: Floats) -> bool:
    """Return whether the results of folds differ by more than rounding, so that they have a variance."""
    return len(values) > 1 and float(np.ptp(values)) > _ROUNDING


def accuracy_over_folds(estimate: float, folds: Folds, images: int) -> Interval:
    """Return the corrected interval of an accuracy, or Wilson's if all folds are equally accurate.

    Parameters
    ----------
    estimate : float
        Mean over images and repeats.
    folds : Folds
    images : int
        Number of images.
    """
    if not _vary(folds.accuracy):
        return scores.wilson_interval(estimate, images)
    found = corrected_interval(estimate, folds.accuracy, folds.test_per_training)
    return Interval(estimate, max(0.0, found.low), min(1.0, found.high))


def compare(
    y: Ints, predicted: Sequence[Ints], draws: Floats, folds: Sequence[Folds] | None = None
) -> tuple[Pair, ...]:
    """Compare every pair of rows.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    predicted : sequence of ndarray of int64, (s, n)
        Predicted classes of each row.
    draws : ndarray of float64, (RESAMPLES, m)
        `Resampled.draws` of the same rows.
    folds : sequence of Folds, optional
        Of the same rows, in a cross-validation: difference, interval and p-value are then those of the folds of the
        repeats that both rows have. If all folds differ by the same, which tells nothing of their variance, interval
        and p-value are those of a test part.

    Returns
    -------
    tuple of Pair
        In the order of ``itertools.combinations``.
    """
    indices = list(combinations(range(len(predicted)), 2))
    if not indices:
        return ()
    from statsmodels.stats.contingency_tables import mcnemar  # takes a second to import

    correct = [seeds[0] == y for seeds in predicted]
    only = [(int((correct[a] & ~correct[b]).sum()), int((correct[b] & ~correct[a]).sum())) for a, b in indices]
    p = [float(mcnemar([[0, first], [second, 0]], exact=True).pvalue) for first, second in only]
    intervals = []
    for place, (a, b) in enumerate(indices):
        estimate = float((predicted[a] == y).mean() - (predicted[b] == y).mean())
        differences = None if folds is None else folds[a].differences(folds[b])
        if folds is not None and differences is not None and _vary(differences):
            interval = corrected_interval(estimate, differences, folds[a].test_per_training)
            p[place] = corrected_p(estimate, differences, folds[a].test_per_training)
        else:
            (interval,) = _intervals([estimate], (draws[:, a] - draws[:, b])[:, None])
        if interval.low == interval.high:  # they differ on no image, or on all: all resamples are equal
            interval = scores.paired_difference(*(scores.correctness(y, predicted[row]) for row in (a, b)))
        intervals.append(interval)
    return tuple(
        Pair(a, b, interval, *counts, min(1.0, raw), corrected)
        for (a, b), interval, counts, raw, corrected in zip(indices, intervals, only, p, holm(p), strict=True)
    )


def two_proportions(first: float, n_first: int, second: float, n_second: int) -> float:
    """Return the p-value of Fisher's exact test (1922, two-sided) that two shares differ by chance alone.

    Parameters
    ----------
    first, second : float
        Shares of different images that are classified correctly; means over seeds are rounded to whole images.
    n_first, n_second : int
        Numbers of images.
    """
    from scipy.stats import fisher_exact  # takes a second to import

    counts = [(round(share * n), n) for share, n in ((first, n_first), (second, n_second))]
    return float(fisher_exact([[right, n - right] for right, n in counts]).pvalue)


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values after Holm's (1979) correction for their number."""
    from statsmodels.stats.multitest import multipletests

    return [float(value) for value in multipletests(p, alpha=LEVEL, method="holm")[1]] if p else []


def rank_groups(m: int, pairs: Sequence[Pair]) -> list[int]:
    """Rank rows, sorted best first, so that two rows which do not differ significantly share a rank.

    A new group begins where every row above differs significantly from every row below, as in the clusters of the WMT
    shared tasks (Bojar et al. 2016). Two rows of one group may therefore differ; the pairs say which do. A group of two
    at rank 1 is followed by rank 3, as in sport.

    Parameters
    ----------
    m : int
        Number of rows.
    pairs : sequence of Pair
        All pairs of these rows.

    Returns
    -------
    list of int
        Ranks from 1, one per row.
    """
    # A group reaches down to the lowest row that does not differ significantly from some row in it.
    last = list(range(m))
    for pair in pairs:
        if not pair.significant:
            last[pair.first] = max(last[pair.first], pair.second)
    ranks: list[int] = []
    leader, reach = 0, 0
    for row in range(m):
        if row > reach:
            leader = row
        ranks.append(leader + 1)
        reach = max(reach, last[row])
    return ranks


def compact_letter_display(m: int, pairs: Sequence[Pair]) -> list[tuple[int, ...]]:
    """Return the largest groups of rows within which no two rows differ significantly.

    Two rows share a group if and only if they do not differ significantly. A shared rank does not say that, because
    ties link rows that differ. Algorithm: insertion and absorption (Piepho 2004, "An algorithm for a letter-based
    representation of all-pairwise comparisons").

    Parameters
    ----------
    m : int
        Number of rows.
    pairs : sequence of Pair
        All pairs of these rows.

    Returns
    -------
    list of tuple of int
        Ascending indices of the rows of each group; groups of a single row are left out.
    """
    groups = [frozenset(range(m))]
    for pair in pairs:
        if pair.significant:
            both = {pair.first, pair.second}
            split = {group - {row} for group in groups if both <= group for row in both}
            candidates = {group for group in groups if not both <= group} | split
            groups = [group for group in candidates if not any(group < other for other in candidates)]
    return sorted(tuple(sorted(group)) for group in groups if len(group) > 1)


def _image_counts(random: np.random.Generator, draws: int, n: int) -> npt.NDArray[np.float32]:
    """Return how often each image is drawn, (draws, n); each row sums to n."""
    chosen = random.integers(0, n, size=(draws, n))
    chosen += np.arange(draws)[:, None] * n
    return np.bincount(chosen.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float32)


def _slices(counts: Sequence[int]) -> list[slice]:
    ends = np.cumsum(counts).tolist()
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _ends(values: Floats) -> Floats:
    """Return both percentiles of each column, (2, columns); NaN for a column of NaN."""
    out: Floats = np.full((2, values.shape[1]), np.nan)
    known = ~np.isnan(values).all(axis=0)
    out[:, known] = np.nanquantile(values[:, known], [LEVEL / 2, 1 - LEVEL / 2], axis=0)
    return out


def _unless_certain(interval: Interval, images: int) -> Interval:
    """Return the interval, or Wilson's if all resamples are equal: a few correct images do not prove certainty."""
    return interval if interval.low < interval.high else scores.wilson_interval(interval.estimate, images)


def _widen(low: Floats, high: Floats, images: Ints) -> None:
    """Replace the bounds of an F1, (m, k), by Wilson's for the class's images if all its resamples are equal."""
    for row, label in np.argwhere(low == high):
        if images[label]:
            _, low[row, label], high[row, label] = scores.wilson_interval(float(low[row, label]), int(images[label]))


def _intervals(estimates: Sequence[float], values: Floats) -> tuple[Interval, ...]:
    low, high = _ends(values)
    # If all resamples are equal, rounding could move a bound past the estimate.
    return tuple(
        Interval(estimate, min(estimate, float(a)), max(estimate, float(b)))
        for estimate, a, b in zip(estimates, low, high, strict=True)
    )
