"""Where the lead changes between the families: the crossovers of their learning curves.

Only a significant lead counts. Where the lead changes between two sizes, or two times, the crossover is interpolated on
a straight line over their logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from benchmark.analyses.learning_curve.scores import FamilyComparison, Leader


@dataclass(frozen=True)
class Stretch:
    """Consecutive comparisons in which one family leads.

    Attributes
    ----------
    leader : {"classical", "cnn"}
    first, last : int
        Indices of its ends. Comparisons without a leader may be in between.
    """

    leader: Leader
    first: int
    last: int


@dataclass(frozen=True)
class Crossover:
    """A change of the lead.

    Attributes
    ----------
    before, after : Stretch
    at : float or None
        Training rows or seconds at which the lead is zero; None where it is zero more than once in between, or where
        only one family can be compared at the end of `before`.
    """

    before: Stretch
    after: Stretch
    at: float | None


@dataclass(frozen=True)
class Undecided:
    """Consecutive comparisons in which neither family leads.

    Attributes
    ----------
    first, last : int
        Indices of its ends.
    tied : bool
        Whether the leaderboard says so; else the comparison's own interval.
    """

    first: int
    last: int
    tied: bool


def stretches(comparisons: Sequence[FamilyComparison]) -> list[Stretch]:
    """Return which family leads where, in order; comparisons without a leader neither begin nor end a stretch."""
    result: list[Stretch] = []
    for index, comparison in enumerate(comparisons):
        if not comparison.leader:
            continue
        if result and result[-1].leader == comparison.leader:
            result[-1] = Stretch(comparison.leader, result[-1].first, index)
        else:
            result.append(Stretch(comparison.leader, index, index))
    return result


def crossovers(comparisons: Sequence[FamilyComparison]) -> list[Crossover]:
    """Return every change of the lead, in order."""
    return [
        Crossover(before, after, _zero(comparisons[before.last : after.first + 1]))
        for before, after in pairwise(stretches(comparisons))
    ]


def undecided(comparisons: Sequence[FamilyComparison]) -> list[Undecided]:
    """Return where neither family leads, in order."""
    result = []
    for (leader, tied), group in groupby(enumerate(comparisons), key=lambda item: (item[1].leader, item[1].tied)):
        indices = [index for index, _ in group]
        if not leader:
            result.append(Undecided(indices[0], indices[-1], tied))
    return result


def _zero(comparisons: Sequence[FamilyComparison]) -> float | None:
    """Return where the lead is zero, on straight lines over the logarithm; None unless that is one place."""
    leads = [(comparison.at, comparison.lead.estimate) for comparison in comparisons if comparison.lead]
    zeros = [
        math.exp(math.log(a) + (math.log(b) - math.log(a)) * lead / (lead - next_lead))
        for (a, lead), (b, next_lead) in pairwise(leads)
        if lead * next_lead < 0
    ]
    zeros += [at for at, lead in leads if lead == 0]
    return zeros[0] if len(zeros) == 1 else None
