"""The hardest class and those that it is confused with, as a benchmark of their own."""

from __future__ import annotations

import numpy as np

from benchmark.analyses.hardest_class import measure as anatomy
from benchmark.analyses.hardest_class.measure import SHARE
from benchmark.analyses.hardest_class.scores import Subject, titled
from benchmark.leaderboard.summary import Scored
from benchmark.metrics.scores import Floats, Interval, confusion_matrix, per_class, wilson_interval
from benchmark.render import markdown as md
from benchmark.render.document import Block, table


def group(one: Subject) -> tuple[int, ...]:
    """Return the class and its neighbours, in order of labels; empty where they are none, or all classes."""
    found = tuple(sorted({one.label, *one.neighbours}))
    return found if 1 < len(found) < len(np.unique(one.summary.test_set.y)) else ()


def section(one: Subject) -> list[Block]:
    """Return accuracy and F1 among the group only, without heading; empty without a group."""
    found = group(one)
    if not found:
        return []
    inside = np.isin(one.summary.test_set.y, found)
    scores = [_scores(one, row, found) for row in one.rows]
    within = [float(row.correct[inside].mean()) for row in one.rows]
    errors = np.mean([1 - row.correct for row in one.rows], axis=0).sum()
    between = one.confusion[np.ix_(found, found)]
    share = md.percent((between.sum() - np.trace(between)) / errors) if errors else md.NONE
    added = [accuracy.estimate - all_ for (accuracy, _), all_ in zip(scores, within, strict=True)]
    best = int(np.argmax([accuracy.estimate for accuracy, _ in scores]))
    text = (
        f"{md.listing([one.named(label) for label in found])}: the class itself and every other with at least "
        f"{SHARE * 100:.0f} % of its confusions, both ways and on average over the estimators. **{share} of all errors "
        f"on the test set are between these {len(found)}.** Here only their {inside.sum():,} test images count, and "
        f"the answer is the highest of {len(found)} scores; chance would be right in {md.percent(1 / len(found))}. "
        f"{titled(one.rows[best])} is the most accurate, {md.accuracy(scores[best][0].estimate)}. To know beforehand "
        f"that an image is one of these adds {_range(added)} points to what the same images score with all answers "
        "allowed."
    )
    header = ["Estimator", "Accuracy (95 % interval)", f"With all {len(one.summary.class_names)} answers allowed"]
    rows = [
        [
            md.escape(row.title),
            f"{md.accuracy(accuracy.estimate)} ({accuracy.low:.3f}–{accuracy.high:.3f})",
            md.accuracy(all_),
            *map(md.score, f1),
        ]
        for row, (accuracy, f1), all_ in zip(one.rows, scores, within, strict=True)
    ]
    return [text, table([*header, *(f"F1 of {one.named(label)}" for label in found)], rows)]


def _scores(one: Subject, row: Scored, found: tuple[int, ...]) -> tuple[Interval, Floats]:
    inside = np.isin(one.summary.test_set.y, found)
    y = np.searchsorted(found, one.summary.test_set.y[inside]).astype(np.int64)
    answers = anatomy.among(row.proba[:, inside], found)
    f1 = np.mean([per_class(confusion_matrix(y, seed, len(found))).f1 for seed in answers], axis=0)
    return wilson_interval(float((answers == y).mean()), len(y)), f1


def _range(differences: list[float]) -> str:
    ends = dict.fromkeys(md.signed_points(value) for value in (min(differences), max(differences)))
    return " to ".join(ends)
