"""The command `published`."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Command, Session
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    from benchmark.analyses.published_nets.scores import PublishedScores


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Print the page about published nets, from records alone."""
    from benchmark.analyses.published_nets import scores as published
    from benchmark.analyses.published_nets import section
    from benchmark.datasets import fashion_mnist
    from benchmark.leaderboard.summary import summarise
    from benchmark.render import terminal
    from benchmark.storage import records

    folder = arguments.results / fashion_mnist.NAME
    if records.read_test_set(folder) is None:
        run = _run([net.name for net in published.PUBLISHED])
        raise BenchmarkError(f"{folder}: no records here; make some with: {run}")
    scores = published.compute(summarise(records.read(folder)))
    if scores is None:
        raise BenchmarkError(
            f"{folder}: these are results on other data than Fashion-MNIST, the only data set with published nets; "
            "give --results the folder that holds its results"
        )
    if not scores.is_complete:
        raise BenchmarkError(f"{folder}: {_missing(scores)}")
    missing = f"The effect of augmentation alone is not on record; make it with: {_run(published.PAIR)}"
    for block in [*section.nets(scores), *(section.augmentation(scores) or [missing])]:
        terminal.show(session.console, block)
    return 0


def _run(names: Sequence[str]) -> str:
    """Return the command that makes records of these estimators."""
    return f"python -m benchmark run {' '.join(map(shlex.quote, names))}"


def _missing(scores: PublishedScores) -> str:
    """Return which published nets are not on record, why, and the command that makes them."""
    from benchmark.analyses.published_nets.scores import PUBLISHED
    from benchmark.render import fmt
    from benchmark.render import markdown as md

    there = {net.net.name for net in scores.nets}
    names = [net.name for net in PUBLISHED if net.name not in there]
    rows = {row.name for row in scores.summary.scored}
    reasons = {
        row.name: f"ended as {row.record.status} ({md.plain(row.record.reason)})" for row in scores.summary.failed
    }
    reasons |= dict.fromkeys(rows, "has no training accuracy on record")
    found = fmt.listing([f"{name} {reasons.get(name, 'has no record')}" for name in names])
    force = " --force" * any(name in rows for name in names)  # or the record would be left as it is
    return f"{found}; make what is missing with: {_run(names)}{force}"


COMMAND = Command(
    name="published",
    help="compare nets that others published with their reimplementations here",
    description="Prints training accuracy, test accuracy and F1 of each class of cnn_32, cnn_64 and cnn_64_dropout, "
    "the published accuracies, the differences, and the effect of augmentation alone, from the records of "
    "results/fashion-mnist. The report has the same on the page published-nets.md.",
    flags=("results",),
)
