"""Virtual support vectors: an SVM is fitted again with its support vectors shifted by one pixel each way."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone

from models._composed import without_cache

Pixels = npt.NDArray[np.uint8]

ONE_PIXEL_SHIFTS = ((1, 0), (-1, 0), (0, 1), (0, -1))
"""(down, right) of the shifts down, up, right and left."""


class VirtualSupport(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A support vector machine on features, made robust to shifts of one pixel.

    It is fitted twice (Schölkopf, Burges and Vapnik, "Incorporating Invariances in Support Vector
    Learning Machines", 1996): on all rows, then on the images of its support vectors, unshifted and
    shifted in each direction. Shifting every row would take many times as long and gain little,
    because rows far from the decision boundary do not affect the machine.

    Parameters
    ----------
    features : transformer
        Takes rows of pixels, uint8, (n, height * width * channels).
    machine : classifier
        Has `decision_function`, and `support_` after `fit`.
    image_shape : tuple of int
        (height, width, channels).
    """

    def __init__(self, features: Any, machine: Any, image_shape: tuple[int, int, int]) -> None:
        self.features = features
        self.machine = machine
        self.image_shape = image_shape

    def fit(self, X: Pixels, y: npt.NDArray[np.int64]) -> Self:
        """Fit on X, uint8, (n, pixels), and y, int64, (n,)."""
        self.features_ = clone(self.features).fit(X, y)
        features = self.features_.transform(X)
        support = clone(self.machine).fit(features, y).support_
        transformer = without_cache(self.features_)  # the support vectors depend on the tuned parameters
        shifted = [transformer.transform(_shifted(X[support], self.image_shape, *by)) for by in ONE_PIXEL_SHIFTS]
        rows = np.concatenate([features[support], *shifted])
        del features, shifted  # they would double the memory of the fit
        self.machine_ = clone(self.machine).fit(rows, np.tile(y[support], 1 + len(ONE_PIXEL_SHIFTS)))
        self.classes_ = self.machine_.classes_
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Pixels) -> npt.NDArray[np.int64]:
        """Return the machine's predictions; int64, (n,)."""
        return np.asarray(self.machine_.predict(self.features_.transform(X)))

    def decision_function(self, X: Pixels) -> npt.NDArray[np.float64]:
        """Return the machine's decision values; (n, k), or (n,) with two classes."""
        return np.asarray(self.machine_.decision_function(self.features_.transform(X)))


def _shifted(X: Pixels, image_shape: tuple[int, int, int], down: int, right: int) -> Pixels:
    """Return images shifted by so many pixels; the border, background in centred images, is repeated."""
    height, width = image_shape[:2]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return X.reshape(-1, *image_shape)[:, rows][:, :, columns].reshape(X.shape)
