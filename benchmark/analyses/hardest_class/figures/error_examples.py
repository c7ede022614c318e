"""Images of one error category of the hardest class, with every estimator's answer and its score."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmark.analyses.hardest_class.one_vs_rest import SOFTMAX, is_softmax
from benchmark.analyses.hardest_class.scores import HardestClass
from benchmark.datasets.dataset import array_shape
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import class_names, style
from benchmark.render import markdown as md

CorrectBy = Literal["none", "cnn", "others"]
"""The estimators that classify the images correctly: none, CNNs only, or other estimators only."""

ACROSS = 6
MOST = 12

ABBREVIATION = 9
"""Characters of an estimator's short name."""

LETTER, TEXT = 0.078, 0.19
"""Inches: width of a letter, height of a line."""


@dataclass(frozen=True)
class Data:
    """Images with their answers.

    Attributes
    ----------
    correct_by : {"none", "cnn", "others"}
    estimators, classes : tuple of str
    softmax : tuple of bool
        Whether an estimator's scores are a softmax of a decision function, and no probabilities.
    hardest : str
    index : ndarray of int64, (m,)
        Place in the test set.
    truth : int
    answers : ndarray of int64, (estimators, m)
        Of each estimator's lowest seed.
    scores : ndarray of float64, (estimators, m)
        Of those answers.
    pixels : ndarray of float64, (m, height, width)
        From 0 to 1.
    images, stored : int
        Images of the category; those with stored pixels.
    """

    correct_by: CorrectBy
    estimators: tuple[str, ...]
    classes: tuple[str, ...]
    softmax: tuple[bool, ...]
    hardest: str
    index: Ints
    truth: int
    answers: Ints
    scores: Floats
    pixels: Floats
    images: int
    stored: int


def always_wrong(hardest: HardestClass) -> Data | None:
    """Choose from the images that every estimator misclassifies."""
    return _data(hardest, "none", hardest.categories.always_wrong)


def only_cnn_correct(hardest: HardestClass) -> Data | None:
    """Choose from the images that only CNNs classify correctly."""
    return _data(hardest, "cnn", hardest.categories.only_cnn_correct)


def only_others_correct(hardest: HardestClass) -> Data | None:
    """Choose from the images that other estimators classify correctly, and no CNN."""
    return _data(hardest, "others", hardest.categories.only_others_correct)


def _data(hardest: HardestClass, correct_by: CorrectBy, images: Ints) -> Data | None:
    """Return the first images of a category with stored pixels, or None if there are none."""
    test_set = hardest.summary.test_set
    place = {int(index): number for number, index in enumerate(test_set.example_index)}
    stored = [int(index) for index in images if int(index) in place]
    if not stored:
        return None
    index = np.array(stored[:MOST], dtype=np.int64)
    answers = np.stack([row.predicted[0, index] for row in hardest.rows])
    scores = np.stack([row.proba[0, index, answers[number]] for number, row in enumerate(hardest.rows)])
    pixels = test_set.example_images[[place[number] for number in index.tolist()]] / 255
    return Data(
        correct_by=correct_by,
        estimators=tuple(row.title for row in hardest.rows),
        classes=class_names.numbered(hardest.summary.class_names),
        softmax=tuple(is_softmax(row) for row in hardest.rows),
        hardest=class_names.numbered(hardest.summary.class_names)[hardest.label],
        index=index,
        truth=hardest.label,
        answers=answers,
        scores=scores.astype(np.float64),
        pixels=pixels.reshape(len(index), *array_shape(test_set.image_shape)),
        images=len(images),
        stored=len(stored),
    )


def abbreviate(titles: Sequence[str]) -> tuple[str, ...]:
    """Return short names that differ: "SVM-HOG" of "SVM on HOG", "RF" of "Random forest", "LGBM" of "LightGBM"."""
    names: list[str] = []
    for title in titles:
        parts: list[str] = []
        initials = False
        for word in re.findall(r"\w+", title):
            capitals = "".join(letter for letter in word if letter.isupper())
            if word in ("on", "of", "the", "and", "with"):
                initials = False
            elif len(capitals) > 1:
                parts, initials = [*parts, capitals], False
            elif initials:
                parts[-1] += word[0].upper()
            else:
                parts, initials = [*parts, word[0].upper()], True
        short = "-".join(parts)[:ABBREVIATION].rstrip("-") or "?"
        tried, number = short, 2
        while tried in names:
            tried = f"{short[: ABBREVIATION - len(str(number))]}{number}"
            number += 1
        names.append(tried)
    return tuple(names)


