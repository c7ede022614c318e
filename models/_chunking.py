"""A support vector machine of two classes, fitted by chunking: on the rows that can become support vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

FIRST_CHUNK_STEP = 10
"""The first chunk is every tenth row of each class."""

MIN_ROWS = 2_000
"""Below it chunking saves no time."""

MAX_CHUNK_SHARE = 0.25
"""Of the rows. If a chunk would be larger, all rows are fitted at once."""

MAX_CHUNKS = 8
"""After so many chunks all rows are fitted at once."""

MARGIN_TOLERANCE = 0.01
"""How far a row outside the chunk may violate its margin of 1; the solvers' own tolerance is 0.001."""

KERNEL_BYTES = 100_000_000
"""Kernel values in memory at once: those of 960 images at 13,000 support vectors."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BinarySVM:
    """A fitted machine. Its margin for x is the sum of ``dual_coef * K(support, x)``, plus the intercept.

    Attributes
    ----------
    support : ndarray of int64, (s,)
        Rows, class by class.
    dual_coef : ndarray of float64, (s,)
        Positive for rows of the first class.
    intercept : float
    """

    support: Rows
    dual_coef: npt.NDArray[np.float64]
    intercept: float


def fit(solver: Any, X: npt.NDArray[np.float32], first: npt.NDArray[np.bool_]) -> BinarySVM:
    """Fit a machine that separates the rows of the first class from the others.

    Vapnik's chunking: fit a chunk of the rows, then its support vectors together with the other rows
    that violate their margin, until no row does; the result is the machine of all rows. In easy pairs,
    which most of Fashion-MNIST's 45 are, at most one row in twenty is a support vector.

    Parameters
    ----------
    solver : SVC
        Unfitted, of scikit-learn or scikit-learn-intelex; its kernel is RBF and its gamma a number.
    X : ndarray of float32, (n, features)
    first : ndarray of bool, (n,)
        Whether a row is of the first class; must contain both values.
    """
    all_rows = np.arange(len(X))
    if len(X) < MIN_ROWS:
        return _fit_chunk(solver, X, first, all_rows)
    chunk = np.sort(np.concatenate([all_rows[first][::FIRST_CHUNK_STEP], all_rows[~first][::FIRST_CHUNK_STEP]]))
    for _ in range(MAX_CHUNKS):
        machine = _fit_chunk(solver, X, first, chunk)
        others = np.setdiff1d(all_rows, chunk, assume_unique=True)
        margins = _margins(machine, X, others, solver.gamma)
        violators = others[np.where(first[others], margins, -margins) < 1 - MARGIN_TOLERANCE]
        if not len(violators):
            return machine
        chunk = np.union1d(machine.support, violators)
        if len(chunk) > MAX_CHUNK_SHARE * len(X):
            break
    return _fit_chunk(solver, X, first, all_rows)


def rbf_kernel(X: npt.NDArray[Any], Y: npt.NDArray[Any], gamma: float) -> npt.NDArray[Any]:
    """Return exp(-gamma |x - y|²) for every row of X and every row of Y, (n, m), in their dtype."""
    values = X @ Y.T
    values *= 2
    values -= np.square(X).sum(axis=1)[:, None]
    values -= np.square(Y).sum(axis=1)
    values *= gamma
    return np.asarray(np.exp(values, out=values))


def batches(rows: int, support: npt.NDArray[Any]) -> list[slice]:
    """Split so many rows into batches whose kernel with the support vectors takes at most `KERNEL_BYTES`."""
    step = max(1, KERNEL_BYTES // (support.itemsize * max(1, len(support))))
    return [slice(start, start + step) for start in range(0, rows, step)]


def _margins(machine: BinarySVM, X: npt.NDArray[np.float32], rows: Rows, gamma: float) -> npt.NDArray[np.float32]:
    """Return the margins of some rows of X, computed in batches."""
    support, dual_coef = X[machine.support], machine.dual_coef.astype(X.dtype)
    margins = [rbf_kernel(X[rows[batch]], support, gamma) @ dual_coef for batch in batches(len(rows), support)]
    return np.concatenate(margins) + X.dtype.type(machine.intercept)


def _fit_chunk(solver: Any, X: npt.NDArray[np.float32], first: npt.NDArray[np.bool_], rows: Rows) -> BinarySVM:
    svc = clone(solver).fit(X[rows], np.where(first[rows], 0, 1))
    # With two classes, scikit-learn's decision values are positive for the second.
    return BinarySVM(
        rows[np.asarray(svc.support_, np.int64)],
        -np.asarray(svc.dual_coef_, np.float64)[0],
        -float(svc.intercept_[0]),
    )
