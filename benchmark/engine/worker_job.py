"""What a worker process does with a job: fit, predict, check, time. The outcome depends on the job alone."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmark.datasets import memmap
from benchmark.engine import pipelines, protocol, registry
from benchmark.engine.handover import hand_over
from benchmark.engine.jobs import (
    SIZE_UNKNOWN,
    CorruptionJob,
    Job,
    Outcome,
    RefitJob,
    Saved,
    SaveJob,
    TuningJob,
    failure_reason,
    one_line,
)
from benchmark.engine.memory import peak_memory_bytes, pickled_bytes
from benchmark.engine.protocol import Preset
from benchmark.engine.saved_models import formats
from benchmark.environment import environment
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task

if TYPE_CHECKING:
    from joblib import Memory
    from sklearn.pipeline import Pipeline

    from benchmark.estimator import Estimator

WARM_UP_ROWS = 200
"""Rows of the untimed fit with which each worker starts, at least. It loads libraries and starts thread pools."""

WARM_UP_ROWS_OF_A_CLASS = 10
"""Enough for an inner cross-validation with five folds, and for a tenth that holds every class."""

MAX_WARM_UP_ROWS = 2_000

LABEL_ROWS, LABEL_ROWS_OF_A_CLASS = 100, 10
"""Rows whose predicted labels are compared with the scores, outside the clock: so many at least, and for each class."""

SAVED_ROWS = 100
"""Rows that a saved model must predict as the fitted one does."""


def run(job: TuningJob | RefitJob) -> Outcome:
    """Fit and predict; any exception of the plugin becomes an Outcome with its reason."""
    try:
        if isinstance(job, TuningJob):
            return _tune(job)
        if isinstance(job, SaveJob):
            return _save(job)
        if isinstance(job, CorruptionJob):
            return _ask_saved_model(job) if job.saved_model else _refit_and_corrupt(job)
        return _refit(job)
    except MemoryError:
        return Outcome("oom", "out of memory")
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: raised by a plugin, they are its failure
        return Outcome("failed", one_line(error))


def _tune(job: TuningJob) -> Outcome:
    """Fit rows of the split's fit part; predict and score the validation rows."""
    part, split = memmap.training(job.dataset, job.part), _split(job.dataset, job.part, job.preset)
    X_validation, y_validation = part.images(split.validation), part.y[split.validation]
    fitted = _fit(job, replace(job.task, memory=_memory()), split.fit[: job.rows], X_validation)
    accuracy = float((fitted.proba.argmax(axis=1) == y_validation).mean())
    return replace(fitted.outcome, accuracy=accuracy, proba=fitted.proba)


def _refit(job: RefitJob) -> Outcome:
    """Fit final rows; predict all test images."""
    test_X = memmap.images_to_predict(job.dataset, job.part)
    fitted = _fit(job, job.task, _final_rows(job), test_X)
    return _with_model(job, fitted, test_X, replace(fitted.outcome, proba=fitted.proba))


def _save(job: SaveJob) -> Outcome:
    """Fit final rows and save the model; the training images that it then predicts only check it."""
    rows = _final_rows(job)
    some_X = memmap.training(job.dataset, job.part).images(rows[:SAVED_ROWS])
    fitted = _fit(job, job.task, rows, some_X)
    return _with_model(job, fitted, some_X, fitted.outcome)


def _refit_and_corrupt(job: CorruptionJob) -> Outcome:
    """Fit final rows; predict some test images as they are and under each corruption."""
    images = _test_images(job)
    fitted = _fit(job, job.task, _final_rows(job), images)
    predicted = _predict_corrupted(job, fitted.pipeline, images, fitted.classes, fitted.proba)
    return _with_model(job, fitted, images, replace(fitted.outcome, predicted=predicted))


