"""The command `published`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Command, Session
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from benchmark.leaderboard.summary import Summary


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Print the published nets' table from their records."""
    from benchmark.analyses.published_nets import section as published
    from benchmark.datasets import fashion_mnist
    from benchmark.leaderboard.summary import summarise
    from benchmark.storage import records

    folder = arguments.results / fashion_mnist.NAME
    test_set = records.read_test_set(folder)
    if test_set is None:
        every = [one.name for one in published.PUBLISHED]
        raise BenchmarkError(f"{folder}: no records here; make some with: {published.command(every)}")
    if not published.comparable(test_set):
        raise BenchmarkError(
            f"{folder}: these are results on other data than Fashion-MNIST, of which alone nets were published; give "
            "--results the folder that holds its results"
        )
    summary = summarise(records.read(folder))
    lacking = published.missing(summary)
    if lacking:
        raise BenchmarkError(f"{folder}: {lacking}")
    _print(session.console, summary)
    return 0


def _print(console: Console, summary: Summary) -> None:
    """Print what the leaderboard's section says."""
    from benchmark.analyses.published_nets import section as published
    from benchmark.render import terminal as live
    from benchmark.render.markdown import plain

    found = published.tables(summary, live.escape, lambda text: f"[bold]{text}[/]")
    accuracies, scores = (_table(header, rows) for header, rows in found)
    without = f"What augmentation alone does is not on record; it is made by: {published.command(published.PAIR)}"
    parts = [
        published.answer(summary, plain),
        accuracies,
        published.rule(summary),
        scores,
        published.other_author(summary, plain),
        *(published.augmented(summary, plain) or [without]),
    ]
    for part in parts:
        console.print(live.escape(part.replace("**", "")) if isinstance(part, str) else part)


def _table(header: list[str], rows: list[list[str]]) -> Table:
    from rich.table import Table

    table = Table(header[0], box=None, pad_edge=False)
    for name in header[1:]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


COMMAND = Command(
    name="published",
    help="what nets that others published score here, with the published figures beside and the differences",
    description="Prints training accuracy, test accuracy and the F1 of each class of cnn_32, cnn_64 and "
    "cnn_64_dropout beside what was published of such nets, and what augmentation alone does: from the records of "
    "results/fashion-mnist alone. The leaderboard has the same as a section.",
    flags=("results",),
)
