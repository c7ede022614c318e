"""An answer laid out for a page: the class, its score, bars for the classes that score most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.render import markdown as md

TOP = 3
"""Bars in sight; the rest unfold."""

RANKING = "ranks the classes; its scores are no probabilities"
"""Said of a softmax of a decision function."""


@dataclass(frozen=True)
class Bar:
    """One class's score, from 0 to 1, and as text."""

    name: str
    share: float
    text: str


@dataclass(frozen=True)
class Row:
    """What one model says of one image.

    Attributes
    ----------
    title : str
    answer : str
        A class's name; empty where there is none, for which `error` has the reason.
    bars : tuple of Bar
        All classes, the highest score first.
    right : bool or None
        None where the truth is not known.
    took : str
        How long the answer took; empty of a stored one.
    note : str
        What must be known of the scores.
    error : str
        As a sentence.
    """

    title: str
    answer: str = ""
    bars: tuple[Bar, ...] = ()
    right: bool | None = None
    took: str = ""
    note: str = ""
    error: str = ""

    @property
    def top(self) -> tuple[Bar, ...]:
        """The bars in sight."""
        return self.bars[:TOP]


def row(
    title: str,
    scores: npt.NDArray[np.floating],
    class_names: Sequence[str],
    truth: int | None = None,
    took: str = "",
    note: str = "",
) -> Row:
    """Lay out one answer.

    Parameters
    ----------
    title : str
    scores : ndarray of float, (n_classes,)
        Adding up to 1.
    class_names : sequence of str
    truth : int, optional
    took, note : str
        See `Row`.
    """
    values = scores.astype(np.float64)
    order = np.argsort(-values, kind="stable")  # of equals the lowest label first, as `metrics.predict` has it
    bars = tuple(Bar(class_names[k], float(values[k]), md.percent(float(values[k]))) for k in order)
    right = None if truth is None else int(order[0]) == truth
    return Row(title, class_names[int(order[0])], bars, right, took, note)


def headline(rows: Sequence[Row], noun: str) -> str:
    """Return what most of the rows say, as "9 of 12 models say Ankle boot, 2 Sneaker, 1 Bag".

    Parameters
    ----------
    rows : sequence of Row
    noun : str
        What gave the answers, such as "model".
    """
    answers = Counter(one.answer for one in rows if one.answer)
    if not answers:
        return f"No {noun} has an answer"
    (first, most), *others = answers.most_common()
    total = sum(answers.values())
    if total == 1:
        return f"The {noun} says {first}"
    lead = f"All {total} {noun}s say {first}" if most == total else f"{most} of {total} {noun}s say {first}"
    return ", ".join([lead, *(f"{count} {name}" for name, count in others)])


def sentence(reason: str) -> str:
    """Return a reason as a sentence, on one line."""
    text = md.plain(reason).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
