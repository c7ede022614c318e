"""Pictures of the hardest class with every estimator's answer and its score: the hard core, and the rescues."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmark.analyses.hardest_class.measure import Kind
from benchmark.analyses.hardest_class.scores import Subject
from benchmark.analyses.hardest_class.thresholds import SOFTMAX, is_softmax
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import markdown as md
from benchmark.render import style

ACROSS = 6
MOST = 12

ABBREVIATION = 9
"""Characters of an estimator beside the pictures."""

LETTER, TEXT = 0.078, 0.19
"""Inches: width of a letter, height of a line."""


@dataclass(frozen=True)
class Data:
    """Pictures with their answers.

    Attributes
    ----------
    kind : {"core", "cnn", "others"}
    estimators, classes : tuple of str
    softmax : tuple of bool
        Whether an estimator's scores are no probabilities.
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
    images, kept : int
        Images of the kind; those of which the pixels are kept.
    """

    kind: Kind
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
    kept: int


def core(one: Subject) -> Data | None:
    """Choose from the images that no estimator finds."""
    return _data(one, "core")


def cnn(one: Subject) -> Data | None:
    """Choose from the images that only CNNs find."""
    return _data(one, "cnn")


def others(one: Subject) -> Data | None:
    """Choose from the images that others find, and no CNN."""
    return _data(one, "others")


def _data(one: Subject, kind: Kind) -> Data | None:
    """Take the most telling of those whose pixels are kept."""
    test_set = one.summary.test_set
    place = {int(index): number for number, index in enumerate(test_set.example_index)}
    kept = [int(index) for index in one.kinds[kind] if int(index) in place]
    if not kept:
        return None
    index = np.array(kept[:MOST], dtype=np.int64)
    answers = np.stack([row.predicted[0, index] for row in one.rows])
    scores = np.stack([row.proba[0, index, answers[number]] for number, row in enumerate(one.rows)])
    pixels = test_set.example_images[[place[number] for number in index.tolist()]] / 255
    return Data(
        kind=kind,
        estimators=tuple(row.title for row in one.rows),
        classes=one.summary.class_names,
        softmax=tuple(is_softmax(row) for row in one.rows),
        hardest=one.summary.class_names[one.label],
        index=index,
        truth=one.label,
        answers=answers,
        scores=scores.astype(np.float64),
        pixels=pixels.reshape(len(index), *test_set.image_shape),
        images=len(one.kinds[kind]),
        kept=len(kept),
    )


def abbreviate(titles: Sequence[str]) -> tuple[str, ...]:
    """Return short names that differ: "SVM-HOG" of "SVM on HOG", "RF" of "Random forest", "LGBM" of "LightGBM"."""
    found: list[str] = []
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
        while tried in found:
            tried = f"{short[: ABBREVIATION - len(str(number))]}{number}"
            number += 1
        found.append(tried)
    return tuple(found)


def draw(data: Data) -> Figure:
    """Draw bands of pictures, each with a line of answers per estimator below it, and the key to their names."""
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
    """Draw one picture, its index and truth above and its answers below; places in inches."""
    width, height = figure.get_size_inches()
    letters = int(cell / LETTER)
    centre, side = (left + cell / 2) / width, cell * 0.9
    index = f"#{data.index[number]}"
    heading = f"{index} {style.short(data.hardest, max(4, letters - len(index) - 1))}"
    figure.text(centre, (top - 0.15) / height, heading, ha="center", va="center", fontsize=9, color=style.MUTED)
    axes = figure.add_axes(
        ((left + (cell - side) / 2) / width, (top - 0.28 - cell + 0.05) / height, side / width, side / height)
    )
    axes.imshow(data.pixels[number], cmap="gray_r", vmin=0, vmax=max(float(data.pixels[number].max()), 1e-9))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#C9CDD2")
    for line, (answer, score) in enumerate(zip(data.answers[:, number], data.scores[:, number], strict=True)):
        right = answer == data.truth
        figure.text(
            centre,
            (top - 0.28 - cell - TEXT * (line + 0.5)) / height,
            f"{style.short(data.classes[answer], max(4, letters - 5))} {score:.2f}",
            ha="center",
            va="center",
            fontsize=9,
            color=style.RIGHT if right else style.WRONG,
            weight="bold" if right else "normal",
        )


def _key(data: Data, short: Sequence[str], letters: int) -> list[str]:
    """Return the lines that explain the short names; letters of each at most."""
    names = [f"{name}: {style.short(title, 40)}" for name, title in zip(short, data.estimators, strict=True)]
    notes = [f"{SOFTMAX} a softmax of its decision function: ranks the classes, is no probability"] * any(data.softmax)
    return [line for part in ("; ".join(names), *notes) for line in textwrap.wrap(part, letters)]


def caption(data: Data) -> str:
    """Say what to see."""
    name = md.escape(data.hardest)
    kind = {
        "core": f"{name} that no estimator finds, those first whose truth has the lowest mean score",
        "cnn": f"{name} that only CNNs find, those first of which they are surest",
        "others": f"{name} that others find and no CNN does, those first that most of the others find",
    }[data.kind]
    shown = f"{len(data.index)} of {data.images:,}"
    text = f"{kind[0].upper()}{kind[1:]}: {shown}"
    if data.kept < data.images:
        text += f", chosen from the {data.kept} whose pixels are kept with the records"
    return (
        f"{text}. Above each its place in the test set and its label, below it every estimator's answer with that "
        "answer's score, right ones in bold; the key to the short names is at the foot."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    wrong = [int(np.bincount(column[column != data.truth]).argmax()) for column in data.answers.T]
    what = {"core": "no estimator finds", "cnn": "only CNNs find", "others": "others find and no CNN does"}[data.kind]
    each = ", ".join(f"{index} {data.classes[label]}" for index, label in zip(data.index, wrong, strict=True))
    return f"{len(data.index)} {data.hardest} images that {what}, with the commonest wrong answer: {each}."
