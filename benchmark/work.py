"""What a worker process does with a job: fit, predict, check, time; a pure function of the job."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmark import corruptions, formats, protocol, registry
from benchmark.datasets import arrays
from benchmark.environment import environment
from benchmark.errors import BenchmarkError
from benchmark.estimator import Estimator, Task
from benchmark.footprint import peak_memory_bytes, pickled_bytes
from benchmark.jobs import Job, Outcome, Saved, in_words, one_line
from benchmark.protocol import Preset
from benchmark.schema import LARGEST_MEASURED

if TYPE_CHECKING:
    from joblib import Memory
    from sklearn.pipeline import Pipeline

WARM_UP_ROWS = 200
"""Rows of the untimed fit with which each worker starts: loads libraries, starts thread pools."""

HISTORY_VALUES = 10_000
"""Of a series, at most: a record is read by people, too."""

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


def fit(pipeline: Pipeline, X: npt.NDArray[np.uint8], y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Fit on labels renumbered 0 .. k-1 and return the k classes that were there.

    Some libraries refuse labels with a gap, others drop the class's column; renumbering makes
    a class that is missing from the rows the harness's business and not each plugin's.
    """
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) > 1:  # of one class there is nothing to learn, and most classifiers refuse
        pipeline.fit(X, codes.astype(np.int64))
    return classes


def score_method(pipeline: Pipeline) -> str:
    """Return "predict_proba", or "decision_function" where there is no such method."""
    return "predict_proba" if hasattr(pipeline, "predict_proba") else "decision_function"


