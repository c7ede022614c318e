"""Images by class: up to ten classes in a row, the images of each class below its name."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmark.analyses.exploration.pca import shrink
from benchmark.metrics.scores import Ints
from benchmark.render import class_names, style
from benchmark.render.sheet import Sheet

ACROSS = 10

MOST_PIXELS = 128 * 128
"""The most pixels of an image: about as many as the page shows."""

HEADINGS, NAMES, INDEX, GAP = 0.8, 0.4, 0.17, 0.1
"""Inches: width of the headings; heights of class names, of a line of indices and of the gap between rows."""

LETTER = 0.073
"""Inches: the width of a letter at 9 points."""


@dataclass(frozen=True)
class ImageGrid:
    """Images by class.

    Attributes
    ----------
    classes : tuple of str
    headings : tuple of str
        Of each row of images; all empty if rows need none.
    pixels : ndarray, (k, m, height, width) or (k, m, height, width, 3)
        From 0.
    present : ndarray of bool, (k, m)
        False if a class has no such image.
    tops : tuple of float
        The value that is drawn as white, of each row; in colour, as the whole of a channel.
    index : ndarray of int64, (k, m), or None
        Written below each image.
    """

    classes: tuple[str, ...]
    headings: tuple[str, ...]
    pixels: npt.NDArray[np.generic]
    present: npt.NDArray[np.bool_]
    tops: tuple[float, ...]
    index: Ints | None = None


def rows_for(n_classes: int, most: int) -> int:
    """Return the number of images of each class, at most `most`; the more classes, the fewer."""
    return max(1, min(most, math.ceil(most / math.ceil(n_classes / ACROSS))))


def scaled(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return images, (k, m, height, width) or (k, m, height, width, 3), averaged down to what a page can show."""
    k, m = pixels.shape[:2]
    small = shrink(pixels.reshape(k * m, *pixels.shape[2:]), MOST_PIXELS)
    return small.reshape(k, m, *small.shape[1:])


def draw(grid: ImageGrid) -> Figure:
    """Draw rows of up to ten classes."""
    k, m = grid.present.shape
    across = min(ACROSS, k)
    down = math.ceil(k / across)
    left = HEADINGS if any(grid.headings) else 0.05
    cell = (style.WIDTH - left) / ACROSS
    side = 0.93 * cell
    row = side + 0.06 + (INDEX if grid.index is not None else 0)
    band = NAMES + row * m + GAP
    sheet = Sheet(left + cell * across, band * down)
    names = _names(grid.classes, int(cell / LETTER))
    for place in range(k):
        number, column = divmod(place, across)
        top, x = band * number, left + column * cell
        sheet.text(x + cell / 2, top + NAMES / 2, names[grid.classes[place]], "black", 9)
        for line in range(m):
            if not grid.present[place, line]:
                continue
            y = top + NAMES + row * line
            sheet.picture(x + (cell - side) / 2, y, side, grid.pixels[place, line], grid.tops[line])
            if grid.index is not None:
                sheet.text(x + cell / 2, y + side + 0.09, f"#{grid.index[place, line]}", style.MUTED, 7.5)
    for number in range(down):
        for line, heading in enumerate(grid.headings):
            if heading:
                sheet.text(0.05, band * number + NAMES + row * line + side / 2, heading, "black", 9, left=True)
    return sheet.figure


def _names(classes: Sequence[str], letters: int) -> dict[str, str]:
    """Return each class's name on at most two lines, cut where it is longer; on one where that makes two the same."""
    found = {
        name: "\n".join(textwrap.wrap(text, letters, max_lines=2, placeholder="…", break_on_hyphens=False))
        for name, text in class_names.distinct(classes, 4 * letters).items()
    }
    times, one_line = Counter(found.values()), class_names.distinct(classes, letters)
    return {name: text if times[text] == 1 else one_line[name] for name, text in found.items()}
