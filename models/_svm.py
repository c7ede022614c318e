"""The support vector machine of every SVM row: one-against-one, RBF kernel, the fastest solver installed."""

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

from models import _chunking
from models._chunking import BinarySVM

Pair = tuple[int, int]

KERNEL_ROWS = 4_000
"""Most rows of a kernel matrix of float64, which takes 128 MB then. Fitted on it, 2,600 rows took 0.7 s of processor
time instead of 12.7 s for the pairs of 81 classes, and 0.3 s instead of 0.8 s for those of 10."""


class RBFSVC(ClassifierMixin, BaseEstimator):
    """A one-against-one support vector machine that predicts as `sklearn.svm.SVC(break_ties=True)` does.

    It is not that class. With at most `KERNEL_ROWS` rows, libsvm fits all machines on a kernel matrix. With more, the
    machine of each pair of classes is fitted by chunking (models/_chunking.py), and each chunk by the `SVC` of
    scikit-learn-intelex, in float32, or by scikit-learn's (libsvm) if scikit-learn-intelex is not installed. Decision
    values are computed here by matrix products, many times as fast as libsvm's: the machines of all pairs share the
    kernel values of their support vectors. They are computed in the precision of the fit: for a machine of
    scikit-learn-intelex in float32, which takes a third of the time of float64. Tests compare all with scikit-learn.

    Features should be centred: far from zero, scikit-learn-intelex's fit in float32 is wrong
    (findings/sklearnex-float32-far-from-zero.sh), while its decision values near zero are right.

    Parameters
    ----------
    C, gamma : float
        As `sklearn.svm.SVC`.
    accelerate : bool
        False uses scikit-learn's own solver even if scikit-learn-intelex is installed.
    cache_size : int
        Megabytes of kernel cache for each machine; as many machines are fitted at a time as there are threads.
    threads : int
        Threads of the fit.
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
                f"all rows are of class {self.classes_[0]}; a support vector machine needs two classes or more"
            )
        self.n_features_in_ = X.shape[1]
        if len(X) <= KERNEL_ROWS:
            self._fit_on_kernel(X, classes)
        else:
            self._fit_pairs(X, classes)
        return self

    def _fit_on_kernel(self, X: npt.NDArray[np.float32], classes: npt.NDArray[np.intp]) -> None:
        from sklearn.svm import SVC

        exact = X.astype(np.float64)
        solver = SVC(C=self.C, kernel="precomputed", cache_size=self.cache_size)
        solver.fit(_chunking.rbf_kernel(exact, exact, self.gamma), classes)
        self.solver_ = type(solver).__module__
        self._keep(X, classes, np.asarray(solver.support_, np.int64))
        # With two classes, scikit-learn's decision values are positive for the second.
        sign = -1.0 if len(self.classes_) == 2 else 1.0
        self.intercept_, self.dual_coef_ = sign * solver.intercept_, sign * solver.dual_coef_

    def _keep(self, X: npt.NDArray[np.float32], classes: npt.NDArray[np.intp], support: npt.NDArray[np.int64]) -> None:
        """Keep the support vectors, whose rows are given class by class."""
        self.support_, self.support_vectors_ = support, X[support]
        self.ends_ = np.r_[0, np.cumsum(np.bincount(classes[support], minlength=len(self.classes_)))]

    def _fit_pairs(self, X: npt.NDArray[np.float32], classes: npt.NDArray[np.intp]) -> None:
        solver = self._solver()
        self.solver_ = type(solver).__module__
        rows_of_class = [np.flatnonzero(classes == number) for number in range(len(self.classes_))]

        def fit_pair(pair: Pair) -> BinarySVM:
            rows = np.concatenate([rows_of_class[number] for number in pair])
            machine = _chunking.fit(solver, X[rows], classes[rows] == pair[0])
            return replace(machine, support=rows[machine.support])

        pairs = list(combinations(range(len(self.classes_)), 2))
        machines = _map_pairs(fit_pair, pairs, self.threads)
        support = np.unique(np.concatenate([machine.support for machine in machines]))
        support = support[np.argsort(classes[support], kind="stable")]
        self._keep(X, classes, support)
        self.intercept_ = np.array([machine.intercept for machine in machines])
        # In libsvm's layout: a support vector has one coefficient for each machine of its class.
        self.dual_coef_ = np.zeros((len(self.classes_) - 1, len(support)))
        position = np.empty(len(X), np.int64)
        position[support] = np.arange(len(support))
        for (first, second), machine in zip(pairs, machines, strict=True):
            row = np.where(classes[machine.support] == first, second - 1, first)
            self.dual_coef_[row, position[machine.support]] = machine.dual_coef

    def decision_function(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the votes of the one-against-one machines plus their margins scaled to less than a vote; (n, k).

        As scikit-learn's ``decision_function_shape="ovr"``. With two classes it is the margin, (n,).
        """
        support = self.support_vectors_.astype(self._precision, copy=False)
        batches = _chunking.batches(len(X), support)
        margins = np.concatenate([self._margins(np.asarray(X[batch], support.dtype), support) for batch in batches])
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
        """Return the class of the highest decision value, so margins break ties of votes; int64, (n,)."""
        values = self.decision_function(X)
        best = values.argmax(axis=1) if values.ndim > 1 else (values > 0).astype(np.int64)
        return np.asarray(self.classes_[best])

    @property
    def _precision(self) -> type[np.floating[Any]]:
        """What decision values are computed in: what the machines were fitted in. float32 takes a third of the time."""
        return np.float32 if self.solver_.startswith("sklearnex") else np.float64

    def _margins(self, X: npt.NDArray[Any], support: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the margin of each machine, (n, k (k - 1) / 2); positive for the first of its two classes."""
        values = _chunking.rbf_kernel(X, support, self.gamma)
        coefficients = self.dual_coef_.astype(support.dtype)
        # A support vector has one coefficient for each other class, in the row of that class (libsvm's FAQ).
        sums = [values[:, low:high] @ coefficients[:, low:high].T for low, high in pairwise(self.ends_)]
        pairs = combinations(range(len(self.classes_)), 2)
        machines = [sums[first][:, second - 1] + sums[second][:, first] for first, second in pairs]
        return np.stack(machines, axis=1) + self.intercept_

    def _solver(self) -> Any:
        """Return an unfitted `SVC`, scikit-learn-intelex's if it is installed and wanted."""
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


def _map_pairs(fit_pair: Callable[[Pair], BinarySVM], pairs: Sequence[Pair], threads: int) -> list[BinarySVM]:
    """Fit each pair's machine on one thread, several at a time: one is too small to gain from several threads."""
    if threads == 1 or len(pairs) == 1:
        return [fit_pair(pair) for pair in pairs]
    with ThreadPoolExecutor(threads) as pool, threadpool_limits(1, user_api="blas"), _sklearnex_threads(threads):
        return list(pool.map(fit_pair, pairs))


@contextmanager
def _sklearnex_threads(threads: int) -> Iterator[None]:
    """Limit scikit-learn-intelex to so many threads in total, whichever thread calls it.

    It obeys `n_jobs` on the main thread only, and warns each time that it ignores it.
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
