"""What the report's pages share: how the hardest class's page is named and known again, and how pictures stand in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.render import markdown as md

if TYPE_CHECKING:
    from benchmark.report.figures import Planned

LONGEST = 40
"""Characters of a class's name in a file's."""

TAKEN = re.compile(
    # Pages of ours and files that people keep beside them, then names that Windows gives to no file.
    "leaderboard|learning-curve|audit|robustness|people|explore|readme|index|license|changelog|con|prn|aux|nul|(com|lpt)[0-9]"
)


def anatomy_file(class_name: str, label: int) -> str:
    """Return the file name of a class's page: ``shirt.md``, or ``class-6.md`` where the name has no letter for it.

    Parameters
    ----------
    class_name : str
        Anything; it may come from a stranger.
    label : int
    """
    letters = unicodedata.normalize("NFKD", class_name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub("[^a-z0-9]+", "-", letters)[:LONGEST].strip("-")
    return f"class-{slug or label}.md" if not slug or TAKEN.fullmatch(slug) else f"{slug}.md"


def mark(file: str) -> str:
    """Return the first line of a class's page, by which it is known as ours; not seen on GitHub."""
    return f"<!-- {file}: written by python -m benchmark report -->"


def is_anatomy(file: str, content: bytes) -> bool:
    """Tell whether a file is a class's page, still under the name that it was written to."""
    return content.startswith(mark(file).encode())


def pictures(section: str, figures: Sequence[Planned]) -> list[str]:
    """Return a section's figures, each with its caption."""
    out = []
    for planned in figures:
        if planned.figure.section == section:
            out += [md.image(planned.figure.alt(planned.data), planned.path), planned.figure.caption(planned.data)]
    return out
