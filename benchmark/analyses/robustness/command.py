"""The command `robustness`."""

from __future__ import annotations

import argparse

from benchmark.analyses.analysis import Command, Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of its own."""
    from benchmark.analyses.analysis import positive

    parser.add_argument(
        "--images",
        type=positive,
        metavar="N",
        help="test images, a stratified sample, the same for every estimator (default: 4000, or all if there are "
        "fewer)",
    )


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Show frozen winners corrupted test images, report; the exit status is 1 if an estimator failed."""
    from benchmark.analyses.robustness.measure import Plan, run
    from benchmark.analyses.robustness.section import FILE
    from benchmark.render.terminal import clock

    with session.refits(FILE) as opened:
        plan = Plan(**vars(opened.plan), images=arguments.images, stored=not arguments.cluster)
        opened.announce(
            "robustness: a refit on all rows of the record, or its saved model, then "
            f"{len(plan.chosen):,} test images clean and under every corruption; "
            f"all of it takes about {clock(plan.expected_seconds)}, judged by the records' times"
        )
        with opened.view("refit") as observe:
            opened.states = run(plan, opened.executor, observe, opened.stop)
    return opened.exit_status


COMMAND = Command(
    name="robustness",
    help="show the tuned estimators corrupted test images: what breaks which",
    description="Fits each estimator's tuned winner once more on all rows of its record, or takes the model that "
    "`run --keep` left of it, predicts test images as they are and shifted, rotated, noisy, blurred, "
    "low-contrast, occluded, inverted and mirrored, and adds "
    "what comes of it to results/<dataset>/leaderboard.md. Nothing is tuned. Estimators that stand are kept; "
    "after Ctrl-C or a crash the same command goes on.",
    flags=("refits",),
    add_arguments=add_arguments,
)
