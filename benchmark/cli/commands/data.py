"""`data`: download and verify a data set, and describe it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from benchmark.cli import flags, reading
from benchmark.cli.flags import Subparsers

if TYPE_CHECKING:
    from rich.console import Console


def add(subparsers: Subparsers) -> None:
    """Add the subcommand to the parser."""
    parser = subparsers.add_parser(
        "data",
        help="download and verify a data set; print its location, image shape, class counts and SHA-256",
        description="Downloads a data set if needed, verifies it, and prints its location, image shape, class counts "
        "and SHA-256.",
    )
    flags.data(parser)
    parser.set_defaults(command=command)


def command(arguments: argparse.Namespace) -> int:
    """Download and verify a data set, and describe it."""
    from benchmark import datasets
    from benchmark.render import terminal

    console = terminal.console()
    dataset = reading.load(arguments, console)
    _print(console, datasets.summary(dataset))
    return 0


def _print(console: Console, summary: dict[str, Any]) -> None:
    """Print the summary from `benchmark.datasets.summary`."""
    from benchmark.datasets.dataset import size_text
    from benchmark.render.terminal import empty_table, escape

    console.print(f"name     {escape(summary['name'])}")
    console.print(f"source   {escape(summary['source'])}")
    console.print(f"images   {size_text(summary['image_shape'])}")
    console.print(f"SHA-256  {summary['sha256']}")
    for file, digest in summary["files"].items():
        console.print(f"         {digest}  {escape(file)}")
    folds = summary["folds"]
    columns = [f"in {folds} folds"] if folds else ["train", "test"]
    table = empty_table("class", *columns)
    for name, counts in summary["counts"].items():
        table.add_row(escape(name), *(f"{count:,}" for count in counts[: len(columns)]))
    console.print(table)
