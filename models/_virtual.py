"""Virtual support vectors: the images that an SVM decides by, moved by a pixel, join its training."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone

from models._composed import uncached

Pixels = npt.NDArray[np.uint8]

ONE_PIXEL = ((1, 0), (-1, 0), (0, 1), (0, -1))
"""Down, up, right and left."""


class VirtualSupport(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A support vector machine on features, taught that an image moved by one pixel is the same thing.

    Fitted twice (Schölkopf, Burges and Vapnik, "Incorporating Invariances in Support Vector
    Learning Machines", 1996): on all rows, then on its support vectors' images, as they are and
    moved each way. Moving every row would take many times as long and say little more, as rows
    far from the boundary have no part in the machine.

    Parameters
    ----------
    features : transformer
        Of rows of grey values, uint8, (n, pixels).
    machine : classifier
        Has `support_` once it is fitted, and `decision_function`.
    image_shape : tuple of int
        (height, width).
    """

    def __init__(self, features: Any, machine: Any, image_shape: tuple[int, int]) -> None:
        self.features = features
        self.machine = machine
        self.image_shape = image_shape

    def fit(self, X: Pixels, y: npt.NDArray[np.int64]) -> Self:
        """Fit on X, uint8, (n, pixels), and y, int64, (n,)."""
        self.features_ = clone(self.features).fit(X, y)
        seen = self.features_.transform(X)
        support = clone(self.machine).fit(seen, y).support_
        anew = uncached(self.features_)  # which images support the machine depends on what is tuned
        moved = [anew.transform(_moved(X[support], self.image_shape, *by)) for by in ONE_PIXEL]
        rows = np.concatenate([seen[support], *moved])
        del seen, moved  # as much again as the fit itself needs
        self.machine_ = clone(self.machine).fit(rows, np.tile(y[support], 1 + len(ONE_PIXEL)))
        self.classes_ = self.machine_.classes_
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Pixels) -> npt.NDArray[np.int64]:
        """As the machine; int64, (n,)."""
        return np.asarray(self.machine_.predict(self.features_.transform(X)))

    def decision_function(self, X: Pixels) -> npt.NDArray[np.float64]:
        """As the machine; (n, k), of two classes (n,)."""
        return np.asarray(self.machine_.decision_function(self.features_.transform(X)))


def _moved(X: Pixels, image_shape: tuple[int, int], down: int, right: int) -> Pixels:
    """Return images moved by so many pixels; the border is repeated, which in centred pictures is background."""
    height, width = image_shape
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return X.reshape(-1, height, width)[:, rows][:, :, columns].reshape(X.shape)
