"""`list`: every estimator, and its records."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.cli.listing import Row


def add(subparsers: Subparsers) -> None:
    """Add the subcommand to the parser."""
    parser = subparsers.add_parser(
        "list",
        help="list every estimator: title, family, origin, whether it can be imported, its records",
        description="Lists the estimators of models/ and of installed packages (entry points benchmark.estimators).",
    )
    flags.results(parser)
    parser.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """List every estimator and its records."""
    from benchmark.cli import listing
    from benchmark.render import terminal

    _print(terminal.console(), listing.listing(arguments.results))
    return 0


def _print(console: Console, rows: list[Row]) -> None:
    """Print the estimators."""
    from benchmark.render.terminal import empty_table, escape

    table = empty_table("estimator", "title", "family", "origin", "import", "recorded")
    for row in rows:
        state = "[green]ok[/]" if not row.error else f"[red]{escape(row.error)}[/]"
        table.add_row(*map(escape, (row.name, row.title, row.family, row.origin)), state, escape(row.recorded))
    console.print(table)
