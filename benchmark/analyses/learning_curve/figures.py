"""Accuracy against the number of training images, and against the seconds of fitting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.analyses.learning_curve.scores import CurveScores
from benchmark.metrics.scores import Floats
from benchmark.render import fmt, style

MOST_TICKS = 6
"""Most ticks that fit on the axis of seconds; with more, only those of `DECADES` are labelled."""
DECADES = (1e-3, 0.01, 0.1, 1, 10, 60, 600, 3600, 36000)
LEGEND_INCHES = 0.085
"""Width of a letter in the legend, rounded up."""


@dataclass(frozen=True)
class Line:
    """One estimator: at each size the mean over seeds; `low` and `high` are the accuracy of the worst and best seed."""

    estimator: str
    family: str
    rows: Floats
    seconds: Floats
    accuracy: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Data:
    """The lines, best estimator first."""

    lines: tuple[Line, ...]


def data(scores: CurveScores) -> Data | None:
    """Collect what is drawn."""
    lines = tuple(
        Line(
            curve.title,
            curve.family,
            np.array([float(point.rows) for point in curve.points]),
            np.array([point.fit_seconds for point in curve.points]),
            np.array([point.accuracy for point in curve.points]),
            np.array([min(point.accuracies) for point in curve.points]),
            np.array([max(point.accuracies) for point in curve.points]),
        )
        for curve in scores.curves
        if curve.points and all(point.rows > 0 and point.fit_seconds > 0 for point in curve.points)
    )
    return Data(lines) if lines else None


def draw(data: Data) -> Figure:
    """Draw two panels with one scale of accuracy, and one legend above both."""
    figure = style.new(5.0)
    left, right = figure.subplots(1, 2, sharey=True)
    for index, line in enumerate(data.lines):
        _draw(left, line, line.rows, index)
        _draw(right, line, line.seconds, index)
    rows = _labelled(sorted({rows for line in data.lines for rows in line.rows.tolist()}))
    left.set_xscale("log")
    left.minorticks_off()
    left.set_xticks(rows, [_short(count) for count in rows])
    left.set_xlabel("Training images (log scale)")
    left.set_ylabel("Test accuracy")
    seconds = np.concatenate([line.seconds for line in data.lines])
    style.time_axis(right, seconds.min() / 1.5, seconds.max() * 1.5)
    if len(right.get_xticks()) > MOST_TICKS:
        decades = [tick for tick in right.get_xticks() if tick in DECADES]
        right.set_xticks(decades, [fmt.duration(tick).replace(".0 ", " ") for tick in decades])
    right.set_xlabel("Time of the fit (log scale)")
    for axes in (left, right):
        axes.grid(axis="y")
        axes.set_axisbelow(True)
    _legend(figure, left)
    return figure


def _draw(axes: Axes, line: Line, x: Floats, index: int) -> None:
    colour = style.LINE_COLOURS[index % len(style.LINE_COLOURS)]
    dashes = ("-", "--", ":", "-.")[index // len(style.LINE_COLOURS) % 4]
    axes.fill_between(x, line.low, line.high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(
        x,
        line.accuracy,
        color=colour,
        linestyle=dashes,
        linewidth=1.8,
        marker=style.FAMILY_MARKERS.get(line.family, style.OTHER_MARKER),
        markersize=5,
        label=style.short(line.estimator, 30),
    )


def _legend(figure: Figure, axes: Axes) -> None:
    """Draw the legend above both panels, in reading order and in as few rows as fit."""
    handles, names = axes.get_legend_handles_labels()
    columns = next(
        count
        for count in range(len(names), 0, -1)
        if count == 1 or sum(LEGEND_INCHES * max(map(len, names[index::count])) + 0.6 for index in range(count)) < 8.8
    )
    order = [number for index in range(columns) for number in range(index, len(names), columns)]
    figure.legend(
        [handles[number] for number in order],
        [names[number] for number in order],
        loc="outside upper left",
        ncols=columns,
        frameon=False,
    )


def _labelled(rows: list[float]) -> list[float]:
    """Return the sizes whose labels do not overlap, starting from the largest."""
    least = (rows[-1] / rows[0]) ** 0.08
    labelled = rows[-1:]
    for count in reversed(rows[:-1]):
        if labelled[-1] / count > least:
            labelled.append(count)
    return labelled


def _short(count: float) -> str:
    return f"{count / 1000:.3g}k" if count >= 1000 else f"{count:g}"


def caption(data: Data) -> str:
    """Return the caption."""
    text = (
        "Test accuracy against training images (left) and against fit time (right). Each point is one size of the "
        "training set."
    )
    if any(len(line.low) and (line.low < line.high).any() for line in data.lines):
        text += " Bands span the worst and the best seed."
    return text + (" Squares are CNNs." if any(line.family == "cnn" for line in data.lines) else "")


def alt(data: Data) -> str:
    """Return the text for readers who cannot see the figure."""
    first = min(line.rows[0] for line in data.lines)
    last = max(line.rows[-1] for line in data.lines)
    ends = "; ".join(f"{line.estimator} {line.accuracy[0]:.3f} to {line.accuracy[-1]:.3f}" for line in data.lines)
    return f"Test accuracy against training images and fit time. From {first:,.0f} to {last:,.0f} images: {ends}."
