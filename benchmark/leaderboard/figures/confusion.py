"""Confusion matrices side by side, the errors coloured and the diagonal not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from benchmark.leaderboard.summary import Summary
from benchmark.metrics.scores import Floats
from benchmark.render import class_names, fmt, style

MANY_CLASSES = 12
"""Beyond it a cell is too small for a number."""
MOST_NAMED = 30
"""Beyond it a class is too narrow for its name, and panels are in the order of the labels."""
SHOWN_FROM = 0.02
"""Shares below it get no number: they would hide the rest."""


@dataclass(frozen=True)
class Data:
    """Shares of each true class (rows sum to 1), (estimators, classes, classes)."""

    estimators: tuple[str, ...]
    classes: tuple[str, ...]
    shares: Floats


def data(summary: Summary) -> Data | None:
    """Collect what is drawn."""
    if not summary.scored:
        return None
    counts = np.stack([row.confusion for row in summary.scored])
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    return Data(tuple(row.title for row in summary.scored), class_names.numbered(summary.class_names), shares)


def draw(data: Data) -> Figure:
    """Draw one matrix per estimator, at most three across, all on one scale."""
    n = len(data.classes)
    named = n <= MOST_NAMED
    widest = 2 if MANY_CLASSES < n <= MOST_NAMED else 3
    across = min(widest, len(data.estimators))
    down = math.ceil(len(data.estimators) / across)
    names = list(class_names.distinct(data.classes, 14).values())
    panel = {3: 2.5, 2: 3.8, 1: 3.8}[across]
    words = max(1.0, *(0.25 + style.text_width(name) for name in names)) if named else 1.0
    # A last row with gaps leaves panels above it that carry their own class names.
    bands = 2 if len(data.estimators) % across else 1
    width = style.WIDTH if across == widest else 1.6 + across * panel
    figure = style.new(0.3 + down * (panel + 0.3) + bands * words, width)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    errors = np.where(np.eye(n, dtype=bool), np.nan, data.shares)
    top = max(float(np.nanmax(errors)) if n > 1 else 0.0, 0.01)
    colours = matplotlib.colormaps["Oranges"].with_extremes(bad="#ECEEF0")
    for place, axes in enumerate(grid.flat):
        if place >= len(data.estimators):
            axes.set_visible(False)
            continue
        shown = axes.imshow(errors[place], cmap=colours, vmin=0, vmax=top)
        axes.set_title(style.short(data.estimators[place], 30))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set_xticks(range(n) if named else [], names if named else [], rotation=90)
        axes.set_yticks(range(n) if named else [], names if named else [])
        axes.tick_params(labelbottom=place + across >= len(data.estimators))
        if n <= MANY_CLASSES:
            _numbers(axes, data.shares[place], shown)
    figure.supxlabel("Predicted class", fontsize=10)
    figure.supylabel("True class", fontsize=10)
    return figure


def _numbers(axes: Axes, shares: Floats, shown: AxesImage) -> None:
    for (true, answer), share in np.ndenumerate(shares):
        if true == answer or share >= SHOWN_FROM:
            colour = style.MUTED if true == answer else style.ink(share, shown)
            axes.text(answer, true, f"{share * 100:.0f}", ha="center", va="center", color=colour, fontsize=9)


def caption(data: Data) -> str:
    """Say what to see."""
    text = "Of each true class (row), the percentage that got each answer (column); the darker, the more often that "
    text += "error is made; right answers have no colour."
    if len(data.classes) <= MANY_CLASSES:
        return f"{text} Errors below {fmt.percent(SHOWN_FROM)} have no number."
    return text if len(data.classes) <= MOST_NAMED else f"{text} Classes run in the order of their labels."


def alt(data: Data) -> str:
    """Say it without the picture."""
    off = np.where(np.eye(len(data.classes), dtype=bool), 0, data.shares).mean(axis=0)
    matrices = f"Confusion matrices of {fmt.plural(len(data.estimators), 'estimator')}."
    if not off.any():
        return f"{matrices} There is no error."
    true, answer = np.unravel_index(int(off.argmax()), off.shape)
    return f"{matrices} The most common error is {data.classes[true]} called {data.classes[answer]}."
