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
    """Look at a data set and write the page."""
    from benchmark.analyses.exploration import measure as exploring
    from benchmark.analyses.exploration import write as explored
    from benchmark.engine import preflight as prepare
    from benchmark.render import terminal as live
    from benchmark.storage import lock

    console = session.console
    dataset = session.dataset()
    folder = arguments.results / dataset.name
    with lock.locked(folder):
        prepare.for_explore(folder, dataset)
        _announce(console, dataset, folder)
        found = exploring.look(dataset, say=lambda text: live.step(console, text))
        live.step(console, "figures and page")
        written = explored.write(folder, found)
        if found.embedding.reason:
            live.warn(console, f"{found.embedding.reason}; see the page")
        console.print(f"[bold]{live.escape(str(written[-1]))}[/], with {len(written) - 1} figures beside it")
    return 0


def _announce(console: Console, dataset: Dataset, folder: Path) -> None:
    """Say what `explore` is about to do."""
    from benchmark.render import terminal as live

    console.print(
        f"{live.escape(dataset.name)}: {len(dataset.train.y):,} training and {len(dataset.test.y):,} test images from "
        f"{live.escape(dataset.source)}"
    )
    console.print("explore, on one thread; of the test part only labels are counted")
    console.print(f"results: {live.escape(str(folder))}")


COMMAND = Command(
    name="explore",
    help="look at the data: images by class, balance, means, grey values, typical and odd images, maps, distances",
    description="Draws what a good first notebook shows of a data set and says in words what the figures say: "
    "results/<dataset>/explore.md, figures in results/<dataset>/explore/. Only training images are used for "
    "anything but the counts. No record is needed, and none is read. The map is UMAP's with the extra [explore], "
    "else t-SNE's.",
    flags=("data", "results"),
)
