"""What an estimator's earlier choices answer, on disk: the trials that a shorter tuning would have chosen.

::

    results/<dataset>/records/<estimator>/budget.json   the refits, with parameters, times and reasons
    results/<dataset>/records/<estimator>/budget.npz    predicted, (refits, n test images), labels, uint8 or uint16

Written after every refit (see `derived.write_rows`).
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
from benchmark.storage.derived import Derived, Fit, Labels, RecordKind
from benchmark.storage.schema import Record, TestSet
from benchmark.storage.serialization import short_hash

SCHEMA = 1
"""Raised when a field changes its meaning; one of another schema is refused by name."""

VERB = "budget"
"""What makes one."""


@dataclass(frozen=True)
class Refit(Fit):
    """A trial that lost in the end, refitted as the winner was.

    Attributes
    ----------
    trial : int
        Its number in the record.
    environment : mapping of str to str
        Machine and versions.
    """

    trial: int
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Budget(Derived):
    """One estimator's earlier choices.

    Attributes
    ----------
    refits : tuple of Refit
        No two of one trial.
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
class Held:
    """The refits with their predictions: row i, of labels, is refit i's; of one that is not ok it means nothing."""

    budget: Budget
    predicted: Labels


def depends_on(record: Record) -> dict[str, str]:
    """Return what it depends on: all that a record's derivatives do, and the trials, times included."""
    trials = [dataclasses.asdict(trial) for trial in record.trials]
    return {**derived.depends_on(record), "trials": short_hash(trials)}


def path_of(folder: Path, estimator: str) -> Path:
    """Return where the JSON lies; its ``.npz`` lies beside it."""
    return derived.path_of(folder, estimator, VERB)


def empty(record: Record, n_test: int, n_classes: int) -> Held:
    """Return what is held of a record before its first refit."""
    budget = Budget(**{**derived.header_fields(record, SCHEMA), "depends_on": depends_on(record)}, refits=())
    return Held(budget, np.zeros((0, n_test), dtype=derived.label_type(n_classes)))


def added(held: Held, refit: Refit, labels: npt.NDArray[Any] | None) -> Held:
    """Return what is held with one refit more, or in place of the one of the same trial.

    Parameters
    ----------
    held : Held
    refit : Refit
        Its `predicted_sha256` is filled in.
    labels : ndarray of int, (n_test,), or None
        None unless it is ok.
    """
    budget = held.budget
    refits, predicted = derived.upsert(budget.refits, held.predicted, refit, budget.find(refit.trial), labels)
    return Held(dataclasses.replace(budget, refits=refits), predicted)


def write(folder: Path, held: Held) -> None:
    """Write atomically: what was there stays whole until the new one is."""
    derived.write_rows(path_of(folder, held.budget.estimator), held.budget, held.budget.refits, held.predicted)


def read_budget(path: Path) -> Budget:
    """Read the JSON; see `derived.read` for what is an error."""
    return derived.read(path, Budget, SCHEMA, VERB)


def read(path: Path, test_set: TestSet) -> Held:
    """Read it with the predictions, strictly.

    Raises
    ------
    BenchmarkError
        As `derived.read`; made on other data; or see `derived.read_rows`.
    """
    budget = read_budget(path)
    derived.check_data(path, budget, test_set, VERB)
    return Held(budget, derived.read_rows(path, budget.refits, test_set, VERB))


def read_all(folder: Path, test_set: TestSet) -> dict[str, Held]:
    """Return every estimator's that there is; see `read` for what is an error."""
    return derived.read_all(folder, test_set, VERB, read)


KIND = RecordKind("budget", read)
