"""Every estimator against every other: the difference of their accuracies, and which differ at all."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmark.leaderboard.summary import Summary
from benchmark.metrics.scores import Floats
from benchmark.render import fmt, style

MOST = 20
"""Estimators; beyond it a cell is too small for a number."""


@dataclass(frozen=True)
class Data:
    """Accuracy of the row minus that of the column, in points, (estimators, estimators), best first."""

    estimators: tuple[str, ...]
    points: Floats
    significant: npt.NDArray[np.bool_]


def data(summary: Summary) -> Data | None:
    """Collect what is drawn; None of fewer than three estimators, where a matrix says no more than a sentence."""
    count = len(summary.scored)
    if not 3 <= count <= MOST:
        return None
    points, apart = np.zeros((count, count)), np.zeros((count, count), dtype=bool)
    for pair in summary.pairs:
        points[pair.first, pair.second] = 100 * pair.difference.estimate
        points[pair.second, pair.first] = -100 * pair.difference.estimate
        apart[pair.first, pair.second] = apart[pair.second, pair.first] = pair.significant
    return Data(tuple(row.title for row in summary.scored), points, apart)


def draw(data: Data) -> Figure:
    """Draw the matrix; differences that are not significant are grey and framed."""
    count = len(data.estimators)
    names = [style.short(title, 28) for title in data.estimators]
    figure = style.new(1.9 + 0.36 * count)
    axes = figure.add_subplot()
    top = max(float(np.abs(data.points).max()), 0.1)
    shown = axes.imshow(
        np.where(data.significant, data.points, np.nan),
        cmap=matplotlib.colormaps["PuOr"].with_extremes(bad="#ECEEF0"),
        vmin=-top,
        vmax=top,
        aspect="auto",
    )
    axes.set_xticks(range(count), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(count), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(data.points):
        if row == column:
            continue
        text = f"{value:+.1f}".replace("-", "−") if abs(value) >= 0.05 else "0.0"
        if data.significant[row, column]:
            colour = style.ink(value, shown)
        else:
            text, colour = f"({text})", style.MUTED
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=min(9.0, 125 / count))
    bar = figure.colorbar(shown, ax=axes, label="Row minus column, points", pad=0.01, fraction=0.03)
    bar.outline.set_visible(False)
    return figure


def caption(data: Data) -> str:
    """Say what to see."""
    return (
        "Accuracy of the row minus that of the column, in points. Grey and in brackets: the test images cannot tell "
        "the two apart."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    count = len(data.estimators)
    apart = int(data.significant.sum()) // 2
    return (
        f"Matrix of accuracy differences of {fmt.plural(count, 'estimator')}: {apart} of "
        f"{count * (count - 1) // 2} pairs differ significantly."
    )
