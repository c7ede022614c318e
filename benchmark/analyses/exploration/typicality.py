"""The most and the least typical images of each class.

An image is typical if images of its own class lie close around it: its distance is the mean of
those to its nearest of the class, in principal components. Unlike the distance to the class's mean this
finds what there is most of, where a class has several kinds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from benchmark.metrics.scores import Floats, Ints

NEIGHBOURS = 10
"""Nearest images of its own class that an image is compared with, or all others of a smaller class."""

COMPARED = 6_000
"""Images of a class that are looked at; of more, a sample."""

SHOWN = 3
"""Images of each end."""

NOBODY = -1
"""Stands in a row of places where a class has no more images."""


@dataclass(frozen=True)
class Typicality:
    """Both ends of each class.

    Attributes
    ----------
    most, least : ndarray of int64, (k, SHOWN)
        Places of images, the utmost first, no image in both; `NOBODY` where a class has no more.
    compared : ndarray of int64, (k,)
        Images that were looked at.
    nearest, usual, farthest : ndarray of float64, (k,)
        Distance of the most typical, median, and of the least typical one; NaN for a class of fewer than two.
    """

    most: Ints
    least: Ints
    compared: Ints
    nearest: Floats
    usual: Floats
    farthest: Floats


def find(points: npt.NDArray[np.float32], y: Ints, n_classes: int, seed: int) -> Typicality:
    """Return the most and the least typical images of each class.

    Parameters
    ----------
    points : ndarray of float32, (n, d)
        Images in principal components; `d` may be 0, where all are equal.
    y : ndarray of int64, (n,)
    n_classes : int
    seed : int
        Of the sample of a large class.
    """
    most, least = (np.full((n_classes, SHOWN), NOBODY, dtype=np.int64) for _ in range(2))
    compared = np.zeros(n_classes, dtype=np.int64)
    quantiles = np.full((3, n_classes), np.nan)
    for label in range(n_classes):
        rows = np.flatnonzero(y == label)
        if len(rows) > COMPARED:
            rows = np.sort(np.random.default_rng([seed, label]).choice(rows, COMPARED, replace=False))
        compared[label] = len(rows)
        distance = _distances(points[rows])
        order = rows[np.lexsort((rows, distance))]
        upper = order[: min(SHOWN, -(-len(rows) // 2))]
        lower = order[::-1][: min(SHOWN, len(rows) // 2)]
        most[label, : len(upper)], least[label, : len(lower)] = upper, lower
        if len(rows) > 1:
            quantiles[:, label] = distance.min(), np.median(distance), distance.max()
    return Typicality(most, least, compared, *quantiles)


def _distances(points: npt.NDArray[np.float32]) -> Floats:
    """Return each one's mean distance to its nearest others."""
    if len(points) < 2 or not points.shape[1]:
        return np.zeros(len(points))
    nearest = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(points) - 1), algorithm="brute").fit(points)
    found: Floats = nearest.kneighbors()[0].mean(axis=1, dtype=np.float64)
    return found
