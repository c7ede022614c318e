"""Why one class is the hardest: who finds its images, how they rank, what a threshold buys, whom it is mistaken for.

Arrays in, numbers out, as in `metrics`: `n` is the number of test images, `k` of classes, `m` of
estimators, `s` of seeds. Nothing is chosen on test images but which of them are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.metrics import significance
from benchmark.metrics.scores import Floats, Interval, Ints, confusion_matrix, predicted_labels

Bools = npt.NDArray[np.bool_]

Kind = Literal["core", "cnn", "others"]
"""Images of the class that no estimator finds; that only CNNs do; that others do and no CNN."""

PRECISION = 0.9
"""At which the recall is looked up: one answer in ten is wrong."""

FACTORS: Floats = np.logspace(-1, 1, 81)
"""Of a class's score: from a tenth to ten times, in steps of 6 %."""

SHARE = 0.05
"""Of the hardest class's confusions: a class with less of them is no neighbour."""


@dataclass(frozen=True)
class Finds:
    """Who finds which test image.

    Attributes
    ----------
    right : ndarray of float64, (m, n)
        Share of the seeds that got the image right.
    truth : ndarray of float64, (m, n)
        Score of the true class, mean over seeds.
    cnn : ndarray of bool, (m,)
    """

    right: Floats
    truth: Floats
    cnn: Bools


class Ranking(NamedTuple):
    """How one class's score ranks the images, the class against the rest; NaN where there is no rest."""

    auc: float
    average_precision: float
    recall_at_precision: float


class Curves(NamedTuple):
    """ROC and precision-recall at fixed places, each (p,): `recall` at `false_positives`, `precision` at `recalls`."""

    false_positives: Floats
    recall: Floats
    recalls: Floats
    precision: Floats


def finds(y: Ints, proba: Sequence[npt.NDArray[np.float16]], cnn: Sequence[bool]) -> Finds:
    """Return who finds what.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    proba : sequence of ndarray of float16, (s, n, k)
        One for each estimator; `s` may differ.
    cnn : sequence of bool
    """
    everything = np.arange(len(y))
    right = [(one.argmax(axis=2) == y).mean(axis=0) for one in proba]
    truth = [one[:, everything, y].mean(axis=0, dtype=np.float64) for one in proba]
    return Finds(np.stack(right), np.stack(truth), np.asarray(cnn, dtype=bool))


def kinds(found: Finds, of_class: Bools) -> dict[Kind, Ints]:
    """Return the class's images of each kind, the most telling first.

    The core: the lowest mean score of the truth. Of the rest: found by the most estimators, then the highest
    mean score of the truth under those that may find it. Without CNN there are no "others", without others no "cnn".

    Parameters
    ----------
    found : Finds
    of_class : ndarray of bool, (n,)

    Returns
    -------
    dict of {"core", "cnn", "others"} to ndarray of int64
    """
    ever: Bools = found.right > 0
    by_cnn, by_others = np.any(ever[found.cnn], axis=0), np.any(ever[~found.cnn], axis=0)
    core = np.flatnonzero(of_class & ~by_cnn & ~by_others)
    out: dict[Kind, Ints] = {"core": core[np.argsort(found.truth[:, core].mean(axis=0), kind="stable")]}
    sides: tuple[Kind, Kind] = ("cnn", "others")
    for kind in sides:
        who, chosen = (found.cnn, by_cnn & ~by_others) if kind == "cnn" else (~found.cnn, by_others & ~by_cnn)
        index = np.flatnonzero(of_class & chosen) if found.cnn.any() and not found.cnn.all() else core[:0]
        finders, truth = ever[who][:, index].sum(axis=0), found.truth[who][:, index].sum(axis=0)
        out[kind] = index[np.lexsort((-truth, -finders))]
    return out


