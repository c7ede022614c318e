"""The command `budget`."""

from __future__ import annotations

import argparse

from benchmark.analyses.analysis import Command, Session


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Refit what shorter tunings would have chosen, then report; the exit status is 1 if a refit failed."""
    from benchmark.analyses.tuning_budget.early_stopping import early_winners
    from benchmark.analyses.tuning_budget.measure import run
    from benchmark.analyses.tuning_budget.section import FILE
    from benchmark.engine.refits import best_record
    from benchmark.render.terminal import clock

    with session.refits(FILE) as opened:
        plan = opened.plan
        records = [best_record(plan.folder, plugin.name) for plugin in plan.plugins]
        count = sum(len(early_winners(record)) for record in records)
        seconds = sum((record.fit_seconds + record.predict_seconds) * len(early_winners(record)) for record in records)
        opened.announce(
            f"tuning budget: {count} refit(s) of trials that a shorter tuning would have chosen; "
            f"all of them take about {clock(seconds)}, judged by the records' times"
        )
        with opened.view("refit") as observe:
            opened.states = run(plan, opened.executor, observe, opened.stop)
    return opened.exit_status


COMMAND = Command(
    name="budget",
    help="refit what a shorter tuning would have chosen: is the long one worth it",
    description="Reads from each estimator's tuning log which trial would have been chosen after 1, 5, 15 and 30 "
    "minutes. Refits on all rows those that were not chosen in the end, predicts the test images once each, and writes "
    "results/<dataset>/tuning-budget.md. Nothing is tuned. Existing refits are not repeated; after Ctrl-C or a crash "
    "the same command continues.",
    flags=("refits",),
)
