"""The figure `training`: training curves of the refit, as the plugin reports them, one panel for each measure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.render import style

MOST_PANELS, MOST_LINES = 4, 6

MARKED = 40
"""Lines with at most this many values have a mark at each."""

MARKS = ("o", "s", "D", "^", "v", "P")
DASHES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Line:
    """One series: `values[i]` after epoch or round i + 1."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Panel:
    """Series that share a scale: "train_loss" and "valid_loss" are "train" and "valid" of "loss"."""

    measure: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Data:
    """The panels; `hidden` is the number of series that are not drawn."""

    panels: tuple[Panel, ...]
    hidden: int


def data(estimator: EvaluatedEstimator) -> Data | None:
    """Return the series grouped by measure, the part of their names after the last underscore; None without any."""
    panels: dict[str, list[Line]] = {}
    history = {name: values for name, values in (estimator.tuned.history or {}).items() if values}
    for name, values in history.items():
        part, _, measure = name.rpartition("_")
        panels.setdefault(measure, []).append(Line(part or measure, values))
    if not panels:
        return None
    drawn = tuple(Panel(measure, tuple(lines[:MOST_LINES])) for measure, lines in list(panels.items())[:MOST_PANELS])
    return Data(drawn, len(history) - sum(len(panel.lines) for panel in drawn))


def draw(data: Data) -> Figure:
    """Draw the panels in two columns."""
    across = min(2, len(data.panels))
    down = math.ceil(len(data.panels) / across)
    figure = style.new(3.4 * down, style.WIDTH if across == 2 else 6.0)
    grid = figure.subplots(down, across, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(data.panels):
            axes.set_visible(False)
            continue
        panel = data.panels[place]
        for number, line in enumerate(panel.lines):
            axes.plot(
                range(1, len(line.values) + 1),
                line.values,
                color=style.LINE_COLOURS[number % len(style.LINE_COLOURS)],
                linestyle=DASHES[number % len(DASHES)],
                marker=MARKS[number % len(MARKS)] if len(line.values) <= MARKED else None,
                markersize=4,
                linewidth=1.6,
                label=style.short(line.name, 24) or "?",
            )
        axes.set_xlabel("Epoch or round")
        axes.set_ylabel(style.short(panel.measure, 30).capitalize())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        axes.legend(frameon=False, fontsize=9)
    return figure


def caption(data: Data) -> str:
    """Return what a reader should see."""
    text = (
        "One value after each epoch or round of the refit, as the estimator reports it. Validation rows here are "
        "training rows that the estimator held out; no test image is among them."
    )
    return f"{text} {data.hidden} more series {'is' if data.hidden == 1 else 'are'} not drawn." if data.hidden else text


def alt(data: Data) -> str:
    """Return the figure's content in words."""
    words = [
        f"{line.name} {panel.measure} from {line.values[0]:.4g} to {line.values[-1]:.4g} in {len(line.values)}"
        for panel in data.panels
        for line in panel.lines
    ]
    return f"Training curves: {'; '.join(words)}."
