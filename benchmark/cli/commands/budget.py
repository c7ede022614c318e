"""`budget`: what each estimator would have scored, had tuning stopped earlier."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.cli.session import with_winners

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from benchmark.engine.refits import Plan


def add(verbs: Subparsers) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "budget",
        help="refit what a shorter tuning would have chosen: does the patience pay",
        description="Works out from each estimator's tuning log which trial would have been chosen after 1, 5, 15 and "
        "30 minutes, refits on all rows those that lost in the end, predicts the test images once each, and adds what "
        "comes of it to results/<dataset>/leaderboard.md. Nothing is tuned. Refits that stand are kept; after Ctrl-C "
        "or a crash the same command goes on.",
    )
    flags.refits(verb)
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Refit earlier choices, report; the exit status is 1 if a refit failed."""
    from benchmark.analyses.tuning_budget import measure as budget
    from benchmark.analyses.tuning_budget.section import HEADING

    return with_winners(arguments, lambda given: given, _announce, budget.run, "refit", HEADING)


def _announce(console: Console, plan: Plan, logs: Path) -> None:
    """Say what `budget` is about to do."""
    from benchmark.analyses.tuning_budget import early_stop as stopping
    from benchmark.cli import console as live
    from benchmark.engine import refits as winners

    standing = [winners.standing(plan.folder, plugin.name) for plugin in plan.plugins]
    count = sum(len(stopping.losers(record)) for record in standing)
    seconds = sum((one.fit_seconds + one.predict_seconds) * len(stopping.losers(one)) for one in standing)
    live.announce(
        console,
        plan.dataset,
        plan.folder,
        logs,
        f"had tuning stopped earlier, of {live.names(plan)}: {count} refit(s) of trials that lost in the end, "
        f"{live.each_fit(plan.resources)}; all of it takes about {live.clock(seconds)} by the records' times",
    )
