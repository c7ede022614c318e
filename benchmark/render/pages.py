"""The files of pages: how the page of a class is named, and how a page on disk is known as ours."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
"""Characters of a class's name in a file's."""

RESERVED_NAMES = re.compile(
    # Pages of ours, files that people keep in the same folder, then names that Windows refuses.
    "leaderboard|significance|method|tuning-budget|learning-curves?|audit|data-audit|robustness|people|human-labels|"
    "calibration|published-nets|explore|readme|index|license|changelog|con|prn|aux|nul|(com|lpt)[0-9]"
)


def class_page(class_name: str, label: int) -> str:
    """Return the file name of a class's page: ``shirt.md``, or ``class-6.md`` where the name has no letter for it.

    Parameters
    ----------
    class_name : str
        Anything; it may come from a stranger.
    label : int
    """
    letters = unicodedata.normalize("NFKD", class_name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub("[^a-z0-9]+", "-", letters)[:LONGEST].strip("-")
    return f"class-{slug or label}.md" if not slug or RESERVED_NAMES.fullmatch(slug) else f"{slug}.md"


def mark(file: str) -> str:
    """Return the first line of a page, by which it is known as ours; not seen on GitHub."""
    return f"<!-- {file}: written by python -m benchmark report -->"


def is_ours(file: str, content: bytes) -> bool:
    """Return whether the report wrote a page, and it still has the name that it was written to."""
    return content.startswith(mark(file).encode())
