"""What pipelines on pixels share: they learn the range of the training pixels, and average large images down.

A faint picture (an X-ray, a scan) may use a few of the 256 grey values. The ranges that tuning searches are made for
pixels of all 256, so each pipeline maps the range of its training pixels to that of all values.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

Shape = tuple[int, int, int]
"""(height, width, channels)."""

USUAL = 28
"""Side of the images of Fashion-MNIST, for which cells, weights and shifts were chosen."""

PLENTY = 32 * 32
"""Pixels of an image that patches and small nets are taken from, and values of one that estimators on raw pixels get.
More of them cost time and, without a net, add little."""


UNUSUAL = 0.01
"""Share of the training images, at least one, whose lowest or highest value may be outside the range of the others: a
white label in a scan does not change its contrast."""


def pixel_range(X: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Return the range of the values of images, (low, high), with ``low < high``.

    The lowest and the highest value of each image count, not quantiles of all pixels: a drawing may be white but for a
    thin line. All channels count together, so colours keep their hue. If all images are of one value, it is (0, 255).

    Parameters
    ----------
    X : ndarray of uint8, (n, pixels)
    """
    lows, highs = X.min(axis=1), X.max(axis=1)
    low = int(np.quantile(lows, UNUSUAL, method="higher"))
    high = int(np.quantile(highs, 1 - UNUSUAL, method="lower"))
    if low >= high:  # nearly all images are of one value, or there are two images
        low, high = int(lows.min()), int(highs.max())
    return (low, high) if low < high else (0, 255)


class Stretched(TransformerMixin, BaseEstimator):
    """A transformer whose `_stretched` maps the range of the training pixels to 0..255.

    Attributes
    ----------
    levels_ : ndarray of uint8, (256,)
        The new value of each value. Values outside the range of the training pixels become 0 or 255.
    """

    levels_: npt.NDArray[np.uint8] = np.arange(256, dtype=np.uint8)  # of models that were saved without them

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> Self:
        """Learn the range of X, uint8, (n, pixels)."""
        self.levels_ = np.rint(np.interp(np.arange(256), pixel_range(X), (0, 255))).astype(np.uint8)
        self.n_features_in_ = X.shape[1]
        return self

    def _stretched(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        import cv2

        return np.asarray(cv2.LUT(np.ascontiguousarray(X), self.levels_))


class Shrunk(Stretched):
    """Average images down to a smaller size, stretched first, so that averages of faint images are not rounded away.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width, channels).
    to : tuple of int
        (height, width, channels), with the same channels.
    """

    def __init__(self, image_shape: Shape, to: Shape) -> None:
        self.image_shape = image_shape
        self.to = to

    def transform(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return uint8, (n, height * width * channels)."""
        return shrink(self._stretched(X), self.image_shape, self.to).reshape(len(X), -1)


def shrink(X: npt.NDArray[np.uint8], image_shape: Shape, to: Shape) -> npt.NDArray[np.uint8]:
    """Return images, uint8, (n, height * width * channels), averaged down to `to`, (n, *to)."""
    images = X.reshape(-1, *image_shape)
    if to == image_shape:
        return images
    import cv2

    height, width = to[:2]
    small = np.empty((len(X), *to), np.uint8)
    for row, image in enumerate(images):
        small[row] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).reshape(to)
    return small


def shrunk_shape(image_shape: Shape, most: int = PLENTY) -> Shape:
    """Return the shape of an image that is averaged down to at most `most` pixels; that of a small one unchanged."""
    height, width, channels = image_shape
    scale = min(1.0, (most / (height * width)) ** 0.5)
    return max(1, int(height * scale)), max(1, int(width * scale)), channels


def shrinking(image_shape: Shape, most: int = PLENTY) -> list[tuple[str, Shrunk]]:
    """Return the first step of a pipeline on raw pixels: none for images of at most `most` values."""
    to = shrunk_shape(image_shape, most // image_shape[2])
    return [] if to == image_shape else [("shrink", Shrunk(image_shape, to))]


class ToUnit(TransformerMixin, BaseEstimator):
    """Scale the range of the training pixels to [0, 1], all pixels alike, and raise the values to a power.

    Values outside that range become 0 or 1. A scaler for each pixel would amplify the noise of border pixels that are
    almost always black.

    Parameters
    ----------
    power : float
        1 keeps the scale linear; 0.5, the square root, raises the contrast between dark cloth and
        the black background, which a linear classifier cannot do by itself.
    """

    def __init__(self, power: float = 1.0) -> None:
        self.power = power

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> ToUnit:
        """Learn the range of X, uint8, (n, pixels), and compute the lookup table of the 256 values."""
        low, high = pixel_range(X)
        self.table_ = (((np.arange(256) - low) / (high - low)).clip(0, 1) ** self.power).astype(np.float32)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return float32, (n, pixels), in [0, 1]."""
        scaled: npt.NDArray[np.float32] = self.table_[X]
        return scaled
