"""Prototypes: the most and the least typical images of each class.

An image is typical if its nearest images of the same class are close, by their mean distance in principal components.
Unlike the distance to the class's mean, this finds the most common kind of image if a class has several kinds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from benchmark.metrics.scores import Floats, Ints

NEIGHBOURS = 10
"""The number of nearest images of the same class that count, or all others of a smaller class."""

COMPARED = 6_000
"""The most images of a class that are compared; a larger class is sampled."""

SHOWN = 3
"""The number of most typical images, and of least typical images, of each class."""

NO_IMAGE = -1
"""An index that says that a class has no more images."""


@dataclass(frozen=True)
class Prototypes:
    """The most and the least typical images of each class.

    Attributes
    ----------
    most, least : ndarray of int64, (k, SHOWN)
        Indices of images, the most extreme first, no image in both; `NO_IMAGE` if a class has no more.
    compared : ndarray of int64, (k,)
        Number of images that were compared.
    nearest, median, farthest : ndarray of float64, (k,)
        Distance of the most typical image, of the median image and of the least typical one; NaN for a class of fewer
        than two images.
    """

    most: Ints
    least: Ints
    compared: Ints
    nearest: Floats
    median: Floats
    farthest: Floats


def find_prototypes(points: npt.NDArray[np.float32], y: Ints, n_classes: int, seed: int) -> Prototypes:
    """Return the most and the least typical images of each class.

    Parameters
    ----------
    points : ndarray of float32, (n, d)
        Images in principal components; `d` is 0 if all are equal.
    y : ndarray of int64, (n,)
    n_classes : int
    seed : int
        For the sample of a large class.
    """
    most, least = (np.full((n_classes, SHOWN), NO_IMAGE, dtype=np.int64) for _ in range(2))
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
    return Prototypes(most, least, compared, *quantiles)


def _distances(points: npt.NDArray[np.float32]) -> Floats:
    """Return the mean distance of each image to its nearest others."""
    if len(points) < 2 or not points.shape[1]:
        return np.zeros(len(points))
    nearest = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(points) - 1), algorithm="brute").fit(points)
    distance: Floats = nearest.kneighbors()[0].mean(axis=1, dtype=np.float64)
    return distance
