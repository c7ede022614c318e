"""The command `curve`."""

from __future__ import annotations

import argparse

from benchmark.analyses.analysis import Command, Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flag `--seeds`."""
    from benchmark.analyses.analysis import positive

    parser.add_argument(
        "--seeds",
        type=positive,
        metavar="N",
        help="seeds at up to 1,000 rows (default: 5); at most 3 at 3,000 rows, and 1 above",
    )


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Fit tuned parameters on fewer rows, then report; the exit status is 1 if a fit failed."""
    from benchmark.analyses.learning_curve.measure import Plan, run
    from benchmark.analyses.learning_curve.section import FILE
    from benchmark.engine.protocol import CURVE_ROWS

    with session.refits(FILE) as opened:
        plan = Plan(**vars(opened.plan), seeds=arguments.seeds)
        opened.announce(f"learning curves: the tuned parameters on {CURVE_ROWS[0]:,} rows and more")
        with opened.view("point") as observe:
            opened.states = run(plan, opened.executor, observe, opened.stop)
    return opened.exit_status


COMMAND = Command(
    name="curve",
    help="learning curves: fit the tuned estimators on fewer images",
    description="Fits the tuned parameters of each estimator on 100, 300, 1,000, 3,000, 10,000 and 30,000 training "
    "rows (those that are fewer than its record's), with several seeds at the small sizes. Predicts the test images "
    "once per size and seed, and writes results/<dataset>/learning-curves.md. Nothing is tuned. Existing points are "
    "not measured again; after Ctrl-C or a crash the same command continues.",
    flags=("refits",),
    add_arguments=add_arguments,
)
