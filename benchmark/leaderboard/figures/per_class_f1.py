"""Per-class F1, estimators by classes."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from benchmark.leaderboard import per_class
from benchmark.leaderboard.summary import Summary
from benchmark.metrics.scores import Floats
from benchmark.render import class_names, style
from benchmark.render import markdown as md

MANY_CLASSES = 14
"""Beyond it the classes run down the page, not across; of more than the table shows, only those of the table."""


@dataclass(frozen=True)
class Data:
    """F1, (estimators, classes), best estimator first; NaN where a class has none.

    The name of the hardest class is empty if every class has too few test images.
    """

    estimators: tuple[str, ...]
    classes: tuple[str, ...]
    hardest: str
    f1: Floats


def data(summary: Summary) -> Data | None:
    """Collect what is drawn."""
    if not summary.scored:
        return None
    titles = tuple(row.title for row in summary.scored)
    labels = per_class.shown(summary)
    f1 = np.stack([row.f1[labels] for row in summary.scored])
    numbered = class_names.numbered(summary.class_names)
    names = tuple(numbered[label] for label in labels)
    hardest = "" if summary.hardest is None else numbered[summary.hardest]
    return Data(titles, names, hardest, f1)


def draw(data: Data) -> Figure:
    """Draw the heat map, each cell with its number."""
    across = len(data.classes) <= MANY_CLASSES
    values = data.f1 if across else data.f1.T
    estimators = [style.short(title, 28) for title in data.estimators]
    classes = list(class_names.distinct(data.classes, 18).values())
    rows, columns = (estimators, classes) if across else (classes, estimators)
    figure = style.new(1.6 + (0.42 if across else 0.3) * len(rows))
    axes = figure.add_subplot()
    colours = matplotlib.colormaps["cividis"].with_extremes(bad="#E3E5E8")
    low = np.floor(np.nanmin(values) * 20) / 20
    shown = axes.imshow(values, cmap=colours, vmin=min(low, 0.95), vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        text = "–" if np.isnan(value) else f"{value:.2f}"
        axes.text(column, row, text, ha="center", va="center", color=style.ink(value, shown))
    figure.colorbar(shown, ax=axes, label="F1", pad=0.01, fraction=0.03).outline.set_visible(False)
    return figure


def caption(data: Data) -> str:
    """Say what to see."""
    end = f": {md.escape(data.hardest)} is where they fail" if data.hardest else ""
    return f"F1 of each class in the table, the darker the lower{end}."


def alt(data: Data) -> str:
    """Say it without the picture."""
    text = "Heat map of F1 by estimator and class."
    if not data.hardest:
        return text
    lows = ", ".join(f"{t} {v:.2f}" for t, v in zip(data.estimators, _column(data), strict=True))
    return f"{text} Lowest class: {data.hardest} ({lows})."


def _column(data: Data) -> Floats:
    return np.asarray(data.f1[:, data.classes.index(data.hardest)])
