"""`robustness`: the tuned estimators on corrupted test images."""

from __future__ import annotations

import argparse

from benchmark.cli import flags
from benchmark.cli.flags import Verbs
from benchmark.cli.session import refit_session


def add(verbs: Verbs) -> None:
    """Add the command to the parser."""
    verb = verbs.add_parser(
        "robustness",
        help="predict corrupted test images with the tuned estimators: what breaks which",
        description="Refits each estimator's tuned parameters on all rows of its record, or takes the model that "
        "`run --keep` saved, predicts test images as they are and shifted, rotated, noisy, blurred, low-contrast, "
        "occluded, inverted and mirrored, and adds the result to results/<dataset>/leaderboard.md. Nothing is tuned. "
        "Estimators whose predictions are up to date are kept. After Ctrl-C or a crash the same command continues.",
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
    """Predict corrupted test images, report; the exit status is 1 if an estimator failed."""
    from benchmark.analyses.robustness import measure
    from benchmark.analyses.robustness.section import HEADING
    from benchmark.cli import console as view

    with refit_session(arguments, HEADING) as session:
        plan = measure.Plan(**vars(session.plan), images=arguments.images, stored=not arguments.cluster)
        work = (
            f"robustness of {view.names(plan)}: the tuned parameters on all rows of the record, or the saved model, "
            f"then {len(plan.chosen):,} test images as they are and under every corruption, "
            f"{view.each_fit(plan.resources)}; "
            f"all of it takes about {view.clock(plan.expected_seconds)} by the records' times"
        )
        view.announce(session.console, plan.dataset, plan.folder, session.logs, work)
        with view.view_refits(session.console, plan, "refit") as observe:
            session.states = measure.run(plan, session.executor, observe, session.stop)
    return session.exit_status
