"""The best validation score so far against the tuning time spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.tuning_budget.scores import BudgetScores
from benchmark.metrics.scores import Floats
from benchmark.render import fmt, style
from benchmark.render import label_placement as labels
from benchmark.storage.records import Record


@dataclass(frozen=True)
class Curve:
    """One estimator: after `seconds` the best validation accuracy rose to `best`; tuning ended after `end` seconds."""

    estimator: str
    seconds: Floats
    best: Floats
    end: float


@dataclass(frozen=True)
class Data:
    """The curves, best estimator first."""

    curves: tuple[Curve, ...]


def data(scores: BudgetScores) -> Data | None:
    """Collect what is drawn."""
    curves = [curve for row in scores.summary.scored if (curve := _curve(row.title, row.record)) is not None]
    return Data(tuple(curves)) if curves else None


def _curve(title: str, record: Record) -> Curve | None:
    """Follow the trials in order; only accuracies at the top rung count, as only they can be chosen in the end."""
    top = max((rung.rows for trial in record.trials for rung in trial.rungs), default=0)
    spent, best = 0.0, -np.inf
    steps = []
    for trial in record.trials:
        for rung in trial.rungs:
            spent += rung.fit_seconds + rung.predict_seconds
            if rung.rows == top and rung.accuracy > best:
                best = rung.accuracy
                steps.append((spent, best))
    if not steps or steps[0][0] <= 0:
        return None
    seconds, scores = zip(*steps, strict=True)
    return Curve(title, np.array(seconds), np.array(scores), spent)


def draw(data: Data) -> Figure:
    """Draw one staircase per estimator, labelled at its end."""
    figure = style.new(4.4)
    axes = figure.add_subplot()
    lines, colours = [], []
    for index, curve in enumerate(data.curves):
        colour = style.LINE_COLOURS[index % len(style.LINE_COLOURS)]
        dashes = ("-", "--", ":", "-.")[index // len(style.LINE_COLOURS) % 4]
        x, y = np.append(curve.seconds, curve.end), np.append(curve.best, curve.best[-1])
        axes.step(x, y, where="post", color=colour, linestyle=dashes, linewidth=1.8)
        axes.plot(curve.seconds, curve.best, "o", color=colour, markersize=4.5)
        lines.append(style.corners(x, y))
        colours.append(colour)
    low = min(curve.seconds[0] for curve in data.curves)
    high = max(curve.end for curve in data.curves)
    style.time_axis(axes, low / 1.4, high * 1.8)
    axes.grid(axis="y")
    axes.margins(y=0.1)
    axes.set_xlabel("Tuning time, added up over the workers (log scale)")
    axes.set_ylabel("Best validation accuracy so far")
    names = [style.short(curve.estimator, 30) for curve in data.curves]
    labels.place(figure, axes, names, [line[-1] for line in lines], lines=lines, colours=colours)
    return figure


def caption(data: Data) -> str:
    """Return the caption."""
    return (
        "Best validation accuracy so far against tuning time: where a line is flat, more tuning gained nothing. A line "
        "starts when the first trial is scored at the top rung; dots are improvements."
    )


def alt(data: Data) -> str:
    """Return the text for readers who cannot see the figure."""
    ends = "; ".join(
        f"{curve.estimator} from {curve.best[0]:.3f} to {curve.best[-1]:.3f} in {fmt.duration(curve.end)}"
        for curve in data.curves
    )
    return f"Best validation accuracy against tuning time: {ends}."
