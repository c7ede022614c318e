"""Accuracy against fit time, with the Pareto front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats
from benchmark.render import fmt, style
from benchmark.render import label_placement as labels
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Data:
    """One point per estimator, best first; `low` and `high` are the 95 % interval of `accuracy`."""

    estimators: tuple[str, ...]
    families: tuple[str, ...]
    fit_seconds: Floats
    accuracy: Floats
    low: Floats
    high: Floats


def data(summary: Summary) -> Data | None:
    """Collect what is drawn."""
    rows = [row for row in summary.scored if row.fit_seconds > 0]
    if not rows:
        return None
    return Data(
        tuple(row.title for row in rows),
        tuple(row.family for row in rows),
        np.array([row.fit_seconds for row in rows]),
        np.array([row.accuracy.estimate for row in rows]),
        np.array([row.accuracy.low for row in rows]),
        np.array([row.accuracy.high for row in rows]),
    )


def draw(data: Data) -> Figure:
    """Draw the points, their intervals, the front, and a label at each point."""
    figure = style.new(4.6)
    axes = figure.add_subplot()
    front = metrics.pareto_front(data.fit_seconds, data.accuracy)
    order = np.flatnonzero(front)[np.argsort(data.fit_seconds[front], kind="stable")]
    step_x = np.append(data.fit_seconds[order], data.fit_seconds.max() * 1.8)
    step_y = np.append(data.accuracy[order], data.accuracy[order[-1]])
    axes.step(step_x, step_y, where="post", color="#9AA0A6", linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    for family in dict.fromkeys(data.families):
        chosen = np.array([one == family for one in data.families])
        axes.errorbar(
            data.fit_seconds[chosen],
            data.accuracy[chosen],
            yerr=(np.stack([data.accuracy - data.low, data.high - data.accuracy]))[:, chosen],
            fmt=style.FAMILY_MARKERS.get(family, style.OTHER_MARKER),
            color=style.FAMILY_COLOURS.get(family, style.OTHER_FAMILY),
            markersize=8,
            elinewidth=1.4,
            label="CNN" if family == "cnn" else style.short(family, 20),
            zorder=3,
        )
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.margins(y=0.12)
    style.time_axis(axes, data.fit_seconds.min() / 1.8, data.fit_seconds.max() * 1.8)
    axes.set_xlabel("Time of the final fit (log scale)")
    axes.set_ylabel("Test accuracy")
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.2)
    ends = zip(data.fit_seconds, data.low, data.high, strict=True)
    labels.place(
        figure,
        axes,
        [style.short(title, 30) for title in data.estimators],
        list(zip(data.fit_seconds, data.accuracy, strict=True)),
        lines=[*([(x, low), (x, high)] for x, low, high in ends), style.corners(step_x, step_y)],
    )
    return figure


def caption(data: Data) -> str:
    """Say what to see."""
    front = metrics.pareto_front(data.fit_seconds, data.accuracy)
    titles = [f"*{md.escape(title)}*" for title, yes in zip(data.estimators, front, strict=True) if yes]
    verb = "is" if len(titles) == 1 else "are"
    return (
        "Up is better, left is cheaper; bars are 95 % intervals. "
        f"On the dashed Pareto front {verb} {fmt.listing(titles)}. No row is both more accurate and faster to fit than "
        f"{'it' if len(titles) == 1 else 'one of these'}."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    rows = zip(data.estimators, data.accuracy, data.fit_seconds, strict=True)
    points = "; ".join(f"{title} {accuracy:.3f} in {fmt.duration(seconds)}" for title, accuracy, seconds in rows)
    return f"Test accuracy against fit time: {points}."
