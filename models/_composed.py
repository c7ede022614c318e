"""Transformers that wrap another transformer: one reduces its features by PCA, one caches its results."""

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
    """The features of another transformer, reduced by PCA and scaled so that their variances sum to one.

    PCA is fitted on a sample of the rows, and rows are transformed in batches, so the wide features
    are never in memory for all rows at once.

    Parameters
    ----------
    features : transformer
        Computes the wide features.
    n_components : int
        Upper limit; fewer if there are fewer rows or features.
    max_rows : int
        Size of the sample that PCA is fitted on.
    random_state : int
        Seed of the sample and of the randomized solver.
    """

    def __init__(self, features: Any, n_components: int = 300, max_rows: int = 20_000, random_state: int = 0) -> None:
        self.features = features
        self.n_components = n_components
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X: Pixels, y: object = None) -> Self:
        """Fit the features on X, then PCA on a sample of X."""
        from sklearn.decomposition import PCA

        self.n_features_in_ = X.shape[1]
        self.features_ = clone(self.features).fit(X, y)
        rows = np.random.default_rng(self.random_state).permutation(len(X))[: self.max_rows]
        wide = self.features_.transform(X[np.sort(rows)])
        count = min(self.n_components, *wide.shape)
        # For very wide features, computing the covariance takes longer than a few passes over the rows.
        solver = "full" if count == len(wide) else "covariance_eigh" if wide.shape[1] <= 4_000 else "randomized"
        self.pca_ = PCA(count, svd_solver=solver, iterated_power=2, random_state=self.random_state).fit(wide)
        # scikit-learn leaves reversed columns, which a saved model does not keep, and the layout decides the rounding:
        # a logistic regression read back differed by 5e-6.
        self.pca_.components_ = np.ascontiguousarray(self.pca_.components_)
        self.scale_ = np.float32(1 / np.sqrt(max(self.pca_.explained_variance_.sum(), 1e-12)))
        return self

    def transform(self, X: Pixels) -> Features:
        """Return float32, (n, n_components)."""
        batches = [
            self.pca_.transform(self.features_.transform(X[start : start + 4_000])) for start in range(0, len(X), 4_000)
        ]
        return np.concatenate(batches).astype(np.float32) * self.scale_


class Remembered(TransformerMixin, BaseEstimator):
    """Another transformer whose fit and output are cached, so that the trials of a study share them.

    Parameters
    ----------
    transformer : transformer
        Its result depends on its parameters and its training rows and labels only.
    memory : joblib.Memory or None
        The cache, as scikit-learn's `memory` parameters; None caches nothing.
    """

    def __init__(self, transformer: Any, memory: Any = None) -> None:
        self.transformer = transformer
        self.memory = memory

    def fit(self, X: Pixels, y: object = None) -> Self:
        """Fit on X, or load the transformer that was fitted on X before."""
        self.n_features_in_ = X.shape[1]
        self.key_: str | None = None
        if self.memory is not None:
            import joblib

            self.key_ = joblib.hash((self.transformer, X, y))
        self.transformer_ = self._cached(_fit, self.key_, self.transformer, X, y)
        return self

    def transform(self, X: Pixels) -> Any:
        """Return the transformer's output."""
        return self._cached(_transform, self.key_, self.transformer_, X)

    def _cached(self, function: Callable[..., Any], key: str | None, transformer: Any, *rows: Any) -> Any:
        if self.memory is None:
            return function(key, transformer, *rows)
        # The key identifies the transformer and its training rows.
        return self.memory.cache(function, ignore=["transformer"])(key, transformer, *rows)


def without_cache(transformer: Any) -> Any:
    """Return a copy of a fitted transformer that caches nothing.

    Use it for rows that no other trial will need: caching them would only fill the disk.
    """
    copied = deepcopy(transformer)
    names = [name for name in copied.get_params() if name.split("__")[-1] == "memory"]
    return copied.set_params(**dict.fromkeys(names))


def _fit(key: str | None, transformer: Any, X: Pixels, y: object) -> Any:
    return clone(transformer).fit(X, y)


def _transform(key: str | None, transformer: Any, X: Pixels) -> Any:
    return transformer.transform(X)
