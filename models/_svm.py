"""What the support vector machines share: the fast solver where there is one."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin


class RBFSVC(ClassifierMixin, BaseEstimator):
    """scikit-learn's `SVC` with an RBF kernel, fitted by scikit-learn-intelex where that is installed.

    Its decision values are worked out here, by matrix products, several times as fast as
    libsvm's. Those of scikit-learn-intelex 2026.2.0 cannot be had: now and then one of its 45
    machines answers wrongly for three images in four (at 20,000 rows of 700 features, C=10 and
    gamma=0.7 that costs 1.1 points), though the machine that it fitted is libsvm's. That is also
    what made it look as though it could not fit in float32: it can, in two thirds of the time.

    Parameters
    ----------
    C, gamma : float
        As `sklearn.svm.SVC`.
    accelerate : bool
        False takes scikit-learn's own solver (libsvm) though there is a faster one.
    cache_size : int
        Megabytes for kernel rows.
    threads : int
        Of the fit; libsvm uses one, whatever this says.
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
        machine = self._solver().fit(np.asarray(X, np.float32), y)
        self.classes_ = np.asarray(machine.classes_)
        self.n_features_in_ = X.shape[1]
        self.solver_ = type(machine).__module__
        # Of two classes scikit-learn's signs are turned, so that positive is the second; here it is the first.
        sign = -1.0 if len(self.classes_) == 2 else 1.0
        self.support_ = np.asarray(machine.support_)
        self.support_vectors_ = np.asarray(machine.support_vectors_, np.float32)
        self.ends_ = np.r_[0, np.cumsum(machine.n_support_)]
        self.dual_coef_ = sign * np.asarray(machine.dual_coef_)
        self.intercept_ = sign * np.asarray(machine.intercept_)
        return self

    def decision_function(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the votes of the one-against-one machines and, within one vote, their margins; (n, k).

        As scikit-learn's ``decision_function_shape="ovr"``; of two classes the margin alone, (n,).
        """
        support = self.support_vectors_.astype(np.float64)
        step = max(1, KERNEL_BYTES // (8 * max(1, len(support))))
        parts = [
            self._margins(np.asarray(X[start : start + step], np.float64), support) for start in range(0, len(X), step)
        ]
        margins = np.concatenate(parts)
        k = len(self.classes_)
        if k == 2:
            return np.asarray(-margins[:, 0])
        votes, sums = np.zeros((2, len(X), k))
        for margin, (first, second) in zip(margins.T, combinations(range(k), 2), strict=True):
            votes[np.arange(len(X)), np.where(margin > 0, first, second)] += 1
            sums[:, first] += margin
            sums[:, second] -= margin
        return votes + sums / (3 * (np.abs(sums) + 1))

    def predict(self, X: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the class of the highest decision value, which settles ties of votes by margins; int64, (n,)."""
        found = self.decision_function(X)
        best = found.argmax(axis=1) if found.ndim > 1 else (found > 0).astype(np.int64)
        return np.asarray(self.classes_[best])

    def _margins(self, X: npt.NDArray[np.float64], support: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return what each machine says, (n, k (k - 1) / 2); above zero for the first of its two classes."""
        kernel = X @ support.T
        kernel *= 2
        kernel -= np.square(X).sum(axis=1)[:, None]
        kernel -= np.square(support).sum(axis=1)
        kernel *= self.gamma
        np.exp(kernel, out=kernel)
        # A support vector has a coefficient in each machine of its class; the row tells the other class (libsvm's FAQ).
        sums = [kernel[:, low:high] @ self.dual_coef_[:, low:high].T for low, high in pairwise(self.ends_)]
        pairs = combinations(range(len(self.classes_)), 2)
        machines = [sums[first][:, second - 1] + sums[second][:, first] for first, second in pairs]
        return np.stack(machines, axis=1) + self.intercept_

    def _solver(self) -> Any:
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


KERNEL_BYTES = 100_000_000
"""Of the kernel rows that are held at once: those of 960 images at 13,000 support vectors."""
