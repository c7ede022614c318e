"""Test images with their label and the estimator's answer: its surest mistakes, and a sample of what it gets right.

Right and wrong differ by mark and frame, not by colour alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.estimator_page.answers import mistakes, right
from benchmark.analyses.estimator_page.shown import Shown
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import markdown as md
from benchmark.render import style

ACROSS = 7
MOST = 14
"""Images of each kind."""

NAMES, HEADING, LETTER = 0.95, 0.36, 0.078
"""Inches: the column of row names, a kind's heading, the width of a letter."""

RIGHT_MARK, WRONG_MARK = "✓", "✗"


@dataclass(frozen=True)
class Data:
    """Pictures with their answers, the wrong ones first.

    Attributes
    ----------
    classes : tuple of str
    softmax : bool
        Whether the scores are no probabilities.
    index : ndarray of int64, (m,)
        Place in the test set.
    truth, answers : ndarray of int64, (m,)
    scores : ndarray of float64, (m,)
        Of the answers.
    pixels : ndarray of float64, (m, height, width)
        From 0 to 1.
    wrong, known : int
        Wrong answers of the estimator, and test images whose pixels were at hand.
    whole : bool
        Whether these are all.
    """

    classes: tuple[str, ...]
    softmax: bool
    index: Ints
    truth: Ints
    answers: Ints
    scores: Floats
    pixels: Floats
    wrong: int
    known: int
    whole: bool

    @property
    def is_wrong(self) -> list[bool]:
        """Of each picture."""
        return [bool(wrong) for wrong in self.answers != self.truth]


def data(shown: Shown) -> Data | None:
    """Choose the pictures."""
    index = np.concatenate([mistakes(shown, MOST), right(shown, MOST)])
    if not len(index):
        return None
    return Data(
        classes=shown.test_set.class_names,
        softmax=shown.softmax,
        index=index,
        truth=shown.test_set.y[index],
        answers=shown.predicted[index],
        scores=shown.confidence[index],
        pixels=shown.pixels(index),
        wrong=int((shown.predicted != shown.test_set.y).sum()),
        known=len(shown.pictures.index),
        whole=not shown.pictures.reason,
    )


def draw(data: Data) -> Figure:
    """Draw both kinds one below the other, each image with its place above, label, answer and score below."""
    cell = (style.WIDTH - NAMES) / ACROSS
    side, band = 0.9 * cell, 0.9 * cell + 1.0
    order = "the highest score" if data.softmax else "the surest"
    kinds = [
        (heading, [place for place, wrong in enumerate(data.is_wrong) if wrong == kind])
        for heading, kind in ((f"{WRONG_MARK} Wrong, {order} first", True), (f"{RIGHT_MARK} Right, a sample", False))
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
            for line, text in enumerate(("Label", "Answer", "Score" if data.softmax else "Probability")):
                middle = top - row * band - 0.44 - side - 0.19 * line
                figure.text(0.05 / style.WIDTH, middle / height, text, va="center", fontsize=9, color=style.MUTED)
        top -= band * math.ceil(len(places) / ACROSS)
    return figure


def _picture(figure: Figure, data: Data, place: int, left: float, top: float, cell: float) -> None:
    """Draw one picture in its frame, with the words around it; places in inches."""
    width, height = figure.get_size_inches()
    side, letters = 0.9 * cell, int(cell / LETTER)
    centre, wrong = (left + cell / 2) / width, data.is_wrong[place]
    colour = style.WRONG if wrong else style.RIGHT
    figure.text(
        centre, (top - 0.12) / height, f"#{data.index[place]}", ha="center", va="center", fontsize=9, color=style.MUTED
    )
    axes = figure.add_axes(
        ((left + (cell - side) / 2) / width, (top - 0.26 - side) / height, side / width, side / height)
    )
    pixels = data.pixels[place]
    axes.imshow(pixels, cmap="gray_r", vmin=0, vmax=max(float(pixels.max()), 1e-9))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(colour)
    axes.spines[:].set_linestyle((0, (3, 2)) if wrong else "-")
    axes.spines[:].set_linewidth(2.4 if wrong else 1.2)
    mark = WRONG_MARK if wrong else RIGHT_MARK
    for line, (text, ink, weight) in enumerate(
        (
            (style.short(data.classes[data.truth[place]], letters), "black", "normal"),
            (f"{mark} {style.short(data.classes[data.answers[place]], letters - 2)}", colour, "bold"),
            (f"{data.scores[place]:.3f}", "black", "normal"),
        )
    ):
        middle = (top - 0.44 - side - 0.19 * line) / height
        figure.text(centre, middle, text, ha="center", va="center", fontsize=9, color=ink, weight=weight)


def caption(data: Data) -> str:
    """Say what to see."""
    wrong = sum(data.is_wrong)
    score = "score (a softmax, no probability)" if data.softmax else "probability"
    text = f"Above each image is its place in the test set; below it its label, the answer and the answer's {score}. "
    if wrong:
        text += (
            f"{WRONG_MARK} and a dashed frame: the {wrong} wrong answers with the highest {score.split()[0]}, of "
            f"{md.count(data.wrong)}. "
        )
    if wrong < len(data.index):
        text += (
            f"{RIGHT_MARK} and a plain frame: {len(data.index) - wrong} right ones, a stratified sample drawn without "
            "a look at their scores. "
        )
    if not data.whole:
        text += (
            f"The data were not at hand when this was drawn, so all are chosen from the {data.known:,} test images "
            "whose pixels are kept with the records, which are the hardest: among them even the right answers are "
            "not typical, and surer mistakes may lie outside. "
        )
    return text.strip()


def alt(data: Data) -> str:
    """Say it without the picture."""
    words = [
        f"#{index} {data.classes[truth]} called {data.classes[answer]}"
        for index, truth, answer in zip(data.index, data.truth, data.answers, strict=True)
        if truth != answer
    ]
    text = f"{len(words)} wrong and {len(data.index) - len(words)} right answers of the estimator, in pictures"
    return f"{text}. Wrong: {', '.join(words)}." if words else f"{text}."
