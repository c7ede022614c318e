"""`check`: test whether one plugin keeps the contract."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.cli.flags import Subparsers

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.engine.contract import Clause


def add(subparsers: Subparsers) -> None:
    """Add the subcommand to the parser."""
    parser = subparsers.add_parser(
        "check",
        help="test whether one plugin keeps the contract, clause by clause",
        description="Tests one plugin against every clause of the contract, in a worker process, on small data. "
        "Exits with 1 if a clause is broken.",
    )
    parser.add_argument("name", metavar="NAME", help="estimator to test; see: python -m benchmark list")
    parser.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Test one plugin; the exit status is 1 if a clause is broken."""
    from benchmark.engine import contract
    from benchmark.render import terminal

    clauses = contract.check(arguments.name)
    _print(terminal.console(), arguments.name, clauses)
    return 0 if all(clause.holds for clause in clauses) else 1


def _print(console: Console, name: str, clauses: list[Clause]) -> None:
    """Print every clause, and how many are broken."""
    from benchmark.render.terminal import escape

    for clause in clauses:
        mark = "[green]ok    [/]" if clause.holds else "[red]BROKEN[/]"
        console.print(f"{mark} {escape(clause.text)}" + (f": {escape(clause.detail)}" if clause.detail else ""))
    broken = sum(not clause.holds for clause in clauses)
    verdict = f"{broken} of {len(clauses)} clauses are broken" if broken else "keeps the contract"
    console.print(f"{escape(name)}: {verdict}")
