"""`audit`: what is odd about the data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cli import flags
from benchmark.cli.flags import Verbs
from benchmark.cli.session import device_of

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.analyses.data_audit.measure import Plan
    from benchmark.analyses.data_audit.schema import Held, Ints


def add(verbs: Verbs) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "audit",
        help="look the data over: copies within and across training and test, constant pixels, likely label errors",
        description="Looks for images that are there twice or nearly so (within the training part, within the test "
        "part, and across them), for pixels that never vary, and for labels that are likely wrong: by confident "
        "learning (cleanlab, in the extra [audit]) from what an estimator says of training images that it was not "
        "fitted on. Adds what is odd to results/<dataset>/leaderboard.md, which needs no estimator's record for it.",
    )
    flags.data(verb)
    verb.add_argument(
        "--estimator",
        metavar="NAME",
        default="hog_logistic_regression",
        help="whose out-of-fold probabilities find label errors (default: %(default)s)",
    )
    flags.machine(verb, threads="of the comparison and of each fit", cluster=False)
    flags.results(verb)
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Look a data set over, report; the exit status is 1 if the search for label errors failed."""
    from benchmark import datasets, report
    from benchmark.analyses import record_kinds
    from benchmark.analyses.data_audit import label_errors
    from benchmark.analyses.data_audit import measure as audit
    from benchmark.cli import console as live
    from benchmark.engine import preflight, registry, resources
    from benchmark.engine.protocol import DEADLINE_SECONDS, DEFAULT_PRESET
    from benchmark.storage import lock as claim

    console = live.console()
    registry.get(arguments.estimator)
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    given = resources.share(
        resources.local_slots(),
        arguments.deadline or DEADLINE_SECONDS[DEFAULT_PRESET],
        1,
        arguments.threads,
        arguments.memory,
        device_of(arguments.device, cluster=False),
    )
    folder = arguments.results / dataset.name
    plan = audit.Plan(dataset, arguments.estimator, given, folder, datasets.cache_folder() / "logs")
    if not label_errors.available():
        live.warn(console, f"{label_errors.MISSING}; all else is looked at without it")
    with claim.claimed(folder):
        preflight.for_audit(folder, dataset, record_kinds())
        _announce(console, plan)
        found = audit.run(plan, say=lambda text: live.step(console, text))
        report.write(folder)
        _print(console, found, dataset.test.y, len(dataset.class_names), folder)
    return 1 if found.audit.status == "failed" else 0


def _announce(console: Console, plan: Plan) -> None:
    """Say what `audit` is about to do."""
    from benchmark.cli import console as live

    given = plan.resources
    live.announce(
        console,
        plan.dataset,
        plan.folder,
        plan.logs,
        f"audit, with {given.threads} thread(s); label errors from out-of-fold probabilities of "
        f"{live.escape(plan.estimator)}; {given.device}; a fit may take {live.clock(given.refit.seconds or 0)} and "
        f"{(given.refit.memory_bytes or 0) / 2**30:.1f} GiB",
    )


def _print(console: Console, held: Held, y_test: Ints, n_classes: int, folder: Path) -> None:
    """Print how many there are of everything odd, the first indices of each kind, and where the rest lies."""
    from rich.table import Table

    from benchmark.analyses.data_audit import scores as findings
    from benchmark.cli import console as live

    table = Table("", "training", "test", "test against training", box=None, pad_edge=False)
    for row in findings.counts(held, y_test, n_classes):
        table.add_row(*map(live.escape, row))
    console.print(table)
    for kind, indices in findings.first_indices(held):
        console.print(f"{live.escape(kind)}: {indices}")
    console.print(
        f"[bold]{live.escape(str(folder / 'leaderboard.md'))}[/], "
        f"all indices in {live.escape(str(folder / findings.CSV))}"
    )
