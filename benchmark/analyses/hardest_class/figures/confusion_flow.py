"""What the hardest class is mistaken for, and what is mistaken for it, as bands whose widths are numbers of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text

from benchmark.analyses.hardest_class.confusions import errors_of, top
from benchmark.analyses.hardest_class.scores import HardestClass
from benchmark.leaderboard.summary import Scored
from benchmark.render import class_names, fmt, style
from benchmark.render import markdown as md

HEIGHT = 6.4
"""Inches."""
LINE = 0.034
"""Share of the height that a line of text takes, and the least distance between two bands' ends."""
NAME = 14
"""Characters of a class's name that are shown."""
SMALLEST = 7.5
"""Points of the smallest letters."""
MARGIN = 3.0
"""Pixels kept free at a panel's edge."""
OTHERS = "others"
TOP = 1 - LINE
LEFT, RIGHT, NODE = 0.0, 1.0, 0.035
EDGES = (-0.62, 1.62)
"""Left and right edge of a panel; its bands are between 0 and 1."""
NAME_X = {"right": -NODE - 0.03, "left": NODE + 0.03}
"""Where a name begins or ends, by its alignment."""


@dataclass(frozen=True)
class Panel:
    """One estimator's images.

    Attributes
    ----------
    estimator : str
    correct : float
        Images of the class that are classified correctly.
    missed, mistaken : tuple of (str, float)
        Wrong answers to its images; classes whose images are mistaken for it. The largest first.
    """

    estimator: str
    correct: float
    missed: tuple[tuple[str, float], ...]
    mistaken: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Data:
    """The panels, which share one scale, and the class."""

    hardest: str
    panels: tuple[Panel, ...]


class Places(NamedTuple):
    """Heights in a panel, as shares of the figure's.

    Attributes
    ----------
    sources : tuple of float
        Upper ends of the other classes' images.
    own : float
        Upper end of the class's own images; its answers begin at `TOP`.
    destinations : tuple of float
        Upper ends of the wrong answers.
    bottom : float
        Lower end of the lowest band.
    """

    sources: tuple[float, ...]
    own: float
    destinations: tuple[float, ...]
    bottom: float


def data(hardest: HardestClass) -> Data | None:
    """Collect what is drawn for the best classical pipeline and the best CNN; None without errors."""
    panels = tuple(_panel(hardest, row) for row in hardest.compared)
    if not any(panel.missed or panel.mistaken for panel in panels):
        return None
    return Data(class_names.numbered(hardest.summary.class_names)[hardest.label], panels)


def _panel(hardest: HardestClass, row: Scored) -> Panel:
    label, names = hardest.label, class_names.numbered(hardest.summary.class_names)
    sides = []
    for incoming in (False, True):
        errors = np.stack([errors_of(other.confusion, label, incoming=incoming) for other in hardest.compared])
        own = errors_of(row.confusion, label, incoming=incoming)
        bands = [(names[other], float(own[other])) for other in top(errors.mean(axis=0)) if own[other] > 0]
        rest = float(own.sum()) - sum(images for _, images in bands)
        sides.append(tuple([*bands, (OTHERS, rest)] if rest > 1e-9 else bands))
    return Panel(row.title, float(row.confusion[label, label]), *sides)


def draw(data: Data) -> Figure:
    """Draw one panel per estimator. Sources are above on the left, wrong answers below on the right: no bands cross."""
    panels = len(data.panels)
    width = style.WIDTH if panels > 1 else style.WIDTH * 0.6
    figure = Figure(figsize=(width, HEIGHT), dpi=style.DPI)  # laid out by hand: bands are to scale
    bands = [band for panel in data.panels for band in (*panel.missed, *panel.mistaken)]
    totals = {name: sum(images for other, images in bands if other == name) for name, _ in bands if name != OTHERS}
    names = sorted(totals, key=lambda name: (-totals[name], name))  # colours repeat after the seventh
    colours = {name: style.LINE_COLOURS[place % len(style.LINE_COLOURS)] for place, name in enumerate(names)}
    colours[OTHERS] = style.MUTED
    shown = class_names.distinct((data.hardest, *names, OTHERS), NAME)
    scale = min(_scale(panel) for panel in data.panels)
    for place, panel in enumerate(data.panels):
        axes = figure.add_axes((place / panels, 0.02, 1 / panels, 0.87))
        axes.set_xlim(*EDGES)
        axes.set_ylim(0, 1)
        axes.axis("off")
        axes.set_title(style.short(panel.estimator, 36), x=0.03, fontsize=11, weight="bold", pad=24)
        for x, text, side in ((LEFT, "Image is", "right"), (RIGHT, "Answer is", "left")):
            axes.text(x, 1.0, text, ha=side, va="bottom", color=style.MUTED)
        _bands(axes, data.hardest, panel, scale, colours, shown)
    return figure


def _scale(panel: Panel) -> float:
    """Return the height of an image that makes all bands fit, with a line of text for the end of each."""
    low, high = 0.0, 1 / max(panel.correct + _total(panel.missed) + _total(panel.mistaken), 1.0)
    for _ in range(40):
        middle = (low + high) / 2
        if _places(panel, middle).bottom >= 0.01:
            low = middle
        else:
            high = middle
    return low


