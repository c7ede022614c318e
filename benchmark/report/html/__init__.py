"""leaderboard.html: all pages of the report as one file that needs nothing else, with tables that sort.

It is made from the blocks that the markdown is made from; a section or figure added there is here, too.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping
from html import escape
from pathlib import Path

from benchmark.render.document import Heading
from benchmark.render.html import Image, Writer, plain
from benchmark.report.assemble import Report
from benchmark.report.page import FILE, HTML, leaderboard, title

__all__ = ["HTML", "page"]


def page(report: Report, pictures: Mapping[str, bytes]) -> bytes:
    """Return the page: the same report and pictures give the same bytes.

    Nothing in it comes from elsewhere or goes there, and its policy has the browser hold it to that:
    no script runs but ours, whatever a name that slipped through an escape might say.

    Parameters
    ----------
    report : Report
    pictures : mapping of str to bytes
        The PNG of every figure, by its path.

    Raises
    ------
    ValueError
        The report has a figure that `pictures` has not.
    """
    contents, content = _body(report, {path: _image(blob) for path, blob in pictures.items()})
    style, script = _ours("page.css"), _ours("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(plain(title(report)))}</title>",
        '<link rel="icon" href="data:,">',  # else a browser asks the page's server for one
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        contents,
        f"<main>\n{content}</main>",
        f"<script>{script}</script>",
        "</body>",
        "</html>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _body(report: Report, images: Mapping[str, Image]) -> tuple[str, str]:
    """Return the table of contents and the content, both as HTML."""
    links = {section.file: f"#{section.file.removesuffix('.md')}" for section in report.sections} | {FILE: "#top"}
    writer = Writer(images, links, {part.removeprefix("#") for part in links.values()})
    content = f'<div id="top"></div>\n{writer.heading(title(report), 1)[0]}'
    entries = []
    for block in leaderboard(report):
        if isinstance(block, Heading):
            html, name = writer.heading(block.text, block.level)
            entries.append((name, block.text))
            content += html
        else:
            content += writer.content([block])
    for section in report.sections:
        name = section.file.removesuffix(".md")
        entries.append((name, section.title))
        content += f'<section id="{name}">\n{writer.heading(section.title, 2)[0]}'
        for block in section.blocks:
            below = Heading(block.text, block.level + 1) if isinstance(block, Heading) else block
            content += writer.content([below])
        content += "</section>\n"
    items = "\n".join(f'<li><a href="#{name}">{writer.inline(text)}</a></li>' for name, text in entries)
    return f'<nav aria-label="Contents">\n<ul>\n{items}\n</ul>\n</nav>', content


def _image(blob: bytes) -> Image:
    width, height = struct.unpack_from(">II", blob, 16)  # IHDR, the first chunk of every PNG
    return Image(f"data:image/png;base64,{base64.b64encode(blob).decode()}", width, height)


def _ours(name: str) -> str:
    """Return our style or script; with one kind of line end, whatever git made of them."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
