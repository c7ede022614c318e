"""`check`: one plugin held against the contract."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.cli.flags import Verbs

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.engine.contract import Clause


def add(verbs: Verbs) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "check",
        help="hold one plugin against the contract, clause by clause",
        description="Tries the contract on one plugin, in a worker, on small data; exits 1 if a clause is broken.",
    )
    verb.add_argument("name", metavar="NAME", help="the estimator")
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Hold one plugin against the contract."""
    from benchmark.cli import console as live
    from benchmark.engine.contract import check as hold

    clauses = hold(arguments.name)
    _print(live.console(), arguments.name, clauses)
    return 0 if all(clause.holds for clause in clauses) else 1


def _print(console: Console, name: str, clauses: list[Clause]) -> None:
    """Print the contract, clause by clause."""
    from benchmark.cli import console as live

    for clause in clauses:
        mark = "[green]ok    [/]" if clause.holds else "[red]BROKEN[/]"
        console.print(
            f"{mark} {live.escape(clause.text)}" + (f": {live.escape(clause.detail)}" if clause.detail else "")
        )
    broken = sum(not clause.holds for clause in clauses)
    console.print(
        f"{live.escape(name)}: " + (f"{broken} of {len(clauses)} clauses broken" if broken else "keeps the contract")
    )
