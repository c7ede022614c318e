"""Calibration: how well probabilities match outcomes, and temperature scaling, which corrects them. Pure functions.

Throughout, `n` is the number of images and `k` the number of classes. Stored scores are float16 and their rows may
not sum to exactly one, so each row is divided by its sum first. A score that was rounded to zero counts as the
smallest positive float16 (6e-8), which limits the log loss of one image to 16.6.
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
"""Number of equally wide bins of the expected calibration error, as in Guo et al. (2017)."""

_SMALLEST = float(np.finfo(np.float16).smallest_subnormal)

_TEMPERATURES = (0.01, 100.0)


@dataclass(frozen=True)
class Quality:
    """Scores of predicted probabilities.

    Attributes
    ----------
    log_loss : float
        Mean negative natural logarithm of the true class's probability; 0 is best.
    brier : float
        Mean over images of the squared distance to the one-hot label, summed over classes (Brier 1950); from 0 to 2.
    ece : float
        Expected calibration error: mean of |confidence − accuracy| over `BINS` bins of confidence, each weighted by
        its number of images.
    """

    log_loss: float
    brier: float
    ece: float


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: confidence and accuracy of each bin.

    Attributes
    ----------
    confidence, accuracy : ndarray of float64, (BINS,)
        Means over the bin's images; NaN for an empty bin.
    share : ndarray of float64, (BINS,)
        Share of all images that fall into the bin.
    """

    confidence: Floats
    accuracy: Floats
    share: Floats


def log_probabilities(proba: npt.NDArray[Any]) -> Floats:
    """Return the natural logarithms of stored scores, (n, k), after dividing each row by its sum."""
    scores = np.maximum(proba.astype(np.float64), _SMALLEST)
    return np.asarray(np.log(scores / scores.sum(axis=1, keepdims=True)))


def quality(y: Ints, logs: Floats) -> Quality:
    """Score probabilities.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Labels, ``0 .. k - 1``.
    logs : ndarray of float64, (n, k)
        Returned by `log_probabilities` or `temperature_scaled`.
    """
    from sklearn.metrics import brier_score_loss, log_loss  # takes a second to import

    proba, labels = np.exp(logs), np.arange(logs.shape[1])
    bins = reliability(y, logs)
    return Quality(
        log_loss=float(log_loss(y, proba, labels=labels)),
        brier=float(brier_score_loss(y, proba, labels=labels, scale_by_half=False)),
        ece=float(np.nansum(bins.share * np.abs(bins.confidence - bins.accuracy))),
    )


def reliability(y: Ints, logs: Floats) -> Reliability:
    """Bin images by the probability of the predicted class, and compare it with the accuracy of each bin.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    logs : ndarray of float64, (n, k)
    """
    confidence = np.exp(logs.max(axis=1))
    right = (logs.argmax(axis=1) == y).astype(np.float64)
    # A bin includes its upper edge, so that a confidence of 1 is in the last one.
    bin_index = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    count = np.bincount(bin_index, minlength=BINS).astype(np.float64)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(bin_index, weights=values, minlength=BINS) / count for values in (confidence, right)]
    return Reliability(means[0], means[1], count / len(y))


def fit_temperature(y: Ints, logs: Floats) -> float:
    """Return the temperature that minimises the log loss: log probabilities are divided by it (Guo et al. 2017).

    A temperature above 1 means that the scores were overconfident, below 1 that they were underconfident. Scaling
    changes no predicted class. `sklearn.calibration.CalibratedClassifierCV` has the same method since version 1.8, but
    needs the fitted estimator, and here are only its stored scores.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Labels of rows that the model was not fitted on.
    logs : ndarray of float64, (n, k)
        Returned by `log_probabilities`.

    Returns
    -------
    float
        From 0.01 to 100.
    """
    rows = np.arange(len(y))
    # scikit-learn's log_loss takes 11 ms for 10,000 rows, this takes 1.5, and each row of the table needs 30 of them.
    optimum = minimize_scalar(
        lambda power: -temperature_scaled(logs, np.exp(power))[rows, y].mean(),
        bounds=tuple(np.log(_TEMPERATURES)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(optimum.x))


def temperature_scaled(logs: Floats, temperature: float) -> Floats:
    """Return log probabilities at a temperature, (n, k), normalised so that each row's probabilities sum to one."""
    return np.asarray(log_softmax(logs / temperature, axis=1))
