"""Whether another threshold on the hardest class's score would help.

Arrays in, numbers out: `n` is the number of images, `k` of classes, `s` of seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.analyses.hardest_class.hits import Bools
from benchmark.analyses.hardest_class.scores import HardestClass, title_of
from benchmark.leaderboard.summary import Scored
from benchmark.metrics import scores, significance
from benchmark.metrics.scores import Floats, Interval, Ints
from benchmark.render import markdown as md
from benchmark.render.document import NOTHING, Block, Cell, Table, number, table, words

FACTORS: Floats = np.logspace(-1, 1, 81)
"""Factors that are tried on the class's score: from a tenth to ten times, in steps of 6 %."""


@dataclass(frozen=True)
class Change:
    """What a factor on the class's score changes on test images; means over the seeds with validation scores.

    Attributes
    ----------
    factors : tuple of float
        One for each seed, chosen on validation rows.
    gain : Interval
        Of the class's F1.
    f1 : ndarray of float64, (k,)
        Change of each class's F1.
    macro_f1, accuracy : float
        Changes.
    """

    factors: tuple[float, ...]
    gain: Interval
    f1: Floats
    macro_f1: float
    accuracy: float


@dataclass(frozen=True)
class Changes:
    """The changes of all estimators, for one score that the factor is chosen for.

    Attributes
    ----------
    by_row : tuple of Change or None
        One for each estimator; None without validation scores.
    """

    by_row: tuple[Change | None, ...]

    @property
    def known(self) -> list[Change]:
        """Those of the estimators with validation scores."""
        return [change for change in self.by_row if change is not None]

    @property
    def better(self) -> int:
        """The number of estimators whose gain of the class's F1 is significant."""
        return sum(change.gain.low > 0 for change in self.known)

    @property
    def worse(self) -> int:
        """The number of estimators whose loss of the class's F1 is significant."""
        return sum(change.gain.high < 0 for change in self.known)

    @property
    def help(self) -> bool:
        """Whether at least half of the estimators gain significantly."""
        return self.better * 2 >= len(self.known)


def compute(hardest: HardestClass, score: Callable[[Ints], float]) -> Changes:
    """Return what the factors change that are best for a score.

    Parameters
    ----------
    hardest : HardestClass
    score : callable
        ``score(confusion)``, of a confusion matrix, (k, k).
    """
    return Changes(tuple(_change(hardest, row, score) for row in hardest.rows))


def class_f1(hardest: HardestClass) -> Callable[[Ints], float]:
    """Return the score that is the F1 of the hardest class."""
    return lambda counts: float(scores.per_class(counts).f1[hardest.label])


def scaled_labels(proba: npt.NDArray[np.float16], label: int, factor: float) -> Ints:
    """Return the answers after a class's score is multiplied: another prior, or another threshold, for that class.

    Parameters
    ----------
    proba : ndarray of float16, (n, k)
    label : int
    factor : float

    Returns
    -------
    ndarray of int64, (n,)
        With a factor of 1, `predicted_labels`.
    """
    scaled = proba.astype(np.float64)
    scaled[:, label] *= factor
    return scores.predicted_labels(scaled)


def confusion_by_factor(y: Ints, proba: npt.NDArray[np.float16], label: int) -> Ints:
    """Return the confusion matrix for each of `FACTORS`, (factors, k, k).

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Of validation rows: a factor must not be chosen on test rows.
    proba : ndarray of float16, (n, k)
    label : int
    """
    own, rest = proba[:, label].astype(np.float64), proba.astype(np.float64)
    rest[:, label] = -1.0
    second = rest.argmax(axis=1)
    most = rest[np.arange(len(y)), second]
    counts = []
    for factor in FACTORS:
        ahead = (own * factor > most) | ((own * factor == most) & (label < second))
        counts.append(scores.confusion_matrix(y, np.where(ahead, label, second), proba.shape[1]))
    return np.stack(counts)


