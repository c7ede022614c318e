"""What every command prints with: the console, and text that a terminal takes for text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich import markup
from rich.console import Console

from benchmark.render.document import Block, Bullets, Code, Heading, Quote, Table
from benchmark.render.markdown import plain

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from benchmark.datasets.dataset import Dataset


def console() -> Console:
    """Return where everything is printed; plain lines are never folded."""
    found = Console(highlight=False, emoji=False)
    return found if found.is_terminal else Console(highlight=False, emoji=False, width=1000)


def escape(text: str) -> str:
    """Return text that a terminal and rich take for text: names and reasons come from strangers."""
    return markup.escape(plain(text))


def warn(console: Console, text: str) -> None:
    """Print one line that must not be overlooked."""
    console.print(f"[bold yellow]WARNING[/] {escape(text)}")


def announce(console: Console, dataset: Dataset, folder: Path, logs: Path, work: str) -> None:
    """Say what is about to be done, on what, and where it will lie."""
    console.print(f"{escape(dataset.name)}: {images(dataset)} from {escape(dataset.source)}")
    console.print(work)
    console.print(f"results: {escape(str(folder))}   what estimators print: {escape(str(logs))}")


def images(dataset: Dataset) -> str:
    """Return how many images there are to train and to test."""
    train, test = len(dataset.train.y), len(dataset.test.y)
    if dataset.folds:
        return f"{train:,} images, cross-validated in {dataset.folds} folds,"
    return f"{train:,} training and {test:,} test images"


def step(console: Console, text: str) -> None:
    """Say what is being done."""
    console.print(escape(text))


def clock(seconds: float) -> str:
    """Return seconds as 1:02:03 or 2:03."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def inline(text: str) -> str:
    """Return inline markdown as a terminal shows it: its words, bold ones in bold."""
    from benchmark.render.html import plain as words

    parts = []
    for place, part in enumerate(re.split(r"(?<!\\)\*\*", text)):
        bare = escape(words(part))
        spaced = f"{' ' * part.startswith(' ')}{bare}{' ' * (bool(bare) and part.endswith(' '))}"
        parts.append(f"[bold]{spaced}[/]" if place % 2 else spaced)
    return "".join(parts)


def show(console: Console, block: Block) -> None:
    """Print a block of a page; figures are left out."""
    match block:
        case str():
            console.print(inline(block))
        case Heading():
            console.print(f"\n[bold]{inline(block.text)}[/]")
        case Bullets():
            for item in block.items:
                console.print(f"- {inline(item)}")
        case Quote():
            console.print(inline(block.text))
        case Code():
            for line in block.lines:
                console.print(escape(line))
        case Table():
            console.print(table(block))


def empty_table(*headers: str) -> RichTable:
    """Return a table without rows; what a narrow terminal has no room for is folded and not cut off."""
    from rich.table import Column
    from rich.table import Table as RichTable

    return RichTable(*(Column(header, overflow="fold") for header in headers), box=None, pad_edge=False)


def table(page: Table) -> RichTable:
    """Return a page's table for the terminal."""
    found = empty_table()
    for column in page.columns:
        found.add_column(inline(column.header), justify="right" if column.numeric else "left", overflow="fold")
    for row in page.rows:
        found.add_row(*(inline(cell.text + cell.ends) for cell in row))
    return found
