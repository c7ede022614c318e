"""The hardest class: what its page and its figures take from the summary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmark.analyses.hardest_class import hits
from benchmark.analyses.hardest_class.hits import Bools, ErrorCategories, HitMatrix
from benchmark.datasets.dataset import array_shape
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.leaderboard.verdict import CLASSICAL, CNN
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import markdown as md
from benchmark.render.thumbnails import Thumbnail

CONFUSABLE_SHARE = 0.05
"""The least share of a class's confusions that makes another class confusable with it."""


@dataclass(frozen=True)
class HardestClass:
    """The class with the lowest F1, averaged over the estimators.

    Attributes
    ----------
    summary : Summary
    label : int
    """

    summary: Summary
    label: int

    @property
    def rows(self) -> tuple[Scored, ...]:
        """The estimators, best first."""
        return self.summary.scored

    @property
    def name(self) -> str:
        """The class's name, as inline markdown."""
        return self.class_name(self.label)

    def class_name(self, label: int) -> str:
        """Return the name of any class, as inline markdown."""
        return md.escape(self.summary.class_names[label])

    @cached_property
    def of_class(self) -> Bools:
        """Which test images belong to the class, (n_test,)."""
        return np.asarray(self.summary.test_set.y == self.label)

    def n_images_of(self, label: int) -> int:
        """Return the number of test images of any class."""
        return int((self.summary.test_set.y == label).sum())

    @property
    def n_images(self) -> int:
        """Number of test images of the class."""
        return self.n_images_of(self.label)

    def thumbnails(self, index: Ints) -> list[Thumbnail]:
        """Return the thumbnails of those of some test images whose file and pixels are known."""
        test_set = self.summary.test_set
        rows = {image: row for row, image in enumerate(test_set.example_index.tolist())} if test_set.names else {}
        shape = array_shape(test_set.image_shape)
        return [
            Thumbnail("test", image, test_set.names[image], test_set.example_images[rows[image]].reshape(shape))
            for image in index.tolist()
            if image in rows
        ]

    @property
    def several_seeds(self) -> bool:
        """Whether any estimator has more than one seed."""
        return any(len(row.records) > 1 for row in self.rows)

    @property
    def mean_f1(self) -> float:
        """F1 of the class, mean over the estimators."""
        return float(np.mean([row.f1[self.label] for row in self.rows]))

    @property
    def best(self) -> Scored:
        """The estimator with the highest F1 of the class."""
        return max(self.rows, key=lambda row: float(row.f1[self.label]))

    @cached_property
    def hits(self) -> HitMatrix:
        """Which estimator is right on which test image."""
        is_cnn = [row.family == CNN for row in self.rows]
        return hits.hit_matrix(self.summary.test_set.y, [row.proba for row in self.rows], is_cnn)

    @cached_property
    def categories(self) -> ErrorCategories:
        """The class's images by who classifies them correctly."""
        return hits.error_categories(self.hits, self.of_class)

    @cached_property
    def confusion(self) -> Floats:
        """Confusion matrix, mean over the estimators, (n_classes, n_classes)."""
        return np.asarray(np.mean([row.confusion for row in self.rows], axis=0))

    @cached_property
    def confusable(self) -> tuple[int, ...]:
        """The classes with which it is confused (see `confusable_classes`)."""
        return confusable_classes(self.confusion, self.label)

    @property
    def compared(self) -> tuple[Scored, ...]:
        """The best classical pipeline and the best CNN; only one of them, or the best row, if a family is missing."""
        best = [row for row in (self.summary.best_of(CLASSICAL), self.summary.best_of(CNN)) if row is not None]
        return tuple(best) if best else self.rows[:1]


def compute(summary: Summary, data: object = None) -> HardestClass | None:
    """Return the hardest class, or None if no estimator finished."""
    return None if summary.hardest is None else HardestClass(summary, summary.hardest)


def confusable_classes(confusion: Floats, label: int) -> tuple[int, ...]:
    """Return the classes with at least `CONFUSABLE_SHARE` of a class's confusions, in order of labels.

    Parameters
    ----------
    confusion : ndarray of float64, (k, k)
        Images by true class (row) and predicted class (column); errors in both directions count.
    label : int
    """
    errors = confusion[label] + confusion[:, label]
    errors[label] = 0
    return tuple(int(other) for other in np.flatnonzero((errors > 0) & (errors >= CONFUSABLE_SHARE * errors.sum())))


def title_of(row: Scored) -> str:
    """Return an estimator's title in italics, as inline markdown."""
    return f"*{md.escape(row.title)}*"
