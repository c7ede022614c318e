"""The hardest class's images and their answers as bands, drawn to scale: what leaves it, and what comes to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from benchmark.analyses.hardest_class.confusions import flow, top
from benchmark.analyses.hardest_class.scores import Subject
from benchmark.leaderboard.summary import Scored
from benchmark.render import markdown as md
from benchmark.render import style

HEIGHT = 6.4
"""Inches."""
LINE = 0.034
"""Share of the height that a line of text takes: no two ends of bands are nearer."""
NAME = 14
"""Characters of a class's name."""
OTHERS = "others"
TOP = 1 - LINE
LEFT, RIGHT, NODE = 0.0, 1.0, 0.035
BESIDE = {"right": -NODE - 0.03, "left": NODE + 0.03}
"""Where a name begins or ends, by the side to which it is aligned."""


@dataclass(frozen=True)
class Panel:
    """One estimator's images.

    Attributes
    ----------
    estimator : str
    found : float
        Images of the class that got its answer.
    lost, gained : tuple of (str, float)
        Other answers that its images got; other classes whose images got its answer. The largest first.
    """

    estimator: str
    found: float
    lost: tuple[tuple[str, float], ...]
    gained: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Data:
    """The panels, side by side on one scale, and the class."""

    hardest: str
    panels: tuple[Panel, ...]


class Places(NamedTuple):
    """Upper ends of what a panel holds: others' images, the class's own, others' answers; and where the lowest ends.

    The class's answers begin at `TOP`.
    """

    sources: tuple[float, ...]
    image: float
    destinations: tuple[float, ...]
    bottom: float


def data(one: Subject) -> Data | None:
    """Collect what is drawn: the best classical pipeline and the best CNN, or the best of what there is."""
    panels = tuple(_panel(one, row) for row in one.rivals)
    if not any(panel.lost or panel.gained for panel in panels):
        return None
    return Data(one.summary.class_names[one.label], panels)


def _panel(one: Subject, row: Scored) -> Panel:
    sides = []
    for incoming in (False, True):
        flows = np.stack([flow(rival.confusion, one.label, incoming=incoming) for rival in one.rivals])
        own = flow(row.confusion, one.label, incoming=incoming)
        named = [label for label in top(flows.mean(axis=0)) if own[label] > 0]
        found = [(one.summary.class_names[label], float(own[label])) for label in named]
        rest = float(own.sum()) - sum(images for _, images in found)
        sides.append(tuple([*found, (OTHERS, rest)] if rest > 1e-9 else found))
    return Panel(row.title, float(row.confusion[one.label, one.label]), *sides)


def draw(data: Data) -> Figure:
    """Draw one panel per estimator: sources above on the left, destinations below on the right, no band crosses."""
    panels = len(data.panels)
    width = style.WIDTH if panels > 1 else style.WIDTH * 0.6
    figure = Figure(figsize=(width, HEIGHT), dpi=style.DPI)  # laid out by hand: bands are to scale
    bands = [band for panel in data.panels for band in (*panel.lost, *panel.gained)]
    totals = {name: sum(images for other, images in bands if other == name) for name, _ in bands if name != OTHERS}
    names = sorted(totals, key=lambda name: (-totals[name], name))  # colours come again after the seventh
    colours = {name: style.LINE_COLOURS[place % len(style.LINE_COLOURS)] for place, name in enumerate(names)}
    colours[OTHERS] = style.MUTED
    scale = min(_scale(panel) for panel in data.panels)
    for place, panel in enumerate(data.panels):
        axes = figure.add_axes((place / panels, 0.02, 1 / panels, 0.87))
        axes.set_xlim(-0.62, 1.62)
        axes.set_ylim(0, 1)
        axes.axis("off")
        axes.set_title(style.short(panel.estimator, 36), x=0.03, fontsize=11, weight="bold", pad=24)
        for x, text, side in ((LEFT, "Image is", "right"), (RIGHT, "Answer is", "left")):
            axes.text(x, 1.0, text, ha=side, va="bottom", color=style.MUTED)
        _bands(axes, data.hardest, panel, scale, colours)
    return figure


def _scale(panel: Panel) -> float:
    """Return the share of the height for an image with which all fits: ends of bands have a line of text at least."""
    low, high = 0.0, 1 / max(panel.found + _total(panel.lost) + _total(panel.gained), 1.0)
    for _ in range(40):
        middle = (low + high) / 2
        if _places(panel, middle).bottom >= 0.01:
            low = middle
        else:
            high = middle
    return low


