"""What the support vector machines share: the fast solver where there is one."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin


class RBFSVC(ClassifierMixin, BaseEstimator):
    """scikit-learn's `SVC` with an RBF kernel, by scikit-learn-intelex where that is installed.

    The latter is several times as fast and finds the same machine, but only in float64: in
    float32 it ends early, and wrong, without a word. So everything is cast to float64 here.

    Parameters
    ----------
    C, gamma : float
        As `sklearn.svm.SVC`.
    accelerate : bool
        False takes scikit-learn's own solver (libsvm) though there is a faster one.
    cache_size : int
        Megabytes for kernel rows.
    threads : int
        libsvm uses one, whatever this says.
    """

    def __init__(
        self, C: float = 10.0, gamma: float = 1.0, accelerate: bool = True, cache_size: int = 1_000, threads: int = 1
    ) -> None:
        self.C = C
        self.gamma = gamma
        self.accelerate = accelerate
        self.cache_size = cache_size
        self.threads = threads

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> Self:
        """Fit on X, float, (n, features), and y, int64, (n,)."""
        self.machine_ = self._machine().fit(np.asarray(X, np.float64), y)
        self.classes_ = self.machine_.classes_
        self.n_features_in_ = X.shape[1]
        return self

    def decision_function(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the votes of the one-against-one machines and, within one vote, their margins; (n, k).

        Of two classes the margin alone, (n,), as scikit-learn does.
        """
        return np.asarray(self.machine_.decision_function(np.asarray(X, np.float64)))

    def predict(self, X: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the class of the highest decision value, which settles ties of votes by margins; int64, (n,)."""
        found = self.decision_function(X)
        best = found.argmax(axis=1) if found.ndim > 1 else (found > 0).astype(np.int64)
        return np.asarray(self.classes_[best])

    def _machine(self) -> Any:
        params = {"C": self.C, "gamma": self.gamma, "cache_size": self.cache_size}
        if self.accelerate:
            try:
                from sklearnex.svm import SVC
            except ImportError:  # no wheel for this processor or system
                pass
            else:
                return SVC(**params, n_jobs=self.threads)
        from sklearn import svm

        return svm.SVC(**params)
