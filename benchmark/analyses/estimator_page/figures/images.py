"""The figure `images`: confident mistakes and a sample of correct predictions, with label and prediction.

Wrong and correct ones differ by mark and frame, not by colour alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.analyses.estimator_page.predictions import confident_mistakes, correct_sample
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import class_names, fmt, style

ACROSS = 7
MOST = 14
"""Images of each kind."""

NAMES, HEADING, LETTER = 0.95, 0.36, 0.078
"""Inches: width of the column of row names, height of a heading, width of a letter."""

RIGHT_MARK, WRONG_MARK = "✓", "✗"


@dataclass(frozen=True)
class Data:
    """Pictures with their predictions, the wrong ones first.

    Attributes
    ----------
    classes : tuple of str
    softmax : bool
        Whether the scores are a softmax, and not probabilities.
    index : ndarray of int64, (m,)
        In the test set.
    labels, predicted : ndarray of int64, (m,)
    scores : ndarray of float64, (m,)
        Of the predicted classes.
    pixels : ndarray of float64, (m, height, width)
        From 0 to 1.
    wrong : int
        Wrong predictions on all test images.
    available : int
        Test images whose pixels were available.
    is_whole : bool
        Whether these are all test images.
    """

    classes: tuple[str, ...]
    softmax: bool
    index: Ints
    labels: Ints
    predicted: Ints
    scores: Floats
    pixels: Floats
    wrong: int
    available: int
    is_whole: bool

    @property
    def is_wrong(self) -> list[bool]:
        """Whether each prediction is wrong."""
        return [bool(wrong) for wrong in self.predicted != self.labels]


def data(estimator: EvaluatedEstimator) -> Data | None:
    """Return the pictures to draw, or None if no pixels are available."""
    index = np.concatenate([confident_mistakes(estimator, MOST), correct_sample(estimator, MOST)])
    if not len(index):
        return None
    return Data(
        classes=class_names.numbered(estimator.test_set.class_names),
        softmax=estimator.softmax,
        index=index,
        labels=estimator.test_set.y[index],
        predicted=estimator.predicted[index],
        scores=estimator.confidence[index],
        pixels=estimator.pixels(index),
        wrong=int((estimator.predicted != estimator.test_set.y).sum()),
        available=len(estimator.pictures.index),
        is_whole=not estimator.pictures.reason,
    )


def draw(data: Data) -> Figure:
    """Draw wrong and then correct predictions, with the index above each image; label, prediction and score below."""
    cell = (style.WIDTH - NAMES) / ACROSS
    side, band = 0.9 * cell, 0.9 * cell + 1.0
    order = "highest score" if data.softmax else "highest probability"
    kinds = [
        (heading, [place for place, wrong in enumerate(data.is_wrong) if wrong == kind])
        for heading, kind in ((f"{WRONG_MARK} Wrong, {order} first", True), (f"{RIGHT_MARK} Correct, a sample", False))
    ]
    kinds = [(heading, places) for heading, places in kinds if places]
    height = sum(HEADING + band * math.ceil(len(places) / ACROSS) for _, places in kinds)
    figure = Figure(figsize=(style.WIDTH, height), dpi=style.DPI)  # laid out by hand: text and pictures share columns
    top = height
    for heading, places in kinds:
        figure.text(0.05 / style.WIDTH, (top - HEADING / 2) / height, heading, va="center", fontsize=11, weight="bold")
        top -= HEADING
        for number, place in enumerate(places):
            row, column = divmod(number, ACROSS)
            _picture(figure, data, place, NAMES + column * cell, top - row * band, cell)
        for row in range(math.ceil(len(places) / ACROSS)):
            for line, text in enumerate(("Label", "Predicted", "Score" if data.softmax else "Probability")):
                middle = top - row * band - 0.44 - side - 0.19 * line
                figure.text(0.05 / style.WIDTH, middle / height, text, va="center", fontsize=9, color=style.MUTED)
        top -= band * math.ceil(len(places) / ACROSS)
    return figure


def _picture(figure: Figure, data: Data, place: int, left: float, top: float, cell: float) -> None:
    """Draw one picture in its frame, with the words around it; `left`, `top` and `cell` are in inches."""
    width, height = figure.get_size_inches()
    side, letters = 0.9 * cell, int(cell / LETTER)
    centre, wrong = (left + cell / 2) / width, data.is_wrong[place]
    colour = style.WRONG if wrong else style.RIGHT
    names, answers = (class_names.distinct(data.classes, longest) for longest in (letters, letters - 2))
    figure.text(
        centre, (top - 0.12) / height, f"#{data.index[place]}", ha="center", va="center", fontsize=9, color=style.MUTED
    )
    axes = figure.add_axes(
        ((left + (cell - side) / 2) / width, (top - 0.26 - side) / height, side / width, side / height)
    )
    style.picture(axes, data.pixels[place], colour)
    axes.spines[:].set_linestyle((0, (3, 2)) if wrong else "-")
    axes.spines[:].set_linewidth(2.4 if wrong else 1.2)
    mark = WRONG_MARK if wrong else RIGHT_MARK
    for line, (text, ink, weight) in enumerate(
        (
            (names[data.classes[data.labels[place]]], "black", "normal"),
            (f"{mark} {answers[data.classes[data.predicted[place]]]}", colour, "bold"),
            (f"{data.scores[place]:.3f}", "black", "normal"),
        )
    ):
        middle = (top - 0.44 - side - 0.19 * line) / height
        figure.text(centre, middle, text, ha="center", va="center", fontsize=9, color=ink, weight=weight)


def caption(data: Data) -> str:
    """Return what a reader should see."""
    wrong = sum(data.is_wrong)
    score = "score" if data.softmax else "probability"
    text = (
        "Above each image is its index in the test set; below it are its label, the predicted class and the "
        f"prediction's {score}{' (a softmax, not a probability)' * data.softmax}. "
    )
    if wrong:
        text += (
            f"{WRONG_MARK} and a dashed frame mark the {wrong} wrong predictions with the highest {score}, of "
            f"{fmt.count(data.wrong)}. "
        )
    if wrong < len(data.index):
        correct = len(data.index) - wrong
        text += f"{RIGHT_MARK} and a plain frame mark a stratified random sample of {correct} correct ones. "
    if not data.is_whole:
        text += (
            "The data were not available, so all pictures are chosen from the "
            f"{data.available:,} test images that are stored with the records. These are the hardest: correct "
            "predictions among them are not typical, and there may be mistakes with higher scores elsewhere. "
        )
    return text.strip()


def alt(data: Data) -> str:
    """Return the figure's content in words."""
    words = [
        f"#{index} {data.classes[label]} predicted as {data.classes[predicted]}"
        for index, label, predicted in zip(data.index, data.labels, data.predicted, strict=True)
        if label != predicted
    ]
    text = f"Pictures of {len(words)} wrong and {len(data.index) - len(words)} correct predictions"
    return f"{text}. Wrong: {', '.join(words)}." if words else f"{text}."
