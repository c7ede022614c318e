"""The distance between every two classes."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.exploration.eda import Exploration
from benchmark.analyses.exploration.figures import classes
from benchmark.metrics.scores import Floats
from benchmark.render import class_names, fmt, style
from benchmark.render import markdown as md

WITH_NUMBERS = 16
"""The most classes for which cells have numbers; the cells of more are too small."""

NEAREST = 3
"""The number of pairs that the caption names."""


@dataclass(frozen=True)
class Data:
    """Distances of mean images, (k, k), from `benchmark.analyses.exploration.class_distances`."""

    classes: tuple[str, ...]
    distances: Floats


def data(exploration: Exploration) -> Data | None:
    """Collect what is drawn; None for a single class."""
    which = classes.shown(exploration)
    if len(which) < 2:
        return None
    return Data(classes.names(exploration), exploration.mean_distances[np.ix_(which, which)])


def draw(data: Data) -> Figure:
    """Draw the matrix; near classes are dark."""
    k = len(data.classes)
    names = list(class_names.distinct(data.classes, 18).values())
    figure = style.new(1.6 + (0.36 if k <= WITH_NUMBERS else 0.2) * k)
    axes = figure.add_subplot()
    values = np.where(np.eye(k, dtype=bool), np.nan, data.distances)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    colours = matplotlib.colormaps["cividis"].with_extremes(bad="white")
    shown = axes.imshow(values, cmap=colours, vmin=low, vmax=max(high, low + 1e-9), aspect="auto")
    axes.set_xticks(range(k), names, rotation=35 if k <= WITH_NUMBERS else 90, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), names)
    if k > WITH_NUMBERS:
        axes.tick_params(labelsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        if k <= WITH_NUMBERS and row != column:
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=style.ink(value, shown), fontsize=9)
    bar = figure.colorbar(shown, ax=axes, label="Distance between means", pad=0.01, fraction=0.03)
    bar.outline.set_visible(False)
    return figure


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    first, second = np.triu_indices(len(data.classes), 1)
    values = data.distances[first, second]
    order = np.argsort(values, kind="stable")

    def pair(place: int) -> str:
        a, b = (md.escape(data.classes[label[place]]) for label in (first, second))
        return f"{a} and {b} ({values[place]:.2f})"

    method = (
        "The distance is that of the two mean images, in units of the distance between an image and its own class's "
        "mean (Euclidean in pixels, root mean square over both classes, all training images). Below 1, the two means "
        "are nearer to each other than an image is to its own."
    )
    if len(values) == 1:
        return f"{pair(0)}. {method}"
    near = order[:NEAREST] if len(order) > NEAREST else order[:1]
    then = f", then {fmt.listing([pair(place) for place in near[1:]])}" if len(near) > 1 else ""
    return f"**The nearest two classes are {pair(near[0])}**{then}; the farthest are {pair(order[-1])}. {method}"


def alt(data: Data) -> str:
    """Return the alternative text."""
    k = len(data.classes)
    place = int(np.argmin(np.where(np.eye(k, dtype=bool), np.inf, data.distances)))
    a, b = divmod(place, k)
    return (
        f"Matrix of the distances between the mean images of {k} classes. The nearest two are {data.classes[a]} and "
        f"{data.classes[b]}, at {data.distances[a, b]:.2f}."
    )
