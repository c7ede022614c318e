"""The command `audit`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Command, Session, record_kinds

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.analyses.data_audit.measure import Plan
    from benchmark.analyses.data_audit.schema import AuditData, Ints
    from benchmark.datasets.dataset import Dataset

INDICES = 6
"""Printed of each kind of finding."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument(
        "--estimator",
        metavar="NAME",
        default="hog_logistic_regression",
        help="the estimator whose out-of-fold probabilities find label errors (default: %(default)s)",
    )


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Audit a data set and write the report; the exit status is 1 if the search for label errors failed."""
    from benchmark import datasets
    from benchmark.analyses.data_audit import label_errors
    from benchmark.analyses.data_audit import measure as audit
    from benchmark.analyses.data_audit.section import FILE
    from benchmark.engine import preflight as prepare
    from benchmark.engine import registry, resources
    from benchmark.engine.protocol import DEADLINE_SECONDS, DEFAULT_PRESET
    from benchmark.render import terminal as live
    from benchmark.storage import lock

    console = session.console
    registry.get(arguments.estimator)
    dataset = session.dataset()
    given = resources.share(
        resources.local_slots(),
        arguments.deadline or DEADLINE_SECONDS[DEFAULT_PRESET],
        1,
        arguments.threads,
        arguments.memory,
        session.device(),
    )
    folder = arguments.results / dataset.name
    plan = audit.Plan(dataset, arguments.estimator, given, folder, datasets.cache_folder() / "logs")
    if not label_errors.available():
        live.warn(console, f"{label_errors.MISSING}; the rest of the audit runs without it")
    with lock.locked(folder):
        prepare.for_audit(folder, dataset, record_kinds())
        _announce(console, plan)
        found = audit.run(plan, say=lambda text: live.step(console, text))
        session.report(folder, FILE)
        _print(console, found, dataset, folder)
    return 1 if found.audit.status == "failed" else 0


def _announce(console: Console, plan: Plan) -> None:
    """Print what the audit is about to do."""
    from benchmark.render import terminal as live

    given = plan.resources
    live.announce(
        console,
        plan.dataset,
        plan.folder,
        plan.logs,
        f"audit, with {given.threads} thread(s); label errors from out-of-fold probabilities of "
        f"{live.escape(plan.estimator)}; {given.device}; limits of a fit: {live.clock(given.refit.seconds or 0)} and "
        f"{(given.refit.memory_bytes or 0) / 2**30:.1f} GiB",
    )


def _print(console: Console, audit: AuditData, dataset: Dataset, folder: Path) -> None:
    """Print the table of counts, the first indices of each kind of finding, and where to find all of them."""
    from benchmark.analyses.data_audit import section
    from benchmark.render import terminal as live

    console.print(live.table(section.counts(audit, dataset.test.y, len(dataset.class_names))))
    for kind, (part, indices) in _findings(audit).items():
        names = getattr(dataset, part).names
        files = [f" ({live.escape(names[index])})" if names else "" for index in indices[:INDICES].tolist()]
        first = ", ".join(f"{index}{file}" for index, file in zip(indices[:INDICES].tolist(), files, strict=True))
        if len(indices):
            console.print(f"{kind}: {first}{', …' if len(indices) > INDICES else ''}")
    console.print(f"all indices: {live.escape(str(folder / section.CSV))}")


def _findings(audit: AuditData) -> dict[str, tuple[str, Ints]]:
    """Return the part and the indices of each kind of finding."""
    from benchmark.analyses.data_audit.schema import PARTS, SCOPES, parts_of
    from benchmark.analyses.data_audit.section import DUPLICATE_OF, NAMES

    def images(scope: str) -> str:
        return f"{NAMES[parts_of(scope)[0]]} images"

    first = {scope: parts_of(scope)[0] for scope in SCOPES}
    copies = audit.copies
    exact = {f"{images(scope)} equal to {DUPLICATE_OF[scope]}": (first[scope], copies[scope].equal) for scope in SCOPES}
    near = {
        f"{images(scope)} nearly equal to {DUPLICATE_OF[scope]}": (first[scope], copies[scope].images)
        for scope in SCOPES
    }
    grey = {f"{NAMES[part]} images of one grey value": (part, audit.flat[part]) for part in PARTS}
    return {**exact, **near, **grey, "likely label errors, most likely first": ("train", audit.errors.index)}


COMMAND = Command(
    name="audit",
    help="audit the data: duplicates within and across training and test, constant pixels, likely label errors",
    description="Searches for exact and near duplicates (within the training part, within the test part, and across "
    "them), for constant pixels, and for labels that are likely wrong. Label errors are found by confident learning "
    "(cleanlab, in the extra [audit]) from an estimator's predictions of training images that it was not fitted on. "
    "Writes the page data-audit.md in results/<dataset>; no estimator needs a record for that.",
    flags=("data", "alone", "results"),
    add_arguments=add_arguments,
)