def best_factor(counts: Ints, score: Callable[[Ints], float]) -> float:
    """Return the factor with the best score, the nearest to 1 among equals.

    Parameters
    ----------
    counts : ndarray of int64, (factors, k, k)
        From `confusion_by_factor`.
    score : callable
        ``score(confusion)``; NaN counts as worst.
    """
    order = np.argsort(np.abs(np.log(FACTORS)), kind="stable")
    values = np.nan_to_num([score(counts[place]) for place in order], nan=-1.0)
    return float(FACTORS[order[int(np.argmax(values))]])


def f1_gain(of_class: Bools, before: Bools, after: Bools) -> Interval:
    """Return the gain of F1, with a 95 % interval by bootstrap over test images.

    Images with the same answers are drawn together, from a multinomial distribution: the same as drawing each image.

    Parameters
    ----------
    of_class : ndarray of bool, (n,)
    before, after : ndarray of bool, (s, n)
        Whether each seed answered with the class.
    """
    outcomes, counts = np.unique(np.vstack([of_class, before, after]), axis=1, return_counts=True)
    truth, old, new = outcomes[0], outcomes[1 : 1 + len(before)], outcomes[1 + len(before) :]

    def gain(images: npt.NDArray[Any]) -> Floats:
        def f1(answers: Bools) -> Floats:
            hits = images @ (answers & truth).T
            return np.asarray(2 * hits / np.maximum(images @ answers.T + (images @ truth)[:, None], 1))

        return np.asarray((f1(new) - f1(old)).mean(axis=1))

    resamples = np.random.default_rng(0).multinomial(counts.sum(), counts / counts.sum(), size=significance.RESAMPLES)
    low, high = np.quantile(gain(resamples), (0.025, 0.975))
    return Interval(float(gain(counts[None])[0]), float(low), float(high))


def _change(hardest: HardestClass, row: Scored, score: Callable[[Ints], float]) -> Change | None:
    y, k = hardest.summary.test_set.y, len(hardest.summary.class_names)
    factors, before, after = [], [], []
    for validation, predicted, proba in zip(row.validation, row.predicted, row.proba, strict=True):
        if validation is not None:
            counts = confusion_by_factor(validation.y, validation.proba, hardest.label)
            factors.append(best_factor(counts, score))
            before.append(predicted)
            after.append(scaled_labels(proba, hardest.label, factors[-1]))
    if not factors:
        return None
    matrices = [[scores.confusion_matrix(y, labels, k) for labels in part] for part in (before, after)]
    old, new = (np.nan_to_num([scores.per_class(matrix).f1 for matrix in part]).mean(axis=0) for part in matrices)
    old_macro, new_macro = (float(np.mean([scores.macro_f1(matrix) for matrix in part])) for part in matrices)
    a, b = np.stack(before), np.stack(after)
    return Change(
        factors=tuple(factors),
        gain=f1_gain(hardest.of_class, a == hardest.label, b == hardest.label),
        f1=new - old,
        macro_f1=new_macro - old_macro,
        accuracy=float((b == y).mean() - (a == y).mean()),
    )


def blocks(hardest: HardestClass) -> list[Block]:
    """Return what the best factors change, without heading; empty without validation scores."""
    if not any(validation for row in hardest.rows for validation in row.validation):
        return []
    own, macro = compute(hardest, class_f1(hardest)), compute(hardest, scores.macro_f1)
    method = (
        f"**How it is tested**: the score of {hardest.name} is multiplied by a factor, which is another prior for the "
        f"class, or another threshold. The factor is chosen on the validation rows from {len(FACTORS)} values between "
        f"{FACTORS[0]:g} and {FACTORS[-1]:g}, then frozen and applied to the stored test scores. The validation scores "
        "come from a fit on fewer rows than the tested one, so the best factor may not carry over."
    )
    missing = [title_of(row) for row, change in zip(hardest.rows, own.by_row, strict=True) if change is None]
    if missing:
        method += f" No validation scores are stored for {md.listing(missing)}."
    return [_for_class(hardest, own), _table(hardest, own), _for_macro(macro), _macro_table(hardest, macro), method]


