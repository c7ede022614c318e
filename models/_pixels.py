"""What the pixel pipelines share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin


class ToUnit(TransformerMixin, BaseEstimator):
    """Grey values 0..255 to [0, 1], the same scale for every pixel.

    A scaler per pixel would blow up the noise of border pixels that are almost always black.

    Parameters
    ----------
    dtype : str
        "float32" or "float64".
    """

    def __init__(self, dtype: str = "float32") -> None:
        self.dtype = dtype

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> ToUnit:
        """Do nothing but note the number of pixels."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating]:
        """Return (n, pixels), floating, in [0, 1]."""
        return np.asarray(X, dtype=self.dtype) / np.asarray(255, dtype=self.dtype)
