"""The hardest class, as its page and its figures take it from the summary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmark.analyses.hardest_class import measure as anatomy
from benchmark.analyses.hardest_class.measure import Bools, Finds, Kind
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.leaderboard.verdict import CLASSICAL, CNN
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Subject:
    """The hardest class of what is summarised.

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
        """The class, as markdown."""
        return self.named(self.label)

    def named(self, label: int) -> str:
        """Return any class, as markdown."""
        return md.escape(self.summary.class_names[label])

    @cached_property
    def of_class(self) -> Bools:
        """Which test images are of the class, (n_test,)."""
        return np.asarray(self.summary.test_set.y == self.label)

    def images(self, label: int) -> int:
        """Return how many test images any class has."""
        return int((self.summary.test_set.y == label).sum())

    @property
    def size(self) -> int:
        """How many test images the class has."""
        return self.images(self.label)

    @property
    def several_seeds(self) -> bool:
        """Whether any estimator has more than one seed."""
        return any(len(row.records) > 1 for row in self.rows)

    @cached_property
    def finds(self) -> Finds:
        """Who finds which image."""
        cnn = [row.family == CNN for row in self.rows]
        return anatomy.finds(self.summary.test_set.y, [row.proba for row in self.rows], cnn)

    @cached_property
    def kinds(self) -> dict[Kind, Ints]:
        """The class's images by who finds them, the most telling first."""
        return anatomy.kinds(self.finds, self.of_class)

    @cached_property
    def confusion(self) -> Floats:
        """Mean over the estimators, (n_classes, n_classes)."""
        return np.asarray(np.mean([row.confusion for row in self.rows], axis=0))

    @cached_property
    def neighbours(self) -> tuple[int, ...]:
        """The classes that it is confused with."""
        return anatomy.neighbours(self.confusion, self.label)

    @property
    def rivals(self) -> tuple[Scored, ...]:
        """The best classical pipeline and the best CNN; where a family is missing, the best of what there is."""
        found = [row for row in (self.summary.best_of(CLASSICAL), self.summary.best_of(CNN)) if row is not None]
        return tuple(found) if found else self.rows[:1]


def compute(summary: Summary, data: object = None) -> Subject | None:
    """Return the hardest class, or None where no estimator finished."""
    return None if summary.hardest is None else Subject(summary, summary.hardest)


def titled(row: Scored) -> str:
    """Return an estimator's title, as markdown in italics."""
    return f"*{md.escape(row.title)}*"
