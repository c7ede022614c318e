"""`list`: every estimator, and what stands recorded for it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.cli import flags
from benchmark.cli.flags import Verbs

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.cli.listing import Row


def add(verbs: Verbs) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "list",
        help="every estimator: title, family, origin, whether it can be imported, what stands recorded",
        description="Lists the estimators of models/ and of installed packages (entry points benchmark.estimators).",
    )
    flags.results(verb)
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Show every estimator and what stands recorded for it."""
    from benchmark.cli import console as live
    from benchmark.cli import listing

    _print(live.console(), listing.listing(arguments.results))
    return 0


def _print(console: Console, rows: list[Row]) -> None:
    """Print the estimators."""
    from rich.table import Table

    from benchmark.cli import console as live

    table = Table("estimator", "title", "family", "origin", "import", "recorded", box=None, pad_edge=False)
    for row in rows:
        state = "[green]ok[/]" if not row.error else f"[red]{live.escape(row.error)}[/]"
        table.add_row(
            *map(live.escape, (row.name, row.title, row.family, row.origin)), state, live.escape(row.recorded)
        )
    console.print(table)
