"""`curve`: the tuned estimators on fewer images."""

from __future__ import annotations

import argparse

from benchmark.cli import flags
from benchmark.cli.flags import Verbs
from benchmark.cli.session import refit_session


def add(verbs: Verbs) -> None:
    """Add the command to the parser."""
    verb = verbs.add_parser(
        "curve",
        help="fit the tuned estimators on fewer images: how many does each need, and how many seconds",
        description="Fits each estimator's tuned parameters on 100, 300, 1,000, 3,000, 10,000 and 30,000 training rows "
        "(sizes below its record's), several seeds at the small sizes, predicts the test images once per size and "
        "seed, and adds the curves to results/<dataset>/leaderboard.md. Nothing is tuned. Points that are up to date "
        "are kept. After Ctrl-C or a crash the same command continues.",
    )
    flags.refits(verb)
    verb.add_argument(
        "--seeds",
        type=flags.positive,
        metavar="N",
        help="seeds at up to 1,000 rows (default: 5); at most 3 at 3,000 rows and 1 above",
    )
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Fit tuned parameters on fewer rows, report; the exit status is 1 if a point failed."""
    from benchmark.analyses.learning_curve import measure
    from benchmark.analyses.learning_curve.section import HEADING
    from benchmark.cli import console as view
    from benchmark.engine import protocol

    with refit_session(arguments, HEADING) as session:
        plan = measure.Plan(**vars(session.plan), seeds=arguments.seeds)
        work = (
            f"learning curves of {view.names(plan)}: the tuned parameters on {protocol.CURVE_ROWS[0]:,} rows and more, "
            f"{view.each_fit(plan.resources)}"
        )
        view.announce(session.console, plan.dataset, plan.folder, session.logs, work)
        with view.view_refits(session.console, plan, "point") as observe:
            session.states = measure.run(plan, session.executor, observe, session.stop)
    return session.exit_status
