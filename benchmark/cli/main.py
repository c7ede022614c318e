"""The argument parser, and how errors are printed. The subcommands are in `benchmark.cli.commands`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import __version__
from benchmark.cli import surroundings
from benchmark.cli.commands import add_all
from benchmark.errors import INTERRUPTED, BenchmarkError, EngineError, same_command

if TYPE_CHECKING:
    from benchmark.engine.executors import Executor


def parser() -> argparse.ArgumentParser:
    """Return the parser of all subcommands."""
    top = argparse.ArgumentParser(
        prog="python -m benchmark",
        description="Do I need a CNN for this, or will a classical model do, and what does each cost me?",
        epilog="Start with: python -m benchmark run --all --preset quick",
    )
    top.add_argument("--version", action="version", version=f"classical-vs-cnn {__version__}")
    add_all(top.add_subparsers(dest="subcommand", required=True, metavar="COMMAND"))
    return top


def main(argv: Sequence[str] | None = None, executor: Callable[[Path], Executor] | None = None) -> int:
    """Run one subcommand and return the exit status: 0 success, 1 a problem was found, 2 a user error, 130 Ctrl-C.

    SIGTERM and SIGHUP are taken as Ctrl-C.

    Parameters
    ----------
    argv : sequence of str, optional
        Default: the arguments of this process.
    executor : callable, optional
        ``executor(logs)`` returns what runs the jobs on this machine, in place of worker processes.
    """
    started = time.monotonic()
    surroundings.safe_streams()
    arguments = parser().parse_args(argv)
    arguments.started, arguments.executor = started, executor
    again = same_command(getattr(arguments, "force", False))
    try:
        if notice := surroundings.safe_environment():
            print(f"note: {notice}", file=sys.stderr)
        with surroundings.stops_as_interrupts():
            status: int = arguments.command(arguments)
        return status
    except EngineError as error:
        print(f"error: {_plain(error)}; then {again} goes on from here", file=sys.stderr)
        return 2
    except BenchmarkError as error:
        print(f"error: {_plain(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; {again} goes on from here", file=sys.stderr)
        return INTERRUPTED


def _plain(error: Exception) -> str:
    from benchmark.render.markdown import plain  # a path or a CSV column may hold terminal escapes

    return plain(str(error))
