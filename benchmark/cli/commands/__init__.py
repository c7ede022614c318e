"""One file, one subcommand: `add` adds it to the parser, and `command` runs it and returns the exit status.

Heavy imports are inside functions, so that ``--help`` is fast.
"""

from collections.abc import Callable

from benchmark.analyses.analysis import registered
from benchmark.cli.commands import analysis, check, data, list_, predict, report, run, serve
from benchmark.cli.flags import Subparsers


def add_all(subparsers: Subparsers) -> None:
    """Add every subcommand to the parser, in the order of ``--help``."""
    run.add(subparsers)
    for declared in registered():
        analysis.add(subparsers, declared)
    add: Callable[[Subparsers], None]
    for add in (predict.add, serve.add, list_.add, check.add, report.add, data.add):
        add(subparsers)
