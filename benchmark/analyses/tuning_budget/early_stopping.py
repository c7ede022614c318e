"""What tuning would have chosen, had it stopped earlier: computed from the trials on record."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.engine.trials import in_order
from benchmark.storage.schema import Record, RungResult, TrialResult

BUDGETS = (60.0, 300.0, 900.0, 1_800.0)
"""Tuning times in seconds: one estimator's own fits and predictions, summed over the workers."""


@dataclass(frozen=True)
class Choice:
    """The trial with the best validation accuracy at some moment.

    Attributes
    ----------
    trial : TrialResult
    rung : RungResult
        The trial's result at the highest rung that any trial had finished by then.
    is_final : bool
        Whether its parameters are those that tuning chose in the end.
    """

    trial: TrialResult
    rung: RungResult
    is_final: bool


def best_at(record: Record, seconds: float) -> Choice | None:
    """Return the trial that would have been refitted, had tuning stopped after some seconds; None if none was scored.

    Fits are counted one after the other, in the order in which tuning asked for them: by batches of trials, and within
    a batch rung by rung.
    """
    clock = 0.0
    best: tuple[TrialResult, RungResult] | None = None
    for trial, rung in in_order(record.trials):
        clock += rung.fit_seconds + rung.predict_seconds
        if clock > seconds:
            break
        if best is None or (rung.rows, rung.accuracy) > (best[1].rows, best[1].accuracy):
            best = trial, rung
    if best is None:
        return None
    # Equal parameters are the same model, whichever trial they were tried in.
    return Choice(*best, dict(best[0].params) == dict(record.params))


def early_winners(record: Record) -> tuple[TrialResult, ...]:
    """Return the trials that would have been chosen at one of `BUDGETS` but not in the end, each set of params once."""
    trials: list[TrialResult] = []
    for budget in BUDGETS:
        choice = best_at(record, budget)
        if choice and not choice.is_final and all(choice.trial.params != trial.params for trial in trials):
            trials.append(choice.trial)
    return tuple(trials)