def draw(data: Data) -> Figure:
    """Draw rows of images with a line of answers per estimator below each, and a key to the short names."""
    across, lines = min(ACROSS, len(data.index)), len(data.estimators)
    down = math.ceil(len(data.index) / across)
    short = [
        f"{name} {SOFTMAX}" if softmax else name
        for name, softmax in zip(abbreviate(data.estimators), data.softmax, strict=True)
    ]
    names = 0.2 + LETTER * max(map(len, short))
    cell = (style.WIDTH - names) / ACROSS
    band = 0.28 + cell + TEXT * lines + 0.2
    width = max(names + cell * across, 4.5)
    key = _key(data, short, int(width / 0.072))
    bottom = 0.17 * len(key) + 0.1
    height = band * down + bottom
    figure = Figure(figsize=(width, height), dpi=style.DPI)  # laid out by hand: text and pictures share columns
    for number in range(len(data.index)):
        row, column = divmod(number, across)
        _picture(figure, data, number, names + column * cell, height - row * band, cell)
    for row in range(down):
        for number, name in enumerate(short):
            top = height - row * band - 0.28 - cell - TEXT * number
            if number % 2 == 0:
                shade = Rectangle((0, (top - TEXT) / height), 1, TEXT / height, color="#F4F5F6", zorder=-1, linewidth=0)
                figure.add_artist(shade)
            figure.text(0.08 / width, (top - TEXT / 2) / height, name, va="center", fontsize=9)
    figure.text(0.08 / width, (bottom - 0.06) / height, "\n".join(key), va="top", fontsize=8.5, color=style.MUTED)
    return figure


def _picture(figure: Figure, data: Data, number: int, left: float, top: float, cell: float) -> None:
    """Draw one image, with its index and class above and its answers below; `left`, `top` and `cell` are in inches."""
    width, height = figure.get_size_inches()
    letters = int(cell / LETTER)
    centre, side = (left + cell / 2) / width, cell * 0.9
    index = f"#{data.index[number]}"
    names = class_names.distinct(data.classes, max(4, letters - 5))
    heading = f"{index} {class_names.distinct(data.classes, max(4, letters - len(index) - 1))[data.hardest]}"
    figure.text(centre, (top - 0.15) / height, heading, ha="center", va="center", fontsize=9, color=style.MUTED)
    axes = figure.add_axes(
        ((left + (cell - side) / 2) / width, (top - 0.28 - cell + 0.05) / height, side / width, side / height)
    )
    style.picture(axes, data.pixels[number])
    for line, (answer, score) in enumerate(zip(data.answers[:, number], data.scores[:, number], strict=True)):
        right = answer == data.truth
        figure.text(
            centre,
            (top - 0.28 - cell - TEXT * (line + 0.5)) / height,
            f"{names[data.classes[answer]]} {score:.2f}",
            ha="center",
            va="center",
            fontsize=9,
            color=style.RIGHT if right else style.WRONG,
            weight="bold" if right else "normal",
        )


def _key(data: Data, short: Sequence[str], letters: int) -> list[str]:
    """Return the lines that explain the short names, each of at most so many letters."""
    names = [f"{name}: {style.short(title, 40)}" for name, title in zip(short, data.estimators, strict=True)]
    notes = [f"{SOFTMAX} a softmax of its decision function: ranks the classes, is no probability"] * any(data.softmax)
    return [line for part in ("; ".join(names), *notes) for line in textwrap.wrap(part, letters)]


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    name = md.escape(data.hardest)
    which = {
        "none": f"{name} images that every estimator misclassifies; those with the lowest mean score for {name} first",
        "cnn": f"{name} images that only CNNs classify correctly; those that most CNNs get right first",
        "others": f"{name} images that other estimators classify correctly and no CNN does; those that most of them "
        "get right first",
    }[data.correct_by]
    stored = f" (chosen from the {data.stored} with stored pixels)" if data.stored < data.images else ""
    return (
        f"{len(data.index)} of {data.images:,} {which}{stored}. Above each image: its index in the test set and its "
        "class. Below: each estimator's answer with its score, right answers in bold. The short names are explained at "
        "the bottom."
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    wrong = [int(np.bincount(column[column != data.truth]).argmax()) for column in data.answers.T]
    which = {
        "none": "every estimator misclassifies",
        "cnn": "only CNNs classify correctly",
        "others": "other estimators classify correctly and no CNN does",
    }[data.correct_by]
    each = ", ".join(f"{index} {data.classes[label]}" for index, label in zip(data.index, wrong, strict=True))
    return f"{len(data.index)} {data.hardest} images that {which}, with the most common wrong answer: {each}."
