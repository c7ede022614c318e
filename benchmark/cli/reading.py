"""How a command reads its data set: what must be known is printed, and a long reading shows how far it is."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.datasets.dataset import Dataset


def load(arguments: argparse.Namespace, console: Console) -> Dataset:
    """Load the data set that ``--dataset`` names.

    Parameters
    ----------
    arguments : argparse.Namespace
        With the flags of `benchmark.cli.flags.data`.
    console : Console
        Warnings are printed there. If it is a terminal, a bar shows how many pictures are decoded.

    Raises
    ------
    BenchmarkError
        As `benchmark.datasets.load`.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from benchmark import datasets
    from benchmark.render import terminal

    columns = (TextColumn("decoding pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("", total=None, start=False, visible=False)

    def show(done: int, total: int) -> None:
        if done < total and not bar.live.is_started:
            bar.start()
            bar.start_task(task)
        bar.update(task, completed=done, total=total, visible=True)

    try:
        return datasets.load(
            arguments.dataset,
            arguments.data_dir,
            lambda text: terminal.warn(console, text),
            progress=show,
            group=arguments.group,
            folds=arguments.folds,
        )
    finally:
        bar.stop()
