"""What the support vector machines share: the fast solver where there is one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from threadpoolctl import threadpool_limits

from models import _pairs
from models._pairs import Machine

Pair = tuple[int, int]


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
        Megabytes for kernel rows of a machine; as many machines are fitted at a time as there are threads.
    threads : int
        Of the fit.
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
        X = np.asarray(X, np.float32)
        self.classes_, classes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"all rows are of class {self.classes_[0]}; a support vector machine tells two or more apart"
            )
        self.n_features_in_ = X.shape[1]
        solver = self._solver()
        self.solver_ = type(solver).__module__
        of_class = [np.flatnonzero(classes == number) for number in range(len(self.classes_))]

        def pair(both: Pair) -> Machine:
            rows = np.concatenate([of_class[number] for number in both])
            found = _pairs.fit(solver, X[rows], classes[rows] == both[0])
            return replace(found, support=rows[found.support])

        pairs = list(combinations(range(len(self.classes_)), 2))
        machines = _map(pair, pairs, self.threads)
        support = np.unique(np.concatenate([machine.support for machine in machines]))
        support = support[np.argsort(classes[support], kind="stable")]
        self.support_ = support
        self.support_vectors_ = X[support]
        self.ends_ = np.r_[0, np.cumsum(np.bincount(classes[support], minlength=len(self.classes_)))]
        self.intercept_ = np.array([machine.intercept for machine in machines])
        # As libsvm lays them out: a support vector has a coefficient in each machine of its class.
        self.dual_coef_ = np.zeros((len(self.classes_) - 1, len(support)))
        place = np.empty(len(X), np.int64)
        place[support] = np.arange(len(support))
        for (first, second), machine in zip(pairs, machines, strict=True):
            row = np.where(classes[machine.support] == first, second - 1, first)
            self.dual_coef_[row, place[machine.support]] = machine.coefficients
        return self

    def decision_function(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the votes of the one-against-one machines and, within one vote, their margins; (n, k).

        As scikit-learn's ``decision_function_shape="ovr"``; of two classes the margin alone, (n,).
        """
        support = self.support_vectors_.astype(np.float64)
        parts = [self._margins(np.asarray(X[part], np.float64), support) for part in _pairs.slices(len(X), support)]
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
        values = _pairs.kernel(X, support, self.gamma)
        # A support vector has a coefficient in each machine of its class; the row tells the other class (libsvm's FAQ).
        sums = [values[:, low:high] @ self.dual_coef_[:, low:high].T for low, high in pairwise(self.ends_)]
        pairs = combinations(range(len(self.classes_)), 2)
        machines = [sums[first][:, second - 1] + sums[second][:, first] for first, second in pairs]
        return np.stack(machines, axis=1) + self.intercept_

    def _solver(self) -> Any:
        """Return an unfitted `SVC`: scikit-learn-intelex's if there is one."""
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


def _map(pair: Callable[[Pair], Machine], pairs: Sequence[Pair], threads: int) -> list[Machine]:
    """Return each pair's machine; one is fitted on one thread, which suits so small a problem better than several."""
    if threads == 1 or len(pairs) == 1:
        return [pair(both) for both in pairs]
    with ThreadPoolExecutor(threads) as pool, threadpool_limits(1, user_api="blas"), _onedal(threads):
        return list(pool.map(pair, pairs))


@contextmanager
def _onedal(threads: int) -> Iterator[None]:
    """Let scikit-learn-intelex have so many threads in all, wherever it is called from.

    It heeds `n_jobs` on the main thread only, and says so each time that it does not.
    """
    try:
        from daal4py import daalinit, num_threads
    except ImportError:
        yield
        return
    before = num_threads()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'Threading' parallel backend")
        daalinit(threads)
        try:
            yield
        finally:
            daalinit(before)
