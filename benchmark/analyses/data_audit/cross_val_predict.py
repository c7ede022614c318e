"""What an estimator says of training images that it was not fitted on: five fits, each on four fifths.

Each fit runs in a worker of its estimator, as a run's do. The test images have no part in it.
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
"""Of the draw of the folds."""


@dataclass(frozen=True)
class Fold:
    """Ask for the probabilities of the rows of one fold.

    Attributes
    ----------
    estimator : str
        Its name in the registry; it is fitted with the plugin's own defaults.
    task : Task
    dataset : str
        SHA-256, by which a worker finds the arrays.
    number : int
        From 0.
    """

    estimator: str
    task: Task
    dataset: str
    number: int


def assign(y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return each row's fold, each class spread evenly over them.

    Parameters
    ----------
    y : ndarray of int64, (n,)

    Returns
    -------
    ndarray of int64, (n,)
        -1 for the rows of a class that has fewer rows than there are folds: some fit would not know it.
    """
    from sklearn.model_selection import StratifiedKFold

    out = np.full(len(y), -1, dtype=np.int64)
    rows = np.flatnonzero(np.bincount(y)[y] >= FOLDS) if len(y) else np.zeros(0, dtype=np.int64)
    if len(rows):
        parts = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(rows, y[rows])
        for number, (_, held_out) in enumerate(parts):
            out[rows[held_out]] = number
    return out


def predict(fold: Fold) -> npt.NDArray[np.float32]:
    """Run in a worker: fit on the other folds; return a row for each of this one's, in order, (m, n_classes)."""
    files = memmap.array_files(fold.dataset)
    X, y = np.load(files.train_X, mmap_mode="r"), np.load(files.train_y)
    parts = assign(y)
    fitted, held_out = np.flatnonzero((parts >= 0) & (parts != fold.number)), np.flatnonzero(parts == fold.number)
    present = replace(fold.task, n_classes=len(np.unique(y[fitted])))
    pipeline = registry.get(fold.estimator).load().build(present)
    classes = pipelines.fit(pipeline, X[fitted], y[fitted])
    return pipelines.predict(pipeline, X[held_out], classes, fold.task.n_classes)
