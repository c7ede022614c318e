"""Images of the hardest class that only CNNs classify correctly, and images that only other estimators do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.analyses.hardest_class.hits import most_common_labels
from benchmark.analyses.hardest_class.scores import HardestClass, title_of
from benchmark.leaderboard.summary import Scored
from benchmark.leaderboard.verdict import CNN
from benchmark.metrics.scores import Interval, Ints, paired_difference
from benchmark.render import markdown as md
from benchmark.render.document import NOTHING, Block, Cell, Table, number, table, words


@dataclass(frozen=True)
class HeadToHead:
    """The best classical pipeline and the best CNN on the images of the class, each with its lowest seed.

    Attributes
    ----------
    both, only_cnn, only_classical, neither : int
        Images that both classify correctly, only one of them, or neither.
    recall_difference : Interval
        CNN minus classical, mean over seeds.
    """

    both: int
    only_cnn: int
    only_classical: int
    neither: int
    recall_difference: Interval


def head_to_head(hardest: HardestClass) -> HeadToHead | None:
    """Return the comparison, or None if a family is missing."""
    if len(hardest.compared) < 2:
        return None
    classical, cnn = hardest.compared
    a, b = (row.predicted[0, hardest.of_class] == hardest.label for row in (classical, cnn))
    return HeadToHead(
        both=int((a & b).sum()),
        only_cnn=int((b & ~a).sum()),
        only_classical=int((a & ~b).sum()),
        neither=int((~a & ~b).sum()),
        recall_difference=paired_difference(cnn.correct[hardest.of_class], classical.correct[hardest.of_class]),
    )


def blocks(hardest: HardestClass) -> list[Block]:
    """Return paragraphs and table, without heading and figures; empty unless there are CNNs and other estimators."""
    cnns = int(hardest.hits.is_cnn.sum())
    others = len(hardest.rows) - cnns
    if not cnns or not others:
        return []
    only_cnn, only_others = hardest.categories.only_cnn_correct, hardest.categories.only_others_correct
    who, no_one = ("the CNN", "not by the CNN") if cnns == 1 else ("CNNs", "not by any CNN")
    text = (
        f"**{md.plural(len(only_cnn), f'{hardest.name} image')} {'is' if len(only_cnn) == 1 else 'are'} classified "
        f"correctly only by {who}**{_mostly(hardest, only_cnn, cnn=False)}; **{len(only_others):,} by other estimators "
        f"but {no_one}**{_mostly(hardest, only_others, cnn=True)}."
    )
    if others != cnns:
        text += (
            f" The two counts cannot be compared: of {max(others, cnns)} estimators, one is right by chance more often "
            f"than of {min(others, cnns)}."
        )
    return [text, _head_to_head(hardest), _table(hardest)]


def most_common_error(hardest: HardestClass, index: Ints, *, cnn: bool) -> tuple[int, int] | None:
    """Return the wrong class that most of some images get from CNNs, or from others, and for how many; None if none.

    Parameters
    ----------
    hardest : HardestClass
    index : ndarray of int64
    cnn : bool
    """
    if not len(index):
        return None
    answers = np.stack([row.predicted[0, index] for row in hardest.rows if (row.family == CNN) == cnn])
    labels, _ = most_common_labels(answers)
    counts = np.bincount(labels[labels != hardest.label], minlength=len(hardest.summary.class_names))
    return (int(counts.argmax()), int(counts.max())) if counts.any() else None


def _mostly(hardest: HardestClass, index: Ints, *, cnn: bool) -> str:
    error = most_common_error(hardest, index, cnn=cnn)
    return f" ({error[1]:,} of them are most often mistaken for {hardest.class_name(error[0])})" if error else ""


def _head_to_head(hardest: HardestClass) -> str:
    result = head_to_head(hardest)
    if result is None:
        return ""
    classical, cnn = hardest.compared
    gap = result.recall_difference
    leader = cnn if gap.estimate >= 0 else classical
    estimate, low, high = md.points(gap if gap.estimate >= 0 else Interval(-gap.estimate, -gap.high, -gap.low))
    text = (
        f"**The best classical pipeline against the best CNN**: the recall of {title_of(leader)} is {estimate} points "
        f"higher (95 % interval {low} to {high})"
    )
    if gap.contains_zero:
        text += f", which is not significant on {hardest.n_images:,} images"
    text += (
        f". {title_of(classical)} and {title_of(cnn)} are both right on {result.both:,} {hardest.name} images; only "
        f"the CNN is right on {result.only_cnn:,}, only the classical pipeline on {result.only_classical:,}, neither "
        f"on {result.neither:,}" + (" (lowest seeds)." if hardest.several_seeds else ".")
    )
    missed = result.only_classical + result.neither
    if missed:
        text += (
            f" The classical pipeline is right on {md.percent(result.only_classical / missed)} of the images that "
            "the CNN misclassifies; at least one of the two is right on "
            f"{md.percent(1 - result.neither / hardest.n_images)} of all."
        )
    return text


def _table(hardest: HardestClass) -> Table:
    correct = hardest.hits.hit_rate[:, hardest.of_class] > 0
    rows = []
    for place, row in enumerate(hardest.rows):
        alone = correct[place] & (correct.sum(axis=0) == 1)
        cells = [
            words(row.title),
            number(float(hardest.hits.hit_rate[place, hardest.of_class].sum()), md.count),
            number(int(alone.sum()), md.count),
        ]
        rows.append([*cells, *(_correct_where_wrong(hardest, row, other) for other in hardest.compared)])
    header = ["Estimator", f"{hardest.name} images correct", "Correct only here"]
    return table([*header, *(f"Correct where {md.escape(row.title)} is wrong" for row in hardest.compared)], rows)


def _correct_where_wrong(hardest: HardestClass, row: Scored, other: Scored) -> Cell:
    if row is other:
        return NOTHING
    return number(int(((row.correct > 0) & (other.correct == 0))[hardest.of_class].sum()), md.count)
