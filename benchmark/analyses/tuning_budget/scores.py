"""The numbers of earlier choices: which test images trials that lost in the end got right, where they were refitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.analyses.tuning_budget import record as budget_record
from benchmark.analyses.tuning_budget.record import Held
from benchmark.engine.fingerprint import stale
from benchmark.leaderboard.rows import Scored
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats, Ints


def stopped(scored: Sequence[Scored], held: Mapping[str, Held], y: Ints) -> dict[tuple[str, int], Floats]:
    """Return `metrics.correctness` by estimator and number of the trial; refits made from another record are left out.

    Parameters
    ----------
    scored : sequence of Scored
    held : mapping of str to Held
        By estimator.
    y : ndarray of int64, (n_test,)
    """
    found: dict[tuple[str, int], Floats] = {}
    for row in scored:
        refits = held.get(row.name)
        if refits is None or stale(refits.budget.depends_on, budget_record.depends_on(row.record)):
            continue
        params = {trial.number: dict(trial.params) for trial in row.record.trials}
        for refit, predicted in zip(refits.budget.refits, refits.predicted, strict=True):
            if refit.status != "ok":
                continue
            right = metrics.correctness(y, predicted[np.newaxis])
            # Equal parameters are the same model, whichever trial they were tried in.
            same = [number for number, one in params.items() if one == params.get(refit.trial)]
            found |= {(row.name, number): right for number in same}
    return found


@dataclass(frozen=True)
class BudgetScores:
    """What trials that lost in the end score.

    Attributes
    ----------
    summary : Summary
    stopped : mapping of (str, int) to ndarray of float64, (n_test,)
        Which images they got right, by estimator and number, where they were refitted.
    """

    summary: Summary
    stopped: Mapping[tuple[str, int], Floats]


def compute(summary: Summary, data: Mapping[str, Held]) -> BudgetScores | None:
    """Return the scores of the refits on disk, or None where nothing was tuned."""
    if not any(row.record.trials for row in summary.scored):
        return None
    return BudgetScores(summary, stopped(summary.scored, data, summary.test_set.y))
