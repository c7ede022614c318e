"""Scores of the human labels: people's majority vote as a baseline, and each estimator's errors against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.analyses.human_labels.record import Compared, Contrast, Group, People
from benchmark.leaderboard.reference import Reference
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats, Interval

TITLE = "People (majority vote)"

NAME = FAMILY = "people"
"""In leaderboard.csv, where the status "reference" marks a row that was not trained."""

Relation = Literal["more", "less", "none", "mixed", "unknown"]
"""Whether people disagree more or less about images that models miss; "mixed" where that depends on the estimator."""


@dataclass(frozen=True)
class HumanBaseline:
    """People's majority vote, scored on the test images as an estimator is.

    Attributes
    ----------
    people : People
    accuracy : Interval
        Over test images.
    macro_f1 : float
    recall, f1 : ndarray of float64, (n_classes,)
    ties_broken : (float, float)
        Lowest and highest accuracy, over all ways to break ties between most frequent labels.
    """

    people: People
    accuracy: Interval
    macro_f1: float
    recall: Floats
    f1: Floats
    ties_broken: tuple[float, float]


@dataclass(frozen=True)
class EstimatorVsHumans:
    """An estimator's first seed compared with people."""

    title: str
    family: str
    compared: Compared

    def group(self, label: int | None) -> Group:
        """Return the comparison on one class, or on all classes for None."""
        return self.compared.every if label is None else self.compared.classes[label]


@dataclass(frozen=True)
class Disagreement:
    """Human disagreement about missed and correctly classified images, over all estimators, on one class or on all.

    Attributes
    ----------
    contrasts : tuple of Contrast
        One for each estimator that missed enough images, and classified enough correctly.
    above, below : int
        Estimators whose AUC interval is above 0.5, and below it.
    """

    contrasts: tuple[Contrast, ...]
    above: int
    below: int

    @property
    def around(self) -> int:
        """Estimators whose AUC interval contains 0.5."""
        return len(self.contrasts) - self.above - self.below

    @property
    def relation(self) -> Relation:
        """Whether people disagree more about missed images, as far as all estimators agree on that."""
        if not self.contrasts:
            return "unknown"
        counts: dict[Relation, int] = {"more": self.above, "less": self.below, "none": self.around}
        return next((relation for relation, count in counts.items() if count == len(self.contrasts)), "mixed")

    @property
    def mean_auc(self) -> float:
        """Mean AUC over the estimators."""
        return float(np.mean([contrast.auc for contrast in self.contrasts]))


@dataclass(frozen=True)
class HumanScores:
    """People compared with the estimators of the leaderboard.

    Attributes
    ----------
    summary : Summary
        Of at least one estimator that finished.
    hardest : int
        The hardest class.
    baseline : HumanBaseline
    comparisons : tuple of EstimatorVsHumans
        In the order of the leaderboard.
    left_out : tuple of str
        Titles of estimators whose current predictions were not compared with people.
    """

    summary: Summary
    hardest: int
    baseline: HumanBaseline
    comparisons: tuple[EstimatorVsHumans, ...]
    left_out: tuple[str, ...]

    def disagreement(self, label: int | None) -> Disagreement:
        """Return human disagreement about the images of one class, or of all classes for None."""
        groups = (comparison.group(label) for comparison in self.comparisons)
        contrasts = tuple(group.contrast for group in groups if group.contrast is not None)
        above = sum(contrast.auc_low > 0.5 for contrast in contrasts)
        below = sum(contrast.auc_high < 0.5 for contrast in contrasts)
        return Disagreement(contrasts, above, below)


def compute(summary: Summary, data: People | None) -> HumanScores | None:
    """Return the scores, or None without human labels or without an estimator that finished."""
    if data is None or summary.hardest is None:
        return None
    comparisons, left_out = [], []
    for row in summary.scored:
        compared = data.find(row.name, row.record.seed)
        if compared is not None and compared.proba_sha256 == row.record.proba_sha256:
            comparisons.append(EstimatorVsHumans(row.title, row.family, compared))
        else:
            left_out.append(row.title)
    return HumanScores(summary, summary.hardest, _baseline(data), tuple(comparisons), tuple(left_out))


def _baseline(people: People) -> HumanBaseline:
    counts = np.array(people.confusion, dtype=np.int64)
    images, correct = int(counts.sum()), int(np.trace(counts))
    classes = metrics.per_class(counts)
    untied = correct - people.ties_right
    return HumanBaseline(
        people,
        metrics.wilson_interval(correct / images, images),
        metrics.macro_f1(counts),
        classes.recall,
        classes.f1,
        (untied / images, (untied + people.ties_with_label) / images),
    )


def reference(scores: HumanScores) -> Reference:
    """Return people's majority vote as a row of the leaderboard."""
    baseline = scores.baseline
    note = (
        f"The most frequent of {baseline.people.mean:.0f} human labels per image, on average (Fashion-MNIST-H, Ishida "
        "et al. 2023). Nothing was trained, so the row has no rank."
    )
    return Reference(NAME, TITLE, FAMILY, note, baseline.accuracy, baseline.macro_f1, baseline.f1)
