"""The fields of a record and of a test set; `benchmark.storage.records` writes and reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from benchmark.storage.serialization import NonNegativeFloat, NonNegativeInt, Share

SCHEMA = 1
"""Increased when a field changes its meaning; a record of another schema is refused with its number."""

_SAFE_NAME = r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z"

EstimatorName = Annotated[str, Meta(pattern=_SAFE_NAME)]
"""A name for which `is_safe_name` holds."""

LARGEST_MEASURED = 1e15

LARGEST_FOLDS = 10_000
"""More folds than a cross-validation ever has."""

Measured = Annotated[float, Meta(ge=-LARGEST_MEASURED, le=LARGEST_MEASURED)]
"""A number of a training history; a log-likelihood, for example, may be negative."""

Status = Literal["ok", "failed", "timeout", "oom"]


@dataclass(frozen=True)
class RungResult:
    """One fit of a trial on `rows` training rows: its accuracy on the validation rows, and its times in seconds."""

    rows: NonNegativeInt
    accuracy: Share
    fit_seconds: NonNegativeFloat
    predict_seconds: NonNegativeFloat


@dataclass(frozen=True)
class TrialResult:
    """One trial of the study: its parameters, the rungs that it reached, and why it stopped."""

    number: NonNegativeInt
    state: Literal["complete", "pruned", "failed", "timeout", "oom"]
    params: Mapping[str, Any]
    rungs: tuple[RungResult, ...]
    reason: str = ""


@dataclass(frozen=True)
class FoldNumber:
    """Which fold of a cross-validation a record is of: its number and that of its repeat, from 0; and how many."""

    count: Annotated[int, Meta(ge=2, le=LARGEST_FOLDS)]
    repeat: NonNegativeInt
    number: NonNegativeInt


@dataclass(frozen=True)
class TimePlan:
    """What a clock chose for a record of a run with a time limit, see `benchmark.engine.effort`.

    Attributes
    ----------
    seconds : float
        Wall seconds of the estimator.
    trials : int
        That the winner was chosen among; the first one, the defaults, climbed the rungs alone.
    rungs : tuple of int
        Training rows of each rung.
    all_rows_seconds : float
        What a refit on all rows and its predictions were forecast to take.
    """

    seconds: NonNegativeFloat
    trials: NonNegativeInt
    rungs: tuple[NonNegativeInt, ...]
    all_rows_seconds: NonNegativeFloat


@dataclass(frozen=True)
class Record:
    """Everything known about one (data set, estimator, seed).

    Attributes
    ----------
    schema : int
        `SCHEMA` when written.
    dataset, dataset_sha256 : str
    estimator, title, family, augmentation : str
        As declared by the plugin; `estimator` is its name.
    origin : str
        The plugin's file within the project, or "entry point PACKAGE VERSION".
    seed : int
    status : {"ok", "failed", "timeout", "oom"}
        Anything but "ok" has a `reason` and no predictions.
    reason : str
        One line.
    fingerprint : mapping of str to str
        Short hashes of what the result depends on (dataset, protocol, space, defaults, settings): a
        record whose fingerprint differs from today's is stale.
    preset : mapping
        The `benchmark.engine.protocol.Preset`'s fields.
    scores : {"predict_proba", "decision_function", ""}
        Where the stored rows come from; a decision function went through a softmax, which
        keeps the ranking but is no probability.
    params : mapping
        The winner's tuned parameters.
    validation_accuracy : float or None
        Of the winner, at the top rung it was chosen on (`validation_fit_rows` rows fitted).
    validation_fit_rows, validation_rows : int
    trials : tuple of TrialResult
    tuning_seconds : float
        Fit and predict seconds of all trials, added up over the workers.
    tuning_threads : int
        Threads per worker while tuning.
    tuning_parallel : int
        Workers that shared the machine while tuning.
    fit_rows : int
        Rows of the refit.
    fit_seconds, predict_seconds : float
        Measured alone on the machine, after a warm-up. `predict_seconds` is for all test images.
    threads : int
        Of the refit and the prediction.
    device : str
    peak_memory_bytes : int
        Peak resident memory of the worker that refitted and predicted, libraries included.
    model_bytes : int
        Size of the fitted pipeline, pickled.
    test_reads : int
        How often the test images have been predicted for this estimator and seed, counting the
        records that this one replaced.
    proba_sha256 : str
        Checksum of the ``.npz``; empty without predictions.
    environment : mapping of str to str
        Machine and versions.
    history : mapping of str to tuple of float, optional
        What the refit's training looked like, a number per epoch or round, by its name ("train_loss"); None
        in records from before it was kept.
    fold : FoldNumber, optional
        Of a cross-validation; `seed` numbers its folds, repeat by repeat, and "test images" are those of the fold. None
        if the data have a test part, and in what `benchmark.storage.folds` makes of all folds of a repeat.
    time : TimePlan, optional
        None if the run had no time limit.
    """

    schema: NonNegativeInt
    dataset: str
    dataset_sha256: str
    estimator: EstimatorName
    title: str
    family: str
    augmentation: str
    origin: str
    seed: NonNegativeInt
    status: Status
    reason: str
    fingerprint: Mapping[str, str]
    preset: Mapping[str, Any]
    scores: str
    params: Mapping[str, Any]
    validation_accuracy: Share | None
    validation_fit_rows: NonNegativeInt
    validation_rows: NonNegativeInt
    trials: tuple[TrialResult, ...]
    tuning_seconds: NonNegativeFloat
    tuning_threads: NonNegativeInt
    tuning_parallel: NonNegativeInt
    fit_rows: NonNegativeInt
    fit_seconds: NonNegativeFloat
    predict_seconds: NonNegativeFloat
    threads: NonNegativeInt
    device: str
    peak_memory_bytes: NonNegativeInt
    model_bytes: NonNegativeInt
    test_reads: NonNegativeInt
    proba_sha256: str
    environment: Mapping[str, str]
    history: Mapping[str, tuple[Measured, ...]] | None = None
    fold: FoldNumber | None = None
    time: TimePlan | None = None


@dataclass(frozen=True)
class Validation:
    """The winner's predictions of the validation rows, which it was not fitted on.

    Attributes
    ----------
    y : ndarray of int64, (n_validation,)
    proba : ndarray of float16, (n_validation, n_classes)
        Scores of the fit that the winner was chosen by, on `validation_fit_rows` rows: fewer than the refit's.
    """

    y: npt.NDArray[np.int64]
    proba: npt.NDArray[np.float16]


@dataclass(frozen=True)
class TestSetHeader:
    """The part of a test set that its JSON holds.

    Attributes
    ----------
    dataset, sha256 : str
    class_names : tuple of str
    image_shape : tuple of int
        (height, width, channels).
    n_train : int
        Rows of the training part; of all images if they are cross-validated.
    given : str
        What ``--dataset`` was given; see `benchmark.datasets.dataset.Dataset`. Empty for a data set with a name.
    group : str
        What ``--group`` was given.
    read_as : str
        How the user's own images were read; see `benchmark.datasets.dataset.Dataset`.
    remarks : tuple of str
        What was left out, split off or is unusual, one line each.
    folds : int
        Folds of a cross-validation, in which every image is predicted; 0 if there is a test part.
    asked_folds : int or None
        What ``--folds`` was given; see `benchmark.datasets.dataset.Dataset`.
    """

    __test__ = False  # not a test, whatever pytest makes of the name

    dataset: str
    sha256: str
    class_names: tuple[str, ...]
    image_shape: tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt]
    n_train: NonNegativeInt
    given: str = field(default="", kw_only=True)
    group: str = field(default="", kw_only=True)
    read_as: str = field(default="", kw_only=True)
    remarks: tuple[str, ...] = field(default=(), kw_only=True)
    folds: NonNegativeInt = field(default=0, kw_only=True)
    asked_folds: NonNegativeInt | None = field(default=None, kw_only=True)

    @property
    def most_fit_rows(self) -> int:
        """Training rows of a refit that leaves none out; the mean over the folds if there are any."""
        return most_fit_rows(self.n_train, self.folds)


@dataclass(frozen=True)
class TestSet(TestSetHeader):
    """What every record is scored against.

    Attributes
    ----------
    y : ndarray of int64, (n_test,)
    example_index : ndarray of int64, (k,)
        Test images whose pixels are kept for the report's pictures.
    example_images : ndarray of uint8, (k, pixels)
    names : tuple of str, (n_test,), or empty
        The file of each test image, relative to the data set's folder; empty for data without files.
    copies : ndarray of int64, (m,)
        Test images that have the pixels of a training image, ascending.
    """

    y: npt.NDArray[np.int64]
    example_index: npt.NDArray[np.int64]
    example_images: npt.NDArray[np.uint8]
    names: tuple[str, ...] = field(default=(), kw_only=True)
    copies: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64), kw_only=True)


@dataclass(frozen=True)
class Results:
    """One data set's folder, read and verified.

    Attributes
    ----------
    folder : Path
        ``results/<dataset>``.
    test_set : TestSet
    records : tuple of Record
        Sorted by estimator and seed, failed ones included.
    proba : mapping of (estimator, seed) to ndarray of float16, (n_test, n_classes)
        Of the records whose status is "ok".
    validation : mapping of (estimator, seed) to Validation
        Of those that hold it: records from before it was kept do not.
    folds : mapping of int to ndarray of int64, (n_test,)
        The fold of each image, by repeat of a cross-validation; empty if there is a test part.
    """

    folder: Path
    test_set: TestSet
    records: tuple[Record, ...]
    proba: Mapping[tuple[str, int], npt.NDArray[np.float16]]
    validation: Mapping[tuple[str, int], Validation] = field(default_factory=dict)
    folds: Mapping[int, npt.NDArray[np.int64]] = field(default_factory=dict)


def most_fit_rows(n_train: int, folds: int) -> int:
    """Return `TestSetHeader.most_fit_rows`."""
    return n_train * (folds - 1) // folds if folds else n_train


def is_safe_name(estimator: str) -> bool:
    """Return whether a name is a valid estimator name: safe as a folder name and in a table cell, never a path."""
    return re.search(_SAFE_NAME, estimator) is not None
