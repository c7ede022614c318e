"""Arrays in, numbers out: every score, interval and comparison that the report states.

Throughout, `n` is the number of test images, `k` the number of classes, `s` the number of
seeds. Intervals are at 95 % and are over test images: they say what another test set of the
same size could have shown, not what another training run could.
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


class Interval(NamedTuple):
    """An estimate with the ends of its 95 % interval."""

    estimate: float
    low: float
    high: float

    @property
    def contains_zero(self) -> bool:
        """Whether zero is within the interval, ends included."""
        return self.low <= 0.0 <= self.high


class PerClass(NamedTuple):
    """Precision, recall and F1 of each class: three float64 arrays, (k,).

    NaN where there is nothing to divide by: precision of a class never predicted, recall of a
    class without images, F1 of a class with neither.
    """

    precision: Floats
    recall: Floats
    f1: Floats


def predicted_labels(proba: npt.NDArray[Any]) -> Ints:
    """Return the class of the largest entry of each row, the first among equals.

    Parameters
    ----------
    proba : ndarray of float, (n, k)
        As stored (float16): ties that rounding made are broken the same way everywhere.

    Returns
    -------
    ndarray of int64, (n,)
    """
    return np.asarray(proba.argmax(axis=1), dtype=np.int64)


def correctness(y: Ints, predicted: Ints) -> Floats:
    """Return, for each image, the share of seeds that got it right.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    predicted : ndarray of int64, (s, n)

    Returns
    -------
    ndarray of float64, (n,)
        Its mean is the accuracy, averaged over seeds.
    """
    return np.asarray((predicted == y).mean(axis=0), dtype=np.float64)


def accuracy(y: Ints, predicted: Ints) -> float:
    """Return the share of images whose class was predicted; both (n,)."""
    return float((y == predicted).mean())


def confusion_matrix(y: Ints, predicted: Ints, n_classes: int) -> Ints:
    """Count images by true class (row) and predicted class (column).

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
    """Return precision, recall and F1 of each class from its confusion counts.

    Parameters
    ----------
    counts : ndarray of int64, (k, k)
        Of `confusion_matrix`.

    Returns
    -------
    PerClass
    """
    hits = np.diag(counts).astype(np.float64)
    images, answers = counts.sum(axis=1), counts.sum(axis=0)
    return PerClass(_divide(hits, answers), _divide(hits, images), _divide(2 * hits, images + answers))


def macro_f1(counts: Ints) -> float:
    """Return the plain mean of F1 over the classes that have images or were predicted.

    The mean over classes of F1, not F1 of mean precision and recall: the two differ
    (Opitz and Burst 2019, "Macro F1 and Macro F1"). Agrees with scikit-learn's
    ``f1_score(average="macro")``.
    """
    return float(np.nanmean(per_class(counts).f1))


def wilson_interval(accuracy: float, n: int) -> Interval:
    """Return the Wilson score interval of a share of `n` images (Wilson 1927).

    Recommended over the normal interval by Brown, Cai and DasGupta (2001). Of an accuracy that
    is a mean over seeds it is a little too wide, never too narrow: averaging can only lower
    an image's variance below that of right-or-wrong.

    Parameters
    ----------
    accuracy : float
        In [0, 1].
    n : int
        Test images, not images times seeds: the seeds saw the same images.

    Returns
    -------
    Interval
    """
    spread = Z * Z / n
    centre = (accuracy + spread / 2) / (1 + spread)
    half = Z * math.sqrt(accuracy * (1 - accuracy) / n + spread / (4 * n)) / (1 + spread)
    # At 0 and 1 rounding could push an end past the estimate.
    return Interval(accuracy, max(0.0, min(accuracy, centre - half)), min(1.0, max(accuracy, centre + half)))


def paired_difference(a: Floats, b: Floats) -> Interval:
    """Return accuracy of `a` minus accuracy of `b`, both on the same images.

    Agresti and Min's (2005) adjusted Wald interval for matched proportions: half an image is
    added to each cell of the two-by-two table (both right, both wrong, only one right), so
    that it stays honest where the two hardly ever differ. Images on which both agree cancel,
    so it tells rows apart whose separate intervals overlap. Shares of seeds instead of
    right-or-wrong go through the same formula.

    Parameters
    ----------
    a, b : ndarray of float64, (n,)
        Of `correctness`.

    Returns
    -------
    Interval
        In units of accuracy; positive where `a` is better.
    """
    difference = a - b
    n = len(difference) + 2  # 0.5 images in each of four cells; the two of agreement add nothing to the sums
    centre = float(difference.sum()) / n
    variance = (float(np.square(difference).sum()) + 1.0) / n - centre * centre
    half = Z * math.sqrt(variance / n)
    return Interval(float(difference.mean()), max(-1.0, centre - half), min(1.0, centre + half))


def paired_difference_over_seeds(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> Interval:
    """Return accuracy of `a` minus accuracy of `b`, with what other images *and* other seeds could change.

    `paired_difference` over images, widened by Student's interval over seeds: of one seed nothing
    is known, and it is not widened. The two are added as variances, which counts a little twice, as
    the seeds' spread holds some of the images'.

    Parameters
    ----------
    a, b : ndarray of bool, (s, n)
        Whether a seed got an image right, the same seeds in both.

    Returns
    -------
    Interval
        In units of accuracy; positive where `a` is better.
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
    """Return half the width of Student's interval of a mean over seeds.

    Parameters
    ----------
    values : ndarray of float64, (s,)
        One per seed, two at least.
    """
    return float(stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / math.sqrt(len(values)))


def pareto_front(cost: Floats, score: Floats) -> npt.NDArray[np.bool_]:
    """Mark the points that no other point beats: none is as cheap and better, or as good and cheaper.

    Parameters
    ----------
    cost, score : ndarray of float64, (m,)
        Less cost is better, more score is better.

    Returns
    -------
    ndarray of bool, (m,)
        Equal points are on the front together.
    """
    no_worse = (cost[:, None] <= cost) & (score[:, None] >= score)
    better = (cost[:, None] < cost) | (score[:, None] > score)
    return np.asarray(~(no_worse & better).any(axis=0))


def _divide(numerator: Floats, denominator: npt.NDArray[Any]) -> Floats:
    out: Floats = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def hardest_class(y: Ints, f1: Floats) -> int:
    """Return the class with the lowest F1, averaged over estimators; of classes with images only.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    f1 : ndarray of float64, (m, k)
    """
    images = np.bincount(y, minlength=f1.shape[1])
    return int(np.argmin(np.where(images > 0, f1.mean(axis=0), np.inf)))