def _places(panel: Panel, scale: float) -> Places:
    """Lay out the ends from the top. Left: other classes, then the class. Right: its answer, then other answers."""
    lefts = _spread([images * scale for _, images in panel.mistaken], TOP)
    own_left = lefts[-1] - max(panel.mistaken[-1][1] * scale, LINE) - LINE if lefts else TOP
    answer = TOP - (panel.correct + _total(panel.mistaken)) * scale
    rights = _spread([images * scale for _, images in panel.missed], answer - 1.5 * LINE)
    ends = [start - max(images * scale, LINE) for start, (_, images) in zip(rights, panel.missed, strict=True)]
    own_bottom = own_left - (panel.correct + _total(panel.missed)) * scale
    return Places(tuple(lefts), own_left, tuple(rights), min([answer, own_bottom, *ends]))


def _bands(
    axes: Axes, hardest: str, panel: Panel, scale: float, colours: dict[str, str], shown: dict[str, str]
) -> None:
    """Draw the bands, from the top to the bottom of the class's own two ends; `shown` are the names as written."""
    places = _places(panel, scale)
    left, right = places.own, TOP
    for (name, images), start in zip(panel.mistaken, places.sources, strict=True):
        _band(axes, start, right, images * scale, colours[name])
        _end(axes, LEFT, start, images, scale, shown[name], colours[name])
        right -= images * scale
    correct = panel.correct * scale
    _band(axes, left, right, correct, "#9AA0A6")
    if panel.correct:
        middle = (left + right - correct) / 2
        axes.text(0.5, middle, f"{fmt.count(panel.correct)} right", ha="center", va="center", weight="bold")
    left, right = left - correct, right - correct
    for (name, images), start in zip(panel.missed, places.destinations, strict=True):
        _band(axes, left, start, images * scale, colours[name])
        _end(axes, RIGHT, start, images, scale, shown[name], colours[name])
        left -= images * scale
    for x, start, end, count, side in (
        (LEFT, places.own, left, panel.correct + _total(panel.missed), "right"),
        (RIGHT, TOP, right, panel.correct + _total(panel.mistaken), "left"),
    ):
        axes.add_patch(Rectangle((x - NODE * (x == LEFT), end), NODE, start - end, color="#3C4043", linewidth=0))
        label = f"{shown[hardest]}\n{fmt.count(count)}"
        _fit(axes, axes.text(x + NAME_X[side], (start + end) / 2, label, ha=side, va="center", weight="bold"))


def _spread(widths: Sequence[float], start: float) -> list[float]:
    """Return the upper ends of bands from `start` downwards; each has a line of text at least."""
    tops, here = [], start
    for width in widths:
        room = max(width, LINE)
        tops.append(here - (room - width) / 2)
        here -= room + LINE * 0.35
    return tops


def _band(axes: Axes, left: float, right: float, width: float, colour: str) -> None:
    """Draw a band from an upper left end to an upper right end."""
    bend = (RIGHT - LEFT) / 2
    corners = [(LEFT, left), (LEFT + bend, left), (RIGHT - bend, right), (RIGHT, right)]
    back = [(x, y - width) for x, y in reversed(corners)]
    curve = [Path.CURVE4] * 3
    path = Path([*corners, *back, corners[0]], [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])
    axes.add_patch(PathPatch(path, facecolor=colour, alpha=0.55, linewidth=0))


def _end(axes: Axes, x: float, start: float, images: float, scale: float, name: str, colour: str) -> None:
    """Draw a band's outer end, with its number and its class's name."""
    height, left = images * scale, x == LEFT
    box = Rectangle((x - NODE * left, start - height), NODE, height, facecolor=colour, edgecolor=colour, linewidth=0.6)
    axes.add_patch(box)
    side, back = ("right", "left") if left else ("left", "right")
    middle = start - height / 2
    _fit(axes, axes.text(x + NAME_X[side], middle, name, ha=side, va="center_baseline"))
    axes.text(x + (0.02 if left else -0.02), middle, fmt.count(images), ha=back, va="center_baseline")


def _fit(axes: Axes, text: Text) -> None:
    """Make a name smaller, then shorter, that is wider than its place: letters are not equally wide."""
    left, right = axes.transData.transform([(edge, 0) for edge in EDGES])[:, 0]
    start = axes.transData.transform((text.get_position()[0], 0))[0]
    room = (start - left if text.get_horizontalalignment() == "right" else right - start) - MARGIN
    width = text.get_window_extent().width
    if width > room:
        text.set_fontsize(max(SMALLEST, text.get_fontsize() * room / width))
    name, *count = text.get_text().split("\n")
    while text.get_window_extent().width > room and len(name) > 2:
        name = f"{name.removesuffix('…')[:-1].rstrip()}…"
        text.set_text("\n".join([name, *count]))


def _total(side: Sequence[tuple[str, float]]) -> float:
    return sum(images for _, images in side)


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    name, text = md.escape(data.hardest), ""
    if len(data.panels) == 2:
        a, b = (
            f"*{md.escape(panel.estimator)}* misses {fmt.count(_total(panel.missed))} {name} images and mistakes "
            f"{fmt.count(_total(panel.mistaken))} others for {name}"
            for panel in data.panels
        )
        text = f"{a}; {b}. "
    return (
        f"{text}The true class is on the left, the answer on the right; the width of a band is its number of images, "
        f"on one scale. Grey: {name} images that are classified correctly. Above: images of other classes that are "
        f"mistaken for {name}. Below: {name} images that are mistaken for another class."
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    parts = []
    for panel in data.panels:
        missed = ", ".join(f"{name} {fmt.count(images)}" for name, images in panel.missed) or "nothing"
        mistaken = ", ".join(f"{name} {fmt.count(images)}" for name, images in panel.mistaken) or "nothing"
        parts.append(
            f"{panel.estimator}: {fmt.count(panel.correct)} correct, mistaken for {missed}; mistaken for it: {mistaken}"
        )
    return f"Confusions of {data.hardest} images. {'. '.join(parts)}."
