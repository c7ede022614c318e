"""Refits on disk: what the trials that a shorter tuning would have chosen predict for the test images.

::

    results/<dataset>/records/<estimator>/budget.json   the refits, with parameters, times and reasons
    results/<dataset>/records/<estimator>/budget.npz    predicted, (refits, n test images), labels, uint8 or uint16

Both files are written after every refit (see `derived.write_rows`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.storage import derived
from benchmark.storage.derived import Derived, Fit, Labels
from benchmark.storage.schema import Record, TestSet
from benchmark.storage.serialization import NonNegativeInt, short_hash

SCHEMA = 1
"""Raised when a field changes its meaning. A file of another schema is refused by name."""

STEM = "budget"
"""Stem of the file names, and the command that writes them."""


@dataclass(frozen=True)
class Refit(Fit):
    """The refit of a trial that was not chosen in the end.

    Attributes
    ----------
    trial : int
        Number of the trial in the record.
    environment : mapping of str to str
        Machine and versions.
    """

    trial: NonNegativeInt
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Budget(Derived):
    """The refits of one estimator.

    Attributes
    ----------
    refits : tuple of Refit
        No two of the same trial.
    """

    refits: tuple[Refit, ...]

    def find(self, trial: int) -> Refit | None:
        """Return the refit of this trial."""
        return next((refit for refit in self.refits if refit.trial == trial), None)

    def check(self) -> None:
        """See `Derived.check`."""
        if len({refit.trial for refit in self.refits}) < len(self.refits):
            raise ValueError("two refits are of one trial")


@dataclass(frozen=True)
class BudgetData:
    """The refits with their predictions.

    Attributes
    ----------
    budget : Budget
    predicted : ndarray of labels, (refits, n_test)
        Row i belongs to refit i; it is meaningless unless that refit is ok.
    """

    budget: Budget
    predicted: Labels


def depends_on(record: Record) -> dict[str, str]:
    """Return what the refits depend on: the record's fingerprint and parameters, and all trials with their times."""
    trials = [dataclasses.asdict(trial) for trial in record.trials]
    return {**derived.depends_on(record), "trials": short_hash(trials)}


def path_of(folder: Path, estimator: str) -> Path:
    """Return the path of the JSON; its ``.npz`` is in the same folder."""
    return derived.path_of(folder, estimator, STEM)


def empty(record: Record, n_test: int, n_classes: int) -> BudgetData:
    """Return the data of a record, without refits."""
    budget = Budget(**{**derived.header_fields(record, SCHEMA), "depends_on": depends_on(record)}, refits=())
    return BudgetData(budget, np.zeros((0, n_test), dtype=derived.label_type(n_classes)))


def added(data: BudgetData, refit: Refit, labels: npt.NDArray[Any] | None) -> BudgetData:
    """Return the data with one more refit, which replaces a refit of the same trial.

    Parameters
    ----------
    data : BudgetData
    refit : Refit
        Its `predicted_sha256` is filled in here.
    labels : ndarray of int, (n_test,), or None
        Its predictions; None unless it is ok.
    """
    budget = data.budget
    refits, predicted = derived.upsert(budget.refits, data.predicted, refit, budget.find(refit.trial), labels)
    return BudgetData(dataclasses.replace(budget, refits=refits), predicted)


def write(folder: Path, data: BudgetData) -> None:
    """Write both files atomically: the old ones stay intact until the new ones are complete."""
    derived.write_rows(path_of(folder, data.budget.estimator), data.budget, data.budget.refits, data.predicted)


def read_budget(path: Path) -> Budget:
    """Read the JSON; see `derived.read` for the errors."""
    return derived.read(path, Budget, SCHEMA, STEM)


def read(path: Path, test_set: TestSet) -> BudgetData:
    """Read the refits with their predictions, strictly.

    Raises
    ------
    BenchmarkError
        See `derived.read` and `derived.read_rows`; or the refits were made on other data.
    """
    budget = read_budget(path)
    derived.check_data(path, budget, test_set, STEM)
    return BudgetData(budget, derived.read_rows(path, budget.refits, test_set, STEM))
