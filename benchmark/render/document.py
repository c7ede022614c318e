"""What a page says, as values: markdown, HTML and CSV are made from the same tables.

A page is a sequence of blocks. A `str` is a paragraph of inline markdown, in which names are escaped (see
`markdown.escape`); an empty one is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from benchmark.render import fmt
from benchmark.render import markdown as md

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.render.figure import PlannedFigure
    from benchmark.render.thumbnails import Thumbnail

Value: TypeAlias = str | int | float | None


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text : str
        Inline markdown.
    value : str or int or float or None
        What the text was made from, and what a column is sorted by; None where nothing is known.
    interval : (float, float) or None
        Of 95 %, lower end first.
    ends : str
        What follows the text, with the ends of the interval: a narrow window has no room for it.
    """

    text: str
    value: Value = None
    interval: tuple[float, float] | None = None
    ends: str = ""


NOTHING = Cell(fmt.NONE)
"""A cell that has nothing to say."""


def number(value: float | None, form: Callable[[Any], str], *, bold: bool = False) -> Cell:
    """Return the cell of a number, or `NOTHING` for None and NaN.

    Parameters
    ----------
    value : float or None
    form : callable
        Writes the number: one of the functions in `markdown`, say.
    bold : bool
    """
    if value is None or value != value:
        return NOTHING
    text = form(value)
    return Cell(f"**{text}**" if bold else text, value)


def words(text: str) -> Cell:
    """Return the cell of a name, which may come from a stranger."""
    return Cell(md.escape(text), md.plain(text))


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    header : str
        Inline markdown.
    numeric : bool
        Whether it holds numbers, which are set to the right.
    """

    header: str
    numeric: bool = True


@dataclass(frozen=True)
class Table:
    """A table of a page.

    Attributes
    ----------
    columns : tuple of Column
    rows : tuple of tuple of Cell
        Each as long as `columns`.
    name : int
        The column that names the rows.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: int = 0

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells under {len(self.columns)} columns: {row}")


def table(header: Sequence[str], rows: Sequence[Sequence[Cell | str]], *, left: int = 1, name: int = 0) -> Table:
    """Return a table.

    Parameters
    ----------
    header : sequence of str
        Inline markdown.
    rows : sequence of sequence of Cell or str
        A `str` is a cell of words, as inline markdown.
    left : int
        How many columns, from the first, hold words; the rest hold numbers.
    name : int
        The column that names the rows.
    """
    columns = tuple(Column(text, numeric=place >= left) for place, text in enumerate(header))
    cells = tuple(tuple(Cell(cell) if isinstance(cell, str) else cell for cell in row) for row in rows)
    return Table(columns, cells, name)


@dataclass(frozen=True)
class Heading:
    """A heading within a page; level 2 is the first below the page's title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Quote:
    """A paragraph set off from the rest."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list; each item is inline markdown."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """Commands, a line each."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """A figure with its caption."""

    planned: PlannedFigure


Block: TypeAlias = str | Heading | Quote | Bullets | Code | Table | Picture

Figures: TypeAlias = "Mapping[str, PlannedFigure]"
"""The figures that there are something for, by name."""


def pictures(figures: Figures, *names: str) -> list[Picture]:
    """Return the pictures of those of the named figures that there are."""
    return [Picture(figures[name]) for name in names if name in figures]


@dataclass(frozen=True)
class Section:
    """A topic of the report: a page of its own, to which leaderboard.md links, and a part of leaderboard.html.

    Attributes
    ----------
    file : str
        Of its page: ``"robustness.md"``.
    title : str
        Inline markdown.
    about : str
        What the page answers: one sentence, which follows the link to it on leaderboard.md.
    blocks : sequence of Block
    on_leaderboard : sequence of Block
        What leaderboard.md itself says of it, under `title`; most have nothing there.
    csv : pandas.DataFrame, optional
        The numbers behind the page, for programs.
    method : sequence of str
        How its numbers came about: items for method.md, as inline markdown.
    reproduce : sequence of str
        The commands that make its records.
    thumbnails : sequence of Thumbnail
        Of the files that its blocks link to.
    source : str
        What is counted and not recomputed from stored predictions; empty for most.
    """

    file: str
    title: str
    about: str
    blocks: Sequence[Block]
    on_leaderboard: Sequence[Block] = ()
    csv: pd.DataFrame | None = None
    method: Sequence[str] = ()
    reproduce: Sequence[str] = ()
    source: str = ""
    thumbnails: Sequence[Thumbnail] = ()


def markdown_of(blocks: Sequence[Block]) -> str:
    """Return blocks as markdown for GitHub."""
    return "\n\n".join(text for block in blocks if (text := _markdown(block)))


def _markdown(block: Block) -> str:
    match block:
        case str():
            return block
        case Heading():
            return f"{'#' * block.level} {block.text}"
        case Quote():
            return f"> {block.text}"
        case Bullets():
            return "\n".join(f"- {item}" for item in block.items)
        case Code():
            return "\n".join(["```", *block.lines, "```"])
        case Picture():
            return f"{md.image(block.planned.alt, block.planned.path)}\n\n{block.planned.caption}"
        case Table():
            rule = ["--:" if column.numeric else ":--" for column in block.columns]
            rows = [[column.header for column in block.columns], rule]
            rows += [[cell.text + cell.ends for cell in row] for row in block.rows]
            return "\n".join(f"| {' | '.join(row)} |" for row in rows)
