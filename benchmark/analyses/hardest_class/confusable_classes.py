"""The hardest class and the classes that it is confused with, as a smaller classification problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.analyses.hardest_class.scores import CONFUSABLE_SHARE, HardestClass, title_of
from benchmark.leaderboard.summary import Scored
from benchmark.metrics.scores import Floats, Interval, Ints, confusion_matrix, per_class, wilson_interval
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, number, table, words


@dataclass(frozen=True)
class Restricted:
    """An estimator on the images of the group.

    Attributes
    ----------
    accuracy : Interval
        If only the classes of the group may be answered.
    all_answers : float
        Accuracy on the same images if all classes may be answered.
    f1 : ndarray of float64, (group,)
        Of each class, if only the group may be answered.
    """

    accuracy: Interval
    all_answers: float
    f1: Floats


@dataclass(frozen=True)
class Group:
    """The hardest class and the classes that it is confused with.

    Attributes
    ----------
    labels : tuple of int
        In order.
    n_images : int
    error_share : float
        Share of all errors on the test set that confuse two classes of the group; NaN without errors.
    by_row : tuple of Restricted
        One for each estimator.
    """

    labels: tuple[int, ...]
    n_images: int
    error_share: float
    by_row: tuple[Restricted, ...]


def compute(hardest: HardestClass) -> Group | None:
    """Return the group, or None if it would be one class or all classes."""
    y = hardest.summary.test_set.y
    labels = tuple(sorted({hardest.label, *hardest.confusable}))
    if not 1 < len(labels) < len(np.unique(y)):
        return None
    within = hardest.confusion[np.ix_(labels, labels)]
    errors = float(np.mean([1 - row.correct for row in hardest.rows], axis=0).sum())
    share = float(within.sum() - np.trace(within)) / errors if errors else np.nan
    inside = np.isin(y, labels)
    return Group(labels, int(inside.sum()), share, tuple(_restricted(row, y, labels) for row in hardest.rows))


def labels_among(proba: npt.NDArray[np.float16], group: Sequence[int]) -> Ints:
    """Return the answers if only some classes may be given, as places in `group`.

    Parameters
    ----------
    proba : ndarray of float16, (…, k)
    group : sequence of int

    Returns
    -------
    ndarray of int64, (…)
    """
    return np.asarray(proba[..., list(group)].argmax(axis=-1), dtype=np.int64)


def _restricted(row: Scored, y: Ints, group: tuple[int, ...]) -> Restricted:
    inside = np.isin(y, group)
    truth = np.searchsorted(group, y[inside]).astype(np.int64)
    answers = labels_among(row.proba[:, inside], group)
    f1 = np.mean([per_class(confusion_matrix(truth, seed, len(group))).f1 for seed in answers], axis=0)
    accuracy = wilson_interval(float((answers == truth).mean()), len(truth))
    return Restricted(accuracy, float(row.correct[inside].mean()), f1)


def blocks(hardest: HardestClass) -> list[Block]:
    """Return paragraph and table, without heading; empty without a group."""
    group = compute(hardest)
    if group is None:
        return []
    names, size = [hardest.class_name(label) for label in group.labels], len(group.labels)
    gained = [each.accuracy.estimate - each.all_answers for each in group.by_row]
    gain = " to ".join(dict.fromkeys(md.signed_points(end) for end in (min(gained), max(gained))))
    best = max(range(len(group.by_row)), key=lambda place: group.by_row[place].accuracy.estimate)
    share = md.NONE if np.isnan(group.error_share) else md.percent(group.error_share)
    text = (
        f"**{share} of all errors on the test set are between these {size} classes**: {md.listing(names)}. If only "
        f"these {size} answers are allowed, {title_of(hardest.rows[best])} is the most accurate on their "
        f"{group.n_images:,} test images, with {md.accuracy(group.by_row[best].accuracy.estimate)}; a random answer is "
        f"right for {md.percent(1 / size)}. The restriction changes accuracy on these images by {gain} points. The "
        f"group is {hardest.name} and every class that has at least {CONFUSABLE_SHARE * 100:.0f} % of its confusions, "
        "in both directions and on average over the estimators."
    )
    rows = []
    for row, each in zip(hardest.rows, group.by_row, strict=True):
        estimate, low, high = each.accuracy
        accuracy = Cell(md.accuracy(estimate), estimate, (low, high), f" ({low:.3f}–{high:.3f})")
        f1 = [number(float(value), md.score) for value in each.f1]
        rows.append([words(row.title), accuracy, number(each.all_answers, md.accuracy), *f1])
    header = ["Estimator", "Accuracy (95 % interval)", f"With all {len(hardest.summary.class_names)} answers allowed"]
    return [text, table([*header, *(f"F1 of {name}" for name in names)], rows)]
