"""What pipelines on raw pixels share: large images are averaged down, and values are scaled."""

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


class Stateless(TransformerMixin, BaseEstimator):
    """A transformer that has nothing to learn."""

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> Self:
        """Do nothing."""
        self.n_features_in_ = X.shape[1]
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Shrunk(Stateless):
    """Average images down to a smaller size.

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
        return shrink(X, self.image_shape, self.to).reshape(len(X), -1)


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
    """Scale values 0..255 to [0, 1], all pixels alike, and raise them to a power.

    A scaler for each pixel would amplify the noise of border pixels that are almost always black.

    Parameters
    ----------
    power : float
        1 keeps the scale linear; 0.5, the square root, raises the contrast between dark cloth and
        the black background, which a linear classifier cannot do by itself.
    """

    def __init__(self, power: float = 1.0) -> None:
        self.power = power

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> ToUnit:
        """Compute the lookup table of the 256 values."""
        self.table_ = ((np.arange(256) / 255) ** self.power).astype(np.float32)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return float32, (n, pixels), in [0, 1]."""
        scaled: npt.NDArray[np.float32] = self.table_[X]
        return scaled
