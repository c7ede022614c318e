"""Scores of reimplemented nets against what was published of them, and the effect of augmentation alone.

The published nets come from Keras notebooks. Each has two figures: the training accuracy that Keras prints after the
last epoch, and the accuracy on the test images. Both are ranges over several runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.datasets import FASHION_MNIST_SHA256
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics.significance import Pair
from benchmark.storage.records import Record

TRAINING = "train_accuracy"
"""The series of a record's history whose last value is the training accuracy."""

Range = tuple[float, float]


@dataclass(frozen=True)
class PublishedNet:
    """Published accuracies of a net, lowest and highest.

    Attributes
    ----------
    name : str
        Of the estimator that reimplements it.
    training, test : (float, float)
    """

    name: str
    training: Range
    test: Range


PUBLISHED = (
    PublishedNet("cnn_32", (0.9559, 0.9585), (0.911, 0.912)),
    PublishedNet("cnn_64", (0.9634, 0.9641), (0.915, 0.916)),
    PublishedNet("cnn_64_dropout", (0.942, 0.948), (0.918, 0.919)),
)

OTHER_TEST, OTHER_WORST = 0.92, "Shirt"
"""Final test accuracy of another author's net, and its class of the lowest F1."""

PAIR = AUGMENTED, UNAUGMENTED = "cnn_augmented", "cnn_unaugmented"

AUGMENTED_TEST = 0.895
"""Published test accuracy of a net that was trained on augmented images with early stopping."""

Effect = Literal["better", "worse", "within noise", "not after correction"]


@dataclass(frozen=True)
class Comparison:
    """An accuracy measured here, and the published range.

    Attributes
    ----------
    measured : float
    published : (float, float)
        Both ends are equal if one value was published.
    interval : (float, float) or None
        Of 95 %, of the measured accuracy.
    """

    measured: float
    published: Range
    interval: Range | None = None

    @property
    def within(self) -> bool:
        """Whether the measured accuracy is within a published range of two different ends."""
        low, high = self.published
        return low < high and low <= self.measured <= high

    @property
    def difference(self) -> float:
        """Measured accuracy minus the nearer end of the published range; 0 within it."""
        low, high = self.published
        return self.measured - min(max(self.measured, low), high)


@dataclass(frozen=True)
class Reimplementation:
    """A published net and the leaderboard's row that reimplements it."""

    net: PublishedNet
    row: Scored

    @property
    def training(self) -> Comparison:
        """Training accuracy in the last epoch, mean over seeds."""
        return Comparison(training_accuracy(self.row), self.net.training)

    @property
    def test(self) -> Comparison:
        """Test accuracy, mean over seeds."""
        accuracy = self.row.accuracy
        return Comparison(accuracy.estimate, self.net.test, (accuracy.low, accuracy.high))

    @property
    def is_worse(self) -> bool:
        """Whether the 95 % interval of the test accuracy is below the published range."""
        return self.row.accuracy.high < self.net.test[0]

    @property
    def worst_class(self) -> int:
        """The class of the lowest F1."""
        return int(np.nanargmin(self.row.f1))


@dataclass(frozen=True)
class Augmentation:
    """A net trained on augmented images compared with the same net trained without augmentation.

    Attributes
    ----------
    augmented, unaugmented : Scored
    lead : Pair
        Of the augmented net over the other.
    """

    augmented: Scored
    unaugmented: Scored
    lead: Pair

    @property
    def effect(self) -> Effect:
        """What augmentation does to the net, as far as the test images can tell."""
        if self.lead.significant:
            return "better" if self.lead.difference.estimate > 0 else "worse"
        return "within noise" if self.lead.difference.contains_zero else "not after correction"

    @property
    def test(self) -> Comparison:
        """Test accuracy of the augmented net."""
        return Comparison(self.augmented.accuracy.estimate, (AUGMENTED_TEST, AUGMENTED_TEST))


@dataclass(frozen=True)
class PublishedScores:
    """Reimplemented nets on record.

    Attributes
    ----------
    summary : Summary
        Of Fashion-MNIST.
    nets : tuple of Reimplementation
        Those with a training accuracy on record, in the order of `PUBLISHED`.
    augmentation : Augmentation or None
        None unless both nets are on record.
    """

    summary: Summary
    nets: tuple[Reimplementation, ...]
    augmentation: Augmentation | None

    @property
    def is_complete(self) -> bool:
        """Whether all published nets are on record."""
        return len(self.nets) == len(PUBLISHED)

    @property
    def best(self) -> Reimplementation:
        """The net of the highest test accuracy."""
        return max(self.nets, key=lambda net: net.row.accuracy.estimate)

    @property
    def half_width(self) -> float:
        """Half the width of a test accuracy's 95 % interval, mean over the nets."""
        return float(np.mean([net.row.accuracy.high - net.row.accuracy.low for net in self.nets])) / 2


def compute(summary: Summary, data: object = None) -> PublishedScores | None:
    """Return the scores, or None for other data than Fashion-MNIST, for which no nets were published."""
    if summary.test_set.sha256 != FASHION_MNIST_SHA256:
        return None
    rows = {row.name: row for row in summary.scored}
    nets = [Reimplementation(net, rows[net.name]) for net in PUBLISHED if net.name in rows]
    nets = [net for net in nets if not np.isnan(net.training.measured)]
    return PublishedScores(summary, tuple(nets), _augmentation(summary, rows))


def _augmentation(summary: Summary, rows: dict[str, Scored]) -> Augmentation | None:
    if not all(name in rows and training_curve(rows[name].record) for name in PAIR):
        return None
    augmented, unaugmented = (rows[name] for name in PAIR)
    return Augmentation(augmented, unaugmented, summary.pair(augmented, unaugmented))


def training_accuracy(row: Scored) -> float:
    """Return the training accuracy of the last epoch, mean over seeds; NaN if a record has none."""
    curves = [training_curve(record) for record in row.records]
    return float(np.mean([curve[-1] if curve else np.nan for curve in curves]))


def training_curve(record: Record) -> tuple[float, ...]:
    """Return the training accuracy of each epoch; empty if the record has none."""
    return (record.history or {}).get(TRAINING, ())


def mean_epochs(row: Scored) -> float:
    """Return how many epochs a net was trained for, mean over seeds."""
    return float(np.mean([len(training_curve(record)) for record in row.records]))


def reached_last_epoch(row: Scored) -> bool:
    """Return whether early stopping chose the last epoch that it tried, under any seed."""
    # The search for the best epoch goes on after it, unless there were no more epochs to try.
    return any(
        len((record.history or {}).get("valid_loss", ())) == len(training_curve(record)) for record in row.records
    )
