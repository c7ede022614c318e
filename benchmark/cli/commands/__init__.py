"""One file is one command: `add` gives the parser its flags, `command` does it and returns the exit status.

Heavy imports stay inside functions, so that ``--help`` answers at once.
"""

from collections.abc import Callable

from benchmark.analyses.analysis import registered
from benchmark.cli.commands import analysis, check, data, list_, predict, report, run, serve
from benchmark.cli.flags import Verbs


def add_all(verbs: Verbs) -> None:
    """Add every command to the parser, in the order of ``--help``."""
    run.add(verbs)
    for each in registered():
        analysis.add(verbs, each)
    add: Callable[[Verbs], None]
    for add in (predict.add, serve.add, list_.add, check.add, report.add, data.add):
        add(verbs)
