"""The parser, and what becomes of errors. What verbs there are and what each does is in `benchmark.cli.commands`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import __version__
from benchmark.cli.commands import add_all
from benchmark.errors import INTERRUPTED, BenchmarkError, EngineError, same_command

if TYPE_CHECKING:
    from benchmark.engine.executors import Executor


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = argparse.ArgumentParser(
        prog="python -m benchmark",
        description="Do I need a CNN for this, or will a classical model do, and what does each cost me?",
        epilog="Start with: python -m benchmark run --all --preset quick",
    )
    top.add_argument("--version", action="version", version=f"classical-vs-cnn {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    add_all(verbs)
    return top


def main(argv: Sequence[str] | None = None, executor: Callable[[Path], Executor] | None = None) -> int:
    """Run one command and return the exit status: 0 fine, 1 a finding, 2 a user error, 130 Ctrl-C.

    Parameters
    ----------
    argv : sequence of str, optional
        Default: those of this process.
    executor : callable, optional
        ``executor(logs)`` runs the jobs of this machine, in place of worker processes.
    """
    arguments = parser().parse_args(argv)
    arguments.executor = executor
    again = same_command(getattr(arguments, "force", False))
    try:
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
    except BrokenPipeError:  # `... | head`
        sys.stderr.close()
        return 1


def _plain(error: Exception) -> str:
    from benchmark.render.markdown import plain  # a path or a CSV's column may hold what a terminal acts on

    return plain(str(error))
