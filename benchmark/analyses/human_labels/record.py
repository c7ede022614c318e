"""The comparison of human labels with the estimators' errors, on disk.

::

    results/<dataset>/records/people.json

The file holds sums and means over many images only, and no label of a single image: the labels are under the GPL-3 and
are not copied.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from benchmark.errors import BenchmarkError
from benchmark.storage import serialization
from benchmark.storage.schema import EstimatorName, TestSet
from benchmark.storage.serialization import Correlation, NonNegativeFloat, NonNegativeInt, Share

SCHEMA = 1
"""Increased when a field changes its meaning; a file of another schema is refused with its number."""

FIFTHS = 5


@dataclass(frozen=True)
class Contrast:
    """The misclassified images of an estimator, compared with the correctly classified ones.

    Attributes
    ----------
    entropy_missed, entropy_right : float
        Mean entropy of the human labels of a misclassified and of a correctly classified image, in bits.
    auc, auc_low, auc_high : float
        Probability that a misclassified image has a higher entropy of human labels than a correctly classified one,
        ties counting half, with its 95 % bootstrap interval over images.
    same_answer, label : int
        Misclassified images whose majority label is the estimator's prediction, and whose majority label is the data
        set's label.
    fifths : tuple of int
        Misclassified images in each fifth of the group, by ascending entropy of human labels.
    """

    entropy_missed: NonNegativeFloat
    entropy_right: NonNegativeFloat
    auc: Share
    auc_low: Share
    auc_high: Share
    same_answer: NonNegativeInt
    label: NonNegativeInt
    fifths: Annotated[tuple[NonNegativeInt, ...], Meta(min_length=FIFTHS, max_length=FIFTHS)]


@dataclass(frozen=True)
class Group:
    """An estimator's predictions of the images of one class, or of all images.

    Attributes
    ----------
    images, missed : int
        Number of images, and of misclassified ones.
    spearman : float or None
        Spearman's correlation of the entropy of human labels with the entropy of the estimator's scores; None if either
        is constant.
    contrast : Contrast or None
        None if fewer than `People.smallest` images were misclassified, or classified correctly.
    """

    images: NonNegativeInt
    missed: NonNegativeInt
    spearman: Correlation | None
    contrast: Contrast | None


@dataclass(frozen=True)
class Compared:
    """The comparison of one record with the human labels; `proba_sha256` is the checksum of its predictions."""

    estimator: EstimatorName
    seed: NonNegativeInt
    proba_sha256: str
    every: Group
    classes: tuple[Group, ...]


@dataclass(frozen=True)
class People:
    """The human labels of a test set, compared with every record.

    Attributes
    ----------
    schema : int
    dataset, dataset_sha256 : str
    labels_sha256 : str
        SHA-256 of the file of human labels.
    fewest, most : int
        Smallest and largest number of labels of an image.
    mean : float
        Mean number of labels of an image.
    ties, ties_right, ties_with_label : int
        Images with several most frequent labels, of which the first in the order of the classes counts as the majority;
        those of them where the majority is the data set's label; those where any of the most frequent labels is.
    confusion : tuple of tuple of int
        Images by label (row) and majority label (column).
    entropy : tuple of float
        Mean entropy of the human labels of an image of each class, in bits.
    resamples : int
        Resamples of the bootstrap.
    smallest : int
        Fewest misclassified (and correctly classified) images for a `Contrast`.
    compared : tuple of Compared
        Sorted by estimator and seed.
    """

    schema: NonNegativeInt
    dataset: str
    dataset_sha256: str
    labels_sha256: str
    fewest: NonNegativeInt
    mean: NonNegativeFloat
    most: NonNegativeInt
    ties: NonNegativeInt
    ties_right: NonNegativeInt
    ties_with_label: NonNegativeInt
    confusion: tuple[tuple[NonNegativeInt, ...], ...]
    entropy: tuple[NonNegativeFloat, ...]
    resamples: NonNegativeInt
    smallest: NonNegativeInt
    compared: tuple[Compared, ...]

    def find(self, estimator: str, seed: int) -> Compared | None:
        """Return the comparison of one record, or None if there is none."""
        return next((each for each in self.compared if (each.estimator, each.seed) == (estimator, seed)), None)


def path_of(folder: Path) -> Path:
    """Return the path of the file in ``results/<dataset>``."""
    return folder / "records" / "people.json"


def write(folder: Path, people: People) -> Path:
    """Write the file atomically, and return its path."""
    path = path_of(folder)
    serialization.write_atomically(path, serialization.to_json(dataclasses.asdict(people)))
    return path


def read(folder: Path, test_set: TestSet) -> People | None:
    """Read the file strictly, or return None if there is none.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    test_set : TestSet
        The test set of the same folder.

    Raises
    ------
    BenchmarkError
        The file is unreadable; a field is missing, unknown, of another type or out of range; it was made on other data;
        or its numbers do not add up.
    """
    path = path_of(folder)
    if not path.exists():
        return None
    again = "delete it, or make it again with: python -m benchmark people"
    data = serialization.read_json(path, SCHEMA)
    try:
        people = serialization.from_json(data, People)
        if people.dataset_sha256 != test_set.sha256:
            raise BenchmarkError(f"{path}: made on other data than the test set of the same folder; {again}")
        _check(people, test_set)
    except ValueError as error:
        raise BenchmarkError(f"{path}: not of schema {SCHEMA} ({error}); {again}") from error
    return people


def _check(people: People, test_set: TestSet) -> None:
    """Raise ValueError if numbers do not add up."""
    images = np.bincount(test_set.y, minlength=len(test_set.class_names)).tolist()
    _require([sum(row) for row in people.confusion] == images, "`confusion` does not count the test images")
    _require({len(row) for row in people.confusion} == {len(images)}, "`confusion` is not square")
    _require(len(people.entropy) == len(images), "`entropy` has not one number a class")
    ties = [0, people.ties_right, people.ties_with_label, people.ties, sum(images)]
    _require(ties == sorted(ties), f"{people.ties} ties, {people.ties_with_label} with the label")
    keys = [(each.estimator, each.seed) for each in people.compared]
    _require(len(set(keys)) == len(keys), "two entries are of one estimator and seed")
    for each in people.compared:
        counted = [group.images for group in (*each.classes, each.every)]
        _require(counted == [*images, sum(images)], f"{each.estimator} was given other images")
        _require(
            sum(group.missed for group in each.classes) == each.every.missed, f"{each.estimator} misses do not add up"
        )
        for group in (*each.classes, each.every):
            _require(group.missed <= group.images, f"{each.estimator} misses {group.missed} of {group.images}")
            if contrast := group.contrast:
                _require(sum(contrast.fifths) == group.missed, f"fifths {contrast.fifths} of {group.missed} missed")
                _require(contrast.same_answer + contrast.label <= group.missed, "more answers than missed images")
                _require(contrast.auc_low <= contrast.auc_high, f"AUC from {contrast.auc_low} to {contrast.auc_high}")


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)


def read_file(path: Path, test_set: TestSet) -> Any:
    """Read the file at ``results/<dataset>/records/<stem>.json``; see `read`."""
    return read(path.parents[1], test_set)
