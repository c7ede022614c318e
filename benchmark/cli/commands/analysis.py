"""The commands of the analyses: each is what its folder in `benchmark.analyses` declares."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Analysis
from benchmark.cli import flags
from benchmark.cli.flags import Subparsers

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.cli.session import RefitSession
    from benchmark.datasets.dataset import Dataset


def add(verbs: Subparsers, analysis: Analysis) -> None:
    """Add the command of an analysis to the parser, if it has one."""
    command = analysis.command
    if command is None or analysis.measure is None:
        return
    parser = verbs.add_parser(command.name, help=command.help, description=command.description)
    for group in command.flags:
        getattr(flags, group)(parser)
    if command.add_arguments is not None:
        command.add_arguments(parser)
    parser.set_defaults(command=partial(_run, analysis))


def _run(analysis: Analysis, arguments: argparse.Namespace) -> int:
    assert analysis.measure is not None, "it has a command"
    return analysis.measure(arguments, _Session(arguments, analysis.test_part))


class _Session:
    """See `benchmark.analyses.analysis.Session`."""

    def __init__(self, arguments: argparse.Namespace, test_part: bool) -> None:
        from benchmark.render import terminal

        self._arguments, self._test_part = arguments, test_part
        self.console: Console = terminal.console()

    def dataset(self) -> Dataset:
        from benchmark.cli import reading
        from benchmark.cli.session import require_test_part

        found = reading.load(self._arguments, self.console)
        if self._test_part:
            require_test_part(found, self._arguments.subcommand)
        return found

    def device(self) -> str:
        from benchmark.cli.session import device_of

        return device_of(self._arguments.device, bool(getattr(self._arguments, "cluster", None)))

    def refits(self, page: str) -> AbstractContextManager[RefitSession]:
        from benchmark.cli.session import refit_session

        return refit_session(self._arguments, page)

    def report(self, folder: Path, page: str) -> None:
        from benchmark import report
        from benchmark.cli import console as live

        report.write(folder)
        live.conclude(self.console, folder, page)
