"""`budget`: what each estimator would have scored, had tuning stopped earlier."""

from __future__ import annotations

import argparse

from benchmark.cli import flags
from benchmark.cli.flags import Verbs
from benchmark.cli.session import refit_session


def add(verbs: Verbs) -> None:
    """Add the command to the parser."""
    verb = verbs.add_parser(
        "budget",
        help="refit what a shorter tuning would have chosen: does longer tuning pay",
        description="Works out from each estimator's tuning log which trial would have been chosen after 1, 5, 15 and "
        "30 minutes, refits on all rows those that are not the final choice, predicts the test images once each, and "
        "adds the result to results/<dataset>/leaderboard.md. Nothing is tuned. Refits that are up to date are kept. "
        "After Ctrl-C or a crash the same command continues.",
    )
    flags.refits(verb)
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Refit earlier choices, report; the exit status is 1 if a refit failed."""
    from benchmark.analyses.tuning_budget import early_stop, measure
    from benchmark.analyses.tuning_budget.section import HEADING
    from benchmark.cli import console as view
    from benchmark.engine.refits import best_record

    with refit_session(arguments, HEADING) as session:
        plan = session.plan
        records = [best_record(plan.folder, plugin.name) for plugin in plan.plugins]
        refits = [record for record in records for _ in early_stop.losers(record)]
        seconds = sum(record.fit_seconds + record.predict_seconds for record in refits)
        work = (
            f"earlier stops of {view.names(plan)}: {len(refits)} refit(s) of trials that tuning did not choose in the "
            f"end, {view.each_fit(plan.resources)}; all of it takes about {view.clock(seconds)} by the records' times"
        )
        view.announce(session.console, plan.dataset, plan.folder, session.logs, work)
        with view.view_refits(session.console, plan, "refit") as observe:
            session.states = measure.run(plan, session.executor, observe, session.stop)
    return session.exit_status
