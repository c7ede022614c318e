"""The figure `people-disagree`: share of images that each estimator misses, by how much people agree on them."""

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
from benchmark.render import class_names, fmt, style
from benchmark.render import markdown as md

ACROSS = 4

HIGHLIGHTED = 2
"""Panels with a coloured background, the first ones: all classes, and the hardest class."""

SHADE = "#FFF6E5"


@dataclass(frozen=True)
class Data:
    """The lines of each panel.

    Attributes
    ----------
    estimators, families : tuple of str
        Best first.
    groups : tuple of str
        One for each panel: all classes, the hardest class, then the other classes.
    shares : ndarray of float64, (groups, estimators, 5)
        Share of the images that is missed in each fifth of a group, by rising human entropy; NaN where too few were
        missed.
    """

    estimators: tuple[str, ...]
    families: tuple[str, ...]
    groups: tuple[str, ...]
    shares: Floats


def data(scores: HumanScores) -> Data | None:
    """Return the data of the figure, or None if no estimator was compared with people."""
    comparisons, names = scores.comparisons, class_names.numbered(scores.summary.class_names)
    if not comparisons:
        return None
    labels = (None, scores.hardest, *(label for label in range(len(names)) if label != scores.hardest))
    shares = np.full((len(labels), len(comparisons), FIFTHS), np.nan)
    for place, label in enumerate(labels):
        for row, comparison in enumerate(comparisons):
            group = comparison.group(label)
            if group.contrast:
                sizes = [len(part) for part in np.array_split(np.arange(group.images), FIFTHS)]
                shares[place, row] = np.array(group.contrast.fifths) / sizes
    return Data(
        tuple(comparison.title for comparison in comparisons),
        tuple(comparison.family for comparison in comparisons),
        tuple("All classes" if label is None else names[label] for label in labels),
        shares,
    )


def draw(data: Data) -> Figure:
    """Draw one panel for all classes and one for each class, on the same scale, with one legend above them."""
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
    highlighted = place < HIGHLIGHTED
    axes.set_title(
        class_names.distinct(data.groups, 16)[data.groups[place]], fontweight="bold" if highlighted else "normal"
    )
    axes.set_facecolor(SHADE if highlighted else "white")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_xticks([0, FIFTHS - 1], ["agree", "disagree"])
    left, right = axes.xaxis.get_major_ticks()
    left.label1.set_horizontalalignment("left")
    right.label1.set_horizontalalignment("right")


def caption(data: Data) -> str:
    """Return what a reader should see."""
    text = (
        "Each line is one estimator: the share of images that it misses in each fifth of a class, from the images that "
        "people agree on most (left) to those that they agree on least (right). A rising line means that people and "
        "the model find the same images hard."
    )
    ends = [_ends(data, place) for place in range(HIGHLIGHTED)]
    if not np.isnan(ends).any():
        (low, high), (first, last) = ends
        text += (
            f" Averaged over the estimators, the share goes from {fmt.percent(low)} to {fmt.percent(high)} over all "
            f"classes, and from {fmt.percent(first)} to {fmt.percent(last)} in {md.escape(data.groups[1])}."
        )
    return text


def alt(data: Data) -> str:
    """Return the figure's content in words."""
    ends = zip(data.groups, (_ends(data, place) for place in range(len(data.groups))), strict=True)
    texts = [f"{name} {low * 100:.0f} % to {high * 100:.0f} %" for name, (low, high) in ends if not math.isnan(low)]
    return f"Share missed, most to least agreement: {'; '.join(texts)}."


def _ends(data: Data, place: int) -> tuple[float, float]:
    """Return the mean share missed of the first and of the last fifth; NaN if no estimator missed enough images."""
    shares = data.shares[place][~np.isnan(data.shares[place, :, 0])]
    return (float(shares[:, 0].mean()), float(shares[:, -1].mean())) if len(shares) else (math.nan, math.nan)
