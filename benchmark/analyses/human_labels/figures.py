"""Of the images that people agree on, and of those that they do not, how many does each estimator miss?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmark.analyses.human_labels.record import FIFTHS
from benchmark.analyses.human_labels.scores import HumanScores
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md
from benchmark.render import style

ACROSS = 4

FIRST = 2
"""Panels that answer, and are set off from the rest: all classes, and the hardest one."""

SHADE = "#FFF6E5"


@dataclass(frozen=True)
class Data:
    """What is drawn.

    Attributes
    ----------
    estimators, families : tuple of str
        Best first.
    groups : tuple of str
        All classes, the hardest class, then the others.
    shares : ndarray of float64, (groups, estimators, 5)
        Share missed of each fifth of the group's images, by human entropy; NaN where too few were missed.
    """

    estimators: tuple[str, ...]
    families: tuple[str, ...]
    groups: tuple[str, ...]
    shares: Floats


def data(scores: HumanScores) -> Data | None:
    """Collect what is drawn."""
    crowd = scores.crowd
    if scores.summary.hardest is None or not crowd.beside:
        return None
    others = [label for label in range(len(scores.summary.class_names)) if label != scores.summary.hardest]
    labels = (None, scores.summary.hardest, *others)
    shares = np.full((len(labels), len(crowd.beside), FIFTHS), np.nan)
    for place, label in enumerate(labels):
        for row, one in enumerate(crowd.beside):
            group = one.group(label)
            if group.contrast:
                sizes = [len(part) for part in np.array_split(np.arange(group.images), FIFTHS)]
                shares[place, row] = np.array(group.contrast.fifths) / sizes
    return Data(
        tuple(one.title for one in crowd.beside),
        tuple(one.family for one in crowd.beside),
        tuple("All classes" if label is None else scores.summary.class_names[label] for label in labels),
        shares,
    )


def draw(data: Data) -> Figure:
    """Draw a panel for all classes and for each one, on one scale, with one legend above them."""
    down = math.ceil(len(data.groups) / ACROSS)
    figure = style.new(0.9 + 0.2 * math.ceil(len(data.estimators) / ACROSS) + 1.85 * down)
    grid = figure.subplots(down, ACROSS, sharex=True, sharey=True, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place < len(data.groups):
            _panel(axes, data, place)
            axes.tick_params(labelbottom=place + ACROSS >= len(data.groups))
        else:
            axes.set_visible(False)
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=ACROSS, frameon=False, columnspacing=1.2)
    figure.supylabel("Share of the images that is missed", fontsize=10)
    figure.supxlabel("Fifths of the class's images, by how much people agree on them", fontsize=10)
    return figure


def _panel(axes: Axes, data: Data, place: int) -> None:
    for row, title in enumerate(data.estimators):
        axes.plot(
            range(FIFTHS),
            data.shares[place, row],
            color=style.LINE_COLOURS[row % len(style.LINE_COLOURS)],
            linestyle=("-", "--", ":", "-.")[row // len(style.LINE_COLOURS) % 4],
            linewidth=1.4,
            marker=style.FAMILY_MARKERS.get(data.families[row], style.OTHER_MARKER),
            markersize=3,
            label=style.short(title, 28),
        )
    first = place < FIRST
    axes.set_title(style.short(data.groups[place], 16), fontweight="bold" if first else "normal")
    axes.set_facecolor(SHADE if first else "white")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_xticks([0, FIFTHS - 1], ["agree", "disagree"])
    left, right = axes.xaxis.get_major_ticks()
    left.label1.set_horizontalalignment("left")
    right.label1.set_horizontalalignment("right")


def caption(data: Data) -> str:
    """Say what to see."""
    text = (
        "One line an estimator: the share that it misses of the fifth of a class's images that people agree on most "
        "(left), of the next fifth, and so on to the one that they agree on least (right). Where lines rise, people "
        "and models stumble over the same images."
    )
    ends = [_ends(data, place) for place in range(FIRST)]
    if not np.isnan(ends).any():
        (low, high), (first, last) = ends
        text += (
            f" Over all classes the share goes from {md.percent(low)} to {md.percent(high)}, as a mean over the "
            f"estimators, in {md.escape(data.groups[1])} from {md.percent(first)} to {md.percent(last)}."
        )
    return text


def alt(data: Data) -> str:
    """Say it without the picture."""
    ends = zip(data.groups, (_ends(data, place) for place in range(len(data.groups))), strict=True)
    texts = [f"{name} {low * 100:.0f} % to {high * 100:.0f} %" for name, (low, high) in ends if not math.isnan(low)]
    return f"Share missed, from the images that people agree on to those that they do not: {'; '.join(texts)}."


def _ends(data: Data, place: int) -> tuple[float, float]:
    """Return the mean share missed of the first and of the last fifth; NaN where no estimator missed enough."""
    told = data.shares[place][~np.isnan(data.shares[place, :, 0])]
    return (float(told[:, 0].mean()), float(told[:, -1].mean())) if len(told) else (math.nan, math.nan)
