"""One measurement at a time, each in a process of its own; what came of it is told and logged at once."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
from rich.console import Console

from benchmark.engine.executors.log_capture import Log
from benchmark.engine.executors.worker import Worker
from benchmark.engine.jobs import Limits, one_line
from benchmark.errors import BenchmarkError
from tests.speed.measure import Order, Side

T = TypeVar("T")

DISTURBED = 0.03
"""Share of the machine that others may take while we measure; a kernel and an editor take less."""

TAIL = 2_000
"""Characters of what a process printed that are shown when it fails."""


@dataclass(frozen=True)
class Options:
    """What the command line says; see ``python -m tests.speed --help``."""

    dataset: str
    rows: int | None
    threads: int
    repeats: int
    smoke: bool
    cnn_images: int
    rounds: int | None
    trials_sampled: int
    run_record: Path
    run_seconds: float | None
    log: Path | None


class Session:
    """Runs measurements one after the other.

    Parameters
    ----------
    options : Options
    console : Console
        Without markup: what is printed may hold brackets.
    """

    def __init__(self, options: Options, console: Console) -> None:
        self.options, self.console = options, console
        self.disturbed: list[str] = []

    def order(self, family: str, side: Side) -> Order:
        """Return what the options ask of one side of a family."""
        options = self.options
        return Order(family, side, options.dataset, options.rows, options.threads, options.smoke)

    def run(self, title: str, function: Callable[..., T], *args: Any) -> T:
        """Run a function in a fresh process and return its dataclass; say what came of it.

        Parameters
        ----------
        title : str
            What is measured, for people.
        function : callable
            Of a module; it returns a dataclass.

        Raises
        ------
        BenchmarkError
            It failed; holds the end of what the process printed.
        """
        self.console.print(f"{time.strftime('%H:%M:%S')}  {title} ...")
        with Watched() as watched:
            result = fresh(self.options.threads, function, *args)
        plain = {name: value for name, value in dataclasses.asdict(result).items() if name != "labels"}  # type: ignore[call-overload]
        self.console.print(f"{time.strftime('%H:%M:%S')}  {title}: {_text(plain)}")
        if watched.others > DISTURBED:
            self.disturbed.append(f"{title} ({watched.others:.0%} of the machine)")
            self.console.print(
                f"          NOT TO BE TRUSTED: others took {watched.others:.0%} of the machine meanwhile"
            )
        self.note(title=title, others=watched.others, **plain)
        return result

    def note(self, **entry: Any) -> None:
        """Append one line of JSON to the log, if there is one."""
        if self.options.log is not None:
            with self.options.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%S"), **entry}, default=str) + "\n")


class Watched:
    """Watches what others do with the machine while something of ours runs.

    Attributes
    ----------
    others : float
        Share of all cores' time that processes took which are not ours; known at the end.
    """

    others = 0.0

    def __enter__(self) -> Watched:
        self._before = _busy_and_own()
        return self

    def __exit__(self, *error: object) -> None:
        (busy, own, wall), (busy_before, own_before, wall_before) = _busy_and_own(), self._before
        taken = (busy - busy_before) - (own - own_before)
        self.others = max(0.0, taken / ((wall - wall_before) * (psutil.cpu_count() or 1)))


def _busy_and_own() -> tuple[float, float, float]:
    """Return seconds that all cores were busy, those that we and our children that ended were, and the clock's."""
    times, own, children = psutil.cpu_times(), os.times(), resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "steal", 0.0)
    busy -= getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # they are in user's already
    return busy, own.user + own.system + children.ru_utime + children.ru_stime, time.monotonic()


def fresh(threads: int, function: Callable[..., T], *args: Any) -> T:
    """Run a function in a new process, whose thread counts are set before it imports anything.

    Raises
    ------
    BenchmarkError
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        worker = Worker(threads, Log(log))
        try:
            try:
                return worker.run(function, args, Limits()).result()
            finally:
                worker.stop()
        except Exception as error:
            printed = log.read_text(errors="replace")[-TAIL:] if log.exists() else ""
            raise BenchmarkError(f"{one_line(error)}\n{printed}".strip()) from error


def _text(values: dict[str, Any]) -> str:
    """Return fields and values as a line for people."""
    known = {name: value for name, value in values.items() if value not in (None, {}, ())}
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in known.items()
    )