def _for_class(hardest: HardestClass, changes: Changes) -> str:
    known, name = changes.known, hardest.name
    gains = np.array([change.gain.estimate for change in known])
    verdict = "often helps" if changes.help else "does not help most estimators"
    text = (
        f"**Another threshold {verdict}.** With the factor that is best for F1 of {name}, this F1 changes by "
        f"{md.signed(gains.min())} to {md.signed(gains.max())}, {md.signed(gains.mean())} on average. The gain is "
        f"significant for {changes.better} of {md.plural(len(known), 'estimator')}"
        f"{f', a loss for {changes.worse}' if changes.worse else ''}."
    )
    if hardest.confusable:
        costs = np.mean([change.f1[list(hardest.confusable)] for change in known], axis=0)
        worst, accuracy = int(costs.argmin()), float(np.mean([change.accuracy for change in known]))
        text += (
            " The least favourable change among the classes that it is confused with is that of "
            f"{hardest.class_name(hardest.confusable[worst])}: {md.signed(costs[worst])} of F1 on average. Accuracy "
            f"changes by {md.signed_points(accuracy)} points on average."
        )
    return text


def _for_macro(changes: Changes) -> str:
    gains = np.array([change.macro_f1 for change in changes.known])
    unchanged = sum(all(factor == 1 for factor in change.factors) for change in changes.known)
    return (
        "**With the factor that is best for the mean F1 of all classes**, macro F1 changes by "
        f"{md.signed(gains.min(), 4)} to {md.signed(gains.max(), 4)}, {md.signed(gains.mean(), 4)} on average. For "
        f"{unchanged} of {md.plural(len(gains), 'estimator')} the best factor is 1, which changes nothing."
    )


def _table(hardest: HardestClass, changes: Changes) -> Table:
    header = ["Estimator", "Factor", f"F1 of {hardest.name}", "Change (95 % interval)"]
    header += [f"Change of F1 of {hardest.class_name(label)}" for label in hardest.confusable]
    rows = []
    for row, change in zip(hardest.rows, changes.by_row, strict=True):
        if change is None:
            rows.append([words(row.title), *[NOTHING] * len(header)])
            continue
        gain, low, high = change.gain
        rows.append(
            [
                words(row.title),
                _factor(change),
                number(float(row.f1[hardest.label]), md.score),
                Cell(md.signed(gain), gain, (low, high), f" ({md.signed(low)} to {md.signed(high)})"),
                *(number(float(change.f1[label]), md.signed) for label in hardest.confusable),
                number(change.accuracy, md.signed_points),
            ]
        )
    return table([*header, "Change of accuracy, points"], rows)


def _macro_table(hardest: HardestClass, changes: Changes) -> Table:
    rows = []
    for row, change in zip(hardest.rows, changes.by_row, strict=True):
        cells = [NOTHING] * 4
        if change is not None:
            cells = [
                _factor(change),
                Cell(md.signed(change.gain.estimate), change.gain.estimate, (change.gain.low, change.gain.high)),
                number(change.macro_f1, lambda value: md.signed(value, 4)),
                number(change.accuracy, md.signed_points),
            ]
        rows.append([words(row.title), *cells])
    header = ["Estimator", "Factor", f"Change of F1 of {hardest.name}", "Change of macro F1"]
    return table([*header, "Change of accuracy, points"], rows)


def _factor(change: Change) -> Cell:
    """Return the factor, or the lowest and the highest of several seeds; sorted by their geometric mean."""
    low, high = (f"{end:.2f}" for end in (min(change.factors), max(change.factors)))
    return Cell(low if low == high else f"{low}–{high}", float(np.exp(np.log(change.factors).mean())))
