"""How similar classes are: by the distance of their mean images, and by the classes of nearest neighbours."""

from __future__ import annotations

import numpy as np

from benchmark.metrics.scores import Floats, Ints

ROUNDING = 1 / 12
"""Variance of a pixel from rounding to whole grey levels; the lowest variance that is assumed for a class."""


def mean_distances(means: Floats, deviations: Floats, images: Ints) -> Floats:
    """Return the distance between the mean images of every two classes, relative to the scatter of their images.

    The Euclidean distance between the two means is divided by the root mean square distance between an image of the
    two classes and its own class's mean. Below 1, the two means are nearer to each other than an image is to its own.

    Parameters
    ----------
    means, deviations : ndarray of float64, (k, pixels)
        Mean and standard deviation of each pixel.
    images : ndarray of int64, (k,)
        Number of images of each class.

    Returns
    -------
    ndarray of float64, (k, k)
        Symmetrical, 0 on the diagonal; NaN for a class without images.
    """
    scatter = np.maximum((deviations**2).sum(axis=1), means.shape[1] * ROUNDING)
    out = np.stack(
        [
            np.sqrt(((means - mean) ** 2).sum(axis=1) * 2 / (scatter + own))
            for mean, own in zip(means, scatter, strict=True)
        ]
    )
    out[images == 0] = np.nan
    out[:, images == 0] = np.nan
    return np.asarray(out)


def neighbour_classes(y: Ints, neighbours: Ints, n_classes: int) -> Floats:
    """Return the classes of the nearest neighbours of each class's images.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    neighbours : ndarray of int64, (n, m)
        Indices of the nearest other images of each image.
    n_classes : int

    Returns
    -------
    ndarray of float64, (k, k)
        Row: class of an image; column: class of a neighbour; values are shares of the row. NaN for a class that is
        not in `y`.
    """
    tally = np.zeros((n_classes, n_classes))
    np.add.at(tally, (np.repeat(y, neighbours.shape[1]), y[neighbours].ravel()), 1)
    totals = tally.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(tally, totals, out=np.full_like(tally, np.nan), where=totals > 0))


def same_class_share(y: Ints, neighbours: Ints) -> float:
    """Return the share of nearest neighbours that are of the same class as their image."""
    return float((y[neighbours] == y[:, None]).mean())
