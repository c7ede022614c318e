"""What a command prints while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich import markup
from rich.console import Console
from rich.live import Live
from rich.table import Table

from benchmark.engine.progress import Progress
from benchmark.render.markdown import plain

if TYPE_CHECKING:
    from benchmark.datasets.dataset import Dataset
    from benchmark.engine.progress import Observer
    from benchmark.engine.refits import RefitPlan
    from benchmark.engine.resources import Resources

_STYLE = {"done": "green", "unchanged": "green", "failed": "red", "waiting": "dim", "refit": "cyan", "curve": "cyan"}


def console() -> Console:
    """Return the console that everything is printed to; plain lines are never wrapped."""
    found = Console(highlight=False, emoji=False)
    return found if found.is_terminal else Console(highlight=False, emoji=False, width=1000)


def escape(text: str) -> str:
    """Escape what a terminal or rich would interpret: names and reasons are untrusted."""
    return markup.escape(plain(text))


def warn(console: Console, text: str) -> None:
    """Print one line that must not be missed."""
    console.print(f"[bold yellow]WARNING[/] {escape(text)}")


def names(plan: RefitPlan) -> str:
    """Return the names of a plan's estimators for a sentence."""
    return ", ".join(escape(plugin.name) for plugin in plan.plugins)


def each_fit(given: Resources) -> str:
    """Return what each fit may use, for a sentence."""
    return (
        f"each fit alone with {given.threads} thread(s); {given.device}; "
        f"one may take {clock(given.refit.seconds or 0)} and {(given.refit.memory_bytes or 0) / 2**30:.1f} GiB"
    )


def announce(console: Console, dataset: Dataset, folder: Path, logs: Path, work: str) -> None:
    """Print the data set, what is about to be done, and where the results go."""
    train, test = len(dataset.train.y), len(dataset.test.y)
    console.print(f"{escape(dataset.name)}: {train:,} training and {test:,} test images from {escape(dataset.source)}")
    console.print(work)
    console.print(f"results: {escape(str(folder))}   what estimators print: {escape(str(logs))}")


def stopping(console: Console, refitting: bool) -> None:
    """Print what the first Ctrl-C does."""
    waits = "when the refit that is running is done" if refitting else "now; interrupted trials are queued again"
    console.print(f"[bold yellow]stopping[/] {waits}. Ctrl-C again leaves at once")


def unreported(console: Console, folder: Path) -> None:
    """Print the command that writes the pages, which this run did not write."""
    again = f"python -m benchmark report --results {shlex.quote(str(folder.parent))}"
    console.print(f"records are in {escape(str(folder))}; its pages wait for: {escape(again)}")


def conclude(console: Console, folder: Path, section: str = "") -> None:
    """Print the first lines of the answer, and the path of its page.

    Parameters
    ----------
    console : Console
    folder : Path
        ``results/<dataset>``.
    section : str
        Heading of the section with the answer; empty for the top of the page.
    """
    page = folder / "leaderboard.md"
    parts = page.read_text(encoding="utf-8").split("\n## ")
    opening = next((part for part in parts if part.startswith(section) and section), parts[0])
    for line in opening.split("\n![")[0].splitlines()[1:]:
        if line.strip():
            console.print(escape(line.lstrip("> ").replace("**", "")))
    console.print(f"[bold]{escape(str(page))}[/]")


@contextmanager
def view(console: Console, names: Sequence[str], jobs: int, counted: str = "trial") -> Iterator[Observer]:
    """Show the progress of a run; yields the observer for `benchmark.engine.runner.run` and its like.

    Parameters
    ----------
    console : Console
    names : sequence of str
        Estimators.
    jobs : int
        Jobs at once while tuning.
    counted : str
        Unit of an estimator's progress: "trial", "point" or "refit".
    """
    started = time.monotonic()
    states: dict[str, Progress] = {}
    lock = threading.Lock()

    if not console.is_terminal:

        def tell(state: Progress, text: str) -> None:
            console.print(
                f"{clock(time.monotonic() - started):>8}  {escape(state.estimator):<20} {_where(state):<14} "
                f"{escape(text)}"
            )

        yield tell
        return

    def table() -> Table:
        with lock:
            return _table(names, jobs, counted, dict(states), time.monotonic() - started)

    def update(state: Progress, text: str) -> None:
        with lock:
            states[state.estimator] = state
        if text.startswith(("failed", "cannot be saved")):
            live.console.print(f"[red]{escape(state.estimator)}[/]: {escape(text)}")

    with Live(get_renderable=table, console=console, refresh_per_second=4) as live:
        yield update


def view_refits(console: Console, plan: RefitPlan, counted: str) -> AbstractContextManager[Observer]:
    """Show the progress of a plan's refits; see `view`."""
    return view(console, [plugin.name for plugin in plan.plugins], plan.resources.jobs, counted)


def step(console: Console, text: str) -> None:
    """Print what is being done."""
    console.print(escape(text))


def clock(seconds: float) -> str:
    """Return seconds as 1:02:03 or 2:03."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _where(state: Progress) -> str:
    if state.phase == "tuning":
        return f"trial {state.trial}/{state.trials}"
    if state.phase == "curve":
        return f"point {state.trial}/{state.trials}"
    return f"refit {state.seed}/{state.seeds}" if state.phase == "refit" else state.phase


def _table(names: Sequence[str], jobs: int, counted: str, states: dict[str, Progress], elapsed: float) -> Table:
    tuned = counted == "trial"
    columns = ["estimator", "now", counted, *(["rung", "best so far"] if tuned else ["size"]), "elapsed", "left"]
    table = Table(*columns, title_justify="left", box=None, pad_edge=False)
    total: float | None = 0.0
    for name in names:
        state = states.get(name)
        if state is None:
            table.add_row(escape(name), "[dim]waiting[/]")
            total = None
            continue
        left = state.eta_seconds(jobs)
        total = None if total is None or left is None else total + left
        style = _STYLE.get(state.phase, "bold")
        rung = f"{state.rows:,} rows" if state.phase in ("tuning", "refit", "curve") and state.rows else ""
        best = "" if state.best is None else f"{state.best:.4f} at {state.best_rows:,}"
        table.add_row(
            escape(name),
            f"[{style}]{state.phase}[/]" + (f" {escape(state.reason[:60])}" if state.phase == "failed" else ""),
            f"{state.trial}/{state.trials}",
            rung,
            *([best] if tuned else []),
            clock(state.elapsed),
            "" if state.stopped else "…" if left is None else f"about {clock(left)}",
        )
    blank = [""] * (len(columns) - 3)
    table.add_row("[dim]all[/]", *blank, clock(elapsed), "…" if total is None else f"about {clock(total)}")
    return table
