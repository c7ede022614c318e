"""Writes explore.md and its figures. `report` leaves these files alone."""

from __future__ import annotations

from pathlib import Path

from benchmark.analyses.exploration.eda import Exploration
from benchmark.analyses.exploration.figures import FIGURES
from benchmark.analyses.exploration.section import PAGE, page, typical_files
from benchmark.render import png
from benchmark.render.figure import plan
from benchmark.storage import serialization

FOLDER = "explore"
"""The folder of its figures, relative to the data set's results."""


def render(exploration: Exploration) -> dict[str, bytes]:
    """Return the page and its figures: the same exploration gives the same bytes.

    Returns
    -------
    dict of str to bytes
        By path relative to ``results/<dataset>``, with forward slashes; the page last.
    """
    figures = plan(FIGURES, exploration, folder=FOLDER)
    small = [each for both in typical_files(exploration).values() for each in both] if "typical" in figures else []
    files = {planned.path: planned.png() for planned in figures.values()}
    files |= {thumbnail.path: thumbnail.png() for thumbnail in small}
    return files | {PAGE: page(exploration, figures).encode()}


def write(folder: Path, exploration: Exploration) -> list[Path]:
    """Write page and figures into a locked folder, each atomically; remove our figures that are no longer made.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    exploration : Exploration

    Returns
    -------
    list of Path
        The written files, the page last.
    """
    written = []
    for name, blob in render(exploration).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        serialization.write_atomically(path, blob)
        written.append(path)
    for path in sorted((folder / FOLDER).rglob("*.png")):
        if path not in written and png.is_ours(path.read_bytes()):
            path.unlink()
    return written
