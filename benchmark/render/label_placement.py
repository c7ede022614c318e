"""Names of points, placed so that none covers another name, a point or a line.

adjustText 1.4 was tried in its place: on the published results it put names onto markers and intervals, and the same
figure came out otherwise the second time, since it stops by the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from benchmark.render import style

POINT = 9.0
"""Pixels kept free each side of a point."""
STROKE = 3.0
"""Pixels kept free each side of a line."""
TIED_FROM = 40.0
"""Pixels between a name and its point from which a thin line ties them."""

Point = tuple[float, float]


def place(
    figure: Figure,
    axes: Axes,
    names: Sequence[str],
    points: Sequence[Point],
    *,
    lines: Sequence[Sequence[Point]] = (),
    colours: Sequence[str] | None = None,
) -> None:
    """Write each name near its point.

    Greedy, in the order given: the nearest place around the point that is free or, where none
    is, the one that covers least. To be called last, as places are measured on the laid-out figure.

    Parameters
    ----------
    names : sequence of str
    points : sequence of (float, float)
        In data coordinates, as many as names.
    lines : sequence of sequence of (float, float)
        Corners of lines to keep clear of; each piece runs along an axis.
    colours : sequence of str, optional
        One per name.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    pixels = axes.transData.transform(list(points))
    taken = np.column_stack([pixels - POINT, pixels + POINT])
    for line in lines:
        corners = axes.transData.transform(list(line))
        ends = [(*(np.minimum(a, b) - STROKE), *(np.maximum(a, b) + STROKE)) for a, b in pairwise(corners)]
        taken = np.concatenate([taken, np.reshape(ends, (-1, 4))])
    frame = axes.get_window_extent()
    for number, name in enumerate(names):
        colour = style.darker(colours[number]) if colours else "black"
        text = axes.annotate(
            name,
            points[number],
            (0, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
            zorder=5,
            arrowprops={"arrowstyle": "-", "color": style.MUTED, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 5},
        )
        assert text.arrow_patch is not None
        text.arrow_patch.set_visible(False)
        size = text.get_window_extent()
        others = np.delete(pixels, number, axis=0)
        dx, dy, box = min(
            _places(pixels[number], size),
            key=lambda spot: _cost(spot[2], taken, frame) + _doubt(spot[2], pixels[number], others),
        )
        text.set_position((dx, dy))
        # A name that is far from its point, or nearer to another one, gets a thin line to its point.
        off = bool(_gap(box, pixels[number]) > TIED_FROM) or _doubt(box, pixels[number], others) > 0
        text.arrow_patch.set_visible(off)
        taken = np.concatenate([taken, np.reshape(box.extents, (1, 4))])


def _places(point: Sequence[float], size: Bbox) -> list[tuple[float, float, Bbox]]:
    """Return offsets in points, nearest first, with the box that the text would fill in pixels."""
    scale = style.DPI / 72
    found = []
    for distance in (8, 13, 20, 30, 44, 60):
        for side_x, side_y in ((1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1)):
            shift = {1: 0.0, 0: 0.5, -1: 1.0}[side_x] * size.width / scale
            dx = side_x * (distance if side_y == 0 else 6) - shift
            dy = side_y * (distance + 3.0)
            left, middle = point[0] + dx * scale, point[1] + dy * scale
            box = Bbox([[left, middle - size.height / 2], [left + size.width, middle + size.height / 2]])
            found.append((dx, dy, box))
    return found


def _cost(box: Bbox, taken: npt.NDArray[np.float64], frame: Bbox) -> float:
    """Return the pixels covered; those outside the axes count most, as they may be cut off.

    `taken` are the boxes (left, bottom, right, top), one a row.
    """
    covered = _overlap(box, taken).sum()
    outside = box.width * box.height - _overlap(box, np.reshape(frame.extents, (1, 4))).sum()
    return float(round(covered + 4 * outside, 3))


def _overlap(box: Bbox, others: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    sides = np.minimum(box.max, others[:, 2:]) - np.maximum(box.min, others[:, :2])
    area: npt.NDArray[np.float64] = sides.clip(0).prod(axis=1)
    return area


def _doubt(box: Bbox, point: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> float:
    """Return what it costs, in pixels covered, that a reader could take the name for another point's."""
    own = _gap(box, point)
    return 300.0 if (_gap(box, others) <= own).any() else 0.0


def _gap(box: Bbox, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the distance from a box to a point, or to each of several, 0 within the box."""
    away = points - np.clip(points, box.min, box.max)
    distance: npt.NDArray[np.float64] = np.hypot(away[..., 0], away[..., 1])
    return distance
