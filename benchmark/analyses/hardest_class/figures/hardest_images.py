"""Test images of the hardest class that most estimators misclassify, with every answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmark.analyses.hardest_class.scores import HardestClass
from benchmark.datasets.dataset import array_shape
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import class_names, style
from benchmark.render import markdown as md

ACROSS = 7
MOST = 14

LONGEST = 26
"""Characters of an estimator's title: as many as the longest of ours has."""


@dataclass(frozen=True)
class Data:
    """Images with their answers.

    Attributes
    ----------
    estimators, classes : tuple of str
    hardest : str
    index : ndarray of int64, (m,)
        Place in the test set.
    truth : ndarray of int64, (m,)
    answers : ndarray of int64, (estimators, m)
        Of each estimator's lowest seed.
    pixels : ndarray of float64, (m, height, width)
        From 0 to 1.
    stored : int
        Images of the class with stored pixels.
    """

    estimators: tuple[str, ...]
    classes: tuple[str, ...]
    hardest: str
    index: Ints
    truth: Ints
    answers: Ints
    pixels: Floats
    stored: int


def data(hardest: HardestClass) -> Data | None:
    """Choose images that every estimator misclassifies, then those that most do; by index if equal."""
    test_set = hardest.summary.test_set
    candidates = np.flatnonzero(test_set.y[test_set.example_index] == hardest.label)
    index = test_set.example_index[candidates]
    answers = np.stack([row.predicted[0] for row in hardest.rows])
    wrong = (answers[:, index] != hardest.label).sum(axis=0)
    order = np.lexsort((index, -wrong))
    by_all = order[wrong[order] == len(answers)]
    by_some = order[(wrong[order] > 0) & (wrong[order] < len(answers))]
    # One row for images that no estimator gets right, one for images that some do: that shows where they differ.
    chosen = np.concatenate([by_all[: MOST - min(len(by_some), ACROSS)], by_some])[:MOST]
    if not len(chosen):
        return None
    rows = test_set.example_images[candidates[chosen]]
    pixels = rows.reshape(len(chosen), *array_shape(test_set.image_shape)) / 255
    return Data(
        estimators=tuple(row.title for row in hardest.rows),
        classes=class_names.numbered(hardest.summary.class_names),
        hardest=class_names.numbered(hardest.summary.class_names)[hardest.label],
        index=index[chosen],
        truth=test_set.y[index[chosen]],
        answers=answers[:, index[chosen]],
        pixels=pixels,
        stored=len(candidates),
    )


def draw(data: Data) -> Figure:
    """Draw rows of images with a line of answers per estimator below each."""
    across = min(ACROSS, len(data.index))
    down = math.ceil(len(data.index) / across)
    lines = len(data.estimators)
    longest = max(len(style.short(title, LONGEST)) for title in data.estimators)
    names = 0.25 + 0.085 * longest
    cell = (style.WIDTH - names) / ACROSS
    line, gap = 0.235, 0.2
    band = 0.3 + cell + line * lines + gap
    height = band * down
    figure = Figure(
        figsize=(names + cell * across, height), dpi=style.DPI
    )  # laid out by hand: text and pictures share columns
    width = names + cell * across
    names_of = class_names.distinct(data.classes, max(4, int(cell / 0.08)))
    for place in range(len(data.index)):
        row, column = divmod(place, across)
        left, top = names + column * cell, height - row * band
        centre = (left + cell / 2) / width
        figure.text(centre, (top - 0.16) / height, f"#{data.index[place]}", ha="center", va="center", color=style.MUTED)
        side = cell * 0.9
        axes = figure.add_axes(
            ((left + (cell - side) / 2) / width, (top - 0.3 - cell + 0.05) / height, side / width, side / height)
        )
        style.picture(axes, data.pixels[place])
        for number in range(lines):
            answer = data.answers[number, place]
            middle = (top - 0.3 - cell - line * (number + 0.5)) / height
            right = answer == data.truth[place]
            figure.text(
                centre,
                middle,
                names_of[data.classes[answer]],
                ha="center",
                va="center",
                fontsize=9,
                color=style.RIGHT if right else style.WRONG,
                weight="bold" if right else "normal",
            )
    for row in range(down):
        truth = f"Truth: {class_names.distinct(data.classes, 15)[data.hardest]}"
        figure.text(0.1 / width, (height - row * band - 0.3 - cell / 2) / height, truth, va="center", weight="bold")
        for number, title in enumerate(data.estimators):
            top = height - row * band - 0.3 - cell - line * number
            if number % 2 == 0:
                box = Rectangle((0, (top - line) / height), 1, line / height, color="#F4F5F6", zorder=-1, linewidth=0)
                figure.add_artist(box)
            figure.text(0.1 / width, (top - line / 2) / height, style.short(title, LONGEST), va="center")
    return figure


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    always = _always_wrong(data)
    some = len(data.index) - always
    which = [f"{always} that every estimator misclassifies"] * bool(always)
    which += [f"{some} that only some misclassify"] * bool(some)
    return (
        f"{md.escape(data.hardest)} images: {' and '.join(which)}, of the {data.stored} with stored pixels. The number "
        "above each is its index in the test set. Below are the estimators' answers, right ones in bold."
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    return (
        f"{len(data.index)} test images of {data.hardest}; every estimator misclassifies {_always_wrong(data)} of them."
    )


def _always_wrong(data: Data) -> int:
    return int((data.answers != data.truth).all(axis=0).sum())
