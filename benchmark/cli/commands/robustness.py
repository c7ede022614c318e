"""`robustness`: the tuned estimators on corrupted test images."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.cli.session import with_winners

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from benchmark.analyses.robustness.measure import Plan
    from benchmark.engine.refits import Plan as WinnersPlan


def add(verbs: Subparsers) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "robustness",
        help="show the tuned estimators corrupted test images: what breaks which",
        description="Fits each estimator's tuned winner once more on all rows of its record, or takes the model that "
        "`run --keep` left of it, predicts test images as they are and shifted, rotated, noisy, blurred, "
        "low-contrast, occluded, inverted and mirrored, and adds "
        "what comes of it to results/<dataset>/leaderboard.md. Nothing is tuned. Estimators that stand are kept; "
        "after Ctrl-C or a crash the same command goes on.",
    )
    flags.refits(verb)
    verb.add_argument(
        "--images",
        type=flags.positive,
        metavar="N",
        help="test images, a stratified sample, the same for every estimator (default: 4000, or all if there are "
        "fewer)",
    )
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Show frozen winners corrupted test images, report; the exit status is 1 if an estimator failed."""
    from benchmark.analyses.robustness import measure as robustness
    from benchmark.analyses.robustness.section import HEADING

    def plan(given: WinnersPlan) -> Plan:
        return robustness.Plan(**vars(given), images=arguments.images, stored=not arguments.cluster)

    return with_winners(arguments, plan, _announce, robustness.run, "refit", HEADING)


def _announce(console: Console, plan: Plan, logs: Path) -> None:
    """Say what `robustness` is about to do."""
    from benchmark.cli import console as live

    live.announce(
        console,
        plan.dataset,
        plan.folder,
        logs,
        f"how it breaks, of {live.names(plan)}: the tuned parameters on all rows of the record, or the model that was "
        "kept of it, then "
        f"{len(plan.chosen):,} test images as they are and under every corruption, {live.each_fit(plan.resources)}; "
        f"all of it takes about {live.clock(plan.expected_seconds)} by the records' times",
    )
