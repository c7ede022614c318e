"""The command `curve`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Command, Refits, Session

if TYPE_CHECKING:
    from benchmark.analyses.learning_curve.measure import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of its own."""
    from benchmark.analyses.analysis import positive

    parser.add_argument(
        "--seeds",
        type=positive,
        metavar="N",
        help="seeds at up to 1,000 rows (default: 5); at 3,000 no more than 3, above 1",
    )


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Fit frozen winners on fewer rows, report; the exit status is 1 if a point failed."""
    from benchmark.analyses.learning_curve.measure import Plan, run
    from benchmark.analyses.learning_curve.section import FILE

    return session.refits(
        Refits(lambda asked: Plan(**vars(asked), seeds=arguments.seeds), _describe, run, "point", FILE)
    )


def _describe(plan: Plan) -> str:
    from benchmark.engine import protocol

    return f"learning curves: the tuned parameters on {protocol.CURVE_ROWS[0]:,} rows and more"


COMMAND = Command(
    name="curve",
    help="fit the tuned estimators on fewer images: how many does each need, and how many seconds",
    description="Fits each estimator's tuned winner on 100, 300, 1,000, 3,000, 10,000 and 30,000 training rows "
    "(those that are fewer than its record's), several seeds at the small sizes, predicts the test images once per "
    "size and seed, and adds what comes of it to results/<dataset>/leaderboard.md. Nothing is tuned. Points that "
    "stand are kept; after Ctrl-C or a crash the same command goes on.",
    flags=("refits",),
    add_arguments=add_arguments,
)
