"""How high the F1 of a class could go: three estimates from stored answers, each with an assumption.

No assumption holds exactly. The estimates err in different directions, so their range says more than any one of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmark.analyses.hardest_class.hits import Bools, most_common_labels
from benchmark.analyses.hardest_class.scores import HardestClass, title_of
from benchmark.metrics.scores import Ints
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, number, table


class UpperBound(NamedTuple):
    """An estimate of the errors that no estimator can avoid.

    Attributes
    ----------
    n_images : int
        Images of the class.
    missed : float
        Images of the class that cannot be classified correctly.
    mistaken : float
        Images of other classes that are always classified as this one.
    """

    n_images: int
    missed: float
    mistaken: float

    @property
    def recall(self) -> float:
        """Recall of the class without any other error."""
        return 1 - self.missed / self.n_images

    @property
    def f1(self) -> float:
        """F1 of the class without any other error."""
        return 2 * (self.n_images - self.missed) / (2 * self.n_images - self.missed + self.mistaken)


def oracle(y: Ints, label: int, answers: Ints) -> UpperBound:
    """Return the bound if one always knew which estimator to believe: an image is correct if any answer is.

    Otherwise the most common answer counts. Too high: out of many answers, one is right by chance.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    label : int
    answers : ndarray of int64, (m, n)
    """
    wrong = ~(answers == y).any(axis=0)
    common, _ = most_common_labels(answers)
    return _bound(y, label, wrong & (y == label), wrong & (common == label))


def unanimous_errors(y: Ints, label: int, answers: Ints) -> UpperBound:
    """Return the bound if the errors that all estimators share cannot be avoided, and all others can.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    label : int
    answers : ndarray of int64, (m, n)
        Of good estimators; an error is shared if all answers are the same.
    """
    unanimous = (answers == answers[0]).all(axis=0) & (answers[0] != y)
    return _bound(y, label, unanimous & (y == label), unanimous & (answers[0] == label))


def shared_errors(y: Ints, label: int, a: Ints, b: Ints) -> UpperBound:
    """Return the bound if two estimators err independently, but for images that cannot be classified correctly.

    The method is capture-recapture (Lincoln 1930). Independent errors would be shared by
    (only a × only b) / (neither) images; shared errors beyond that cannot be avoided. Too low: some images are merely
    harder than others, for both estimators.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    label : int
    a, b : ndarray of int64, (n,)
        Answers.
    """
    of_class = y == label
    missed = _beyond_chance(a[of_class] != label, b[of_class] != label)
    mistaken = _beyond_chance(a[~of_class] == label, b[~of_class] == label)
    return UpperBound(int(of_class.sum()), missed, mistaken)


def _beyond_chance(a: Bools, b: Bools) -> float:
    both, neither = int((a & b).sum()), int((~a & ~b).sum())
    chance = int((a & ~b).sum()) * int((b & ~a).sum()) / neither if neither else 0.0
    return max(0.0, both - chance)


def _bound(y: Ints, label: int, missed: Bools, mistaken: Bools) -> UpperBound:
    return UpperBound(int((y == label).sum()), float(missed.sum()), float(mistaken.sum()))


@dataclass(frozen=True)
class Estimate:
    """An upper bound.

    Attributes
    ----------
    name : str
    assumption : str
        How it is reached and what it assumes, as inline markdown.
    bound : UpperBound
    """

    name: str
    assumption: str
    bound: UpperBound


def estimates(hardest: HardestClass) -> tuple[Estimate, ...]:
    """Return the three estimates; none with only one estimator."""
    if len(hardest.rows) < 2:
        return ()
    y, label = hardest.summary.test_set.y, hardest.label
    good = hardest.rows[: math.ceil(len(hardest.rows) / 2)]
    a, b = hardest.compared if len(hardest.compared) == 2 else hardest.rows[:2]
    return (
        Estimate(
            "Oracle",
            f"an image counts as correct if any of the {len(hardest.rows)} estimators is right. This assumes that one "
            "always knows which estimator to believe. Too high: out of many answers, one is right by chance.",
            oracle(y, label, np.concatenate([row.predicted for row in hardest.rows])),
        ),
        Estimate(
            "Unanimous errors",
            "an image cannot be learned if the better half of the estimators "
            f"({md.listing([title_of(row) for row in good])}) give it the same wrong answer. This assumes that such "
            "images are mislabelled or ambiguous, and that all others can be learned. Similar estimators may also just "
            "share a weakness.",
            unanimous_errors(y, label, np.concatenate([row.predicted for row in good])),
        ),
        Estimate(
            "Shared errors",
            f"errors shared by {title_of(a)} and {title_of(b)} beyond what independent errors would produce are "
            "counted as unlearnable. This assumes that the two err independently on all other images. Too low: some "
            "images are merely harder for both.",
            shared_errors(y, label, a.predicted[0], b.predicted[0]),
        ),
    )


def blocks(hardest: HardestClass) -> list[Block]:
    """Return the range of the estimates and their table, without heading; empty with only one estimator."""
    found = estimates(hardest)
    if not found:
        return []
    f1, recall = ([getattr(estimate.bound, name) for estimate in found] for name in ("f1", "recall"))
    best, name = hardest.best, hardest.name
    now = float(best.f1[hardest.label])
    gain = (
        f"{max(0.0, min(f1) - now):.2f} to {max(0.0, max(f1) - now):.2f} of F1 is left to gain"
        if max(f1) > now
        else "nothing is left to gain by any of the estimates"
    )
    lead = (
        f"**F1 of {name} could reach about {min(f1):.2f} to {max(f1):.2f}, recall {min(recall):.2f} to "
        f"{max(recall):.2f}.** {title_of(best)} has {md.score(now)} and {md.score(best.recall[hardest.label])}, so "
        f"{gain}. This is the range of three estimates with different assumptions, not a confidence interval."
    )
    rows = [
        [
            Cell(f"**{estimate.name}**: {estimate.assumption}", estimate.name),
            number(estimate.bound.missed, _whole),
            number(estimate.bound.mistaken, _whole),
            number(estimate.bound.recall, md.score),
            number(estimate.bound.f1, md.score),
        ]
        for estimate in found
    ]
    header = [
        "Estimate and assumption",
        f"{name} images always missed",
        "Others always mistaken for it",
        "Recall",
        "F1",
    ]
    method = (
        "Each estimate counts errors that cannot be avoided on both sides: images of the class that are always missed, "
        "and images of other classes that are always classified as it. The estimates know only the estimators of this "
        "leaderboard; another kind of model could change them."
    )
    return [lead, table(header, rows), method]


def _whole(images: float) -> str:
    return f"{images:,.0f}"
