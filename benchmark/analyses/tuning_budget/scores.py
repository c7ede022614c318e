"""The numbers of shorter tunings: what each would have chosen, and the test accuracy of what was refitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.analyses.tuning_budget import record as budget_record
from benchmark.analyses.tuning_budget.early_stopping import BUDGETS, Choice, best_at
from benchmark.analyses.tuning_budget.record import BudgetData
from benchmark.engine.fingerprint import stale
from benchmark.leaderboard.rows import Scored
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats, Interval, Ints


@dataclass(frozen=True)
class EarlyChoice:
    """What a shorter tuning would have chosen for one estimator.

    Attributes
    ----------
    choice : Choice
    accuracy : float or None
        Its test accuracy; None where it was not refitted.
    gain : Interval or None
        Test accuracy of the final choice minus its own; None where it is the final choice, or was not refitted.
    """

    choice: Choice
    accuracy: float | None
    gain: Interval | None


@dataclass(frozen=True)
class BudgetRow:
    """One estimator.

    Attributes
    ----------
    name, title : str
    early : tuple of EarlyChoice or None
        One for each of `BudgetScores.budgets`; None where no trial was scored by then.
    accuracy : float
        Test accuracy of the final choice, of the first seed: refits use that seed.
    tuning_seconds : float
        Duration of the whole tuning.
    several_seeds : bool
        Whether the leaderboard has more seeds of it.
    """

    name: str
    title: str
    early: tuple[EarlyChoice | None, ...]
    accuracy: float
    tuning_seconds: float
    several_seeds: bool


@dataclass(frozen=True)
class Pick:
    """The estimator with the best validation accuracy after a shorter tuning.

    Attributes
    ----------
    title : str
    early : EarlyChoice
    """

    title: str
    early: EarlyChoice


@dataclass(frozen=True)
class BudgetScores:
    """What shorter tunings would have chosen.

    Attributes
    ----------
    summary : Summary
    budgets : tuple of float
        Seconds; those of `BUDGETS` that are shorter than the tuning of at least one estimator.
    rows : tuple of BudgetRow
        The estimators that were tuned, in the order of the leaderboard.
    refitted : frozenset of str
        Names of the estimators of which a trial was refitted.
    """

    summary: Summary
    budgets: tuple[float, ...]
    rows: tuple[BudgetRow, ...]
    refitted: frozenset[str]

    def final(self, budget: int) -> int:
        """Return for how many estimators the budget of this index finds the final choice."""
        return sum(early is not None and early.choice.is_final for early in self._at(budget))

    def changed(self, budget: int) -> int:
        """Return for how many estimators tuning beyond the budget of this index changes the choice."""
        return sum(early is not None and not early.choice.is_final for early in self._at(budget))

    def gains(self, budget: int) -> list[tuple[BudgetRow, Interval]]:
        """Return what tuning beyond the budget of this index changed in test accuracy, largest gain first."""
        gains = [
            (row, early.gain)
            for row, early in zip(self.rows, self._at(budget), strict=True)
            if early is not None and early.gain is not None
        ]
        return sorted(gains, key=lambda item: (-item[1].estimate, item[0].title))

    def pick(self, budget: int) -> Pick | None:
        """Return the estimator with the best validation accuracy after the budget of this index."""
        picks = [
            Pick(row.title, early) for row, early in zip(self.rows, self._at(budget), strict=True) if early is not None
        ]
        return max(picks, key=lambda pick: pick.early.choice.rung.accuracy, default=None)

    def _at(self, budget: int) -> list[EarlyChoice | None]:
        return [row.early[budget] for row in self.rows]


def compute(summary: Summary, data: Mapping[str, BudgetData]) -> BudgetScores | None:
    """Return the scores of shorter tunings, or None where nothing was tuned.

    Parameters
    ----------
    summary : Summary
    data : mapping of str to BudgetData
        By estimator.
    """
    tuned = [row for row in summary.scored if row.record.trials]
    if not tuned:
        return None
    budgets = tuple(budget for budget in BUDGETS if any(row.record.tuning_seconds > budget for row in tuned))
    y, rows, refitted = summary.test_set.y, [], set()
    for row in tuned:
        correct = _correct_by_trial(row, data.get(row.name), y)
        final = metrics.correctness(y, row.predicted[:1])
        early = tuple(_early(best_at(row.record, budget), final, correct) for budget in budgets)
        seconds, seeds = row.record.tuning_seconds, len(row.records)
        rows.append(BudgetRow(row.name, row.title, early, float(final.mean()), seconds, seeds > 1))
        if correct:
            refitted.add(row.name)
    return BudgetScores(summary, budgets, tuple(rows), frozenset(refitted))


def _early(choice: Choice | None, final: Floats, correct: Mapping[int, Floats]) -> EarlyChoice | None:
    if choice is None:
        return None
    if choice.is_final:
        return EarlyChoice(choice, float(final.mean()), None)
    own = correct.get(choice.trial.number)
    if own is None:
        return EarlyChoice(choice, None, None)
    return EarlyChoice(choice, float(own.mean()), metrics.paired_difference(final, own))


def _correct_by_trial(row: Scored, data: BudgetData | None, y: Ints) -> dict[int, Floats]:
    """Return `metrics.correctness` of the refitted trials by number; none of refits made from another record."""
    if data is None or stale(data.budget.depends_on, budget_record.depends_on(row.record)):
        return {}
    params = {trial.number: dict(trial.params) for trial in row.record.trials}
    correct: dict[int, Floats] = {}
    for refit, predicted in zip(data.budget.refits, data.predicted, strict=True):
        if refit.status == "ok":
            # Equal parameters are the same model, whichever trial they were tried in.
            same = [number for number, values in params.items() if values == params.get(refit.trial)]
            correct |= dict.fromkeys(same, metrics.correctness(y, predicted[np.newaxis]))
    return correct
