"""Reliability diagrams: accuracy against confidence, one panel per estimator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.calibration.scores import CalibrationScores
from benchmark.metrics.calibration import BINS, Reliability
from benchmark.metrics.scores import Floats
from benchmark.render import fmt, style

ACROSS = 4

FEWEST = 0.001
"""Share of the images that a bin must hold to be drawn: an accuracy over ten images says nothing."""


@dataclass(frozen=True)
class Line:
    """Confidence and accuracy of the bins with enough images."""

    confidence: Floats
    accuracy: Floats


@dataclass(frozen=True)
class Data:
    """Two lines per estimator, in the order of the leaderboard; None where there is none."""

    estimators: tuple[str, ...]
    raw: tuple[Line | None, ...]
    scaled: tuple[Line | None, ...]
    temperatures: tuple[float | None, ...]


def data(scores: CalibrationScores) -> Data:
    """Collect what is drawn."""
    return Data(
        tuple(row.title for row in scores.rows),
        tuple(_line(row.raw_curve) for row in scores.rows),
        tuple(_line(row.scaled_curve) for row in scores.rows),
        tuple(row.temperature for row in scores.rows),
    )


def draw(data: Data) -> Figure:
    """Draw the panels, at most four in a row, all with the same axes."""
    across = min(ACROSS, len(data.estimators))
    down = math.ceil(len(data.estimators) / across)
    figure = style.new(0.7 + 2.1 * down, style.WIDTH if across == ACROSS else 1.2 + 2.3 * across)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    drawn = [line for line in (*data.raw, *data.scaled) if line is not None]
    lowest = min(float(min(line.confidence.min(), line.accuracy.min())) for line in drawn)
    low = max(0.0, math.floor(lowest * 5) / 5)
    for index, axes in enumerate(grid.flat):
        if index >= len(data.estimators):
            axes.set_visible(False)
            continue
        axes.plot([low, 1], [low, 1], color=style.MUTED, linewidth=0.8, linestyle=":")
        for line, colour, dashes, label in (
            (data.raw[index], style.LINE_COLOURS[1], "--", "unscaled"),
            (data.scaled[index], style.LINE_COLOURS[0], "-", "temperature-scaled"),
        ):
            if line is not None:
                axes.plot(
                    line.confidence,
                    line.accuracy,
                    dashes,
                    color=colour,
                    marker="o",
                    markersize=2.8,
                    linewidth=1.4,
                    label=label,
                )
        axes.set_title(style.short(data.estimators[index], 26), fontsize=9.5)
        axes.set_xlim(low, 1.0)
        axes.set_ylim(low, 1.0)
        axes.set_xticks(np.linspace(low, 1.0, 3).round(2))
        axes.set_yticks(np.linspace(low, 1.0, 3).round(2))
        axes.tick_params(labelbottom=index + across >= len(data.estimators), labelsize=9)
    handles = {label: line for axes in grid.flat for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper right", ncols=2, frameon=False)
    figure.supxlabel("Confidence", fontsize=10)
    figure.supylabel("Accuracy", fontsize=10)
    return figure


def caption(data: Data) -> str:
    """Return the caption."""
    return (
        f"Accuracy against confidence, in {BINS} bins of confidence. On the dotted line an estimator is perfectly "
        "calibrated; below it, overconfident; above it, underconfident. Bins with fewer than "
        f"{fmt.percent(FEWEST)} of the images are left out."
    )


def alt(data: Data) -> str:
    """Return the text for readers who cannot see the figure."""
    temperatures = [
        f"{title} temperature {value:.2f}"
        for title, value in zip(data.estimators, data.temperatures, strict=True)
        if value is not None
    ]
    text = f"Reliability diagrams of {fmt.plural(len(data.estimators), 'estimator')}"
    return f"{text}: {', '.join(temperatures)}." if temperatures else f"{text}."


def _line(curve: Reliability | None) -> Line | None:
    if curve is None:
        return None
    shown = curve.share >= FEWEST
    return Line(curve.confidence[shown], curve.accuracy[shown])
