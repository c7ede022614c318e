"""The hardest class against the rest: ROC and precision-recall, every estimator in both panels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.analyses.hardest_class import measure as anatomy
from benchmark.analyses.hardest_class.scores import Subject
from benchmark.analyses.hardest_class.thresholds import SOFTMAX, is_softmax
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md
from benchmark.render import style

POINTS = 201


@dataclass(frozen=True)
class Line:
    """One estimator, its lowest seed.

    Attributes
    ----------
    estimator : str
    recall : ndarray of float64, (p,)
        At the false-positive rates of `Data`.
    precision : ndarray of float64, (p,)
        At the recalls of `Data`.
    answers : tuple of float
        False-positive rate, recall and precision of the answers as they are.
    """

    estimator: str
    recall: Floats
    precision: Floats
    answers: tuple[float, float, float]


@dataclass(frozen=True)
class Data:
    """The lines, best estimator first, and where they are read off."""

    hardest: str
    false_positives: Floats
    recalls: Floats
    share: float
    lines: tuple[Line, ...]


def data(one: Subject) -> Data | None:
    """Collect what is drawn."""
    if one.of_class.all():
        return None
    rates, recalls = np.linspace(0, 0.25, POINTS), np.linspace(0.02, 1, POINTS)
    lines = []
    for row in one.rows:
        found = anatomy.curves(one.of_class, row.proba[0][:, one.label], rates, recalls)
        said = row.predicted[0] == one.label
        precision = float((said & one.of_class).sum() / said.sum()) if said.any() else math.nan
        place = (float(said[~one.of_class].mean()), float(said[one.of_class].mean()), precision)
        title = f"{row.title} {SOFTMAX}" if is_softmax(row) else row.title
        lines.append(Line(title, found.recall, found.precision, place))
    return Data(one.summary.class_names[one.label], rates, recalls, float(one.of_class.mean()), tuple(lines))


def draw(data: Data) -> Figure:
    """Draw both panels, and one legend above them."""
    figure = style.new(5.2 + 0.2 * math.ceil(len(data.lines) / 3))
    left, right = figure.subplots(1, 2)
    for number, line in enumerate(data.lines):
        _draw(left, number, data.false_positives, line.recall, line.answers[:2], line.estimator)
        _draw(right, number, data.recalls, line.precision, line.answers[1:], "")
    lowest = min(float(line.recall[len(line.recall) // 12]) for line in data.lines)
    left.set_xlim(0, data.false_positives[-1])
    left.set_ylim(max(0.0, math.floor(lowest * 10) / 10 - 0.1), 1.005)
    left.set_xlabel("Share of the other images taken for it")
    left.set_ylabel(f"Recall of {style.short(data.hardest, 24)}")
    left.set_title("ROC, its left part")
    right.axhline(data.share, color=style.MUTED, linewidth=1, linestyle=":")
    right.annotate("chance", (0.02, data.share), (0, 3), textcoords="offset points", color=style.MUTED, fontsize=9)
    right.set_xlim(0, 1.005)
    right.set_ylim(0, 1.01)
    right.set_xlabel(f"Recall of {style.short(data.hardest, 24)}")
    right.set_ylabel("Precision")
    right.set_title("Precision-recall")
    for axes in (left, right):
        axes.grid()
        axes.set_axisbelow(True)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    return figure


def _draw(axes: Axes, number: int, x: Floats, y: Floats, answers: tuple[float, ...], label: str) -> None:
    colour = style.LINE_COLOURS[number % len(style.LINE_COLOURS)]
    dashes = ("-", "--", ":", "-.")[number // len(style.LINE_COLOURS) % 4]
    axes.plot(x, y, color=colour, linestyle=dashes, linewidth=1.6, label=style.short(label, 30) if label else None)
    axes.plot(*answers, "o", color=colour, markersize=5, markeredgecolor="white", markeredgewidth=0.7, zorder=3)


def caption(data: Data) -> str:
    """Say what to see."""
    several = " Up and to the left is better on the left, up and to the right on the right." * (len(data.lines) > 1)
    return (
        f"{md.escape(data.hardest)} against the rest as the threshold on its score moves.{several} Dots are the "
        "answers as they are given, the highest of all scores, which is no threshold on one score and so need not lie "
        "on the line. The right panel has the best precision at that recall or more. "
        f"{md.escape(SOFTMAX)} marks a softmax of a decision function."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    half = int(np.searchsorted(data.recalls, 0.8))
    each = "; ".join(f"{line.estimator} {line.precision[half]:.2f}" for line in data.lines)
    return f"ROC and precision-recall of {data.hardest} against the rest. Precision at a recall of 0.80: {each}."