def consensus(answers: Ints) -> tuple[Ints, Ints]:
    """Return each image's most common answer, the lowest label among equals, and how many gave it.

    Parameters
    ----------
    answers : ndarray of int64, (m, n)

    Returns
    -------
    tuple of ndarray of int64, (n,)
    """
    if answers.size == 0:
        return np.zeros(answers.shape[1], dtype=np.int64), np.zeros(answers.shape[1], dtype=np.int64)
    votes = np.stack([(answers == label).sum(axis=0) for label in range(int(answers.max()) + 1)])
    return votes.argmax(axis=0).astype(np.int64), votes.max(axis=0).astype(np.int64)


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
    """Return both curves at the places asked for: points that are reached, not lines drawn between them.

    Parameters
    ----------
    of_class : ndarray of bool, (n,)
    scores : ndarray of float, (n,)
    false_positives, recalls : ndarray of float64, (p,)
        From 0 to 1; the highest precision with at least that recall is looked up.
    """
    from sklearn.metrics import precision_recall_curve, roc_curve

    values = scores.astype(np.float64)
    share, found, _ = roc_curve(of_class, values, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(of_class, values)
    best = np.maximum.accumulate(precision)  # recall falls along the arrays
    reached = np.searchsorted(-recall, -recalls, side="right") - 1
    return Curves(
        false_positives,
        found[np.searchsorted(share, false_positives, side="right") - 1],
        recalls,
        best[np.maximum(reached, 0)],
    )


def shifted(proba: npt.NDArray[np.float16], label: int, factor: float) -> Ints:
    """Return the answers once a class's score is multiplied: another prior, or another threshold, for that class.

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
    scores = proba.astype(np.float64)
    scores[:, label] *= factor
    return predicted_labels(scores)


def confusions(y: Ints, proba: npt.NDArray[np.float16], label: int) -> Ints:
    """Return what each of `FACTORS` makes of these rows: their confusion counts, (factors, k, k).

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Of validation rows: what is chosen on test rows says nothing.
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
        counts.append(confusion_matrix(y, np.where(ahead, label, second), proba.shape[1]))
    return np.stack(counts)


def best_factor(counts: Ints, score: Callable[[Ints], float]) -> float:
    """Return the factor that scores best, the nearest to 1 among equals.

    Parameters
    ----------
    counts : ndarray of int64, (factors, k, k)
        Of `confusions`.
    score : callable
        ``score(confusion)``; NaN counts as worst.
    """
    order = np.argsort(np.abs(np.log(FACTORS)), kind="stable")
    values = np.nan_to_num([score(counts[place]) for place in order], nan=-1.0)
    return float(FACTORS[order[int(np.argmax(values))]])


def f1_gain(of_class: Bools, before: Bools, after: Bools) -> Interval:
    """Return the F1 gained, with a 95 % interval by bootstrap over test images.

    Images of the same fate are drawn together, from a multinomial: the same as drawing them one by one.

    Parameters
    ----------
    of_class : ndarray of bool, (n,)
    before, after : ndarray of bool, (s, n)
        Whether each seed answered with the class.
    """
    fates, counts = np.unique(np.vstack([of_class, before, after]), axis=1, return_counts=True)
    truth, old, new = fates[0], fates[1 : 1 + len(before)], fates[1 + len(before) :]

    def gain(images: npt.NDArray[Any]) -> Floats:
        def f1(answers: Bools) -> Floats:
            hits = images @ (answers & truth).T
            return np.asarray(2 * hits / np.maximum(images @ answers.T + (images @ truth)[:, None], 1))

        return np.asarray((f1(new) - f1(old)).mean(axis=1))

    drawn = np.random.default_rng(0).multinomial(counts.sum(), counts / counts.sum(), size=significance.RESAMPLES)
    low, high = np.quantile(gain(drawn), (0.025, 0.975))
    return Interval(float(gain(counts[None])[0]), float(low), float(high))


def neighbours(confusion: Floats, label: int) -> tuple[int, ...]:
    """Return the classes with which at least `SHARE` of the class's confusions are, both ways; in order of labels.

    Parameters
    ----------
    confusion : ndarray of float64, (k, k)
        Mean over estimators.
    label : int
    """
    both = confusion[label] + confusion[:, label]
    both[label] = 0
    return tuple(int(place) for place in np.flatnonzero((both > 0) & (both >= SHARE * both.sum())))


def among(proba: npt.NDArray[np.float16], group: Sequence[int]) -> Ints:
    """Return the answers if only these classes may be given, as places in `group`; proba is (…, k)."""
    return np.asarray(proba[..., list(group)].argmax(axis=-1), dtype=np.int64)
