"""The input of an estimator's page: a record, its predictions, pixels of test images, and the search space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmark.analyses.estimator_page.importance import Importance, importance
from benchmark.datasets.dataset import array_shape
from benchmark.metrics import scores
from benchmark.metrics.scores import Floats, Ints
from benchmark.render.thumbnails import Thumbnail
from benchmark.storage.schema import Record, TestSet

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True)
class Pictures:
    """Test images whose pixels are available.

    Attributes
    ----------
    index : ndarray of int64, (m,)
        Indices in the test set, ascending.
    pixels : ndarray of uint8, (m, pixels)
    reason : str
        Why some test images are missing; empty if none is.
    names : tuple of str, (n_test,), or empty
        The files of all test images, if each has one.
    """

    index: Ints
    pixels: npt.NDArray[np.uint8]
    reason: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Space:
    """The search space, as the plugin declares it now.

    Attributes
    ----------
    distributions : mapping of str to optuna.distributions.BaseDistribution
    reason : str
        Why it is unknown, as a clause; then there are no distributions.
    """

    distributions: Mapping[str, BaseDistribution]
    reason: str = ""


@dataclass(frozen=True)
class EvaluatedEstimator:
    """A finished record with everything that its page needs.

    Attributes
    ----------
    record : Record
        Of status "ok".
    test_set : TestSet
    proba : ndarray of float16, (n_test, n_classes)
    seeds : tuple of int
        Of all finished records of the estimator.
    pictures : Pictures
    space : Space
    first_fold : Record, optional
        Record of the first fold, of a cross-validation.
    """

    record: Record
    test_set: TestSet
    proba: npt.NDArray[np.float16]
    seeds: tuple[int, ...]
    pictures: Pictures
    space: Space
    first_fold: Record | None = None

    @property
    def tuned(self) -> Record:
        """The record whose tuning and training are shown."""
        return self.first_fold or self.record

    @property
    def softmax(self) -> bool:
        """Whether the scores are a softmax of decision values, and not probabilities."""
        return self.record.scores == "decision_function"

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.test_set.class_names)

    @cached_property
    def predicted(self) -> Ints:
        """Predicted classes, (n_test,)."""
        return scores.predicted_labels(self.proba)

    @cached_property
    def confidence(self) -> Floats:
        """Score of each predicted class, (n_test,)."""
        return np.asarray(self.proba.max(axis=1), dtype=np.float64)

    @cached_property
    def confusion(self) -> Ints:
        """Images by true class (row) and predicted class (column), (n_classes, n_classes)."""
        return scores.confusion_matrix(self.test_set.y, self.predicted, self.n_classes)

    @cached_property
    def importance(self) -> Importance | str:
        """Importance of the tuned parameters, or why it is unknown."""
        if self.space.reason:
            return self.space.reason
        return importance(self.tuned.trials, self.space.distributions)

    def pixels(self, index: Ints) -> Floats:
        """Return the pixels of test images that are in `pictures`, from 0 to 1, (m, *array_shape)."""
        return np.asarray(self._rows(index) / 255)

    def thumbnails(self, index: Ints, folder: str) -> list[Thumbnail]:
        """Return the thumbnails of test images that are in `pictures`; none if their files are not known."""
        if not self.pictures.names:
            return []
        shown = zip(index.tolist(), self._rows(index), strict=True)
        return [Thumbnail("test", image, self.pictures.names[image], pixels, folder) for image, pixels in shown]

    def _rows(self, index: Ints) -> npt.NDArray[np.uint8]:
        rows = self.pictures.pixels[np.searchsorted(self.pictures.index, index)]
        return np.asarray(rows.reshape(len(index), *array_shape(self.test_set.image_shape)))
