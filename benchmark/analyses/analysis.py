"""What an analysis declares: `ANALYSIS` in ``benchmark/analyses/<name>/__init__.py``; nothing else names it."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.datasets.dataset import Dataset
    from benchmark.engine.executors import Executor
    from benchmark.engine.progress import Observer, Progress
    from benchmark.engine.refits import RefitPlan
    from benchmark.engine.scheduler import StopRequest
    from benchmark.leaderboard.reference import Reference
    from benchmark.leaderboard.summary import Summary
    from benchmark.render.document import Figures, Section
    from benchmark.render.figure import Figure
    from benchmark.storage.record_kind import RecordKind
    from benchmark.storage.records import Results


class RefitSession(Protocol):
    """What `measure` fits tuned estimators again with.

    Attributes
    ----------
    plan : RefitPlan
        Which estimators, of which records.
    executor : Executor
    stop : StopRequest
    states : sequence of Progress
        Last progress of every estimator; set by `measure`.
    """

    plan: RefitPlan
    executor: Executor
    stop: StopRequest
    states: Sequence[Progress]

    @property
    def exit_status(self) -> int:
        """1 if an estimator failed, else 0."""

    def announce(self, work: str) -> None:
        """Print what is about to be done."""

    def view(self, unit: str) -> AbstractContextManager[Observer]:
        """Show progress, counted in "point" or "refit"."""


class Session(Protocol):
    """What the program lends to `measure`."""

    @property
    def console(self) -> Console:
        """Where everything is printed (see `benchmark.render.terminal`)."""

    def dataset(self) -> Dataset:
        """Load the data set that the flags name, with its warnings."""

    def device(self) -> str:
        """Return "cpu" or "cuda", as the flags and the machine have it."""

    def refits(self, page: str) -> AbstractContextManager[RefitSession]:
        """Lock the folder and start workers; afterwards write the report and print the first lines of a page."""

    def report(self, folder: Path, page: str) -> None:
        """Write the report of a locked folder, and print the first lines of one of its pages."""


@dataclass(frozen=True)
class Command:
    """The subcommand of an analysis.

    Attributes
    ----------
    name : str
        ``python -m benchmark NAME``.
    help, description : str
        Of ``--help``.
    flags : tuple of str
        Groups of flags that several commands take: functions of `benchmark.cli.flags`.
    add_arguments : callable, optional
        ``add_arguments(parser)`` adds its own.
    """

    name: str
    help: str
    description: str
    flags: tuple[str, ...] = ()
    add_arguments: Callable[[argparse.ArgumentParser], None] | None = None


@dataclass(frozen=True)
class Csv:
    """The CSV file of an analysis.

    Attributes
    ----------
    file : str
    columns : tuple of str
        Some of its columns, in order, by which a file on disk is known as ours.
    """

    file: str
    columns: tuple[str, ...]

    def is_ours(self, content: bytes) -> bool:
        """Return whether a file of this name was written by the report."""
        header = iter(content.partition(b"\n")[0].split(b","))
        return all(column.encode() in header for column in self.columns)  # others may be between them


@dataclass(frozen=True)
class Analysis:
    """Something worked out beyond the leaderboard; any part but the name may be missing.

    `scores`, `section` and `figures` make its page from records alone; `measure` and `command` make its record.
    Heavy imports stay inside these functions, or behind `lazy`: every command line loads every declaration.

    Attributes
    ----------
    name : str
        Of its folder.
    order : int
        Its place among the pages: lower comes first.
    record : RecordKind, optional
        What it leaves on disk, and what reads it.
    scores : callable, optional
        ``scores(summary, data)``: its numbers, or None where there is nothing to say. `data` is what `record` reads:
        a mapping by estimator, or one value, or None.
    reference : callable, optional
        ``reference(scores)``: a row that the leaderboard shows for comparison.
    section : callable, optional
        ``section(scores, figures)``: its page.
    figures : callable, optional
        ``figures()``: its figures, each drawn from `scores`.
    example_images : callable, optional
        ``example_images(results)``: indices of the test images whose pixels `figures` need. They are stored with the
        records, because a report is made without the data.
    csv : Csv, optional
        The file that its section's `csv` goes to.
    measure : callable, optional
        ``measure(arguments, session)``: does what its command asks for; returns the exit status.
    command : Command, optional
    test_part : bool
        Whether it needs data with a test part: it is then left out of a cross-validation's pages.
    """

    name: str
    order: int = 1000
    record: RecordKind | None = None
    scores: Callable[[Summary, Any], Any] | None = None
    reference: Callable[[Any], Reference | None] | None = None
    section: Callable[[Any, Figures], Section | None] | None = None
    figures: Callable[[], Sequence[Figure]] | None = None
    example_images: Callable[[Results], Sequence[int]] | None = None
    csv: Csv | None = None
    measure: Callable[[argparse.Namespace, Session], int] | None = None
    command: Command | None = None
    test_part: bool = False


def lazy(module: str, name: str) -> Callable[..., Any]:
    """Return a function that is imported when it is called.

    Parameters
    ----------
    module, name : str
        ``"benchmark.analyses.robustness.scores", "compute"``
    """

    def call(*arguments: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*arguments)

    return call


@cache
def registered() -> tuple[Analysis, ...]:
    """Return every analysis, in the order of the pages: each folder next to this file that declares `ANALYSIS`."""
    package = importlib.import_module(__package__ or "benchmark.analyses")
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
        if module.ispkg
    ]
    found: list[Analysis] = [module.ANALYSIS for module in modules if hasattr(module, "ANALYSIS")]
    return tuple(sorted(found, key=lambda analysis: (analysis.order, analysis.name)))


def record_kinds() -> tuple[RecordKind, ...]:
    """Return every kind of file that an analysis writes below ``records/``."""
    return tuple(analysis.record for analysis in registered() if analysis.record is not None)


PRESET_NAMES = ("smoke", "quick", "standard", "thorough")


def preset(parser: argparse.ArgumentParser) -> None:
    """Add the flag that chooses among the results of a data set."""
    parser.add_argument(
        "--preset",
        type=_preset_name,
        metavar="{" + ",".join((*PRESET_NAMES, "TIME")) + "}",
        help="use the results of run --preset, or of run --time TIME, if they are in a folder of their own, "
        "results/<dataset>-<preset>",
    )


def _preset_name(text: str) -> str:
    """Return a flag's value, the name of a preset or of a time limit."""
    from benchmark.engine.time_limit import is_label

    if text not in PRESET_NAMES and not is_label(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not {', '.join(PRESET_NAMES)} or a time such as 10m")
    return text


def positive(text: str) -> int:
    """Return a flag's value, a whole number above zero."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value
