"""How the hardest class's score ranks the images, and what moving its threshold would buy and cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.analyses.hardest_class import measure as anatomy
from benchmark.analyses.hardest_class.measure import FACTORS, PRECISION, Ranking
from benchmark.analyses.hardest_class.scores import Subject, titled
from benchmark.leaderboard.summary import Scored
from benchmark.metrics import scores
from benchmark.metrics.scores import Floats, Interval, Ints
from benchmark.render import markdown as md
from benchmark.render.document import Block, Table, table

SOFTMAX = "~"
"""Marks scores that are a softmax of a decision function."""


@dataclass(frozen=True)
class Shift:
    """What one factor on the class's score does to the test answers; means over the seeds that have one.

    Attributes
    ----------
    factors : tuple of float
        One for each seed, chosen on validation rows.
    gain : Interval
        Of the class's F1.
    f1 : ndarray of float64, (n_classes,)
        Change.
    macro_f1, accuracy : float
        Change.
    """

    factors: tuple[float, ...]
    gain: Interval
    f1: Floats
    macro_f1: float
    accuracy: float


def ranking(one: Subject) -> list[Block]:
    """Return how well the class's score ranks, without heading and figure."""
    found = [_ranking(one, row) for row in one.rows]
    if any(np.isnan(values.auc) for values in found):
        return []
    auc, precision = (np.array([values[place] for values in found]) for place in (0, 1))
    text = (
        f"The score of {one.name} taken alone, {one.name} against the rest: does it put {one.name} images above "
        "others, wherever the threshold is? The area under the ROC curve is the chance that it does for one image of "
        f"each kind; as only {md.percent(one.of_class.mean())} of the images are {one.name}, average precision, the "
        "area under the precision-recall curve, tells more."
    )
    fair = [place for place, row in enumerate(one.rows) if not is_softmax(row)]
    if len(fair) > 1:
        first = max(fair, key=lambda place: float(precision[place]))
        which = "all" if len(fair) == len(one.rows) else "the estimators with probabilities"
        text += (
            f" Of {which}, {titled(one.rows[first])} has the highest, {md.score(precision[first])}, against "
            f"{md.score(precision[fair].min())} at worst; their areas under the ROC curve all lie between "
            f"{md.score(auc[fair].min())} and {md.score(auc[fair].max())}."
        )
    rows = [
        [
            md.escape(row.title) + (f" {md.escape(SOFTMAX)}" if is_softmax(row) else ""),
            md.score(values.auc),
            md.score(values.average_precision),
            md.percent(values.recall_at_precision),
        ]
        for row, values in zip(one.rows, found, strict=True)
    ]
    header = ["Estimator", "Area under ROC", "Average precision", f"Recall at a precision of {PRECISION:g}"]
    return [text, table(header, rows), *_softmax_note(one)]


def is_softmax(row: Scored) -> bool:
    """Tell whether an estimator's scores only rank the classes."""
    return any(record.scores == "decision_function" for record in row.records)


def _ranking(one: Subject, row: Scored) -> Ranking:
    each = [anatomy.ranking(one.of_class, seed[:, one.label]) for seed in row.proba]
    return Ranking(*(float(value) for value in np.mean(each, axis=0)))


def _softmax_note(one: Subject) -> list[str]:
    if not any(is_softmax(row) for row in one.rows):
        return []
    return [
        f"{md.escape(SOFTMAX)} Its scores are a softmax of `decision_function`: they rank the classes of one image and "
        "are no probabilities. What is ranked here is images, across which such scores are pressed together at the "
        "top, so low numbers in these rows are the softmax's fault as much as the estimator's."
    ]


def shifts(one: Subject) -> list[Block]:
    """Return what a factor chosen on validation rows would buy; empty without validation predictions."""
    if not any(known for row in one.rows for known in row.validation):
        return []

    def class_f1(counts: Ints) -> float:
        return float(scores.per_class(counts).f1[one.label])

    own = [_shift(one, row, class_f1) for row in one.rows]
    macro = [_shift(one, row, scores.macro_f1) for row in one.rows]
    how = (
        f"An estimator could be told to say “{one.name}” more readily, or less: its score is multiplied by a factor, "
        "which is another prior for the class, or another threshold. The factor is chosen on the validation rows out "
        f"of {len(FACTORS)} from {FACTORS[0]:g} to {FACTORS[-1]:g}, then frozen and applied to the stored test scores. "
        "Validation scores come from a fit on fewer rows than the one tested, so the best factor need not carry over."
    )
    missing = [titled(row) for row, shift in zip(one.rows, own, strict=True) if shift is None]
    if missing:
        how += f" No validation scores are stored for {md.listing(missing)}."
    return [
        how,
        f"**If F1 of {one.name} is what counts**: {_verdict(one, own)}",
        _table(one, own),
        f"**If the mean F1 of all classes is what counts**: {_macro_verdict(macro)}",
        _macro_table(one, macro),
    ]


