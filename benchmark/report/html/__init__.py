"""leaderboard.html: leaderboard.md as one file that needs nothing else, with tables that sort and figures inside.

It says what the markdown says, since it is made from that; a section or figure added there is here, too.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from benchmark.analyses.hardest_class import section as hardest
from benchmark.leaderboard import table as leaderboard
from benchmark.leaderboard.summary import Summary
from benchmark.render import html_body as body
from benchmark.render.html_tables import Measured

__all__ = ["PAGE", "Measured", "measured", "page"]

PAGE = "leaderboard.html"


def measured(summary: Summary) -> list[Measured]:
    """Return leaderboard.md's tables whose numbers are at hand, so that they need not be read off its texts."""
    found = []
    if summary.scored or summary.failed:  # an audit needs no estimator
        found.append(Measured(leaderboard.table(summary), leaderboard.cells(summary), name=1))
    if summary.scored:
        found.append(Measured(hardest.per_class_table(summary), leaderboard.class_cells(summary)))
    return found


def page(text: str, pictures: Mapping[str, bytes], measured: Sequence[Measured]) -> bytes:
    """Return the page: the same text and pictures give the same bytes.

    Nothing in it comes from elsewhere or goes there, and its policy has the browser hold it to that:
    no script runs but ours, whatever a name that slipped through an escape might say.

    Parameters
    ----------
    text : str
        leaderboard.md, in which names are escaped.
    pictures : mapping of str to bytes
        The PNG of every figure, by the path that `text` has for it.
    measured : sequence of Measured
        Tables of `text` whose cells were made from numbers that are at hand.

    Raises
    ------
    ValueError
        `text` has a picture that `pictures` has not, or not the tables of `measured`.
    """
    title, contents, content = body.rendered(text, {path: _picture(blob) for path, blob in pictures.items()}, measured)
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
        f"<title>{escape(title)}</title>",
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


def _picture(blob: bytes) -> body.Picture:
    width, height = struct.unpack_from(">II", blob, 16)  # IHDR, the first chunk of every PNG
    return body.Picture(f"data:image/png;base64,{base64.b64encode(blob).decode()}", width, height)


def _ours(name: str) -> str:
    """Return our style or script; with one kind of line end, whatever git made of them."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
