"""How sure a score is, and which rows differ: arrays in, intervals and p-values out; pure.

Two things could have come out otherwise: the test images, of which there are as many as there are,
and the seeds of the refit. The bootstrap draws both anew, images with replacement and, for each
row, its seeds with replacement (Efron and Tibshirani 1993; percentile intervals at 95 %). All rows
meet the same draws of images, so that differences are paired. Of one seed nothing is known: its
part of the interval is nothing, and the report says so. Where all resamples are the same, as all answers are right (or
wrong), an interval is Wilson's (1927), or of a difference Agresti and Min's (2005).

Throughout, `n` is the number of test images, `k` of classes, `s` of seeds, `m` of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from benchmark.metrics import scores
from benchmark.metrics.scores import Floats, Interval, Ints

RESAMPLES = 10_000
SEED = 0
LEVEL = 0.05
"""Of a comparison's p-value, after Holm's correction; intervals are at 1 minus this."""

_BLOCK = 1_000
"""Resamples worked out at once: 40 MB of counts for 10,000 images."""


@dataclass(frozen=True)
class Resampled:
    """What the resamples gave.

    Attributes
    ----------
    accuracy, macro_f1 : tuple of Interval, (m,)
        Over images and seeds.
    accuracy_by_images : tuple of Interval, (m,)
        The seeds as they are: what another test set could have shown.
    f1_low, f1_high : ndarray of float64, (m, k)
        Ends of the intervals of F1; NaN for a class with neither images nor answers.
    draws : ndarray of float64, (RESAMPLES, m)
        Accuracies of the resamples, from which differences of rows are taken.
    """

    accuracy: tuple[Interval, ...]
    macro_f1: tuple[Interval, ...]
    accuracy_by_images: tuple[Interval, ...]
    f1_low: Floats
    f1_high: Floats
    draws: Floats


@dataclass(frozen=True)
class Pair:
    """Two rows compared on the same images.

    Attributes
    ----------
    first, second : int
        Places of the rows; `first` is the earlier.
    difference : Interval
        Accuracy of the first minus that of the second, over images and seeds.
    only_first, only_second : int
        Images that one got right and the other did not, under the first seed of each.
    p : float
        McNemar's exact test on these two counts (McNemar 1947; two-sided binomial).
    p_holm : float
        After Holm's (1979) correction over all pairs.
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
        """Whether both say so: McNemar's corrected p-value, and the interval over images and seeds."""
        return self.p_holm < LEVEL and not self.difference.contains_zero

    @property
    def reversed(self) -> Pair:
        """The same comparison, seen from the second row."""
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
    """Draw images and seeds anew, `RESAMPLES` times.

    F1 of a resample is worked out from how many images of each class it has, how many answers,
    and how many of those are right; all three are sums over the images, so that one matrix product
    gives them for every row. The sums are of whole numbers and exact in float32, so that every
    machine gives the same bytes.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    predicted : sequence of ndarray of int64, (s, n)
        One per row; rows may have different numbers of seeds.
    n_classes : int

    Returns
    -------
    Resampled
    """
    random = np.random.default_rng(SEED)
    n, seeds = len(y), [len(answers) for answers in predicted]
    classes = np.arange(n_classes)
    is_class = (y[:, None] == classes).astype(np.float32)
    answered = [(one[:, None] == classes).astype(np.float32) for answers in predicted for one in answers]
    columns = np.hstack([is_class, *answered, *(one * is_class for one in answered)])
    shares = [random.multinomial(count, np.full(count, 1 / count), RESAMPLES) / count for count in seeds]

    draws = np.empty((RESAMPLES, len(seeds)))
    by_images, macro = np.empty_like(draws), np.empty_like(draws)
    f1 = np.empty((RESAMPLES, len(seeds), n_classes))
    for start in range(0, RESAMPLES, _BLOCK):
        block = slice(start, start + _BLOCK)
        sums = (_image_counts(random, _BLOCK, n) @ columns).astype(np.float64).reshape(_BLOCK, -1, n_classes)
        images, answers, hits = np.split(sums, [1, 1 + sum(seeds)], axis=1)
        with np.errstate(invalid="ignore"):
            f1_scores = 2 * hits / (images + answers)
        # NaN is a class that this resample has neither images nor answers of: it is no part of the mean.
        means = np.nanmean(f1_scores, axis=2)
        right = hits.sum(axis=2) / n
        for row, where in enumerate(_places(seeds)):
            drawn = shares[row][block]
            draws[block, row] = (drawn * right[:, where]).sum(axis=1)
            by_images[block, row] = right[:, where].mean(axis=1)
            macro[block, row] = (drawn * means[:, where]).sum(axis=1)
            f1[block, row] = (drawn[:, :, None] * f1_scores[:, where]).sum(axis=1)

    estimates = [float((answers == y).mean()) for answers in predicted]
    macros = [
        float(np.mean([scores.macro_f1(scores.confusion_matrix(y, one, n_classes)) for one in answers]))
        for answers in predicted
    ]
    low, high = _ends(f1.reshape(RESAMPLES, -1)).reshape(2, len(seeds), n_classes)
    _widen(low, high, np.bincount(y, minlength=n_classes))
    # A macro F1 of 1 is certain of its resamples, too; its ends are then the means of its classes' ends.
    macro_f1 = tuple(
        found if found.low < found.high else Interval(found.estimate, float(np.nanmean(a)), float(np.nanmean(b)))
        for found, a, b in zip(_intervals(macros, macro), low, high, strict=True)
    )
    accuracy, accuracy_by_images = (
        tuple(_unless_certain(found, n) for found in _intervals(estimates, drawn)) for drawn in (draws, by_images)
    )
    return Resampled(accuracy, macro_f1, accuracy_by_images, low, high, draws)


