"""What a command prints while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from benchmark.engine.progress import Progress
from benchmark.render.terminal import clock, empty_table, escape

if TYPE_CHECKING:
    from rich.table import Table

    from benchmark.engine.progress import Observer
    from benchmark.engine.refits import RefitPlan
    from benchmark.engine.resources import Resources

_STYLE = {"done": "green", "unchanged": "green", "failed": "red", "waiting": "dim", "refit": "cyan", "curve": "cyan"}


def names(plan: RefitPlan) -> str:
    """Return the names of a plan's estimators for a sentence."""
    return ", ".join(escape(plugin.name) for plugin in plan.plugins)


def each_fit(given: Resources) -> str:
    """Return what each fit may use, for a sentence."""
    return (
        f"each fit alone with {given.threads} thread(s); {given.device}; "
        f"one may take {clock(given.refit.seconds or 0)} and {(given.refit.memory_bytes or 0) / 2**30:.1f} GiB"
    )


def stopping(console: Console, refitting: bool) -> None:
    """Print what the first Ctrl-C does."""
    waits = "when the refit that is running is done" if refitting else "now; interrupted trials are queued again"
    console.print(f"[bold yellow]stopping[/] {waits}. Ctrl-C again leaves at once")


def unreported(console: Console, folder: Path) -> None:
    """Print the command that writes the pages, which this run did not write."""
    again = f"python -m benchmark report --results {shlex.quote(str(folder.parent))}"
    console.print(f"records are in {escape(str(folder))}; its pages wait for: {escape(again)}")


def conclude(console: Console, folder: Path, page: str = "leaderboard.md") -> None:
    """Print the first lines of the page that answers, and its path.

    Parameters
    ----------
    console : Console
    folder : Path
        ``results/<dataset>``.
    page : str
    """
    path = folder / page
    if not path.exists():  # of an analysis that has found nothing to say
        path = folder / "leaderboard.md"
    lines = path.read_text(encoding="utf-8").splitlines()
    title = next(place for place, line in enumerate(lines) if line.startswith("# "))
    for line in lines[title + 1 :]:
        if line.startswith(("#", "|", "![")):
            break
        if line.strip():
            console.print(escape(line.removeprefix("> ").replace("**", "")))
    console.print(f"[bold]{escape(str(path))}[/]")


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
        if text.startswith(("failed", "cannot be kept", "predict differs", "the size of its model is unknown")):
            live.console.print(f"[red]{escape(state.estimator)}[/]: {escape(text)}")

    with Live(get_renderable=table, console=console, refresh_per_second=4) as live:
        yield update


def _where(state: Progress) -> str:
    if state.phase == "tuning":
        return f"trial {state.trial}/{state.trials}"
    if state.phase == "curve":
        return f"point {state.trial}/{state.trials}"
    return f"refit {state.seed}/{state.seeds}" if state.phase == "refit" else state.phase


def _table(names: Sequence[str], jobs: int, counted: str, states: dict[str, Progress], elapsed: float) -> Table:
    tuned = counted == "trial"
    columns = ["estimator", "now", counted, *(["rung", "best so far"] if tuned else ["size"]), "elapsed", "left"]
    table = empty_table(*columns)
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
