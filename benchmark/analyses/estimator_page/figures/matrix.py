"""The figure `confusion`: counts and row shares of the confusion matrix; errors are coloured, the diagonal is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.analyses.estimator_page.predictions import confusions
from benchmark.metrics.scores import Ints
from benchmark.render import class_names, fmt, style

MOST_SHARES, MOST_COUNTS, MOST_NAMED = 12, 25, 60
"""Classes beyond which a cell is too small for its share, then for its count, and a row for its name."""


@dataclass(frozen=True)
class Data:
    """Images by true class (row) and predicted class (column), (classes, classes)."""

    classes: tuple[str, ...]
    counts: Ints


def data(estimator: EvaluatedEstimator) -> Data:
    """Return the data of the figure."""
    return Data(class_names.numbered(estimator.test_set.class_names), estimator.confusion)


def draw(data: Data) -> Figure:
    """Draw the matrix; that of many classes is as wide as the page."""
    n = len(data.classes)
    wide, tall = (0.66, 0.52) if n <= MOST_SHARES else (min(0.45, 7.2 / n),) * 2  # inches of a cell
    names = list(class_names.distinct(data.classes, 18).values())
    words = 0.35 + 0.085 * max(map(len, names)) if n <= MOST_NAMED else 0.4
    figure = style.new(words + tall * n + 0.35, words + wide * n + 0.35)
    axes = figure.add_subplot()
    images = np.maximum(data.counts.sum(axis=1, keepdims=True), 1)
    shares = np.where(np.eye(n, dtype=bool), np.nan, data.counts / images)
    top = max(float(np.nanmax(shares)) if n > 1 else 0.0, 0.01)
    colours = matplotlib.colormaps["Oranges"].with_extremes(bad="#ECEEF0")
    image = axes.imshow(shares, cmap=colours, vmin=0, vmax=top, aspect="auto")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    named = names if n <= MOST_NAMED else []
    size = min(10.0, 55 * tall)
    axes.set_xticks(range(len(named)), named, rotation=90, fontsize=size)
    axes.set_yticks(range(len(named)), named, fontsize=size)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    if n <= MOST_COUNTS:
        _numbers(axes, data, image)
    return figure


def _numbers(axes: Axes, data: Data, drawn: AxesImage) -> None:
    """Write the count into each cell that is not zero and, if there is room, its share of the row below."""
    images = np.maximum(data.counts.sum(axis=1), 1)
    both = len(data.classes) <= MOST_SHARES
    for (true, predicted), count in np.ndenumerate(data.counts):
        if not count:
            continue
        share = count / images[true]
        correct = true == predicted
        look: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "color": "black" if correct else style.ink(share, drawn),
        }
        weight, size = ("bold" if correct else "normal"), (9 if both else 7)
        axes.text(predicted, true - 0.14 * both, f"{count:,}", weight=weight, fontsize=size, **look)
        if both:
            axes.text(predicted, true + 0.24, fmt.percent(share), fontsize=7.5, **look)


def caption(data: Data) -> str:
    """Return what a reader should see."""
    n = len(data.classes)
    what = "test images of each true class (row) by predicted class (column)"
    if n <= MOST_SHARES:
        text = f"Number of {what}, and below it the share of the row."
    elif n <= MOST_COUNTS:
        text = f"Number of {what}."
    else:
        text = f"Share of {what}."
    text += " A darker cell is a more frequent error; correct predictions, on the diagonal, have no colour."
    if n <= MOST_COUNTS:
        text += " Empty cells are zero."
    return text if n <= MOST_NAMED else f"{text} Classes are in the order of their labels."


def alt(data: Data) -> str:
    """Return the figure's content in words."""
    found = confusions(data.counts, 1)
    text = f"Confusion matrix of {len(data.classes)} classes"
    if not found:
        return f"{text} without errors."
    (confusion,) = found
    label, predicted = data.classes[confusion.label], data.classes[confusion.predicted]
    return f"{text}. Most frequent error: {label} predicted as {predicted}."
