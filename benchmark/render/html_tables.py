"""Tables in a page: each in a box that scrolls by itself, and with what its columns are sorted by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from benchmark.leaderboard.table import Cell
from benchmark.render import markdown as md

UNITS = {"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
"""What `markdown.duration` and `markdown.size` write after a number, in seconds and bytes."""

_QUANTITY = re.compile(
    rf"[<>≈+±]?\s*(?P<sign>[-−]?)(?P<number>\d[\d,]*(\.\d+)?(e[-+]?\d+)?)(\s*(?P<unit>{'|'.join(UNITS)})\b)?"
)

_RANGE = re.compile(r" \([-−]?[\d.]+–[-−]?[\d.]+\)$")


@dataclass(frozen=True)
class Measured:
    """A table whose cells were made from numbers that are at hand.

    Attributes
    ----------
    source : str
        The table as markdown; it may go on after it.
    cells : sequence of sequence of Cell
        One for each cell, row by row, without the header.
    name : int
        The column that names the rows.
    """

    source: str
    cells: Sequence[Sequence[Cell]]
    name: int = 0


def dressed(tokens: Sequence[Token], text: str, measured: Sequence[Measured]) -> list[Token]:
    """Return the tokens with every table in a box, its columns marked as words or numbers, its cells with their values.

    Where a table is among `measured`, a cell has the number itself to be sorted by, and its interval in words.
    Elsewhere, and where no number is at hand, a column that is set to the right is one of numbers, and is sorted by
    the number that each text begins with.

    Parameters
    ----------
    tokens : sequence of Token
        Of a whole page.
    text : str
        That page.
    measured : sequence of Measured

    Raises
    ------
    ValueError
        The page has not the tables of `measured`.
    """
    lines = text.splitlines()
    known = {one.source.splitlines()[0]: one for one in measured}
    out: list[Token] = []
    heading = ""
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = str(token.attrs["id"])
        if token.type == "table_open":
            end = next(n for n in range(place, len(tokens)) if tokens[n].type == "table_close")
            assert token.map is not None, "a block knows its lines"
            _dress(tokens[place : end + 1], known.pop(lines[token.map[0]], None))
            box = {"class": "box", "tabindex": "0", "role": "region", "aria-labelledby": heading}
            out.append(Token("box_open", "div", 1, attrs=dict(box), block=True))
        out.append(token)
        if token.type == "table_close":
            out.append(Token("box_close", "div", -1, block=True))
    if known:
        raise ValueError(f"the page has no table that begins with {list(known)}")
    return out


def plain(inline: Token) -> str:
    """Return the words of a cell or heading, without marks of footnotes."""
    words, raised = "", False
    for child in inline.children or []:
        if child.type == "html_inline":
            raised = child.content == "<sup>"
        elif child.type in ("text", "code_inline") and not raised:
            words += child.content
        elif child.type == "softbreak":
            words += " "
    return words.strip()


def quantity(text: str) -> float | None:
    """Return the number that a text begins with, in seconds or bytes if it has such a unit; None for other texts.

    >>> quantity("12 min"), quantity("−1,234 (5.0 %)"), quantity("—")
    (720.0, -1234.0, None)
    """
    found = _QUANTITY.match(text)
    if found is None:
        return None
    size = float(found["number"].replace(",", "")) * UNITS.get(found["unit"] or "", 1)
    return -size if found["sign"] else size


def _dress(table: Sequence[Token], measured: Measured | None) -> None:
    """Mark one table's cells."""
    header, *rows = (list(_cells(row)) for row in _rows(table))
    name = measured.name if measured else 0
    cells = measured.cells if measured else [[Cell(None)] * len(header)] * len(rows)
    if [len(row) for row in cells] != [len(header)] * len(rows):
        raise ValueError(f"the table {plain(header[name][1])!r} has not the cells that it was made from")
    for place, ((top, _, _), *below) in enumerate(zip(header, *rows, strict=True)):
        side = "number" if "right" in str(top.attrs.get("style")) else "words"
        made_from = [row[place] for row in cells]
        values = _values(made_from, [plain(inline) for _, inline, _ in below], side)
        order = "words" if any(isinstance(value, str) for value in values) else "number"
        side = "words" if order == "words" else side  # they read and break badly on the right
        top.attrs = {"class": f"{side} name" if place == name else side, "scope": "col", "data-order": order}
        for (opening, inline, closing), cell, value in zip(below, made_from, values, strict=True):
            opening.attrs = {"class": side}
            if place == name:
                opening.tag = closing.tag = "th"
                opening.attrs["scope"] = "row"
            if value is not None:
                opening.attrs["data-sort"] = value if isinstance(value, str) else f"{value:.9g}"
            if cell.interval is not None and inline.children:
                low, high = cell.interval
                detail = Token("detail", "", 0, content=f"95 % interval {low:.4f} to {high:.4f}")
                inline.children = [*inline.children[:-1], *_parted(inline.children[-1]), detail]


def _parted(last: Token) -> list[Token]:
    """Part the interval at the end of a cell's text from its number: there is not room for it in every column."""
    found = _RANGE.search(last.content) if last.type == "text" else None
    if found is None:
        return [last]
    return [last.copy(content=last.content[: found.start()]), Token("range", "", 0, content=found[0])]


def _values(made_from: Sequence[Cell], texts: Sequence[str], side: str) -> list[str | int | float | None]:
    """Return what a column's cells are sorted by; one that says nothing has no place."""
    read = [quantity(text) if side == "number" else None for text in texts]
    found = [number if cell.value is None else cell.value for cell, number in zip(made_from, read, strict=True)]
    if not any(value is not None for value in found):
        found = list(texts)  # words, which may stand on the right, too
    return [None if text == md.NONE else value for text, value in zip(texts, found, strict=True)]


def _rows(table: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for place, token in enumerate(table):
        if token.type == "tr_open":
            start = place
        elif token.type == "tr_close":
            yield table[start : place + 1]


def _cells(row: Sequence[Token]) -> Iterator[tuple[Token, Token, Token]]:
    """Yield each cell as its opening, its content and its end."""
    for place, token in enumerate(row):
        if token.type in ("th_open", "td_open"):
            yield token, row[place + 1], row[place + 2]