def _shift(one: Subject, row: Scored, score: Callable[[Ints], float]) -> Shift | None:
    y, k = one.summary.test_set.y, len(one.summary.class_names)
    factors, before, after = [], [], []
    for known, predicted, proba in zip(row.validation, row.predicted, row.proba, strict=True):
        if known is not None:
            factors.append(anatomy.best_factor(anatomy.confusions(known.y, known.proba, one.label), score))
            before.append(predicted)
            after.append(anatomy.shifted(proba, one.label, factors[-1]))
    if not factors:
        return None
    counts = [[scores.confusion_matrix(y, answers, k) for answers in part] for part in (before, after)]
    old, new = (np.nan_to_num([scores.per_class(count).f1 for count in part]).mean(axis=0) for part in counts)
    old_macro, new_macro = (float(np.mean([scores.macro_f1(count) for count in part])) for part in counts)
    a, b = np.stack(before), np.stack(after)
    return Shift(
        factors=tuple(factors),
        gain=anatomy.f1_gain(one.of_class, a == one.label, b == one.label),
        f1=new - old,
        macro_f1=new_macro - old_macro,
        accuracy=float((b == y).mean() - (a == y).mean()),
    )


def _verdict(one: Subject, found: Sequence[Shift | None]) -> str:
    there = [shift for shift in found if shift is not None]
    gains = np.array([shift.gain.estimate for shift in there])
    sure, worse = sum(shift.gain.low > 0 for shift in there), sum(shift.gain.high < 0 for shift in there)
    text = (
        f"the change of F1 runs from {md.signed(gains.min())} to {md.signed(gains.max())}, {md.signed(gains.mean())} "
        f"on average; {sure} of {md.plural(len(there), 'estimator')} gain{'s' if sure == 1 else ''} more than the test "
        f"images could show by chance{f', {worse} lose' if worse else ''}."
    )
    if one.neighbours:
        costs = np.mean([shift.f1[list(one.neighbours)] for shift in there], axis=0)
        worst, accuracy = int(costs.argmin()), float(np.mean([shift.accuracy for shift in there]))
        text += (
            f" Of the neighbours, {one.named(one.neighbours[worst])} fares worst: {md.signed(costs[worst])} on "
            f"average; accuracy changes by {md.signed_points(accuracy)} points on average."
        )
    if sure * 2 < len(there):
        return f"{text} So {one.name} is not lost for want of a better threshold."
    return f"{text} So part of what {one.name} loses is a matter of where the threshold stands."


def _macro_verdict(found: Sequence[Shift | None]) -> str:
    there = [shift for shift in found if shift is not None]
    still = sum(all(factor == 1 for factor in shift.factors) for shift in there)
    gains = np.array([shift.macro_f1 for shift in there])
    return (
        f"macro F1 changes by {md.signed(gains.min(), 4)} to {md.signed(gains.max(), 4)}, "
        f"{md.signed(gains.mean(), 4)} on average; for {still} of {md.plural(len(there), 'estimator')} the best factor "
        "is 1, no shift at all."
    )


def _table(one: Subject, found: Sequence[Shift | None]) -> Table:
    header = ["Estimator", "Factor", f"F1 of {one.name}", "Change (95 % interval)"]
    header += [f"Change of {one.named(label)}" for label in one.neighbours]
    rows = []
    for row, shift in zip(one.rows, found, strict=True):
        if shift is None:
            rows.append([md.escape(row.title), *[md.NONE] * (len(header))])
            continue
        low, high = md.signed(shift.gain.low), md.signed(shift.gain.high)
        cells = [_factor(shift), md.score(row.f1[one.label]), f"{md.signed(shift.gain.estimate)} ({low} to {high})"]
        cells += [md.signed(shift.f1[label]) for label in one.neighbours]
        rows.append([md.escape(row.title), *cells, md.signed_points(shift.accuracy)])
    return table([*header, "Accuracy, points"], rows)


def _macro_table(one: Subject, found: Sequence[Shift | None]) -> Table:
    rows = []
    for row, shift in zip(one.rows, found, strict=True):
        cells = [md.NONE] * 4
        if shift is not None:
            cells = [_factor(shift), md.signed(shift.gain.estimate), md.signed(shift.macro_f1, 4)]
            cells.append(md.signed_points(shift.accuracy))
        rows.append([md.escape(row.title), *cells])
    return table(["Estimator", "Factor", f"Change of {one.name}", "Change of macro F1", "Accuracy, points"], rows)


def _factor(shift: Shift) -> str:
    texts = dict.fromkeys(f"{factor:.2f}" for factor in sorted(shift.factors))
    return "–".join([next(iter(texts)), *list(texts)[1:][-1:]])
