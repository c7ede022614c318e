"""How close classes are to each other: by their mean images, and by whose images lie next to whose."""

from __future__ import annotations

import numpy as np

from benchmark.metrics.scores import Floats, Ints

ROUNDING = 1 / 12
"""Variance of a pixel by rounding to whole grey levels; the least that a class is taken to vary by."""


def distances(means: Floats, spreads: Floats, images: Ints) -> Floats:
    """Return how far the mean images of every two classes are apart, in units of how far images are from their mean.

    The Euclidean distance of the two means, by the root mean square distance of an image of the two classes
    from its own class's mean. Below 1 two means are nearer to each other than such an image is to its own.

    Parameters
    ----------
    means, spreads : ndarray of float64, (k, pixels)
        Mean and standard deviation of each pixel.
    images : ndarray of int64, (k,)
        How many each class has.

    Returns
    -------
    ndarray of float64, (k, k)
        Symmetrical, 0 on the diagonal; NaN for a class without images.
    """
    scatter = np.maximum((spreads**2).sum(axis=1), means.shape[1] * ROUNDING)
    out = np.stack(
        [
            np.sqrt(((means - mean) ** 2).sum(axis=1) * 2 / (scatter + own))
            for mean, own in zip(means, scatter, strict=True)
        ]
    )
    out[images == 0] = np.nan
    out[:, images == 0] = np.nan
    return np.asarray(out)


def mixing(y: Ints, neighbours: Ints, n_classes: int) -> Floats:
    """Return what classes the neighbours of each class's images are of.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    neighbours : ndarray of int64, (n, m)
        Places of each one's nearest others.
    n_classes : int

    Returns
    -------
    ndarray of float64, (k, k)
        Row: class of an image; column: share of its neighbours. NaN for a class that is not in `y`.
    """
    tally = np.zeros((n_classes, n_classes))
    np.add.at(tally, (np.repeat(y, neighbours.shape[1]), y[neighbours].ravel()), 1)
    totals = tally.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(tally, totals, out=np.full_like(tally, np.nan), where=totals > 0))


def agreement(y: Ints, neighbours: Ints) -> float:
    """Return the share of neighbours that are of the same class as the one whose they are."""
    return float((y[neighbours] == y[:, None]).mean())
