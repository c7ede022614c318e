"""`curve`: the tuned estimators on fewer images."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.cli.session import with_winners

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from benchmark.analyses.learning_curve.measure import Plan
    from benchmark.engine.refits import Plan as WinnersPlan


def add(verbs: Subparsers) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "curve",
        help="fit the tuned estimators on fewer images: how many does each need, and how many seconds",
        description="Fits each estimator's tuned winner on 100, 300, 1,000, 3,000, 10,000 and 30,000 training rows "
        "(those that are fewer than its record's), several seeds at the small sizes, predicts the test images once per "
        "size and seed, and adds what comes of it to results/<dataset>/leaderboard.md. Nothing is tuned. Points that "
        "stand are kept; after Ctrl-C or a crash the same command goes on.",
    )
    flags.refits(verb)
    verb.add_argument(
        "--seeds",
        type=flags.positive,
        metavar="N",
        help="seeds at up to 1,000 rows (default: 5); at 3,000 no more than 3, above 1",
    )
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Fit frozen winners on fewer rows, report; the exit status is 1 if a point failed."""
    from benchmark.analyses.learning_curve import measure as curve
    from benchmark.analyses.learning_curve.section import HEADING

    def plan(given: WinnersPlan) -> Plan:
        return curve.Plan(**vars(given), seeds=arguments.seeds)

    return with_winners(arguments, plan, _announce, curve.run, "point", HEADING)


def _announce(console: Console, plan: Plan, logs: Path) -> None:
    """Say what `curve` is about to do."""
    from benchmark.cli import console as live
    from benchmark.engine import protocol

    live.announce(
        console,
        plan.dataset,
        plan.folder,
        logs,
        f"learning curves of {live.names(plan)}: the tuned parameters on {protocol.CURVE_ROWS[0]:,} rows and more, "
        f"{live.each_fit(plan.resources)}",
    )
