"""Transformers around other transformers: fewer columns, and work that is done once."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin, clone

Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]


class Compressed(TransformerMixin, BaseEstimator):
    """Another transformer's features, reduced by PCA and scaled so that their variances sum to one.

    The components are those of a sample of the rows, and rows are passed on in parts, so that
    wide features are never held for all of them at once.

    Parameters
    ----------
    features : transformer
    n_components : int
        Capped where there are fewer rows or features.
    max_rows : int
        Rows of the sample.
    random_state : int
    """

    def __init__(self, features: Any, n_components: int = 300, max_rows: int = 20_000, random_state: int = 0) -> None:
        self.features = features
        self.n_components = n_components
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X: Pixels, y: object = None) -> Self:
        """Fit the features on X, then the components on a sample of it."""
        from sklearn.decomposition import PCA

        self.n_features_in_ = X.shape[1]
        self.features_ = clone(self.features).fit(X, y)
        rows = np.random.default_rng(self.random_state).permutation(len(X))[: self.max_rows]
        wide = self.features_.transform(X[np.sort(rows)])
        count = min(self.n_components, *wide.shape)
        # The covariance of very wide features takes longer than a few passes over the rows, however few they are.
        solver = "full" if count == len(wide) else "covariance_eigh" if wide.shape[1] <= 4_000 else "randomized"
        self.pca_ = PCA(count, svd_solver=solver, iterated_power=2, random_state=self.random_state).fit(wide)
        self.scale_ = np.float32(1 / np.sqrt(max(self.pca_.explained_variance_.sum(), 1e-12)))
        return self

    def transform(self, X: Pixels) -> Features:
        """Return float32, (n, n_components)."""
        parts = [
            self.pca_.transform(self.features_.transform(X[start : start + 4_000])) for start in range(0, len(X), 4_000)
        ]
        return np.concatenate(parts).astype(np.float32) * self.scale_


class Remembered(TransformerMixin, BaseEstimator):
    """Another transformer, fitted and applied once for the same rows: its work is shared by the trials of a study.

    Parameters
    ----------
    transformer : transformer
        A function of its parameters, its training rows and nothing else.
    memory : joblib.Memory or None
        As scikit-learn's; None remembers nothing.
    """

    def __init__(self, transformer: Any, memory: Any = None) -> None:
        self.transformer = transformer
        self.memory = memory

    def fit(self, X: Pixels, y: object = None) -> Self:
        """Fit on X, or take what was fitted on it before."""
        self.n_features_in_ = X.shape[1]
        self.key_: str | None = None
        if self.memory is not None:
            import joblib

            self.key_ = joblib.hash((self.transformer, X))
        self.transformer_ = self._recall(_fit, self.key_, self.transformer, X)
        return self

    def transform(self, X: Pixels) -> Any:
        """Return what the transformer returns."""
        return self._recall(_transform, self.key_, self.transformer_, X)

    def _recall(self, function: Callable[..., Any], key: str | None, transformer: Any, X: Pixels) -> Any:
        if self.memory is None:
            return function(key, transformer, X)
        # The key stands for the transformer and all that it was fitted on.
        return self.memory.cache(function, ignore=["transformer"])(key, transformer, X)


def uncached(transformer: Any) -> Any:
    """Return a copy of a fitted transformer that remembers nothing.

    For rows that no other trial will ask for: to keep them would only fill the disk.
    """
    found = deepcopy(transformer)
    names = [name for name in found.get_params() if name.split("__")[-1] == "memory"]
    return found.set_params(**dict.fromkeys(names))


def _fit(key: str | None, transformer: Any, X: Pixels) -> Any:
    return clone(transformer).fit(X)


def _transform(key: str | None, transformer: Any, X: Pixels) -> Any:
    return transformer.transform(X)
