"""How far the hardest class could go, by three estimates that err in different directions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmark.analyses.hardest_class import ceiling
from benchmark.analyses.hardest_class.ceiling import Ceiling
from benchmark.analyses.hardest_class.scores import Subject, titled
from benchmark.render import markdown as md
from benchmark.render.document import Block, table


@dataclass(frozen=True)
class Estimate:
    """A ceiling, and as markdown how it was reached and what it assumes."""

    how: str
    ceiling: Ceiling


def estimates(one: Subject) -> tuple[Estimate, ...]:
    """Return the estimates; none with one estimator."""
    if len(one.rows) < 2:
        return ()
    y = one.summary.test_set.y
    good = one.rows[: math.ceil(len(one.rows) / 2)]
    a, b = one.rivals if len(one.rivals) == 2 else one.rows[:2]
    which = md.listing([titled(row) for row in good])
    return (
        Estimate(
            f"**Oracle**: an image counts if any of the {len(one.rows)} estimators is right. Assumes that one could "
            "always know whom to believe; too high, as of many answers one is right by luck.",
            ceiling.oracle(y, one.label, np.concatenate([row.predicted for row in one.rows])),
        ),
        Estimate(
            f"**Unanimity**: an image is beyond all if the better half of the estimators ({which}) give it one and the "
            "same wrong answer. Assumes that these are wrong labels or pictures that cannot be told apart, and that "
            "all else could be learned; estimators of one kind may also just share a fault.",
            ceiling.unanimous(y, one.label, np.concatenate([row.predicted for row in good])),
        ),
        Estimate(
            f"**Shared errors**: of what {titled(a)} and {titled(b)} both get wrong, that is beyond all which exceeds "
            "the overlap that independent errors would have. Assumes that apart from what is beyond all, they err "
            "independently; too low, as some images are merely harder for both.",
            ceiling.shared(y, one.label, a.predicted[0], b.predicted[0]),
        ),
    )


def section(one: Subject) -> list[Block]:
    """Return the estimates and their range, without heading; empty with one estimator."""
    found = estimates(one)
    if not found:
        return []
    f1, recall = ([getattr(each.ceiling, name) for each in found] for name in ("f1", "recall"))
    best = max(one.rows, key=lambda row: float(row.f1[one.label]))
    now = float(best.f1[one.label])
    lead = (
        f"**F1 of {one.name} could reach some {min(f1):.2f} to {max(f1):.2f}, recall {min(recall):.2f} to "
        f"{max(recall):.2f}**, where {titled(best)} stands at {md.score(now)} and {md.score(best.recall[one.label])}: "
        "a range of estimates, not an interval of confidence. "
    )
    lead += (
        f"What is left to win is {max(0.0, min(f1) - now):.2f} to {max(0.0, max(f1) - now):.2f} of F1."
        if max(f1) > now
        else "By none of them is anything left to win."
    )
    rows = [
        [each.how, f"{end.missed:,.0f}", f"{end.mistaken:,.0f}", md.score(end.recall), md.score(end.f1)]
        for each in found
        if (end := each.ceiling)
    ]
    header = ["Estimate and what it assumes", f"{one.name} beyond all", f"Others that stay {one.name}", "Recall", "F1"]
    after = (
        "Each takes as lost what it calls beyond all, on both sides: images of the class that stay missed, and images "
        "of others that stay taken for it. All three know only these estimators; another kind of model could move them."
    )
    return [lead, table(header, rows), after]