def seed_interval(accuracies: Sequence[float]) -> Interval | None:
    """Return Student's interval of the mean accuracy over seeds, or None of one seed.

    It says what other seeds could have shown on these same test images.
    """
    if len(accuracies) < 2:
        return None
    mean, half = float(np.mean(accuracies)), scores.half_width_over_seeds(np.asarray(accuracies))
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half))


def compare(y: Ints, predicted: Sequence[Ints], draws: Floats) -> tuple[Pair, ...]:
    """Compare every pair of rows.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    predicted : sequence of ndarray of int64, (s, n)
        One per row.
    draws : ndarray of float64, (RESAMPLES, m)
        Of `resample`, of the same rows.

    Returns
    -------
    tuple of Pair
        In the order of ``itertools.combinations``.
    """
    places = list(combinations(range(len(predicted)), 2))
    if not places:
        return ()
    from statsmodels.stats.contingency_tables import mcnemar  # takes a second, and one row alone is no pair
    from statsmodels.stats.multitest import multipletests

    right = [answers[0] == y for answers in predicted]
    only = [(int((right[a] & ~right[b]).sum()), int((right[b] & ~right[a]).sum())) for a, b in places]
    p = [float(mcnemar([[0, first], [second, 0]], exact=True).pvalue) for first, second in only]
    corrected = multipletests(p, alpha=LEVEL, method="holm")[1]
    found = []
    for (a, b), counts, raw, holm in zip(places, only, p, corrected, strict=True):
        estimate = float((predicted[a] == y).mean() - (predicted[b] == y).mean())
        (interval,) = _intervals([estimate], (draws[:, a] - draws[:, b])[:, None])
        if interval.low == interval.high:  # no image on which they differ, or all: the resamples know no other
            interval = scores.paired_difference(*(scores.correctness(y, predicted[row]) for row in (a, b)))
        found.append(Pair(a, b, interval, *counts, min(1.0, raw), float(holm)))
    return tuple(found)


