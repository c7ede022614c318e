"""How well the hardest class's score ranks its images above all others, whatever the threshold.

Arrays in, numbers out: `n` is the number of test images, `p` of points of a curve.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.analyses.hardest_class.hits import Bools
from benchmark.analyses.hardest_class.scores import HardestClass, title_of
from benchmark.leaderboard.summary import Scored
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, number, table

PRECISION = 0.9
"""The precision at which the recall is reported: one answer in ten is wrong."""

SOFTMAX = "~"
"""Marks scores that are a softmax of a decision function."""


class Ranking(NamedTuple):
    """How one class's score ranks the images, the class against the rest; NaN if there is no rest."""

    auc: float
    average_precision: float
    recall_at_precision: float


class Curves(NamedTuple):
    """ROC and precision-recall curve at fixed points, each (p,).

    `recall` is at `false_positives`, `precision` at `recalls`.
    """

    false_positives: Floats
    recall: Floats
    recalls: Floats
    precision: Floats


def ranking(of_class: Bools, scores: npt.NDArray[Any]) -> Ranking:
    """Return area under the ROC curve, average precision, and the recall at a precision of `PRECISION` or more.

    Parameters
    ----------
    of_class : ndarray of bool, (n,)
    scores : ndarray of float, (n,)
        Of the class.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    if of_class.all() or not of_class.any():
        return Ranking(np.nan, np.nan, np.nan)
    values = scores.astype(np.float64)
    precision, recall, _ = precision_recall_curve(of_class, values)
    return Ranking(
        float(roc_auc_score(of_class, values)),
        float(average_precision_score(of_class, values)),
        float(recall[precision >= PRECISION].max()),  # ends at a recall of 0 with a precision of 1, by definition
    )


def curves(of_class: Bools, scores: npt.NDArray[Any], false_positives: Floats, recalls: Floats) -> Curves:
    """Return both curves at the given points, each a point that a threshold reaches: nothing is interpolated.

    Parameters
    ----------
    of_class : ndarray of bool, (n,)
    scores : ndarray of float, (n,)
    false_positives, recalls : ndarray of float64, (p,)
        From 0 to 1. `precision` is the highest with at least that recall.
    """
    from sklearn.metrics import precision_recall_curve, roc_curve

    values = scores.astype(np.float64)
    false_positive_rate, true_positive_rate, _ = roc_curve(of_class, values, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(of_class, values)
    best = np.maximum.accumulate(precision)  # recall falls along the arrays
    reached = np.searchsorted(-recall, -recalls, side="right") - 1
    return Curves(
        false_positives,
        true_positive_rate[np.searchsorted(false_positive_rate, false_positives, side="right") - 1],
        recalls,
        best[np.maximum(reached, 0)],
    )


def is_softmax(row: Scored) -> bool:
    """Return whether an estimator's scores are a softmax of its decision function, and no probabilities."""
    return any(record.scores == "decision_function" for record in row.records)


def compute(hardest: HardestClass) -> tuple[Ranking, ...]:
    """Return each estimator's ranking, mean over seeds."""
    return tuple(
        Ranking(*np.mean([ranking(hardest.of_class, seed[:, hardest.label]) for seed in row.proba], axis=0).tolist())
        for row in hardest.rows
    )


def blocks(hardest: HardestClass) -> list[Block]:
    """Return paragraphs and table, without heading and figure; empty if the test set has no other class."""
    found, name = compute(hardest), hardest.name
    if any(np.isnan(values.auc) for values in found):
        return []
    text = ""
    fair = [place for place, row in enumerate(hardest.rows) if not is_softmax(row)]
    if len(fair) > 1:
        best, worst = (choose(fair, key=lambda place: found[place].average_precision) for choose in (max, min))
        auc = [found[place].auc for place in fair]
        which = "all estimators" if len(fair) == len(hardest.rows) else "the estimators with probabilities"
        text = (
            f"Of {which}, {title_of(hardest.rows[best])} has the highest average precision, "
            f"**{md.score(found[best].average_precision)}**; the lowest is {md.score(found[worst].average_precision)}. "
            f"Their areas under the ROC curve are between {md.score(min(auc))} and {md.score(max(auc))}. "
        )
    text += (
        f"The question is whether a {name} image gets a higher score for {name} than an image of another class, "
        "whatever the threshold is. The area under the ROC curve is the probability that it does, for one image of "
        "each kind. Average precision is the area under the precision-recall curve; it says more here, because only "
        f"{md.percent(hardest.of_class.mean())} of the images are {name}."
    )
    rows = [
        [
            Cell(md.escape(f"{row.title} {SOFTMAX}" if is_softmax(row) else row.title), row.title),
            number(values.auc, md.score),
            number(values.average_precision, md.score),
            number(values.recall_at_precision, md.percent),
        ]
        for row, values in zip(hardest.rows, found, strict=True)
    ]
    header = ["Estimator", "Area under ROC", "Average precision", f"Recall at a precision of {PRECISION:g}"]
    note = (
        f"{md.escape(SOFTMAX)} These scores are a softmax of `decision_function`: they rank the classes of one image "
        "and are not probabilities. The table ranks images by the score of one class. A softmax pushes high scores "
        "together near 1, so low numbers in these rows are partly an effect of the softmax."
    )
    return [text, table(header, rows), note if len(fair) < len(hardest.rows) else ""]
