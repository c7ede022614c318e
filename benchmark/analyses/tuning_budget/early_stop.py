"""What tuning would have chosen, had it stopped earlier: from the trials on record; pure."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.engine.trials import in_order
from benchmark.storage.schema import Record, RungResult, TrialResult

BUDGETS = (60.0, 300.0, 900.0, 1_800.0)
"""Seconds of one estimator's own fits and predictions while tuning, added up over the workers."""


@dataclass(frozen=True)
class Choice:
    """What validation would have chosen at some moment.

    Attributes
    ----------
    trial : TrialResult
    rung : RungResult
        The highest that any trial had finished by then, and this trial's result there.
    won : bool
        Whether it is the one that was chosen in the end, and refitted.
    """

    trial: TrialResult
    rung: RungResult
    won: bool


def choice(record: Record, seconds: float) -> Choice | None:
    """Return what would have been refitted, had tuning stopped after so many seconds; None if nothing was scored.

    Fits are taken one after the other, in the order in which tuning asked for them: by batches
    of trials, and in a batch rung by rung.
    """
    clock = 0.0
    found: tuple[TrialResult, RungResult] | None = None
    for trial, rung in in_order(record.trials):
        clock += rung.fit_seconds + rung.predict_seconds
        if clock > seconds:
            break
        if found is None or (rung.rows, rung.accuracy) > (found[1].rows, found[1].accuracy):
            found = trial, rung
    if found is None:
        return None
    # Equal parameters are the same model, whichever trial they were tried in.
    return Choice(*found, dict(found[0].params) == dict(record.params))


def losers(record: Record) -> tuple[TrialResult, ...]:
    """Return the trials that would have been chosen at some budget and lost in the end, each set of parameters once."""
    found: list[TrialResult] = []
    for budget in BUDGETS:
        chosen = choice(record, budget)
        if chosen is not None and not chosen.won and all(chosen.trial.params != one.params for one in found):
            found.append(chosen.trial)
    return tuple(found)
