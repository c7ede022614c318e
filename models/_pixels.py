"""The scaling of grey values that several pipelines share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin


class ToUnit(TransformerMixin, BaseEstimator):
    """Scale grey values 0..255 to [0, 1], all pixels alike, and raise them to a power.

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
        """Compute the lookup table of the 256 grey values."""
        self.table_ = ((np.arange(256) / 255) ** self.power).astype(np.float32)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return float32, (n, pixels), in [0, 1]."""
        scaled: npt.NDArray[np.float32] = self.table_[X]
        return scaled
