"""Principal components of images.

The products of pixels are added up as whole numbers, which float64 represents exactly, so neither the order of the rows
nor the number of threads changes a sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

from benchmark.datasets.dataset import Shape
from benchmark.metrics.scores import Floats

KEPT = 50
"""The most components of an image."""

MOST_PIXELS = 1_024
"""The most pixels of a grey image, 32 by 32, and a third of them in colour; a larger one is averaged down, or the
covariance matrix would be too large."""

FITTED = 60_000
"""The most images that the components are fitted on; a larger set is sampled."""

ROWS = 2_048
"""Images in a block."""

NEGLIGIBLE = 1e-9
"""Share of the first component's variance below which a component is rounding error."""


@dataclass(frozen=True)
class Components:
    """Images in principal components.

    Attributes
    ----------
    points : ndarray of float32, (n, d)
        In grey levels; `d` is at most `KEPT`, less if the images vary in fewer directions, 0 if all are equal.
    ratio : ndarray of float64, (pixels,)
        Share of the variance that each component explains, largest first; empty if all images are equal.
    image_shape : tuple of int
        (height, width, channels) that images were averaged down to.
    fitted : int
        Number of images that the components were fitted on.
    """

    points: npt.NDArray[np.float32]
    ratio: Floats
    image_shape: Shape
    fitted: int


def shrink(images: npt.NDArray[Any], most: int) -> npt.NDArray[Any]:
    """Return images averaged down to at most `most` pixels each; small ones unchanged.

    Parameters
    ----------
    images : ndarray, (n, height, width) or (n, height, width, channels)
    most : int
    """
    height, width = images.shape[1:3]
    if height * width <= most:
        return images
    import cv2

    scale = (most / (height * width)) ** 0.5
    rows = min(max(1, int(height * scale)), most)
    columns = min(max(1, int(width * scale)), most // rows)
    return np.stack([cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA) for image in images]).reshape(
        len(images), rows, columns, *images.shape[3:]
    )


def principal_components(X: npt.NDArray[np.uint8], image_shape: Shape, seed: int) -> Components:
    """Return the principal components of images, and the images in them.

    Parameters
    ----------
    X : ndarray of uint8, (n, pixels)
        At least one.
    image_shape : tuple of int
    seed : int
        For the sample, if there are more than `FITTED` images.
    """
    n = len(X)
    small = shrink(X.reshape(n, *image_shape), MOST_PIXELS // image_shape[2])
    shape = (int(small.shape[1]), int(small.shape[2]), image_shape[2])
    small = small.reshape(n, -1)
    rows = np.arange(n) if n <= FITTED else np.sort(np.random.default_rng(seed).choice(n, FITTED, replace=False))
    mean, covariance = _moments(small, rows)
    if not covariance.any():
        return Components(np.zeros((n, 0), np.float32), np.zeros(0), shape, len(rows))
    values, vectors = scipy.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    kept = min(KEPT, int((values > NEGLIGIBLE * values[0]).sum()))
    axes = vectors[:, :kept]
    # A component has no sign of its own: its largest weight is made positive, so that maps do not flip.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(kept)])
    points = np.empty((n, kept), dtype=np.float32)
    for start in range(0, n, ROWS):
        points[start : start + ROWS] = (small[start : start + ROWS].astype(np.float64) - mean) @ axes
    return Components(points, values / values.sum(), shape, len(rows))


def _moments(X: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the mean image and the covariance of its pixels."""
    pixels = X.shape[1]
    total, products = np.zeros(pixels), np.zeros((pixels, pixels))
    for start in range(0, len(rows), ROWS):
        block = X[rows[start : start + ROWS]].astype(np.float64)
        total += block.sum(axis=0)
        products += block.T @ block
    mean = total / len(rows)
    return mean, products / len(rows) - np.outer(mean, mean)
