"""The unit of work, as plain values: a Job in, an Outcome out; work.py does it in a worker process.

A job travels as names, parameters and the data set's checksum; the data are memory-mapped files
that each worker opens for itself.
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
"""To import a plugin and build its pipeline, libraries included; a slow disk's first import of torch takes one."""


@dataclass(frozen=True)
class Limits:
    """What a job may take; past either its worker is killed, with all that it started.

    Attributes
    ----------
    seconds : float or None
        Wall seconds, the start of the worker, imports and warm-up included.
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
    """What a plugin declares, as plain values: its module is imported by workers and by nobody else.

    Attributes
    ----------
    title, family, augmentation : str
    space : mapping of str to optuna.distributions.BaseDistribution
    smoke, thorough : mapping of str to object
    defaults : mapping of str to object
        Of the tuned parameters, as the plugin builds them.
    settings : mapping of str to str
        Every other parameter of the pipeline, written out.
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
    """Fit one estimator on some training rows, then predict.

    Attributes
    ----------
    estimator : str
        Its name in the registry.
    params : mapping of str to object
        Pipeline parameters that differ from the plugin's defaults.
    task : Task
    preset : Preset
    dataset : str
        Its SHA-256, by which a worker finds the arrays (see `benchmark.datasets.memmap`).
    rows : int
        Training rows to fit: of the split's fit part while tuning, of all for the refit.
    test : bool
        False while tuning: the validation rows are predicted and scored. Only evaluation.py
        sets it, and the test labels are in no file that a worker can name.
    limits : Limits
    draw : int
        Of a test job: which order of the training rows `rows` is counted in (see `protocol.final_rows`).
    corruptions : tuple of str
        Of a test job: names (see `benchmark.datasets.corruptions`). With any, the test images are predicted as they are
        and then under each, which the worker makes for itself.
    images : tuple of int
        Then, which test images.
    keep : str
        Of a test job: a folder that the fitted model is written into, outside the clock; empty if it is not kept.
    blind : bool
        Of such a job: nothing else is wanted, and the test images are not read.
    stored : str
        Of a job with corruptions: the folder of a kept model that is asked in place of a fit; empty if there is none.
    """

    estimator: str
    params: Mapping[str, Any]
    task: Task
    preset: Preset
    dataset: str
    rows: int
    test: bool = False
    limits: Limits = Limits()
    draw: int = 0
    corruptions: tuple[str, ...] = ()
    images: tuple[int, ...] = ()
    keep: str = ""
    blind: bool = False
    stored: str = ""


@dataclass(frozen=True)
class Saved:
    """What became of a fitted model that was to be written to disk.

    Attributes
    ----------
    files : mapping of str to str
        Name to SHA-256.
    classes : tuple of int
        That it was fitted on, ascending.
    reason : str
        Why it cannot be kept, in one line; empty if it is.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[int, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes
    ----------
    status : {"ok", "failed", "timeout", "oom"}
    reason : str
        One line; empty if ok.
    accuracy : float or None
        On the validation rows; None for a refit.
    proba : ndarray of float32, (n, n_classes), or None
        Of the test images after a refit, of the validation rows while tuning.
    predicted : ndarray of int64, (1 + corruptions, images), or None
        Of a job with corruptions, in place of `proba`: the classes of the images as they are, and under each.
    scores : str
        The method that `proba` comes from.
    fit_seconds, predict_seconds : float
    peak_memory_bytes : int
    model_bytes : int
        Of a refit.
    device : str
        Of a refit: what the pipeline ran on, which may have had no use for the GPU that it was offered.
    environment : mapping of str to str
        Of a refit: machine and versions it was made on.
    history : mapping of str to tuple of float
        Of a refit: what the plugin reads off its fitted pipeline, a number per epoch or round.
    saved : Saved or None
        Of a job with a folder to keep the model in.
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
    saved: Saved | None = None


class LostError(Exception):
    """A worker is gone, and its job with it.

    Attributes
    ----------
    status : {"failed", "timeout", "oom"}
    outside : bool
        Something else than the job or its limits killed it, so another try may do.
    """

    def __init__(self, status: Status, reason: str, outside: bool = False) -> None:
        super().__init__(status, reason, outside)  # all of them, so that it survives a pickle
        self.status: Status = status
        self.reason = reason
        self.outside = outside

    def __str__(self) -> str:
        return self.reason


def describe_seconds(deadline: float | None) -> float:
    """Return the deadline of a `Describe` in a run whose jobs have this one."""
    return DESCRIBE_SECONDS if deadline is None else min(max(deadline, 60.0), DESCRIBE_SECONDS)


def in_words(error: BaseException) -> str:
    """Return why a job came to nothing, in one line; an error of ours says it in its own words."""
    return str(error) if isinstance(error, (BenchmarkError, LostError)) else one_line(error)


def one_line(error: BaseException) -> str:
    """Return an exception as one line, as leaderboards and logs print it."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
