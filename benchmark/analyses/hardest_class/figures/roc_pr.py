"""The hardest class against all others: ROC and precision-recall curve of every estimator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.analyses.hardest_class.one_vs_rest import SOFTMAX, curves, is_softmax
from benchmark.analyses.hardest_class.scores import HardestClass
from benchmark.metrics.scores import Floats
from benchmark.render import class_names, style
from benchmark.render import markdown as md

POINTS = 201


@dataclass(frozen=True)
class Line:
    """The curves of one estimator's lowest seed.

    Attributes
    ----------
    estimator : str
    recall : ndarray of float64, (p,)
        At the false-positive rates of `Data`.
    precision : ndarray of float64, (p,)
        At the recalls of `Data`.
    answers : tuple of float
        False-positive rate, recall and precision of its answers.
    """

    estimator: str
    recall: Floats
    precision: Floats
    answers: tuple[float, float, float]


@dataclass(frozen=True)
class Data:
    """The curves, best estimator first.

    Attributes
    ----------
    hardest : str
    false_positives, recalls : ndarray of float64, (p,)
        Where the curves are evaluated.
    share : float
        Of the test images that are of the class.
    lines : tuple of Line
    """

    hardest: str
    false_positives: Floats
    recalls: Floats
    share: float
    lines: tuple[Line, ...]


def data(hardest: HardestClass) -> Data | None:
    """Collect what is drawn; None if the test set has no other class."""
    of_class, label = hardest.of_class, hardest.label
    if of_class.all():
        return None
    rates, recalls = np.linspace(0, 0.25, POINTS), np.linspace(0.02, 1, POINTS)
    lines = []
    for row in hardest.rows:
        found = curves(of_class, row.proba[0][:, label], rates, recalls)
        positive = row.predicted[0] == label
        precision = float((positive & of_class).sum() / positive.sum()) if positive.any() else math.nan
        answers = (float(positive[~of_class].mean()), float(positive[of_class].mean()), precision)
        title = f"{row.title} {SOFTMAX}" if is_softmax(row) else row.title
        lines.append(Line(title, found.recall, found.precision, answers))
    return Data(
        class_names.numbered(hardest.summary.class_names)[label], rates, recalls, float(of_class.mean()), tuple(lines)
    )


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
    left.set_xlabel("False-positive rate")
    recall = f"Recall of {class_names.distinct([data.hardest], 24)[data.hardest]}"
    left.set_ylabel(recall)
    left.set_title("ROC curve (left part)")
    right.axhline(data.share, color=style.MUTED, linewidth=1, linestyle=":")
    right.annotate("chance", (0.02, data.share), (0, 3), textcoords="offset points", color=style.MUTED, fontsize=9)
    right.set_xlim(0, 1.005)
    right.set_ylim(0, 1.01)
    right.set_xlabel(recall)
    right.set_ylabel("Precision")
    right.set_title("Precision-recall curve")
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
    """Return the caption, as inline markdown."""
    better = " The nearer to the upper left (ROC) or upper right (precision-recall), the better." * (
        len(data.lines) > 1
    )
    return (
        f"{md.escape(data.hardest)} against all other classes, for every threshold on its score.{better} Dots are the "
        "answers that are scored on the leaderboard: the class with the highest score, which is no threshold on one "
        "score, so a dot may be off its curve. The precision shown is the best at that recall or a higher one. "
        f"{md.escape(SOFTMAX)} marks scores that are a softmax of a decision function."
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    at = int(np.searchsorted(data.recalls, 0.8))
    each = "; ".join(f"{line.estimator} {line.precision[at]:.2f}" for line in data.lines)
    return f"ROC and precision-recall curves of {data.hardest}. Precision at a recall of 0.80: {each}."