def _places(panel: Panel, scale: float) -> Places:
    """Lay out from the top: others' images on the left, then the class; on the right its answer, then others."""
    lefts = _spread([images * scale for _, images in panel.gained], TOP)
    own_left = lefts[-1] - max(panel.gained[-1][1] * scale, LINE) - LINE if lefts else TOP
    answer = TOP - (panel.found + _total(panel.gained)) * scale
    rights = _spread([images * scale for _, images in panel.lost], answer - 1.5 * LINE)
    ends = [start - max(images * scale, LINE) for start, (_, images) in zip(rights, panel.lost, strict=True)]
    image = own_left - (panel.found + _total(panel.lost)) * scale
    return Places(tuple(lefts), own_left, tuple(rights), min([answer, image, *ends]))


def _bands(axes: Axes, hardest: str, panel: Panel, scale: float, colours: dict[str, str]) -> None:
    """Draw the bands from the top of the class's two ends to their bottom."""
    places = _places(panel, scale)
    left, right = places.image, TOP
    for (name, images), start in zip(panel.gained, places.sources, strict=True):
        _band(axes, start, right, images * scale, colours[name])
        _end(axes, LEFT, start, images, scale, name, colours[name])
        right -= images * scale
    found = panel.found * scale
    _band(axes, left, right, found, "#9AA0A6")
    if panel.found:
        middle = (left + right - found) / 2
        axes.text(0.5, middle, f"{md.count(panel.found)} right", ha="center", va="center", weight="bold")
    left, right = left - found, right - found
    for (name, images), start in zip(panel.lost, places.destinations, strict=True):
        _band(axes, left, start, images * scale, colours[name])
        _end(axes, RIGHT, start, images, scale, name, colours[name])
        left -= images * scale
    for x, start, end, count, side in (
        (LEFT, places.image, left, panel.found + _total(panel.lost), "right"),
        (RIGHT, TOP, right, panel.found + _total(panel.gained), "left"),
    ):
        axes.add_patch(Rectangle((x - NODE * (x == LEFT), end), NODE, start - end, color="#3C4043", linewidth=0))
        label = f"{style.short(hardest, NAME)}\n{md.count(count)}"
        axes.text(x + BESIDE[side], (start + end) / 2, label, ha=side, va="center", weight="bold")


def _spread(widths: Sequence[float], start: float) -> list[float]:
    """Return the upper ends of bands from `start` downwards, each with room for a line of text."""
    found, here = [], start
    for width in widths:
        room = max(width, LINE)
        found.append(here - (room - width) / 2)
        here -= room + LINE * 0.35
    return found


def _band(axes: Axes, left: float, right: float, width: float, colour: str) -> None:
    """Draw a band from an upper left end to an upper right end."""
    bend = (RIGHT - LEFT) / 2
    corners = [(LEFT, left), (LEFT + bend, left), (RIGHT - bend, right), (RIGHT, right)]
    back = [(x, y - width) for x, y in reversed(corners)]
    curve = [Path.CURVE4] * 3
    path = Path([*corners, *back, corners[0]], [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])
    axes.add_patch(PathPatch(path, facecolor=colour, alpha=0.55, linewidth=0))


def _end(axes: Axes, x: float, start: float, images: float, scale: float, name: str, colour: str) -> None:
    """Write a band's number upon its outer end, and its class beside it."""
    height, left = images * scale, x == LEFT
    box = Rectangle((x - NODE * left, start - height), NODE, height, facecolor=colour, edgecolor=colour, linewidth=0.6)
    axes.add_patch(box)
    side, back = ("right", "left") if left else ("left", "right")
    middle = start - height / 2
    axes.text(x + BESIDE[side], middle, style.short(name, NAME), ha=side, va="center_baseline")
    axes.text(x + (0.02 if left else -0.02), middle, md.count(images), ha=back, va="center_baseline")


def _total(side: Sequence[tuple[str, float]]) -> float:
    return sum(images for _, images in side)


def caption(data: Data) -> str:
    """Say what to see."""
    name = md.escape(data.hardest)
    text = (
        f"Left, what an image is; right, what it is called; widths are numbers of images, on one scale. Grey: {name} "
    )
    text += f"that is found. Above it, images of others that are taken for {name}; below it, {name} that is lost."
    if len(data.panels) == 2:
        a, b = data.panels
        text += (
            f" *{md.escape(a.estimator)}* loses {md.count(_total(a.lost))} and takes {md.count(_total(a.gained))} too "
            f"many, *{md.escape(b.estimator)}* {md.count(_total(b.lost))} and {md.count(_total(b.gained))}."
        )
    return text


def alt(data: Data) -> str:
    """Say it without the picture."""
    parts = []
    for panel in data.panels:
        lost = ", ".join(f"{name} {md.count(images)}" for name, images in panel.lost) or "nothing"
        gained = ", ".join(f"{name} {md.count(images)}" for name, images in panel.gained) or "nothing"
        parts.append(f"{panel.estimator}: {md.count(panel.found)} found, lost to {lost}; taken from {gained}")
    return f"Flow of {data.hardest} images. {'. '.join(parts)}."
