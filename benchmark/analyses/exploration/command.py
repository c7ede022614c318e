"""The command `explore`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Command, Session

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from benchmark.datasets.dataset import Dataset


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Explore a data set and write the page."""
    from benchmark.analyses.exploration import eda, write
    from benchmark.engine import preflight
    from benchmark.render import terminal
    from benchmark.storage import lock

    console = session.console
    dataset = session.dataset()
    folder = arguments.results / dataset.name
    with lock.locked(folder):
        preflight.for_explore(folder, dataset)
        _announce(console, dataset, folder)
        exploration = eda.explore(dataset, announce=lambda step: terminal.step(console, step))
        terminal.step(console, "figures and page")
        written = write.write(folder, exploration)
        if exploration.embedding.reason:
            terminal.warn(console, f"{exploration.embedding.reason}; see the page")
        console.print(f"[bold]{terminal.escape(str(written[-1]))}[/], with {len(written) - 1} figures")
    return 0


def _announce(console: Console, dataset: Dataset, folder: Path) -> None:
    """Print what `explore` is about to do."""
    from benchmark.render import terminal

    console.print(f"{terminal.escape(dataset.name)}: {terminal.images(dataset)} from {terminal.escape(dataset.source)}")
    console.print("explore, on one thread; test images are only counted")
    console.print(f"results: {terminal.escape(str(folder))}")


COMMAND = Command(
    name="explore",
    help="explore the data: example images, class balance, means, grey values, typical images, maps, distances",
    description="Draws what a good first notebook shows of a data set, with a sentence on each figure. Writes "
    "results/<dataset>/explore.md, and figures to results/<dataset>/explore/. Test images are only counted. "
    "No record is needed or read. UMAP draws a map if the extra [explore] is installed, otherwise t-SNE does.",
    flags=("data", "results"),
)
