"""What the page of one estimator is made from: a record, its predictions, pixels, and the space it was tuned in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmark.analyses.estimator_page.importance import Importance, importance
from benchmark.metrics import scores
from benchmark.metrics.scores import Floats, Ints
from benchmark.storage.schema import Record, TestSet

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True)
class Pictures:
    """Test images whose pixels are at hand.

    Attributes
    ----------
    index : ndarray of int64, (m,)
        Places in the test set, ascending.
    pixels : ndarray of uint8, (m, pixels)
    reason : str
        Why these are not all test images; empty if they are.
    """

    index: Ints
    pixels: npt.NDArray[np.uint8]
    reason: str = ""


@dataclass(frozen=True)
class Space:
    """What was tuned, as the plugin declares it today.

    Attributes
    ----------
    distributions : mapping of str to optuna.distributions.BaseDistribution
    reason : str
        Why it is not known, as a clause; then there are no distributions.
    """

    distributions: Mapping[str, BaseDistribution]
    reason: str = ""


@dataclass(frozen=True)
class Shown:
    """One record with all that its page needs.

    Attributes
    ----------
    record : Record
        That ended well.
    test_set : TestSet
    proba : ndarray of float16, (n_test, n_classes)
    seeds : tuple of int
        Of all records of the estimator that ended well.
    pictures : Pictures
    space : Space
    """

    record: Record
    test_set: TestSet
    proba: npt.NDArray[np.float16]
    seeds: tuple[int, ...]
    pictures: Pictures
    space: Space

    @property
    def softmax(self) -> bool:
        """Whether its scores are no probabilities."""
        return self.record.scores == "decision_function"

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.test_set.class_names)

    @cached_property
    def predicted(self) -> Ints:
        """Its answers, (n_test,)."""
        return scores.predicted_labels(self.proba)

    @cached_property
    def confidence(self) -> Floats:
        """The score of each answer, (n_test,)."""
        return np.asarray(self.proba.max(axis=1), dtype=np.float64)

    @cached_property
    def confusion(self) -> Ints:
        """Images by true class (row) and answer (column)."""
        return scores.confusion_matrix(self.test_set.y, self.predicted, self.n_classes)

    @cached_property
    def importance(self) -> Importance | str:
        """Which parameters mattered, or why that cannot be said."""
        if self.space.reason:
            return self.space.reason
        return importance(self.record.trials, self.space.distributions)

    def pixels(self, index: Ints) -> Floats:
        """Return pictures of test images that are in `pictures`, from 0 to 1, (m, height, width)."""
        rows = self.pictures.pixels[np.searchsorted(self.pictures.index, index)]
        return np.asarray(rows.reshape(len(index), *self.test_set.image_shape) / 255)
