"""What is done with a pipeline: built, fitted, asked and looked at, the same by whoever does it."""

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
"""Of a series, at most: a record is read by people, too."""


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
