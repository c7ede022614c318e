"""What people make of the test images, on disk: their majority, and how it goes with each estimator's errors.

::

    results/<dataset>/records/people.json

Sums and means over many images only: the labels are under the GPL-3 and stay where they are, and
nothing here tells what people said of any one image.
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
"""Raised when a field changes its meaning; a file of another schema is refused by name."""

FIFTHS = 5


@dataclass(frozen=True)
class Contrast:
    """Images that an estimator missed beside those that it got right.

    Attributes
    ----------
    entropy_missed, entropy_right : float
        Mean entropy of an image's human labels, in bits.
    auc, auc_low, auc_high : float
        Probability that a missed image has more human entropy than one that was got right, ties
        half, with its 95 % bootstrap interval over images.
    same_answer, label : int
        Missed images of which the people's majority says what the estimator said, and what the
        data set's label says.
    fifths : tuple of int
        Missed images among the fifth of the group that people agree on most, among the next
        fifth, and so on.
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
    """An estimator's answers to the images of one class, or to all.

    Attributes
    ----------
    images, missed : int
    spearman : float or None
        Spearman's correlation of human entropy with the entropy of the estimator's own scores;
        None where either is constant.
    contrast : Contrast or None
        None where fewer than `People.smallest` were missed, or got right.
    """

    images: NonNegativeInt
    missed: NonNegativeInt
    spearman: Correlation | None
    contrast: Contrast | None


@dataclass(frozen=True)
class Compared:
    """One record of an estimator beside the people; `proba_sha256` is of the predictions that it was made from."""

    estimator: EstimatorName
    seed: NonNegativeInt
    proba_sha256: str
    every: Group
    classes: tuple[Group, ...]


@dataclass(frozen=True)
class People:
    """What people make of a test set.

    Attributes
    ----------
    schema : int
    dataset, dataset_sha256 : str
    labels_sha256 : str
        Of the file of human labels.
    fewest, most : int
        Labels of an image.
    mean : float
    ties, ties_right, ties_with_label : int
        Images with more than one most frequent label, of which the majority is the first in the
        order of the classes; those of them where that is the data set's label; where any of them is.
    confusion : tuple of tuple of int
        Images by label (row) and people's majority (column).
    entropy : tuple of float
        Mean entropy of an image's human labels, in bits, of each class.
    resamples : int
        Of the bootstrap.
    smallest : int
        Of fewer missed (or right) images nothing is said.
    compared : tuple of Compared
        By estimator and seed.
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
        """Return what is known of one record."""
        return next((one for one in self.compared if (one.estimator, one.seed) == (estimator, seed)), None)


def path_of(folder: Path) -> Path:
    """Return where it lies in ``results/<dataset>``."""
    return folder / "records" / "people.json"


def write(folder: Path, people: People) -> Path:
    """Write it atomically, and return where."""
    path = path_of(folder)
    serialization.write_atomically(path, serialization.to_json(dataclasses.asdict(people)))
    return path


def read(folder: Path, test_set: TestSet) -> People | None:
    """Read it, strictly, or return None where there is none.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    test_set : TestSet
        Of the same folder.

    Raises
    ------
    BenchmarkError
        Unreadable; a field is missing, unknown, of another type or out of range; made on other
        data; numbers that do not add up.
    """
    path = path_of(folder)
    if not path.exists():
        return None
    again = "delete it, or make it anew with: python -m benchmark people"
    data = serialization.read_json(path, SCHEMA)
    try:
        people = serialization.from_json(data, People)
        if people.dataset_sha256 != test_set.sha256:
            raise BenchmarkError(f"{path}: made on other data than the test set beside it; {again}")
        _check(people, test_set)
    except ValueError as error:
        raise BenchmarkError(f"{path}: not of schema {SCHEMA} ({error}); {again}") from error
    return people


def _check(people: People, test_set: TestSet) -> None:
    """Raise ValueError where numbers do not add up."""
    images = np.bincount(test_set.y, minlength=len(test_set.class_names)).tolist()
    _require([sum(row) for row in people.confusion] == images, "`confusion` does not count the test images")
    _require({len(row) for row in people.confusion} == {len(images)}, "`confusion` is not square")
    _require(len(people.entropy) == len(images), "`entropy` has not one number a class")
    ties = [0, people.ties_right, people.ties_with_label, people.ties, sum(images)]
    _require(ties == sorted(ties), f"{people.ties} ties, {people.ties_with_label} with the label")
    found = [(one.estimator, one.seed) for one in people.compared]
    _require(len(set(found)) == len(found), "two entries are of one estimator and seed")
    for one in people.compared:
        counted = [group.images for group in (*one.classes, one.every)]
        _require(counted == [*images, sum(images)], f"{one.estimator} was given other images")
        _require(
            sum(group.missed for group in one.classes) == one.every.missed, f"{one.estimator} misses do not add up"
        )
        for group in (*one.classes, one.every):
            _require(group.missed <= group.images, f"{one.estimator} misses {group.missed} of {group.images}")
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
