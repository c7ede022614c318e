"""A look at a data set in; explore.md and its figures out. No record is read, and `report` leaves these files alone."""

from __future__ import annotations

from pathlib import Path

from benchmark.analyses.exploration import section as explore_page
from benchmark.analyses.exploration.figures import FIGURES
from benchmark.analyses.exploration.measure import Explored
from benchmark.render import png
from benchmark.render.figure import plan
from benchmark.storage import serialization

FOLDER = "explore"
"""Where its figures go, relative to the data set's results."""


def render(explored: Explored) -> dict[str, bytes]:
    """Return the page and its figures: the same look gives the same bytes.

    Returns
    -------
    dict of str to bytes
        By path relative to ``results/<dataset>``, with forward slashes; the page last.
    """
    figures = plan(FIGURES, explored, folder=FOLDER)
    files = {one.path: one.png() for one in figures.values()}
    return files | {explore_page.PAGE: explore_page.page(explored, figures).encode()}


def write(folder: Path, explored: Explored) -> list[Path]:
    """Write page and figures into a locked folder, each atomically; remove figures of ours that are no longer made.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    explored : Explored

    Returns
    -------
    list of Path
        What was written, the page last.
    """
    files = render(explored)
    written = []
    for name, blob in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        serialization.write_atomically(path, blob)
        written.append(path)
    for path in sorted((folder / FOLDER).glob("*.png")):
        if path not in written and png.is_ours(path.read_bytes()):
            path.unlink()
    return written
