"""The answer of one model as shown on a page: its class, its highest scores as bars, and remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.render import fmt
from benchmark.render import markdown as md

TOP = 3
"""Number of classes shown at once; the others unfold."""

NOT_PROBABILITIES = "its scores rank the classes; they are not probabilities"
"""Remark for a softmax of a decision function."""


@dataclass(frozen=True)
class ClassScore:
    """The score of one class, from 0 to 1, and the same as text."""

    name: str
    share: float
    text: str


@dataclass(frozen=True)
class Card:
    """The answer of one model for one image.

    Attributes
    ----------
    title : str
        Of the model.
    answer : str
        Name of the predicted class; empty if the model failed.
    scores : tuple of ClassScore
        All classes, the highest score first.
    correct : bool or None
        None if the label is not known.
    duration : str
        Time to predict; empty for a recorded answer.
    note : str
        Remarks on the model and its scores.
    error : str
        Why the model failed, as a sentence.
    """

    title: str
    answer: str = ""
    scores: tuple[ClassScore, ...] = ()
    correct: bool | None = None
    duration: str = ""
    note: str = ""
    error: str = ""

    @property
    def top(self) -> tuple[ClassScore, ...]:
        """The highest scores, which are shown at once."""
        return self.scores[:TOP]


def card(
    title: str,
    scores: npt.NDArray[np.floating],
    class_names: Sequence[str],
    truth: int | None = None,
    duration: str = "",
    note: str = "",
) -> Card:
    """Return the card of one answer.

    Parameters
    ----------
    title : str
    scores : ndarray of float, (n_classes,)
        Their sum is 1.
    class_names : sequence of str
    truth : int, optional
        The label.
    duration, note : str
        See `Card`.
    """
    values = scores.astype(np.float64)
    order = np.argsort(-values, kind="stable")  # ties go to the lowest label, as in `metrics.predict`
    ranked = tuple(ClassScore(class_names[k], float(values[k]), fmt.percent(float(values[k]))) for k in order)
    correct = None if truth is None else int(order[0]) == truth
    return Card(title, class_names[int(order[0])], ranked, correct, duration, note)


def headline(cards: Sequence[Card], noun: str) -> str:
    """Return a summary of the answers, such as "9 of 12 models say Ankle boot, 2 Sneaker, 1 Bag".

    Parameters
    ----------
    cards : sequence of Card
    noun : str
        What gave the answers, such as "model".
    """
    answers = Counter(card.answer for card in cards if card.answer)
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
