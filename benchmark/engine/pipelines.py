"""Builds, fits, asks and checks pipelines, in the same way for every caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmark.engine import choices
from benchmark.engine.protocol import Preset
from benchmark.estimator import Estimator, Task
from benchmark.storage.schema import LARGEST_MEASURED

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

HISTORY_VALUES = 10_000
"""Maximum length of a series: people read records too."""

TIED = 1e-6
"""Largest relative difference of two scores that are equal up to rounding in float32."""

FEWEST_LABELS = 5
"""Images, all in all or of one class, from which on a difference of `predict` and scores is no accident."""

_ORDER = "column i of its scores must be that of classes_[i]"


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
        each row sums to one. Column i of the pipeline's scores is that of class ``classes_[i]``, as scikit-learn has
        it.

    Raises
    ------
    ValueError
        The scores have the wrong shape, are not finite, are negative, or do not sum to one. Or `classes_` is no
        permutation of the classes.
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
    proba[:, classes[_column_codes(pipeline, len(classes))]] = raw
    return proba


def _column_codes(pipeline: Pipeline, k: int) -> npt.NDArray[np.int64]:
    """Return which of the k codes that `fit` gave each column of the scores belongs to, (k,).

    Raises
    ------
    ValueError
        The pipeline's `classes_` is no permutation of the codes.
    """
    found = getattr(pipeline, "classes_", None)
    if found is None:  # `check_labels` holds its columns against its `predict`
        return np.arange(k)
    codes, known = _codes(np.asarray(found), k)
    if codes.shape != (k,) or not known.all() or len(np.unique(codes)) < k:
        written = " ".join(repr(found).split())[:80]
        raise ValueError(f"its classes_ are no permutation of the {k} classes that it was fitted on: {written}")
    return codes


def _codes(labels: npt.NDArray[Any], k: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return labels as codes, whatever type of number they have, and which of them are one of the k; same shape."""
    equal = np.asarray(labels[..., None] == np.arange(k), dtype=np.bool_)
    return np.asarray(equal.argmax(axis=-1)), np.asarray(equal.any(axis=-1))


def device_of(pipeline: Pipeline) -> str:
    """Return "cuda" if a parameter `device` of any step says so, else "cpu"."""
    devices = (str(value) for name, value in pipeline.get_params().items() if name.split("__")[-1] == "device")
    return "cuda" if any(device.startswith("cuda") for device in devices) else "cpu"


def check_labels(
    pipeline: Pipeline,
    X: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.int64],
    proba: npt.NDArray[np.floating[Any]],
) -> str:
    """Compare the labels that `predict` gives with the scores of the same images.

    The benchmark uses scores only, but users of the fitted model call `predict`. Some differences are a property of an
    estimator (`SVC(probability=True)` is fitted again for its probabilities). They are told. Scores that stand in the
    columns of other classes would be a wrong row of the leaderboard, so they are refused.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted by `fit`.
    X : ndarray of uint8, (n, pixels)
    classes : ndarray of int64, (k,)
        As `fit` returned them.
    proba : ndarray of float, (n, n_classes)
        As `predict` returned them for `X`.

    Returns
    -------
    str
        For how many images the label is not that of the highest score; empty if for none.

    Raises
    ------
    ValueError
        The labels have the wrong shape, or one does not exist. Or they differ from the highest score for more than
        half of the images, or for every image of a class: from `FEWEST_LABELS` images on.
    """
    if len(classes) == 1:
        return ""
    labels = np.asarray(pipeline.predict(X))
    if labels.shape not in ((len(X),), (len(X), 1)):
        raise ValueError(f"predict has shape {labels.shape}, expected {(len(X),)}")
    codes, known = _codes(labels.ravel(), len(classes))
    if not known.all():
        unknown = labels.ravel()[~known].tolist()[0]
        raise ValueError(f"predict gave the label {unknown!r}, which does not exist")
    predicted = classes[codes]
    differs = proba[np.arange(len(X)), predicted] < proba.max(axis=1) * (1 - TIED)  # of equal scores either may win
    told = f"predict differs from the highest score for {differs.sum()} of {len(X)} images"
    if len(X) >= FEWEST_LABELS and differs.mean() > 0.5:
        raise ValueError(f"{told}; {_ORDER}")
    for label in np.unique(predicted[differs]):
        of_label = predicted == label
        if of_label.sum() >= FEWEST_LABELS and differs[of_label].all():
            raise ValueError(f"{told}, all {of_label.sum()} of class {label} among them; {_ORDER}")
    return told if differs.any() else ""


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


def parameters(estimator: Estimator, task: Task, preset: Preset, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters to set: those of a thorough run, the trial's, those of a smoke run; the last one wins."""
    return {
        **(estimator.thorough if preset.thorough else {}),
        **choices.declared(estimator.space_for(task), params),
        **(estimator.smoke if preset.tiny else {}),
    }


def build(estimator: Estimator, task: Task, n_classes: int, params: Mapping[str, Any]) -> Pipeline:
    """Return the unfitted pipeline for the number of classes that the rows have."""
    return estimator.build(replace(task, n_classes=n_classes)).set_params(**params)
