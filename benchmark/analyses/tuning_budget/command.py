"""The command `budget`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Command, Refits, Session

if TYPE_CHECKING:
    from benchmark.engine.refits import Plan


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Refit earlier choices, report; the exit status is 1 if a refit failed."""
    from benchmark.analyses.tuning_budget.measure import run
    from benchmark.analyses.tuning_budget.section import FILE

    return session.refits(Refits(lambda asked: asked, _describe, run, "refit", FILE))


def _describe(plan: Plan) -> str:
    from benchmark.analyses.tuning_budget.early_stop import losers
    from benchmark.engine.refits import standing
    from benchmark.render.terminal import clock

    records = [standing(plan.folder, plugin.name) for plugin in plan.plugins]
    count = sum(len(losers(record)) for record in records)
    seconds = sum((record.fit_seconds + record.predict_seconds) * len(losers(record)) for record in records)
    return (
        f"had tuning stopped earlier: {count} refit(s) of trials that lost in the end; "
        f"all of it takes about {clock(seconds)} by the records' times"
    )


COMMAND = Command(
    name="budget",
    help="refit what a shorter tuning would have chosen: does the patience pay",
    description="Works out from each estimator's tuning log which trial would have been chosen after 1, 5, 15 and "
    "30 minutes, refits on all rows those that lost in the end, predicts the test images once each, and adds what "
    "comes of it to results/<dataset>/leaderboard.md. Nothing is tuned. Refits that stand are kept; after Ctrl-C "
    "or a crash the same command goes on.",
    flags=("refits",),
)
