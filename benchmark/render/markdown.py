"""Markdown for GitHub: names made harmless, images, marks of footnotes."""

from __future__ import annotations

import re
import string

LONGEST_NAME = 300
"""Characters; a failure's reason may carry a whole traceback line."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# The last two are no markup: GitHub makes links of bare addresses, and of "www." before anything.
_SPECIAL = re.compile(r"([\\`*_\[\]{}|~$#]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
_BULLET = re.compile(r"^(\d{0,9})([-+.)])(?=\s|$)")
_ADDRESS = re.compile(r"@(?=\w)")
_WORD_JOINER = "\u2060"


def plain(text: str) -> str:
    """Return text on one line, without what cannot be printed: line ends, terminal escapes, marks of direction."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def escape(text: str) -> str:
    """Return text that cannot leave its line, its cell or its emphasis, nor become HTML, a link, a picture or a list.

    Names of classes, titles and reasons come from whoever made the data set or the plugin.
    """
    line = plain(text)
    if len(line) > LONGEST_NAME:
        line = line[: LONGEST_NAME - 1] + "…"
    line = _SPECIAL.sub(r"\\\1", line)
    line = _BULLET.sub(r"\1\\\2", line)
    line = _ADDRESS.sub(f"@{_WORD_JOINER}", line)  # a mail address is linked whatever is escaped in it
    return re.sub("[&<>]", lambda match: _ENTITIES[match[0]], line)


def code(text: str) -> str:
    """Return text as code within a line; it may come from a stranger."""
    line = plain(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    pad = " " * (line.startswith("`") or line.endswith("`"))
    return f"{fence}{pad}{line}{pad}{fence}"


def image(alt: str, path: str) -> str:
    """Return an image; `alt` is plain text."""
    return f"![{escape(alt)}]({path})"


def letters(place: int) -> str:
    """Return the letters that count to a place from 0: a, b, … z, aa, ab, …"""
    found = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        found = string.ascii_lowercase[letter] + found
        place -= 1
    return found


def mark(place: int) -> str:
    """Return the raised letter of a footnote."""
    return f"<sup>{letters(place)}</sup>"
