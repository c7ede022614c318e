"""`data`: what there is to know of a data set."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from benchmark.cli import flags
from benchmark.cli.flags import Verbs

if TYPE_CHECKING:
    from rich.console import Console


def add(verbs: Verbs) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "data",
        help="fetch and verify a data set; print where it lies, shape, class counts, SHA-256",
        description="Fetches (if need be) and verifies a data set, and prints what there is to know of it.",
    )
    flags.data(verb)
    verb.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Fetch and verify a data set and show what there is to know of it."""
    from benchmark import datasets
    from benchmark.cli import console as live

    console = live.console()
    dataset = datasets.load(arguments.dataset, arguments.data_dir, notify=lambda text: live.warn(console, text))
    _print(console, datasets.summary(dataset))
    return 0


def _print(console: Console, summary: dict[str, Any]) -> None:
    """Print what `benchmark.datasets.summary` found."""
    from rich.table import Table

    from benchmark.cli import console as live

    height, width = summary["image_shape"]
    console.print(f"name     {live.escape(summary['name'])}")
    console.print(f"lies in  {live.escape(summary['source'])}")
    console.print(f"images   {height} x {width}, grey")
    console.print(f"SHA-256  {summary['sha256']}")
    for file, digest in summary["files"].items():
        console.print(f"         {digest}  {live.escape(file)}")
    table = Table("class", "train", "test", box=None, pad_edge=False)
    for name, (train, test) in summary["counts"].items():
        table.add_row(live.escape(name), f"{train:,}", f"{test:,}")
    console.print(table)
