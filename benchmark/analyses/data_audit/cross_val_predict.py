"""Out-of-fold predictions of the training images, by cross-validation with five folds.

Each fit runs in a worker process of its estimator, as in a run. The test images are not used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmark.datasets import memmap
from benchmark.engine import pipelines, registry
from benchmark.estimator import Task

FOLDS = 5

SEED = 0
"""Random seed of the folds."""


@dataclass(frozen=True)
class Fold:
    """A job: fit on the other folds, and predict the probabilities of this one.

    Attributes
    ----------
    estimator : str
        Name in the registry; it is fitted with the plugin's default parameters.
    task : Task
    dataset : str
        SHA-256 of the data, by which the worker finds the arrays.
    number : int
        Number of the fold, from 0.
    """

    estimator: str
    task: Task
    dataset: str
    number: int


def assign(y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the fold of each row; the folds are stratified by class.

    Parameters
    ----------
    y : ndarray of int64, (n,)

    Returns
    -------
    ndarray of int64, (n,)
        -1 for rows of a class with fewer rows than folds, which would be missing from some fit.
    """
    from sklearn.model_selection import StratifiedKFold

    folds = np.full(len(y), -1, dtype=np.int64)
    rows = np.flatnonzero(np.bincount(y)[y] >= FOLDS) if len(y) else np.zeros(0, dtype=np.int64)
    if len(rows):
        parts = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(rows, y[rows])
        for number, (_, held_out) in enumerate(parts):
            folds[rows[held_out]] = number
    return folds


def predict(fold: Fold) -> npt.NDArray[np.float32]:
    """Run in a worker: fit on the other folds, and return the probabilities of this fold's rows, (m, n_classes)."""
    part = memmap.training(fold.dataset)
    y = part.y
    folds = assign(y)
    fitted, held_out = np.flatnonzero((folds >= 0) & (folds != fold.number)), np.flatnonzero(folds == fold.number)
    present = replace(fold.task, n_classes=len(np.unique(y[fitted])))
    pipeline = registry.get(fold.estimator).load().build(present)
    classes = pipelines.fit(pipeline, part.images(fitted), y[fitted])
    return pipelines.predict(pipeline, part.images(held_out), classes, fold.task.n_classes)
