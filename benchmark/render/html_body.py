"""The page's markdown as HTML: nothing passes as markup but what the report writes itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from benchmark.render import html_tables as tables
from benchmark.render.html_tables import Measured

OURS = frozenset({"<sup>", "</sup>", "<sub>", "</sub>", "<br>"})
"""The HTML of our own in leaderboard.md, which markdown has no word for."""


@dataclass(frozen=True)
class Picture:
    """An image as an address that holds it whole, and its size in pixels."""

    address: str
    width: int
    height: int


def rendered(text: str, pictures: Mapping[str, Picture], measured: Sequence[Measured]) -> tuple[str, str, str]:
    """Return the page's title as plain text, its table of contents and its content, both as HTML.

    Parameters
    ----------
    text : str
        Markdown, in which names are escaped.
    pictures : mapping of str to Picture
        By the path that `text` has for them.
    measured : sequence of Measured
        See `tables.dressed`.
    """
    # Blocks of HTML are none of ours; inline ones are let through by `_Renderer.html_inline`.
    parser = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table").disable("html_block")
    environment = {"pictures": pictures}
    tokens = parser.parse(text, environment)
    headings = _named(tokens)
    title = next((tables.plain(inline) for opening, inline in headings if opening.tag == "h1"), "Leaderboard")
    links = [
        f'<li><a href="#{opening.attrs["id"]}">{parser.renderer.render([inline], parser.options, environment)}</a></li>'
        for opening, inline in headings
        if opening.tag == "h2"
    ]
    contents = '<nav aria-label="Contents">\n<ul>\n' + "\n".join(links) + "\n</ul>\n</nav>"
    content = parser.renderer.render(tables.dressed(tokens, text, measured), parser.options, environment)
    return title, contents, content


class _Renderer(RendererHTML):
    """Writes pictures whole, boxes for what may be wider than the window, and other people's HTML as text."""

    def html_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        found = tokens[idx].content
        return found if found in OURS else escape(found)

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        token = tokens[idx]
        path = str(token.attrs["src"])
        if path not in env["pictures"]:
            raise ValueError(f"the page shows {path}, which is none of its figures")
        picture = env["pictures"][path]
        alt = escape(self.renderInlineAsText(token.children or [], options, env))
        size = f'width="{picture.width}" height="{picture.height}"'
        return f'<span class="box"><img src="{picture.address}" alt="{alt}" {size}></span>'

    def range(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return f'<span class="range">{escape(tokens[idx].content)}</span>'

    def detail(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return f' <span class="detail">{escape(tokens[idx].content)}</span>'


def _named(tokens: Sequence[Token]) -> list[tuple[Token, Token]]:
    """Give each heading an id made from its words, and return it with its words."""
    found: list[tuple[Token, Token]] = []
    taken: set[str] = set()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = re.findall("[a-z0-9]+", tables.plain(inline).lower())
            name = "-".join(words) or "section"
            while name in taken:
                name += "-more"
            taken.add(name)
            opening.attrSet("id", name)
            found.append((opening, inline))
    return found
