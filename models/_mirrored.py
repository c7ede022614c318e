"""Training on mirror images, too: what is worn has no left and right."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if


def _has(method: str) -> Any:
    return lambda mirrored: hasattr(getattr(mirrored, "estimator_", mirrored.estimator), method)


class Mirrored(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Another classifier, fitted on each image and its mirror image; predicts images as they are.

    Parameters
    ----------
    estimator : classifier
        Of rows of grey values, uint8, (n, pixels).
    image_shape : tuple of int
        (height, width).
    """

    def __init__(self, estimator: Any, image_shape: tuple[int, int]) -> None:
        self.estimator = estimator
        self.image_shape = image_shape

    def fit(self, X: npt.NDArray[np.uint8], y: npt.NDArray[np.int64]) -> Self:
        """Fit on twice the rows."""
        mirrored = X.reshape(-1, *self.image_shape)[:, :, ::-1].reshape(X.shape)
        self.estimator_ = clone(self.estimator).fit(np.concatenate([X, mirrored]), np.concatenate([y, y]))
        self.classes_ = self.estimator_.classes_
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """As the classifier; int64, (n,)."""
        return np.asarray(self.estimator_.predict(X))

    @available_if(_has("decision_function"))
    def decision_function(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """As the classifier, if it has one."""
        return np.asarray(self.estimator_.decision_function(X))

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """As the classifier, if it has one."""
        return np.asarray(self.estimator_.predict_proba(X))