def _ask_saved_model(job: CorruptionJob) -> Outcome:
    """Let a saved model predict the images instead of a refit."""
    from benchmark.engine.saved_models import load  # imports what prepares photos, which no other job needs

    images = _test_images(job)
    try:
        model = load.load(Path(job.saved_model), job.task.threads)
    except BenchmarkError as error:
        return Outcome("failed", str(error))
    proba, seconds = model.predict(images)
    return Outcome(
        "ok",
        scores=pipelines.score_method(model.pipeline),
        predict_seconds=seconds,
        peak_memory_bytes=peak_memory_bytes(),
        predicted=_predict_corrupted(job, model.pipeline, images, model.classes, proba),
        device=pipelines.device_of(model.pipeline),
        environment=environment(),
    )


@dataclass(frozen=True)
class _Fitted:
    """A fitted pipeline and what it predicted.

    Attributes
    ----------
    estimator : Estimator
    pipeline : Pipeline
    unfitted : callable
        Builds the same pipeline, unfitted.
    classes : ndarray of int64, (k,)
        As `pipelines.fit` returned them.
    proba : ndarray of float32, (n, n_classes)
    outcome : Outcome
        Times and memory.
    """

    estimator: Estimator
    pipeline: Pipeline
    unfitted: Callable[[], Pipeline]
    classes: npt.NDArray[np.int64]
    proba: npt.NDArray[np.float32]
    outcome: Outcome


def _fit(job: Job, task: Task, rows: npt.NDArray[np.int64], target: npt.NDArray[np.uint8]) -> _Fitted:
    """Fit training rows and predict the target images, both timed after a warm-up.

    Parameters
    ----------
    job : Job
    task : Task
    rows : ndarray of int64, (n_rows,)
        Indices of training images.
    target : ndarray of uint8, (n, pixels)
        Images to predict.
    """
    estimator = registry.get(job.estimator).load()
    part = memmap.training(job.dataset, job.part)
    _warm_up(job.estimator, job.task, job.dataset, job.part)
    X, y = part.images(rows), part.y[rows]
    params = pipelines.parameters(estimator, job.task, job.preset, job.params)
    unfitted = partial(pipelines.build, estimator, task, len(np.unique(y)), params)
    pipeline = unfitted()
    start = time.perf_counter()
    classes = pipelines.fit(pipeline, X, y)
    fitted = time.perf_counter()
    proba = pipelines.predict(pipeline, target, classes, job.task.n_classes)
    done = time.perf_counter()
    compared = protocol.stratified_order(proba.argmax(axis=1), protocol.SPLIT_SEED)
    compared = compared[: max(LABEL_ROWS, LABEL_ROWS_OF_A_CLASS * len(classes))]
    differing = pipelines.check_labels(pipeline, target[compared], classes, proba[compared])
    outcome = Outcome(
        "ok",
        scores=pipelines.score_method(pipeline),
        fit_seconds=fitted - start,
        predict_seconds=done - fitted,
        peak_memory_bytes=peak_memory_bytes(),
        notes=(differing,) if differing else (),
    )
    return _Fitted(estimator, pipeline, unfitted, classes, proba, outcome)


def _with_model(job: RefitJob, fitted: _Fitted, images: npt.NDArray[np.uint8], outcome: Outcome) -> Outcome:
    """Return the outcome of a refit with what is known of its model, which is saved if the job asks for that.

    The outcome is handed over before the model is written, which ends the process with some libraries' models.
    """
    pipeline = fitted.pipeline
    outcome = replace(
        outcome,
        device=pipelines.device_of(pipeline),
        environment=environment(),
        history=pipelines.history(fitted.estimator, pipeline),
        augmentation=pipelines.augmentation(fitted.estimator, pipeline),
    )
    hand_over(outcome)
    try:
        outcome = replace(outcome, model_bytes=pickled_bytes(pipeline))
    except BaseException as error:
        outcome = replace(outcome, notes=(*outcome.notes, f"{SIZE_UNKNOWN}{one_line(error)}"))
    if not job.save_to:
        return outcome
    hand_over(outcome)
    saved = save(Path(job.save_to), pipeline, fitted.unfitted, images[:SAVED_ROWS], fitted.classes)
    return replace(outcome, saved=saved)


