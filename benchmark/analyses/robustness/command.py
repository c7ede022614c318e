"""The command `robustness`."""

from __future__ import annotations

import argparse

from benchmark.analyses.analysis import Command, Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flag `--images`."""
    from benchmark.analyses.analysis import positive

    parser.add_argument(
        "--images",
        type=positive,
        metavar="N",
        help="number of test images, a stratified sample, the same for every estimator (default: 4000, or all if "
        "there are fewer)",
    )


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Predict corrupted test images, then report; the exit status is 1 if an estimator failed."""
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
    help="predict corrupted test images with the tuned estimators",
    description="Refits the tuned parameters of each estimator on all rows of its record, or uses the model that "
    "`run --keep` saved. Predicts test images, clean and shifted, rotated, noisy, blurred, low-contrast, occluded, "
    "inverted and mirrored, and writes results/<dataset>/robustness.md. Nothing is tuned. Existing results are not "
    "measured again; after Ctrl-C or a crash the same command continues.",
    flags=("refits",),
    add_arguments=add_arguments,
)
