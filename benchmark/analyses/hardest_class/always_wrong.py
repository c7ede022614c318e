"""Images of the hardest class that every estimator misclassifies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.analyses.hardest_class.hits import Bools, most_common_labels
from benchmark.analyses.hardest_class.scores import HardestClass
from benchmark.metrics.scores import Ints
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, Table, number, table, words


@dataclass(frozen=True)
class AlwaysWrong:
    """The wrong answers to these images, from each estimator's lowest seed.

    Attributes
    ----------
    labels, votes : ndarray of int64, (images,)
        The most common answer, and how many estimators gave it.
    estimators : int
    """

    labels: Ints
    votes: Ints
    estimators: int

    @property
    def same_answer(self) -> Bools:
        """Whether every estimator gives the same wrong answer, (images,)."""
        return np.asarray(self.votes == self.estimators)


def compute(hardest: HardestClass) -> AlwaysWrong:
    """Return the wrong answers to the images that no estimator classifies correctly with any seed."""
    answers = np.stack([row.predicted[0, hardest.categories.always_wrong] for row in hardest.rows])
    return AlwaysWrong(*most_common_labels(answers), len(hardest.rows))


def blocks(hardest: HardestClass) -> list[Block]:
    """Return paragraph and tables, without heading and figure."""
    wrong = compute(hardest)
    n, several = len(wrong.labels), wrong.estimators > 1
    if not n:
        by = f"at least one of the {wrong.estimators} estimators" if several else "the only estimator"
        return [
            f"**Each of the {md.plural(hardest.n_images, f'{hardest.name} image')} is classified correctly by {by}.**"
        ]
    who = f"all {wrong.estimators} estimators" if several else "the only estimator"
    lead = (
        f"**{n:,} of the {hardest.n_images:,} {hardest.name} images ({md.percent(n / hardest.n_images)}) "
        f"{'is' if n == 1 else 'are'} misclassified by {who}**"
    )
    lead += ", with every seed." if hardest.several_seeds else "."
    if not several:
        return [lead, _answers(hardest, wrong)]
    same = int(wrong.same_answer.sum())
    lead += (
        f" On {same:,} of them ({md.percent(same / n)}), all estimators give the same wrong answer. If many different "
        "methods agree on another class, the label may be wrong, or the image may look like that class. If they "
        "disagree, the image may show too little to decide."
    )
    if hardest.several_seeds:
        lead += " Answers are those of each estimator's lowest seed."
    levels, images = np.unique(wrong.votes, return_counts=True)
    rows = [
        [Cell(f"{level} of {wrong.estimators}", int(level)), number(int(count), md.count)]
        for level, count in zip(levels[::-1], images[::-1], strict=True)
    ]
    agreement = table(["Estimators that give the most common wrong answer", "Images"], rows)
    return [lead, _answers(hardest, wrong), agreement]


def _answers(hardest: HardestClass, wrong: AlwaysWrong) -> Table:
    """Return how often each class is the most common wrong answer."""
    labels, images = np.unique(wrong.labels, return_counts=True)
    rows = []
    for place in np.argsort(-images, kind="stable"):
        label, count = int(labels[place]), int(images[place])
        same = int(wrong.same_answer[wrong.labels == label].sum())
        cells = [words(hardest.summary.class_names[label]), number(count, md.count)]
        cells += [number(count / len(wrong.labels), md.percent), number(same, md.count)]
        rows.append(cells if wrong.estimators > 1 else cells[:3])
    header = ["Most common wrong answer", "Images", "Share", "Same answer from every estimator"]
    return table(header[: len(rows[0])], rows)
