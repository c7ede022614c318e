"""Blocks as HTML: nothing passes as markup but what the report writes itself.

A table is in a box that scrolls by itself; its cells hold the numbers by which their columns sort.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from benchmark.render import markdown as md
from benchmark.render.document import Block, Bullets, Cell, Code, Heading, Picture, Quote, Table

ALLOWED_TAGS = frozenset({"<sup>", "</sup>", "<sub>", "</sub>", "<br>"})
"""The HTML that the report itself writes into markdown, which has no word for it."""


@dataclass(frozen=True)
class Image:
    """An image as an address that holds it whole, and its size in pixels."""

    address: str
    width: int
    height: int


class _Renderer(RendererHTML):
    """Writes other people's HTML as text, and points links to pages at their parts of this one."""

    def html_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        content = tokens[idx].content
        return content if content in ALLOWED_TAGS else escape(content)

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        token = tokens[idx]
        token.attrs["href"] = env.get("links", {}).get(token.attrs["href"], token.attrs["href"])
        return str(self.renderToken(tokens, idx, options, env))


_PARSER = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).disable(["html_block", "image"])


@dataclass
class Writer:
    """Writes the blocks of one HTML page.

    Parameters
    ----------
    images : mapping of str to Image
        By the path that a figure has in markdown.
    links : mapping of str to str
        What a link to one of these addresses becomes.
    """

    images: Mapping[str, Image] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _heading: str = ""

    def content(self, blocks: Sequence[Block]) -> str:
        """Return blocks as HTML, one after the other.

        Raises
        ------
        ValueError
            There is no image of a figure.
        """
        return "".join(self._block(block) for block in blocks if block)

    def heading(self, text: str, level: int) -> tuple[str, str]:
        """Return a heading as HTML, and its address within the page."""
        name = "-".join(re.findall("[a-z0-9]+", plain(text).lower())) or "section"
        while name in self._names:
            name += "-more"
        self._names.add(name)
        self._heading = name
        return f'<h{level} id="{name}">{self.inline(text)}</h{level}>\n', name

    def inline(self, text: str) -> str:
        """Return inline markdown as HTML."""
        return str(_PARSER.renderInline(text, {"links": self.links}))

    def _block(self, block: Block) -> str:
        match block:
            case str():
                return str(_PARSER.render(block, {"links": self.links}))
            case Heading():
                return self.heading(block.text, block.level)[0]
            case Quote():
                return f"<blockquote>\n<p>{self.inline(block.text)}</p>\n</blockquote>\n"
            case Bullets():
                items = "".join(f"<li>{self.inline(item)}</li>\n" for item in block.items)
                return f"<ul>\n{items}</ul>\n"
            case Code():
                return f"<pre><code>{escape(chr(10).join(block.lines), quote=False)}\n</code></pre>\n"
            case Picture():
                return self._picture(block)
            case Table():
                return self._table(block)

    def _picture(self, block: Picture) -> str:
        path = block.planned.path
        if path not in self.images:
            raise ValueError(f"the page shows {path}, which is not one of its figures")
        image = self.images[path]
        size = f'width="{image.width}" height="{image.height}"'
        picture = f'<img src="{image.address}" alt="{escape(plain(md.escape(block.planned.alt)))}" {size}>'
        return f'<p><span class="box">{picture}</span></p>\n<p>{self.inline(block.planned.caption)}</p>\n'

    def _table(self, table: Table) -> str:
        heads, bodies = [], [""] * len(table.rows)
        for place, column in enumerate(table.columns):
            cells = [row[place] for row in table.rows]
            values = _values(cells)
            order = "words" if any(isinstance(value, str) for value in values) else "number"
            side = "number" if column.numeric and order == "number" else "words"  # words read badly on the right
            kind = f"{side} name" if place == table.name else side
            heads.append(f'<th class="{kind}" scope="col" data-order="{order}">{self.inline(column.header)}</th>\n')
            for number, (cell, value) in enumerate(zip(cells, values, strict=True)):
                bodies[number] += self._cell(cell, value, side, place == table.name)
        rows = "".join(f"<tr>\n{body}</tr>\n" for body in bodies)
        label = f' aria-labelledby="{self._heading}"' if self._heading else ""
        head = f"<thead>\n<tr>\n{''.join(heads)}</tr>\n</thead>\n"
        body = f"<tbody>\n{rows}</tbody>\n"
        return f'<div class="box" tabindex="0" role="region"{label}><table>\n{head}{body}</table>\n</div>\n'

    def _cell(self, cell: Cell, value: Any, side: str, names_row: bool) -> str:
        tag, scope = ("th", ' scope="row"') if names_row else ("td", "")
        order = ""
        if value is not None:
            order = f' data-sort="{escape(value if isinstance(value, str) else f"{value:.9g}")}"'
        content = self.inline(cell.text)
        content += f'<span class="range">{escape(cell.ends)}</span>' if cell.ends else ""
        if cell.interval is not None:
            low, high = cell.interval
            content += f' <span class="detail">95 % interval {low:.4f} to {high:.4f}</span>'
        return f'<{tag} class="{side}"{scope}{order}>{content}</{tag}>\n'


def plain(text: str) -> str:
    """Return the words of inline markdown, without marks of footnotes."""
    words, raised = "", False
    for token in _PARSER.parseInline(text)[0].children or []:
        if token.type == "html_inline":
            raised = token.content == "<sup>"
        elif token.type in ("text", "code_inline") and not raised:
            words += token.content
        elif token.type == "softbreak":
            words += " "
    return words.strip()


def _values(cells: Sequence[Cell]) -> list[str | int | float | None]:
    """Return what a column's cells are sorted by; one that says nothing has no place."""
    if any(cell.value is not None for cell in cells):
        return [cell.value for cell in cells]
    return [None if cell.text == "—" else plain(cell.text) for cell in cells]
