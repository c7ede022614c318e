"""What a reader must know before relying on any row: each caution is a value, then one sentence of the verdict.

The cautions are about all rows together. What is particular to a row is in its footnotes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics import significance as inference
from benchmark.metrics.scores import Interval
from benchmark.render import fmt
from benchmark.render import markdown as md

NEIGHBOURS = "knn"
"""The estimator that looks up the most similar training images; what does no better has learned nothing more."""

NOT_FOUND = 0.05
"""F1 of a class below which an estimator does not find it."""

NAMED = 5
"""Most classes that a caution names."""

LEADING = 3
"""Rows, from the most accurate, whose validation and test accuracies are compared."""

APART = 0.03
"""Least difference of validation and test accuracy that is said: a smaller one changes no decision."""


AS_MANY = 0.8
"""Share of the refit's rows that the validated fit must have had: a refit on many more rows is better by that alone."""


@dataclass(frozen=True)
class Drift:
    """A row whose accuracies on validation rows and on test images differ by more than chance allows.

    Attributes
    ----------
    row : Scored
    points : float
        Test accuracy minus validation accuracy.
    p : float
        Of Fisher's exact test, corrected (see `drift`).
    """

    row: Scored
    points: float
    p: float


def sentences(summary: Summary) -> list[str]:
    """Return the cautions as inline markdown, the most serious first; none of most results."""
    if not summary.scored:
        return []
    found = [_constant(summary) or _neighbours(summary), _not_found(summary), _drift(summary)]
    return list(filter(None, found))


def largest_class(summary: Summary) -> tuple[int, float]:
    """Return the class with most test images, and its share of them: the accuracy of always answering it."""
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    return int(images.argmax()), float(images.max() / summary.n_test)


def best_over_constant(summary: Summary) -> Interval | None:
    """Return the best row's lead over always answering the largest class, or None if some row is better than that."""
    fixed = (summary.test_set.y == largest_class(summary)[0]).astype(np.float64)
    leads = [metrics.paired_difference(row.correct, fixed) for row in summary.scored]
    return None if any(lead.low > 0 for lead in leads) else leads[0]


def neighbours_unbeaten(summary: Summary) -> Scored | None:
    """Return the row of nearest neighbours if there are others and none of them is better, or None."""
    row = next((row for row in summary.scored if row.name == NEIGHBOURS), None)
    others = [other for other in summary.scored if other is not row]
    if row is None or not others or any(summary.pair(other, row).difference.low > 0 for other in others):
        return None
    return row


def not_found(summary: Summary) -> list[int]:
    """Return the classes with test images of which no row has an F1 of `NOT_FOUND`, or none a single right answer."""
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    f1 = np.nan_to_num(np.stack([row.f1 for row in summary.scored])).max(axis=0)
    return [int(label) for label in np.flatnonzero((images > 0) & (f1 < NOT_FOUND))]


def drift(summary: Summary) -> Drift | None:
    """Return the best of the leading rows whose test accuracy is not its validation accuracy, or None.

    Fisher's exact test compares the two shares. The p-values are corrected by Holm's method for the rows. Before
    that, that of a row which is better on validation rows is multiplied by its number of trials (Bonferroni): the
    winner is the best of its trials there, so its validation accuracy is somewhat too high by itself. A row that is
    better on test images is left out if its refit had many more rows than its validated fit, see `AS_MANY`.

    In a cross-validation the same images are validated and tested, so there is nothing to compare.
    """
    if summary.test_set.folds:
        return None
    rows = [row for row in summary.scored if row.gap is not None and row.record.validation_rows][:LEADING]
    rows = [row for row in rows if (row.gap or 0.0) < 0 or _fitted_alike(row)]
    p = [_p(row, summary.n_test) for row in rows]
    for row, corrected in zip(rows, inference.holm(p), strict=True):
        if row.gap is not None and corrected < inference.LEVEL and abs(row.gap) >= APART:
            return Drift(row, row.gap, corrected)
    return None


def _fitted_alike(row: Scored) -> bool:
    return row.record.validation_fit_rows >= AS_MANY * row.record.fit_rows


def _p(row: Scored, n_test: int) -> float:
    record, validated = row.record, row.record.validation_accuracy
    assert validated is not None, "only rows that were validated are compared"
    p = inference.two_proportions(validated, record.validation_rows, row.accuracy.estimate, n_test)
    return min(1.0, p * max(1, len(record.trials))) if validated > row.accuracy.estimate else p


def _constant(summary: Summary) -> str:
    lead = best_over_constant(summary)
    if lead is None:
        return ""
    label, share = largest_class(summary)
    estimate, low, high = fmt.points(lead)
    best = summary.scored[0]
    return (
        f"**No row is better than always answering “{md.escape(summary.class_names[label])}”**, which has an accuracy "
        f"of {fmt.accuracy(share)}. The best row, *{md.escape(best.title)}*, has "
        f"{fmt.accuracy(best.accuracy.estimate)}, a difference of {estimate} points (95 % interval {low} to {high}). "
        f"So {fmt.plural(summary.n_test, 'test image')} do not show that any model here is of use: check the labels, "
        "and train on more images like those that are tested."
    )


def _neighbours(summary: Summary) -> str:
    row = neighbours_unbeaten(summary)
    if row is None:
        return ""
    return (
        f"**No row is better than *{md.escape(row.title)}***, {fmt.accuracy(row.accuracy.estimate)}, which looks up "
        f"the most similar training images by their pixels. So {fmt.plural(summary.n_test, 'test image')} do not show "
        "that training a model gains anything here: looking up is enough, or more training images are needed."
    )


def _not_found(summary: Summary) -> str:
    labels = not_found(summary)
    if not labels:
        return ""
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    names = [
        f"“{md.escape(summary.class_names[label])}” ({fmt.plural(int(images[label]), 'test image')})"
        for label in labels[:NAMED]
    ]
    if len(labels) > NAMED:
        names.append(f"{len(labels) - NAMED:,} more")
    them = "it" if len(labels) == 1 else "them"
    return (
        f"**No row finds {fmt.listing(names)}**: F1 is below {NOT_FOUND} in every row. So every model here misses "
        f"{them}: give more training images of {them}, or check the labels."
    )


def _drift(summary: Summary) -> str:
    found = drift(summary)
    if found is None:
        return ""
    record, row = found.row.record, found.row
    assert record.validation_accuracy is not None, "it was compared"
    tested = f"{fmt.accuracy(row.accuracy.estimate)} of {summary.n_test:,}"
    validated = f"{fmt.accuracy(record.validation_accuracy)} of {record.validation_rows:,}"
    points, lower = f"{abs(found.points) * 100:.1f}", found.points < 0
    means = (
        "So expect the test accuracy from images like those tested, and add some of these to the training part; or "
        "the training images are so alike that validation was too easy."
        if lower
        else "So the test images are easier than the training images, and other images may be classified less well."
    )
    return (
        f"**The test images differ from the training images**: *{md.escape(row.title)}* is {points} points "
        f"{'lower' if lower else 'higher'} on test images ({tested}) than on validation rows, which are training "
        f"images ({validated}); that is more than chance allows ({_p_text(found.p)}). {means}"
    )


def _p_text(p: float) -> str:
    text = fmt.p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"