def rank_groups(m: int, pairs: Sequence[Pair]) -> list[int]:
    """Rank rows that are sorted best first so that two which cannot be told apart share a rank.

    A new group begins where every row above is told apart from every row below, as the clusters of
    the WMT shared tasks do (Bojar et al. 2016). So two rows of one group may well differ: the
    pairs say which. After a group of two at rank 1 comes rank 3, as in sport.

    Parameters
    ----------
    m : int
        Number of rows.
    pairs : sequence of Pair
        All of them.

    Returns
    -------
    list of int
        Ranks from 1, one per row.
    """
    # The lowest row that cannot be told from some row of the group so far is in the group.
    last = list(range(m))
    for pair in pairs:
        if not pair.significant:
            last[pair.first] = max(last[pair.first], pair.second)
    ranks: list[int] = []
    leader, reach = 0, 0
    for place in range(m):
        if place > reach:
            leader = place
        ranks.append(leader + 1)
        reach = max(reach, last[place])
    return ranks


def compact_letter_display(m: int, pairs: Sequence[Pair]) -> list[tuple[int, ...]]:
    """Return the groups of rows of which none can be told apart from another, as large as they can be.

    Two rows are in one group if, and only if, they cannot be told apart: what a shared rank alone does not
    say, as ties link rows that differ. By insertion and absorption (Piepho 2004, "An algorithm for a
    letter-based representation of all-pairwise comparisons").

    Parameters
    ----------
    m : int
        Number of rows.
    pairs : sequence of Pair
        All of them.

    Returns
    -------
    list of tuple of int
        Places of the rows, in order; groups of one are left out.
    """
    groups = [frozenset(range(m))]
    for pair in pairs:
        if pair.significant:
            both = {pair.first, pair.second}
            parted = {group - {row} for group in groups if both <= group for row in both}
            found = {group for group in groups if not both <= group} | parted
            groups = [group for group in found if not any(group < other for other in found)]
    return sorted(tuple(sorted(group)) for group in groups if len(group) > 1)


def _image_counts(random: np.random.Generator, draws: int, n: int) -> npt.NDArray[np.float32]:
    """Return how often each image is drawn, (draws, n), n in all of each draw."""
    chosen = random.integers(0, n, size=(draws, n))
    chosen += np.arange(draws)[:, None] * n
    return np.bincount(chosen.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float32)


def _places(seeds: Sequence[int]) -> list[slice]:
    ends = np.cumsum(seeds).tolist()
    return [slice(end - count, end) for end, count in zip(ends, seeds, strict=True)]


def _ends(values: Floats) -> Floats:
    """Return both percentiles of each column, NaN where it has nothing else, (2, columns)."""
    out: Floats = np.full((2, values.shape[1]), np.nan)
    known = ~np.isnan(values).all(axis=0)
    out[:, known] = np.nanquantile(values[:, known], [LEVEL / 2, 1 - LEVEL / 2], axis=0)
    return out


def _unless_certain(found: Interval, images: int) -> Interval:
    """Return Wilson's interval where all resamples are the same: all of a few right is not always right."""
    return found if found.low < found.high else scores.wilson_interval(found.estimate, images)


def _widen(low: Floats, high: Floats, images: Ints) -> None:
    """Put Wilson's interval where all resamples of an F1, (m, k), are the same, as of a share of the class's images."""
    for row, label in np.argwhere(low == high):
        if images[label]:
            _, low[row, label], high[row, label] = scores.wilson_interval(float(low[row, label]), int(images[label]))


def _intervals(estimates: Sequence[float], values: Floats) -> tuple[Interval, ...]:
    low, high = _ends(values)
    # All right or all wrong: every resample is the same, and rounding could push an end past the estimate.
    return tuple(
        Interval(estimate, min(estimate, float(a)), max(estimate, float(b)))
        for estimate, a, b in zip(estimates, low, high, strict=True)
    )
