"""Builds, fits, asks and checks pipelines, in the same way for every caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmark.engine.protocol import Preset
from benchmark.estimator import Estimator, Task
from benchmark.storage.schema import LARGEST_MEASURED

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

HISTORY_VALUES = 10_000
"""Maximum length of a series: people read records too."""


def fit(pipeline: Pipeline, X: npt.NDArray[np.uint8], y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Fit on labels renumbered 0 .. k-1, and return the k classes of the rows.

    Some libraries refuse labels with a gap, others drop the column of a missing class. Because of the renumbering no
    plugin has to handle a class that is missing from the rows.
    """
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) > 1:  # with one class there is nothing to learn, and most classifiers refuse
        pipeline.fit(X, codes.astype(np.int64))
    return classes


def score_method(pipeline: Pipeline) -> str:
    """Return "predict_proba", or "decision_function" for a pipeline without that method."""
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
        Columns of the result; the column of a class that was not fitted is 0.

    Returns
    -------
    ndarray of float32, (n, n_classes)
        Probabilities, or the softmax of a decision function, which preserves its ranking. They are not negative, and
        each row sums to one.

    Raises
    ------
    ValueError
        The scores have the wrong shape, are not finite, are negative, or do not sum to one.
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
        raise ValueError(f"{method} has rows that are not probabilities: negative, or not summing to one")
    proba = np.zeros((len(X), n_classes), dtype=np.float32)
    proba[:, classes] = raw
    return proba


def device_of(pipeline: Pipeline) -> str:
    """Return "cuda" if a parameter `device` of any step says so, else "cpu"."""
    devices = (str(value) for name, value in pipeline.get_params().items() if name.split("__")[-1] == "device")
    return "cuda" if any(device.startswith("cuda") for device in devices) else "cpu"


def check_labels(pipeline: Pipeline, X: npt.NDArray[np.uint8], classes: npt.NDArray[np.int64]) -> None:
    """Refuse a pipeline whose `predict` returns labels that it was not fitted on.

    The benchmark uses scores only, but users of the fitted model call `predict`.

    Raises
    ------
    ValueError
    """
    if len(classes) == 1:
        return
    unknown = np.setdiff1d(np.asarray(pipeline.predict(X)), np.arange(len(classes))).tolist()
    if unknown:
        raise ValueError(f"predict gave the label {unknown[0]!r}, which does not exist")


def history(estimator: Estimator, pipeline: Pipeline) -> dict[str, tuple[float, ...]]:
    """Return the training history of a fitted pipeline, as the plugin reads it.

    A series with a value that is too large for a record (a loss that diverged) is left out.

    Raises
    ------
    ValueError
        A value is not a number, or a series has more than `HISTORY_VALUES`.
    """
    series = {} if estimator.history is None else estimator.history(pipeline)
    numbers = {str(name): tuple(float(value) for value in values) for name, values in series.items()}
    longest = max(map(len, numbers.values()), default=0)
    if longest > HISTORY_VALUES:
        raise ValueError(f"its history has {longest:,} values, more than the {HISTORY_VALUES:,} that a record holds")
    return {name: values for name, values in numbers.items() if (np.abs(values) <= LARGEST_MEASURED).all()}


def augmentation(estimator: Estimator, pipeline: Pipeline) -> str | None:
    """Return what a fitted pipeline that chose its augmentation did, as the plugin reads it; None if it does not."""
    return None if estimator.augmented is None else str(estimator.augmented(pipeline))


def parameters(estimator: Estimator, preset: Preset, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters to set: those of a thorough run, the trial's, those of a smoke run; the last one wins."""
    return {**(estimator.thorough if preset.thorough else {}), **params, **(estimator.smoke if preset.tiny else {})}


def build(estimator: Estimator, task: Task, n_classes: int, params: Mapping[str, Any]) -> Pipeline:
    """Return the unfitted pipeline for the number of classes that the rows have."""
    return estimator.build(replace(task, n_classes=n_classes)).set_params(**params)
