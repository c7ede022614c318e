"""The unit of work as plain values: a job in, an `Outcome` out; `worker_job` runs it in a worker process.

A job is sent to its worker as names, parameters and the checksum of the data set. The data are memory-mapped files
that each worker opens itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmark.engine.protocol import Preset
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from benchmark.storage.schema import Status

DESCRIBE_SECONDS = 300.0
"""To import a plugin with its libraries and build its pipeline; a first import of torch may take a minute."""


SIZE_UNKNOWN = "the size of its model is unknown: "
"""First words of the note on a model that cannot be pickled."""


@dataclass(frozen=True)
class Limits:
    """What a job may use. Past either limit its worker is killed, with every process that it started.

    Attributes
    ----------
    seconds : float or None
        Wall seconds, including the start of the worker, imports and warm-up.
    memory_bytes : int or None
        Resident memory of the worker and its children.
    """

    seconds: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Describe:
    """Ask what an estimator declares."""

    estimator: str
    task: Task
    limits: Limits = Limits(DESCRIBE_SECONDS)


@dataclass(frozen=True)
class Declaration:
    """What a plugin declares, as plain values: only workers import the plugin's module.

    Attributes
    ----------
    title, family, augmentation : str
    space : mapping of str to optuna.distributions.BaseDistribution
    smoke, thorough : mapping of str to object
    defaults : mapping of str to object
        Default of each tuned parameter, read off the pipeline that the plugin builds.
    settings : mapping of str to str
        Every other parameter of the pipeline, as text.
    """

    title: str
    family: str
    augmentation: str
    space: Mapping[str, BaseDistribution]
    smoke: Mapping[str, Any]
    defaults: Mapping[str, Any]
    settings: Mapping[str, str] = field(default_factory=dict)
    thorough: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """Fit one estimator on some training rows. The kinds of job below say what is then predicted.

    Attributes
    ----------
    estimator : str
        Its name in the registry.
    params : mapping of str to object
        Pipeline parameters that differ from the plugin's defaults.
    task : Task
    preset : Preset
    dataset : str
        SHA-256 of the data set, by which a worker finds the arrays (see `benchmark.datasets.memmap`).
    rows : int
        Training rows to fit.
    limits : Limits
    part : str
        Training part of a fold (see `memmap.write_part`); empty if the data have a test part.
    """

    estimator: str
    params: Mapping[str, Any]
    task: Task
    preset: Preset
    dataset: str
    rows: int
    limits: Limits = Limits()
    part: str = ""


@dataclass(frozen=True)
class TuningJob(Job):
    """Fit the first rows of the split's fit part, predict the validation rows and score them.

    It has no field that names a test image.
    """


@dataclass(frozen=True)
class RefitJob(Job):
    """Fit the chosen parameters on final rows and predict all test images.

    Only this kind of job, and the two below, may read test images; the test labels are in no file that it names. It has
    the machine to itself, because its times are compared.

    Attributes
    ----------
    draw : int
        Order of the training rows of which the first `rows` are fitted (see `protocol.final_rows`).
    save_to : str
        Folder that the fitted model is written into, outside the clock; empty if it is not saved.
    """

    draw: int = 0
    save_to: str = ""


@dataclass(frozen=True)
class SaveJob(RefitJob):
    """Repeat a recorded refit only to write its model into `save_to`; no test image is read."""


@dataclass(frozen=True)
class CorruptionJob(RefitJob):
    """Refit, then predict some test images as they are and under each corruption.

    Attributes
    ----------
    corruptions : tuple of str
        Names (see `benchmark.datasets.corruptions`). The worker corrupts the images itself.
    images : tuple of int
        Indices of the test images.
    saved_model : str
        Folder of a saved model that predicts instead of a refit; empty if there is none.
    """

    corruptions: tuple[str, ...] = ()
    images: tuple[int, ...] = ()
    saved_model: str = ""


@dataclass(frozen=True)
class Saved:
    """Result of writing a fitted model to disk.

    Attributes
    ----------
    files : mapping of str to str
        File name to SHA-256.
    classes : tuple of int
        Classes that the model was fitted on, ascending.
    reason : str
        Why the model cannot be kept, in one line; empty if it was saved.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[int, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """Result of a job.

    Attributes
    ----------
    status : {"ok", "failed", "timeout", "oom"}
    reason : str
        One line; empty if ok.
    accuracy : float or None
        Validation accuracy of a tuning job; None for any other job.
    proba : ndarray of float32, (n, n_classes), or None
        Scores of the validation rows (tuning job) or of the test images (refit).
    predicted : ndarray of int64, (1 + corruptions, images), or None
        Classes that a corruption job predicted for the images as they are, then under each corruption.
    scores : str
        Method of the pipeline that `proba` comes from.
    fit_seconds, predict_seconds : float
    peak_memory_bytes : int
    model_bytes : int
        Size of the fitted model; 0 for a tuning job, and if it cannot be pickled.
    device : str
        Device that a refit ran on. The pipeline may have had no use for the GPU that it was offered.
    environment : mapping of str to str
        Machine and library versions of a refit.
    history : mapping of str to tuple of float
        What the plugin reads off its fitted pipeline, one number per epoch or round; only of a refit.
    augmentation : str or None
        What the plugin says of a fitted pipeline that chose its augmentation; None if it says nothing.
    saved : Saved or None
        None unless the job was asked to save its model.
    notes : tuple of str
        What the user should know of an estimator that did not fail, each in one line.
    """

    status: Status
    reason: str = ""
    accuracy: float | None = None
    proba: npt.NDArray[np.float32] | None = None
    predicted: npt.NDArray[np.int64] | None = None
    scores: str = ""
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    peak_memory_bytes: int = 0
    model_bytes: int = 0
    device: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    history: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    augmentation: str | None = None
    saved: Saved | None = None
    notes: tuple[str, ...] = ()


class WorkerDiedError(Exception):
    """The worker process of a job ended before the job did.

    Attributes
    ----------
    status : {"failed", "timeout", "oom"}
    killed_externally : bool
        Neither the job nor its limits killed the worker, so a second try may succeed.
    handed_over : object
        What the call had handed over before (see `benchmark.engine.handover`); None if nothing.
    """

    def __init__(self, status: Status, reason: str, killed_externally: bool = False) -> None:
        super().__init__(status, reason, killed_externally)  # every argument, so that the exception can be pickled
        self.status: Status = status
        self.reason = reason
        self.killed_externally = killed_externally
        self.handed_over: Any = None

    def __str__(self) -> str:
        return self.reason


def describe_seconds(deadline: float | None) -> float:
    """Return the deadline of a `Describe`, given the deadline of the run's jobs."""
    return DESCRIBE_SECONDS if deadline is None else min(max(deadline, 60.0), DESCRIBE_SECONDS)


def failure_reason(error: BaseException) -> str:
    """Return why a job failed, in one line. An error of this program is quoted without its type."""
    return str(error) if isinstance(error, (BenchmarkError, WorkerDiedError)) else one_line(error)


def one_line(error: BaseException) -> str:
    """Return an exception as one line, for leaderboards and logs."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
