"""Whether probabilities can be believed: how far they are from what happens, and one number that mends them; pure.

Throughout, `n` is the number of images and `k` of classes. Stored scores are float16 and need not
sum to one to the last digit, so rows are divided by their sums first; a score that was rounded
to zero counts as the smallest that float16 has (6e-8), which caps the log loss of an image at 16.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from benchmark.metrics.scores import Floats, Ints

BINS = 15
"""Of the expected calibration error, equally wide, as Guo et al. (2017) have it."""

_SMALLEST = float(np.finfo(np.float16).smallest_subnormal)

_TEMPERATURES = (0.01, 100.0)


@dataclass(frozen=True)
class Quality:
    """How good probabilities are.

    Attributes
    ----------
    log_loss : float
        Mean of minus the natural logarithm of the truth's probability; 0 is best.
    brier : float
        Mean over images of the squared distance to the truth, summed over classes (Brier 1950); from 0 to 2.
    ece : float
        Expected calibration error: |confidence − accuracy|, over `BINS` bins of confidence, weighted by
        their images.
    """

    log_loss: float
    brier: float
    ece: float


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy, bin by bin.

    Attributes
    ----------
    confidence, accuracy : ndarray of float64, (BINS,)
        Means over the bin's images; NaN where there are none.
    share : ndarray of float64, (BINS,)
        Of all images.
    """

    confidence: Floats
    accuracy: Floats
    share: Floats


def log_probabilities(proba: npt.NDArray[Any]) -> Floats:
    """Return the natural logarithms of stored scores, rows summing to one before, (n, k)."""
    scores = np.maximum(proba.astype(np.float64), _SMALLEST)
    return np.asarray(np.log(scores / scores.sum(axis=1, keepdims=True)))


def quality(y: Ints, logs: Floats) -> Quality:
    """Score probabilities.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    logs : ndarray of float64, (n, k)
        Of `log_probabilities` or `temperature_scaled`.
    """
    proba = np.exp(logs)
    truth = np.eye(logs.shape[1])[y]
    bins = reliability(y, logs)
    ece = np.nansum(bins.share * np.abs(bins.confidence - bins.accuracy))
    return Quality(_log_loss(y, logs), float(np.square(proba - truth).sum(axis=1).mean()), float(ece))


def reliability(y: Ints, logs: Floats) -> Reliability:
    """Sort images by the probability of the answer they got, and see how often it was right.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    logs : ndarray of float64, (n, k)
    """
    confidence = np.exp(logs.max(axis=1))
    right = (logs.argmax(axis=1) == y).astype(np.float64)
    # A bin holds its upper end: certainty is in the last one.
    place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    count = np.bincount(place, minlength=BINS).astype(np.float64)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, weights=values, minlength=BINS) / count for values in (confidence, right)]
    return Reliability(means[0], means[1], count / len(y))


def fit_temperature(y: Ints, logs: Floats) -> float:
    """Return the temperature by which logarithms must be divided for the least log loss (Guo et al. 2017).

    Above 1 the scores were too sure of themselves, below 1 not sure enough. It changes no answer.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Of rows that the model was not fitted on.
    logs : ndarray of float64, (n, k)
        Of `log_probabilities`.

    Returns
    -------
    float
        From 0.01 to 100.
    """
    found = minimize_scalar(
        lambda power: _log_loss(y, log_softmax(logs / np.exp(power), axis=1)),
        bounds=tuple(np.log(_TEMPERATURES)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(found.x))


def temperature_scaled(logs: Floats, temperature: float) -> Floats:
    """Return the logarithms at a temperature, rows of their exponentials summing to one, (n, k)."""
    return np.asarray(log_softmax(logs / temperature, axis=1))


def _log_loss(y: Ints, logs: Floats) -> float:
    return float(-logs[np.arange(len(y)), y].mean())
