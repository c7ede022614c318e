"""The people's majority as a row beside the estimators, and what is known of each estimator beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.analyses.human_labels.record import Compared, Contrast, Group, People
from benchmark.leaderboard.reference import Reference
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats, Interval

if TYPE_CHECKING:
    from benchmark.leaderboard.summary import Scored

TITLE = "People (majority vote)"

NAME = FAMILY = "people"
"""In leaderboard.csv, where `STATUS` tells the row from an estimator's."""

STATUS = "reference"


@dataclass(frozen=True)
class Beside:
    """An estimator's lowest seed beside the people."""

    title: str
    family: str
    compared: Compared

    def group(self, label: int | None) -> Group:
        """Return the comparison on one class, or on all for None."""
        return self.compared.every if label is None else self.compared.classes[label]


@dataclass(frozen=True)
class Crowd:
    """People, scored as an estimator is, though they were not trained and are not ranked.

    Attributes
    ----------
    people : People
    accuracy : Interval
        Of the majority, over test images.
    macro_f1 : float
    recall, f1 : ndarray of float64, (n_classes,)
    beside : tuple of Beside
        In the order of the leaderboard.
    left_out : tuple of (str, str)
        Name and title of estimators that are not in `beside`: their predictions are not those that
        people were compared with, or never were.
    """

    people: People
    accuracy: Interval
    macro_f1: float
    recall: Floats
    f1: Floats
    beside: tuple[Beside, ...]
    left_out: tuple[tuple[str, str], ...]

    def contrasts(self, label: int | None) -> list[Contrast]:
        """Return the contrasts that there are on one class, or on all for None."""
        found = (one.group(label).contrast for one in self.beside)
        return [contrast for contrast in found if contrast is not None]


def crowd(people: People | None, scored: Sequence[Scored]) -> Crowd | None:
    """Put people beside the rows of the leaderboard; None where there are none of either."""
    if people is None or not scored:
        return None
    counts = np.array(people.confusion, dtype=np.int64)
    classes = metrics.per_class(counts)
    images = int(counts.sum())
    beside, left_out = [], []
    for row in scored:
        compared = people.find(row.name, row.record.seed)
        if compared is not None and compared.proba_sha256 == row.record.proba_sha256:
            beside.append(Beside(row.title, row.family, compared))
        else:
            left_out.append((row.name, row.title))
    return Crowd(
        people,
        metrics.wilson_interval(float(np.trace(counts)) / images, images),
        metrics.macro_f1(counts),
        classes.recall,
        classes.f1,
        tuple(beside),
        tuple(left_out),
    )


@dataclass(frozen=True)
class HumanScores:
    """People beside the estimators of the leaderboard."""

    summary: Summary
    crowd: Crowd


def compute(summary: Summary, data: People | None) -> HumanScores | None:
    """Return people's scores, or None where nobody was asked or no estimator finished."""
    found = crowd(data, summary.scored)
    return None if found is None else HumanScores(summary, found)


def reference(scores: HumanScores) -> Reference:
    """Return people as a row beside the estimators."""
    people = scores.crowd.people
    note = (
        f"What most people called an image, by {people.mean:.0f} labels on average (Fashion-MNIST-H, Ishida et al. "
        "2023). Nothing was trained, so it has no rank."
    )
    return Reference(NAME, TITLE, FAMILY, note, scores.crowd.accuracy, scores.crowd.macro_f1, scores.crowd.f1)
