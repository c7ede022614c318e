"""Accuracy against severity, one panel for each kind of corruption."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.analyses.robustness.scores import CORRUPTION_KINDS, RobustnessScores
from benchmark.metrics.scores import Floats
from benchmark.render import style

ACROSS = 4
NAMED = 3
"""How many classical pipelines, the best of the leaderboard, have a colour of their own; more would look alike."""
OTHERS = "#B4BAC1"
COLOURS = ("#0072B2", "#009E73", "#CC79A7")


@dataclass(frozen=True)
class Panel:
    """One kind of corruption: `severities` begins with 0, the clean images."""

    kind: str
    axis: str
    severities: Floats


@dataclass(frozen=True)
class Line:
    """One estimator: for each panel, the accuracy at each severity."""

    estimator: str
    family: str
    accuracy: tuple[Floats, ...]


@dataclass(frozen=True)
class Data:
    """The panels, and the lines, best estimator first; `guessing` is the accuracy of random answers."""

    panels: tuple[Panel, ...]
    lines: tuple[Line, ...]
    guessing: float


def data(scores: RobustnessScores) -> Data | None:
    """Collect what is drawn."""
    if not scores.rows:
        return None
    panels = tuple(Panel(kind.title, kind.axis, np.array([0.0, *kind.severities])) for kind in CORRUPTION_KINDS)
    lines = tuple(
        Line(row.title, row.family, tuple(row.accuracies(kind) for kind in CORRUPTION_KINDS)) for row in scores.rows
    )
    return Data(panels, lines, 1 / len(scores.summary.class_names))


def draw(data: Data) -> Figure:
    """Draw the panels with one scale of accuracy, and the legend in place of the next panel."""
    down = math.ceil((len(data.panels) + 1) / ACROSS)
    figure = style.new(2.45 * down + 0.2)
    grid = figure.subplots(down, ACROSS, sharey=True, squeeze=False).ravel()
    looks = _looks(data)
    for index, (axes, panel) in enumerate(zip(grid, data.panels, strict=False)):
        axes.set_title(panel.kind)
        axes.axhline(data.guessing, color=style.MUTED, linestyle=":", linewidth=1)
        for line, look in sorted(zip(data.lines, looks, strict=True), key=lambda pair: pair[1][3]):
            _draw(axes, panel, line.accuracy[index], look, line.family)
        axes.set_ylim(0, 1)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        one = len(panel.severities) == 2
        axes.set_xticks(panel.severities, ["as is", panel.kind] if one else [f"{x:g}" for x in panel.severities])
        axes.set_xlim(-0.08 * panel.severities[-1], (1.2 if one else 1.08) * panel.severities[-1])
        axes.set_xlabel("" if one else panel.axis)
        if index % ACROSS == 0:
            axes.set_ylabel("Test accuracy")
    for axes in grid[len(data.panels) :]:
        axes.set_axis_off()
    _legend(grid[len(data.panels)], data, looks)
    return figure


Look = tuple[str, float, str, int]
"""Colour, width, label in the legend (empty: none) and drawing order."""


def _looks(data: Data) -> list[Look]:
    """Return the look of each line: the best CNN and the best classical pipelines have colours, the rest is grey."""
    looks: list[Look] = []
    colours, cnns = list(COLOURS[:NAMED]), ["-"]
    for line in data.lines:
        name = style.short(line.estimator, 26)
        if line.family == "cnn" and cnns:
            cnns.pop()
            looks.append((style.FAMILY_COLOURS["cnn"], 2.6, name, 3))
        elif line.family != "cnn" and colours:
            looks.append((colours.pop(0), 1.9, name, 2))
        else:
            looks.append((OTHERS, 1.1, "", 1))
    return looks


def _draw(axes: Axes, panel: Panel, accuracy: Floats, look: Look, family: str) -> None:
    colour, width, _, order = look
    axes.plot(
        panel.severities,
        accuracy,
        color=colour,
        linewidth=width,
        marker=style.FAMILY_MARKERS.get(family, style.OTHER_MARKER),
        markersize=4.5 if order > 1 else 2.5,
        zorder=1 + order,
        clip_on=False,
    )


def _legend(axes: Axes, data: Data, looks: list[Look]) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=colour,
            linewidth=width,
            marker=style.FAMILY_MARKERS.get(line.family, style.OTHER_MARKER),
            markersize=4.5,
            label=name,
        )
        for line, (colour, width, name, _) in zip(data.lines, looks, strict=True)
        if name
    ]
    rest = sum(not name for _, _, name, _ in looks)
    if rest:
        label = f"{rest} other{'s' if rest > 1 else ''}"
        handles.append(Line2D([], [], color=OTHERS, linewidth=1.1, marker="o", markersize=2.5, label=label))
    handles.append(Line2D([], [], color=style.MUTED, linestyle=":", linewidth=1, label="guessing"))
    axes.legend(handles=handles, loc="center left", frameon=False, borderaxespad=0, handlelength=1.6, fontsize=9)


def caption(data: Data) -> str:
    """Return the caption."""
    text = (
        "Test accuracy against severity, one panel for each kind of corruption: clean images on the left, the highest "
        "severity on the right. A line that stays high is robust."
    )
    cnns = sum(line.family == "cnn" for line in data.lines)
    if cnns == 0:
        return text
    which = "the CNN" if cnns == 1 else "the best CNN, and grey squares are other CNNs"
    return f"{text} The thick line with squares is {which}."


def alt(data: Data) -> str:
    """Return the text for readers who cannot see the figure."""
    line = data.lines[0]
    ends = ", ".join(
        f"{panel.kind} {accuracy[-1]:.2f}" for panel, accuracy in zip(data.panels, line.accuracy, strict=True)
    )
    return (
        f"Test accuracy of {len(data.lines)} estimators against severity of corruption. {line.estimator}: "
        f"{line.accuracy[0][0]:.2f} on clean images; at the highest severity, {ends}."
    )
