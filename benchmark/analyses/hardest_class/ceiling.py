"""How far a class could go: estimates from stored answers, each with an assumption that does not quite hold.

None is the truth; they err in different directions, so what they span is worth more than any one of them.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmark.analyses.hardest_class.measure import Bools, consensus
from benchmark.metrics.scores import Ints


class Ceiling(NamedTuple):
    """What an estimate says no estimator can mend: images of the class missed, and others taken for it."""

    images: int
    missed: float
    mistaken: float

    @property
    def recall(self) -> float:
        """Share of the class's images that can be found."""
        return 1 - self.missed / self.images

    @property
    def f1(self) -> float:
        """F1 of the class if nothing else went wrong."""
        return 2 * (self.images - self.missed) / (2 * self.images - self.missed + self.mistaken)


def oracle(y: Ints, label: int, answers: Ints) -> Ceiling:
    """Return the ceiling if someone always knew whom to believe: an image counts if any answer is right.

    Where none is, the most common one is given. Too high a ceiling: of many answers one is right by luck.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    label : int
    answers : ndarray of int64, (m, n)
    """
    lost = ~(answers == y).any(axis=0)
    common, _ = consensus(answers)
    return _ceiling(y, label, lost & (y == label), lost & (common == label))


def unanimous(y: Ints, label: int, answers: Ints) -> Ceiling:
    """Return the ceiling if what all answer alike, and against the label, is beyond all; and all else is within.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    label : int
    answers : ndarray of int64, (m, n)
        Of good estimators.
    """
    against = (answers == answers[0]).all(axis=0) & (answers[0] != y)
    return _ceiling(y, label, against & (y == label), against & (answers[0] == label))


def shared(y: Ints, label: int, a: Ints, b: Ints) -> Ceiling:
    """Return the ceiling if two estimators fail apart by chance, and together only on what cannot be told.

    As in capture and recapture (Lincoln 1930): of the images that can be told, as many would be lost to both as
    independence says, (only a × only b) / (neither); what is lost to both beyond that cannot be told. Too low:
    some images are merely harder, and lost to both for that.

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
    return Ceiling(int(of_class.sum()), missed, mistaken)


def _beyond_chance(a: Bools, b: Bools) -> float:
    both, neither = int((a & b).sum()), int((~a & ~b).sum())
    chance = int((a & ~b).sum()) * int((b & ~a).sum()) / neither if neither else 0.0
    return max(0.0, both - chance)


def _ceiling(y: Ints, label: int, missed: Bools, mistaken: Bools) -> Ceiling:
    return Ceiling(int((y == label).sum()), float(missed.sum()), float(mistaken.sum()))