def predict(
    pipeline: Pipeline, X: npt.NDArray[np.uint8], classes: npt.NDArray[np.int64], n_classes: int
) -> npt.NDArray[np.float32]:
    """Predict a row of scores per image, one column per class of the data set.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted by `fit`.
    X : ndarray of uint8, (n, pixels)
    classes : ndarray of int64, (k,)
        As `fit` returned them.
    n_classes : int
        Columns of the result; a class that was not fitted gets 0.

    Returns
    -------
    ndarray of float32, (n, n_classes)
        Non-negative, each row summing to one: probabilities, or the softmax of a decision
        function, which keeps its ranking.

    Raises
    ------
    ValueError
        Wrong shape, not finite, negative, or not summing to one.
    """
    if len(classes) == 1:
        return np.repeat(np.eye(n_classes, dtype=np.float32)[classes], len(X), axis=0)
    method = score_method(pipeline)
    raw = np.asarray(getattr(pipeline, method)(X), dtype=np.float64)
    if method == "decision_function":
        if raw.ndim == 1:  # scikit-learn's form for two classes
            raw = np.column_stack([-raw, raw]) / 2
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        raw /= raw.sum(axis=1, keepdims=True)
    if raw.shape != (len(X), len(classes)):
        raise ValueError(f"{method} has shape {raw.shape}, expected {(len(X), len(classes))}")
    if not np.isfinite(raw).all():
        raise ValueError(f"{method} has values that are not finite")
    if raw.min() < 0 or np.abs(raw.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(f"{method} has rows that are no probabilities: negative, or not summing to one")
    proba = np.zeros((len(X), n_classes), dtype=np.float32)
    proba[:, classes] = raw
    return proba


def device_of(pipeline: Pipeline) -> str:
    """Return "cuda" if a step of the pipeline has been told to use it, by a parameter `device`, else "cpu"."""
    told = (str(value) for name, value in pipeline.get_params().items() if name.split("__")[-1] == "device")
    return "cuda" if any(device.startswith("cuda") for device in told) else "cpu"


def check_labels(pipeline: Pipeline, X: npt.NDArray[np.uint8], classes: npt.NDArray[np.int64]) -> None:
    """Refuse a pipeline whose `predict` gives labels that it was not fitted on.

    The harness ranks by scores and needs no `predict`, but whoever uses the winner does.

    Raises
    ------
    ValueError
    """
    if len(classes) == 1:
        return
    strange = np.setdiff1d(np.asarray(pipeline.predict(X)), np.arange(len(classes))).tolist()
    if strange:
        raise ValueError(f"predict gave the label {strange[0]!r}, which does not exist")


def history(estimator: Estimator, pipeline: Pipeline) -> dict[str, tuple[float, ...]]:
    """Return what the training of a fitted pipeline looked like, by the plugin's own account.

    A series with a value that a record cannot hold (a loss that went over the top) is left out.

    Raises
    ------
    ValueError
        Not numbers, or more than `HISTORY_VALUES` of a series.
    """
    told = {} if estimator.history is None else estimator.history(pipeline)
    found = {str(name): tuple(float(value) for value in values) for name, values in told.items()}
    longest = max(map(len, found.values()), default=0)
    if longest > HISTORY_VALUES:
        raise ValueError(f"its history has {longest:,} values, more than the {HISTORY_VALUES:,} that are kept")
    return {name: values for name, values in found.items() if (np.abs(values) <= LARGEST_MEASURED).all()}


def parameters(estimator: Estimator, preset: Preset, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is set on the pipeline: a thorough run's parameters, the trial's, a smoke run's; later ones win."""
    return {**(estimator.thorough if preset.thorough else {}), **params, **(estimator.smoke if preset.tiny else {})}


def build(estimator: Estimator, task: Task, n_classes: int, params: Mapping[str, Any]) -> Pipeline:
    """Return the unfitted pipeline for so many classes, which are those that the rows have."""
    return estimator.build(replace(task, n_classes=n_classes)).set_params(**params)


def _run(job: Job) -> Outcome:
    estimator = registry.get(job.estimator).load()
    files = arrays.files(job.dataset)
    X, y = np.load(files.train_X, mmap_mode="r"), np.load(files.train_y)
    parts = _split(files.train_y, job.preset)
    if job.test:
        rows = protocol.final_rows(y, job.preset, job.draw)[: job.rows]
        target = X[rows[:LABEL_ROWS]] if job.blind else np.load(files.test_X)
        target = target[list(job.images)] if job.corruptions else target
    else:
        rows = parts.fit[: job.rows]
        target = X[parts.validation]
    _warm_up(job.estimator, job.task, files.train_X, files.train_y)

    fit_X, fit_y = X[rows], y[rows]
    task = job.task if job.test else replace(job.task, memory=_memory())  # what is compared is not remembered
    unfitted = partial(build, estimator, task, len(np.unique(fit_y)), parameters(estimator, job.preset, job.params))
    pipeline = unfitted()
    start = time.perf_counter()
    classes = fit(pipeline, fit_X, fit_y)
    fitted = time.perf_counter()
    proba = predict(pipeline, target, classes, job.task.n_classes)
    done = time.perf_counter()
    check_labels(pipeline, target[:LABEL_ROWS], classes)
    outcome = Outcome(
        "ok",
        scores=score_method(pipeline),
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
        device=device_of(pipeline),
        environment=environment(),
        history=history(estimator, pipeline),
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
        Fitted by `fit`.
    unfitted : callable
        Builds the same, unfitted.
    X : ndarray of uint8, (n, pixels)
        What both are asked.
    classes : ndarray of int64, (k,)
        As `fit` returned them.
    """
    n_classes = len(classes)
    try:
        if n_classes == 1:  # see `fit`
            return Saved(classes=tuple(classes.tolist()))
        files = formats.save(pipeline, folder)
        again = formats.load(unfitted(), folder, files, n_classes)
        before, after = (predict(each, X, np.arange(n_classes), n_classes) for each in (pipeline, again))
        if np.abs(before - after).max() > formats.ROUNDING or (before.argmax(axis=1) != after.argmax(axis=1)).any():
            raise BenchmarkError("read back, it does not predict the same")
    except Exception as error:  # skops, the libraries' own formats, and a full disk
        return Saved(reason=in_words(error))
    return Saved(files, tuple(classes.tolist()))


def _under_each(
    job: Job,
    pipeline: Pipeline,
    images: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.int64],
    proba: npt.NDArray[np.float32],
) -> npt.NDArray[np.int64]:
    """Return the classes of the images as they are, whose scores are `proba`, and under each corruption."""
    found = [proba.argmax(axis=1)]
    for name in job.corruptions:
        corrupted = corruptions.get(name).apply(images, job.task.image_shape)
        found.append(predict(pipeline, corrupted, classes, job.task.n_classes).argmax(axis=1))
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
    pipeline = build(estimator, task, len(np.unique(y[rows])), estimator.smoke)
    predict(pipeline, X[rows], fit(pipeline, X[rows], y[rows]), task.n_classes)