def save(
    folder: Path,
    pipeline: Pipeline,
    unfitted: Callable[[], Pipeline],
    X: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.int64],
) -> Saved:
    """Write a fitted pipeline to disk and check that it predicts the same once read back.

    Parameters
    ----------
    folder : Path
    pipeline : Pipeline
        Fitted by `pipelines.fit`.
    unfitted : callable
        Builds the same pipeline, unfitted.
    X : ndarray of uint8, (n, pixels)
        Images that both predict.
    classes : ndarray of int64, (k,)
        As `pipelines.fit` returned them.

    Returns
    -------
    Saved
        With a reason if anything went wrong.
    """
    n_classes = len(classes)
    try:
        if n_classes == 1:  # see `pipelines.fit`
            return Saved(classes=tuple(classes.tolist()))
        files = formats.save(pipeline, folder)
        again = formats.load(unfitted(), folder, files, n_classes)
        before, after = (pipelines.predict(each, X, np.arange(n_classes), n_classes) for each in (pipeline, again))
        if np.abs(before - after).max() > formats.ROUNDING or (before.argmax(axis=1) != after.argmax(axis=1)).any():
            raise BenchmarkError("read back, it does not predict the same")
    except BaseException as error:  # from skops, the libraries' own formats, a full disk, a model that exits
        return Saved(reason=failure_reason(error))
    return Saved(files, tuple(classes.tolist()))


def _final_rows(job: RefitJob) -> npt.NDArray[np.int64]:
    """Return the training rows of a refit."""
    return protocol.final_rows(memmap.training(job.dataset, job.part).y, job.preset, job.draw)[: job.rows]


def _test_images(job: CorruptionJob) -> npt.NDArray[np.uint8]:
    """Return the test images of a job with corruptions."""
    return memmap.images_to_predict(job.dataset, job.part)[list(job.images)]


def _predict_corrupted(
    job: CorruptionJob,
    pipeline: Pipeline,
    images: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.int64],
    proba: npt.NDArray[np.float32],
) -> npt.NDArray[np.int64]:
    """Return the predicted classes of the images as they are, whose scores are `proba`, and under each corruption."""
    from benchmark.datasets import corruptions  # imports scipy.ndimage, which no other job needs

    predicted = [proba.argmax(axis=1)]
    for name in job.corruptions:
        corrupted = corruptions.get(name).apply(images, job.task.image_shape)
        predicted.append(pipelines.predict(pipeline, corrupted, classes, job.task.n_classes).argmax(axis=1))
    return np.stack(predicted).astype(np.int64)


@lru_cache(maxsize=4)
def _split(dataset: str, part: str, preset: Preset) -> protocol.Split:
    training = memmap.training(dataset, part)
    return protocol.split(training.y, preset, training.groups, training.validates)


@cache
def _memory() -> Memory:
    """Return where this worker's trials cache the steps that they share; no refit uses it, because times are compared.

    The cache is deleted with the worker.
    """
    from joblib import Memory

    folder = tempfile.mkdtemp(prefix="benchmark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # a killed worker's is in its scratch folder
    return Memory(folder, verbose=0)


@cache
def _warm_up(name: str, task: Task, dataset: str, part: str) -> None:
    """Fit and predict a few rows once, untimed, so that no measured time includes an import.

    It is no verdict: an estimator may need more rows than these (an inner split, many components or neighbours), and
    the job itself says what is wrong with it.
    """
    estimator = registry.get(name).load()
    training = memmap.training(dataset, part)
    y = training.y
    wanted = min(max(WARM_UP_ROWS, WARM_UP_ROWS_OF_A_CLASS * len(np.unique(y))), MAX_WARM_UP_ROWS)
    rows = protocol.stratified_order(y, protocol.SPLIT_SEED)[:wanted]
    X, y = training.images(rows), y[rows]
    try:
        pipeline = pipelines.build(estimator, task, len(np.unique(y)), estimator.smoke)
        pipelines.predict(pipeline, X, pipelines.fit(pipeline, X, y), task.n_classes)
    except BaseException as error:
        said = "".join(char if char.isprintable() else " " for char in one_line(error))
        print(f"the warm-up on {len(y)} rows failed, which costs nothing: {said}")
