"""The machine that tells two classes apart, fitted to the rows that matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

EVERY = 10
"""Of each class every tenth row is fitted first."""

FEWEST = 2_000
"""Rows below which there is nothing to gain."""

MOST = 0.25
"""Share of the rows that may matter; if it is more, all are fitted at once."""

ROUNDS = 8

SLACK = 0.01
"""By which a row that was left out may miss its margin of 1; the solvers stop at 0.001 themselves."""

KERNEL_BYTES = 100_000_000
"""Of the kernel rows that are held at once: those of 960 images at 13,000 support vectors."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Machine:
    """A fitted machine; its margin for x is the sum of coefficients · K(support, x), plus the intercept.

    Attributes
    ----------
    support : ndarray of int64, (s,)
        Rows, class by class.
    coefficients : ndarray of float64, (s,)
        Above zero for rows of the first class.
    intercept : float
    """

    support: Rows
    coefficients: npt.NDArray[np.float64]
    intercept: float


def fit(solver: Any, X: npt.NDArray[np.float32], first: npt.NDArray[np.bool_]) -> Machine:
    """Return the machine of X, float, (n, features), whose rows are of the first class or of the other.

    Vapnik's chunking: fit some rows, then what supports that machine and what it gets wrong among
    the others, until it gets none wrong; then it is the machine of all rows. Easy pairs, which most
    of Fashion-MNIST's 45 are, have one support vector in twenty rows or fewer.

    Parameters
    ----------
    solver : SVC
        Unfitted; its kernel is RBF and its gamma a number.
    X : ndarray of float32
    first : ndarray of bool, (n,)
        Some true and some false.
    """
    everything = np.arange(len(X))
    if len(X) < FEWEST:
        return _fitted(solver, X, first, everything)
    rows = np.sort(np.concatenate([everything[first][::EVERY], everything[~first][::EVERY]]))
    for _ in range(ROUNDS):
        machine = _fitted(solver, X, first, rows)
        others = np.setdiff1d(everything, rows, assume_unique=True)
        margins = _margins(machine, X, others, solver.gamma)
        wrong = others[np.where(first[others], margins, -margins) < 1 - SLACK]
        if not len(wrong):
            return machine
        rows = np.union1d(machine.support, wrong)
        if len(rows) > MOST * len(X):
            break
    return _fitted(solver, X, first, everything)


def kernel(X: npt.NDArray[Any], Y: npt.NDArray[Any], gamma: float) -> npt.NDArray[Any]:
    """Return exp(-gamma |x - y|²) of every row of X and every row of Y, (n, m), of their dtype."""
    found = X @ Y.T
    found *= 2
    found -= np.square(X).sum(axis=1)[:, None]
    found -= np.square(Y).sum(axis=1)
    found *= gamma
    return np.asarray(np.exp(found, out=found))


def slices(rows: int, support: npt.NDArray[Any]) -> list[slice]:
    """Return parts of so many rows, each with a kernel of at most `KERNEL_BYTES` with the support vectors."""
    step = max(1, KERNEL_BYTES // (support.itemsize * max(1, len(support))))
    return [slice(start, start + step) for start in range(0, rows, step)]


def _margins(machine: Machine, X: npt.NDArray[np.float32], rows: Rows, gamma: float) -> npt.NDArray[np.float32]:
    """Return the margins of some rows, a part of them at a time: their kernel grows with the square of the rows."""
    support, coefficients = X[machine.support], machine.coefficients.astype(X.dtype)
    parts = [kernel(X[rows[part]], support, gamma) @ coefficients for part in slices(len(rows), support)]
    return np.concatenate(parts) + X.dtype.type(machine.intercept)


def _fitted(solver: Any, X: npt.NDArray[np.float32], first: npt.NDArray[np.bool_], rows: Rows) -> Machine:
    machine = clone(solver).fit(X[rows], np.where(first[rows], 0, 1))
    # Of two classes scikit-learn's values are above zero for the second.
    return Machine(
        rows[np.asarray(machine.support_, np.int64)],
        -np.asarray(machine.dual_coef_, np.float64)[0],
        -float(machine.intercept_[0]),
    )
