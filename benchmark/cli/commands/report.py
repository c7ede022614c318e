"""`report`: leaderboards and figures from the records alone."""

from __future__ import annotations

import argparse
import sys

from benchmark.cli import flags
from benchmark.cli.flags import Subparsers
from benchmark.errors import BenchmarkError


def add(verbs: Subparsers) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "report",
        help="rewrite leaderboards and figures from the records alone",
        description="Rewrites leaderboard.md, leaderboard.html, leaderboard.csv and figures/ of every data set under "
        "--results from the records, without data or models. The same records give the same bytes.",
    )
    flags.results(verb)
    verb.add_argument("--check", action="store_true", help="write nothing; exit 1 if what is on disk differs")
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Rewrite the reports, or say which differ from their records."""
    from benchmark import report
    from benchmark.render.markdown import plain
    from benchmark.storage.lock import os_errors_as_engine_errors

    folders = sorted(path.parent for path in arguments.results.glob("*/records"))
    if not folders:
        raise BenchmarkError(f"{arguments.results}: no results here; make some with: python -m benchmark run --all")
    differing = 0
    for folder in folders:
        if arguments.check:
            found = report.check(folder)
            differing += len(found)
            print(
                f"{plain(str(folder))}: "
                + ("up to date" if not found else "differs from its records: " + ", ".join(found))
            )
        else:
            with os_errors_as_engine_errors(folder):
                written = report.write(folder)
            print(
                f"{plain(str(folder / 'leaderboard.md'))} and leaderboard.html: written, with "
                f"{len(written) - 2} other files"
            )
    if differing:
        print("rewrite with: python -m benchmark report", file=sys.stderr)
    return 1 if differing else 0
