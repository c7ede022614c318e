"""Scores and intervals of predictions: arrays in, numbers out. Pure functions.

Throughout, `n` is the number of test images, `k` the number of classes, `s` the number of seeds. Intervals have a
level of 95 % and are over test images: they describe what another test set of the same size could show, not what
another training run could.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Z = 1.959963984540054
"""97.5 % point of the standard normal distribution: intervals are two-sided, at 95 %."""

HARDEST_IMAGES = 20
"""Fewest test images of a class that may be called the hardest: of fewer, chance decides which class that is."""


class Interval(NamedTuple):
    """An estimate with the bounds of its 95 % interval."""

    estimate: float
    low: float
    high: float

    @property
    def contains_zero(self) -> bool:
        """Whether zero is within the interval, bounds included."""
        return self.low <= 0.0 <= self.high


class PerClass(NamedTuple):
    """Precision, recall and F1 of each class: three float64 arrays, (k,).

    A score is NaN where it would divide by zero: precision of a class that was never predicted, recall of a class
    without images, F1 of a class with neither.
    """

    precision: Floats
    recall: Floats
    f1: Floats


def predicted_labels(proba: npt.NDArray[Any]) -> Ints:
    """Return the class with the largest score of each row; of equal scores, the first.

    Parameters
    ----------
    proba : ndarray of float, (n, k)
        Stored scores (float16), so that ties made by rounding are broken in the same way everywhere.

    Returns
    -------
    ndarray of int64, (n,)
    """
    return np.asarray(proba.argmax(axis=1), dtype=np.int64)


def correctness(y: Ints, predicted: Ints) -> Floats:
    """Return, for each image, the share of seeds that classified it correctly.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    predicted : ndarray of int64, (s, n)

    Returns
    -------
    ndarray of float64, (n,)
        Its mean is the mean accuracy over seeds.
    """
    return np.asarray((predicted == y).mean(axis=0), dtype=np.float64)


def accuracy(y: Ints, predicted: Ints) -> float:
    """Return the share of images whose predicted class is the label; both arrays have shape (n,)."""
    return float((y == predicted).mean())


def confusion_matrix(y: Ints, predicted: Ints, n_classes: int) -> Ints:
    """Count images by true class (row) and predicted class (column).

    Equal to `sklearn.metrics.confusion_matrix` with all labels given, which takes 3.5 ms for 10,000 images where this
    takes 0.03; the report of Fashion-MNIST has 6,253 of them, most in the choice of thresholds.

    Parameters
    ----------
    y, predicted : ndarray of int64, (n,)
    n_classes : int

    Returns
    -------
    ndarray of int64, (k, k)
    """
    counts = np.bincount(y * n_classes + predicted, minlength=n_classes * n_classes)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def per_class(counts: Ints) -> PerClass:
    """Return precision, recall and F1 of each class.

    Equal to `sklearn.metrics.precision_recall_fscore_support` with ``zero_division=nan``, which takes 3 ms where this
    takes 0.06, and needs the images rather than their counts.

    Parameters
    ----------
    counts : ndarray of int64, (k, k)
        Returned by `confusion_matrix`.

    Returns
    -------
    PerClass
    """
    correct = np.diag(counts).astype(np.float64)
    images, predictions = counts.sum(axis=1), counts.sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        return PerClass(correct / predictions, correct / images, 2 * correct / (images + predictions))


def macro_f1(counts: Ints) -> float:
    """Return the unweighted mean of F1 over the classes that have images or were predicted.

    This is the mean of F1 over classes, not F1 of mean precision and mean recall, which differs (Opitz and Burst 2019,
    "Macro F1 and Macro F1"). Equal to scikit-learn's ``f1_score(average="macro")``.
    """
    return float(np.nanmean(per_class(counts).f1))


def wilson_interval(accuracy: float, n: int) -> Interval:
    """Return the Wilson score interval of a proportion of `n` images (Wilson 1927), as statsmodels computes it.

    Brown, Cai and DasGupta (2001) recommend it over the normal interval. For an accuracy that is a mean over seeds the
    interval is slightly too wide and never too narrow: averaging can only lower the variance of one image's score.

    Parameters
    ----------
    accuracy : float
        In [0, 1].
    n : int
        Number of test images, not of images times seeds: all seeds predict the same images.

    Returns
    -------
    Interval
    """
    from statsmodels.stats.proportion import proportion_confint  # takes a second to import

    low, high = proportion_confint(accuracy * n, n, method="wilson")
    # At 0 and 1 rounding could move a bound past the estimate, or out of [0, 1].
    return Interval(accuracy, max(0.0, min(accuracy, float(low))), min(1.0, max(accuracy, float(high))))


def paired_difference(a: Floats, b: Floats) -> Interval:
    """Return accuracy of `a` minus accuracy of `b`, both on the same images.

    Agresti and Min's (2005) adjusted Wald interval for matched proportions: half an image is added to each cell of
    the two-by-two table (both correct, both wrong, only one correct), so that the coverage holds when the two rarely
    differ. Images on which both agree cancel out, so a difference can be significant although the two separate
    intervals overlap. The formula also takes shares of seeds in place of correct-or-wrong.

    Parameters
    ----------
    a, b : ndarray of float64, (n,)
        Returned by `correctness`.

    Returns
    -------
    Interval
        In units of accuracy; positive if `a` is better.
    """
    difference = a - b
    n = len(difference) + 2  # 0.5 images in each of four cells; the two cells of agreement add nothing to the sums
    centre = float(difference.sum()) / n
    variance = (float(np.square(difference).sum()) + 1.0) / n - centre * centre
    half = Z * math.sqrt(variance / n)
    return Interval(float(difference.mean()), max(-1.0, centre - half), min(1.0, centre + half))


def paired_difference_over_seeds(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> Interval:
    """Return accuracy of `a` minus accuracy of `b`, with an interval over images *and* over seeds.

    This is `paired_difference` over images, widened by Student's interval over seeds. With a single seed the spread
    over seeds is unknown and the interval is not widened. The two are added as variances, which is slightly
    conservative because the spread over seeds includes some of the spread over images.

    Parameters
    ----------
    a, b : ndarray of bool, (s, n)
        Whether a seed classified an image correctly; the same seeds in both.

    Returns
    -------
    Interval
        In units of accuracy; positive if `a` is better.
    """
    images = paired_difference(a.mean(axis=0), b.mean(axis=0))
    seeds = a.mean(axis=1) - b.mean(axis=1)
    if len(seeds) < 2:
        return images
    half = half_width_over_seeds(seeds)
    estimate, low, high = images
    low, high = estimate - math.hypot(estimate - low, half), estimate + math.hypot(high - estimate, half)
    return Interval(estimate, max(-1.0, low), min(1.0, high))


def half_width_over_seeds(values: Floats) -> float:
    """Return half the width of Student's 95 % interval of a mean over seeds.

    Parameters
    ----------
    values : ndarray of float64, (s,)
        One value per seed, at least two.
    """
    return float(stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / math.sqrt(len(values)))


def pareto_front(cost: Floats, score: Floats) -> npt.NDArray[np.bool_]:
    """Mark the points on the Pareto front: no other point is at least as good in both and better in one.

    Parameters
    ----------
    cost, score : ndarray of float64, (m,)
        A lower cost and a higher score are better.

    Returns
    -------
    ndarray of bool, (m,)
        Equal points are on the front together.
    """
    no_worse = (cost[:, None] <= cost) & (score[:, None] >= score)
    better = (cost[:, None] < cost) | (score[:, None] > score)
    return np.asarray(~(no_worse & better).any(axis=0))


def hardest_class(y: Ints, f1: Floats) -> int | None:
    """Return the class with the lowest F1, averaged over estimators, or None if no class is the hardest.

    None is where every class has too few images, none is ever mistaken, or none is ever found.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    f1 : ndarray of float64, (m, k)
        A class of fewer than `HARDEST_IMAGES` images is left out.
    """
    enough = np.bincount(y, minlength=f1.shape[1]) >= HARDEST_IMAGES
    means = f1.mean(axis=0)[enough]
    if not enough.any() or means.min() == 1 or (len(means) > 1 and means.max() == 0):
        return None
    return int(np.flatnonzero(enough)[means.argmin()])
