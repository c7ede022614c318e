"""What a worker process does with a job: fit, predict, check, time; a pure function of the job."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import memmap as arrays
from benchmark.engine import pipelines, protocol, registry
from benchmark.engine.jobs import Job, Outcome, Saved, in_words, one_line
from benchmark.engine.memory import peak_memory_bytes, pickled_bytes
from benchmark.engine.protocol import Preset
from benchmark.engine.saved_models import formats
from benchmark.environment import environment
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task

if TYPE_CHECKING:
    from joblib import Memory
    from sklearn.pipeline import Pipeline

WARM_UP_ROWS = 200
"""Rows of the untimed fit with which each worker starts: loads libraries, starts thread pools."""

LABEL_ROWS = 100
"""Rows whose predicted labels are looked at, outside the clock."""


def run(job: Job) -> Outcome:
    """Fit and predict; whatever the plugin raises becomes an Outcome with its reason."""
    try:
        return _run(job)
    except MemoryError:
        return Outcome("oom", "out of memory")
    except BaseException as error:  # SystemExit and KeyboardInterrupt, too: raised by a plugin, they are its
        return Outcome("failed", one_line(error))


def _run(job: Job) -> Outcome:
    estimator = registry.get(job.estimator).load()
    files = arrays.array_files(job.dataset)
    X, y = np.load(files.train_X, mmap_mode="r"), np.load(files.train_y)
    parts = _split(files.train_y, job.preset)
    if job.test:
        rows = protocol.final_rows(y, job.preset, job.draw)[: job.rows]
        target = X[rows[:LABEL_ROWS]] if job.blind else np.load(files.test_X)
        target = target[list(job.images)] if job.corruptions else target
    else:
        rows = parts.fit[: job.rows]
        target = X[parts.validation]
    if job.stored:
        return _asked(job, target)

    _warm_up(job.estimator, job.task, files.train_X, files.train_y)
    fit_X, fit_y = X[rows], y[rows]
    task = job.task if job.test else replace(job.task, memory=_memory())  # what is compared is not remembered
    params = pipelines.parameters(estimator, job.preset, job.params)
    unfitted = partial(pipelines.build, estimator, task, len(np.unique(fit_y)), params)
    pipeline = unfitted()
    start = time.perf_counter()
    classes = pipelines.fit(pipeline, fit_X, fit_y)
    fitted = time.perf_counter()
    proba = pipelines.predict(pipeline, target, classes, job.task.n_classes)
    done = time.perf_counter()
    pipelines.check_labels(pipeline, target[:LABEL_ROWS], classes)
    outcome = Outcome(
        "ok",
        scores=pipelines.score_method(pipeline),
        fit_seconds=fitted - start,
        predict_seconds=done - fitted,
        peak_memory_bytes=peak_memory_bytes(),
    )
    if not job.test:
        return replace(outcome, accuracy=float((proba.argmax(axis=1) == y[parts.validation]).mean()), proba=proba)
    found: dict[str, Any] = {} if job.blind else {"proba": proba}
    if job.corruptions:
        found = {"predicted": _under_each(job, pipeline, target, classes, proba)}
    return replace(
        outcome,
        **found,
        model_bytes=pickled_bytes(pipeline),
        device=pipelines.device_of(pipeline),
        environment=environment(),
        history=pipelines.history(estimator, pipeline),
        saved=save(Path(job.keep), pipeline, unfitted, target[:LABEL_ROWS], classes) if job.keep else None,
    )


def save(
    folder: Path,
    pipeline: Pipeline,
    unfitted: Callable[[], Pipeline],
    X: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.int64],
) -> Saved:
    """Write a fitted pipeline to disk and see that, read back, it predicts the same; what goes wrong is a reason.

    Parameters
    ----------
    folder : Path
    pipeline : Pipeline
        Fitted by `pipelines.fit`.
    unfitted : callable
        Builds the same, unfitted.
    X : ndarray of uint8, (n, pixels)
        What both are asked.
    classes : ndarray of int64, (k,)
        As `pipelines.fit` returned them.
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
    except Exception as error:  # skops, the libraries' own formats, and a full disk
        return Saved(reason=in_words(error))
    return Saved(files, tuple(classes.tolist()))


def _asked(job: Job, images: npt.NDArray[np.uint8]) -> Outcome:
    """Show images, as they are and corrupted, to a kept model."""
    from benchmark.engine.saved_models import (
        load as answering,  # nothing else here has a use for pictures, which it prepares
    )

    try:
        kept = answering.load(Path(job.stored), job.task.threads)
    except BenchmarkError as error:
        return Outcome("failed", str(error))
    proba, seconds = kept.predict(images)
    return Outcome(
        "ok",
        scores=pipelines.score_method(kept.pipeline),
        predict_seconds=seconds,
        peak_memory_bytes=peak_memory_bytes(),
        predicted=_under_each(job, kept.pipeline, images, kept.classes, proba),
        device=pipelines.device_of(kept.pipeline),
        environment=environment(),
    )


def _under_each(
    job: Job,
    pipeline: Pipeline,
    images: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.int64],
    proba: npt.NDArray[np.float32],
) -> npt.NDArray[np.int64]:
    """Return the classes of the images as they are, whose scores are `proba`, and under each corruption."""
    from benchmark.datasets import corruptions  # loads scipy.ndimage, for which no other job has a use

    found = [proba.argmax(axis=1)]
    for name in job.corruptions:
        corrupted = corruptions.get(name).apply(images, job.task.image_shape)
        found.append(pipelines.predict(pipeline, corrupted, classes, job.task.n_classes).argmax(axis=1))
    return np.stack(found).astype(np.int64)


@lru_cache(maxsize=4)
def _split(train_y: Path, preset: Preset) -> protocol.Split:
    return protocol.split(np.load(train_y), preset)


@cache
def _memory() -> Memory:
    """Return where this worker's trials may keep what they share; it ends with the worker."""
    from joblib import Memory

    folder = tempfile.mkdtemp(prefix="benchmark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # a worker that is killed has it in its scratch folder
    return Memory(folder, verbose=0)


@cache
def _warm_up(name: str, task: Task, train_X: Path, train_y: Path) -> None:
    """Fit and predict once, tiny and untimed, so that no clock sees an import."""
    estimator = registry.get(name).load()
    X, y = np.load(train_X, mmap_mode="r"), np.load(train_y)
    rows = protocol.stratified_order(y, protocol.SPLIT_SEED)[:WARM_UP_ROWS]
    pipeline = pipelines.build(estimator, task, len(np.unique(y[rows])), estimator.smoke)
    pipelines.predict(pipeline, X[rows], pipelines.fit(pipeline, X[rows], y[rows]), task.n_classes)
