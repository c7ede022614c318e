"""Runs in a worker process: loads a saved model once, then predicts with it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmark.engine import declaration, pipelines, registry
from benchmark.engine.fingerprint import fingerprint, stale
from benchmark.engine.jobs import Describe, failure_reason
from benchmark.engine.protocol import Preset
from benchmark.engine.saved_models import formats
from benchmark.engine.saved_models.card import ModelCard, SavedModel, read_card
from benchmark.environment import versions
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

IGNORED_FINGERPRINT_PARTS = {"dataset", "protocol", "space"}
"""Parts of a fingerprint that a fitted pipeline no longer depends on."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted.
    card : ModelCard
        As it was when the model was loaded.
    """

    pipeline: Pipeline
    card: ModelCard

    @property
    def classes(self) -> npt.NDArray[np.int64]:
        """Labels that the model was fitted on, (n_fitted_classes,), ascending."""
        return np.array(self.card.classes, dtype=np.int64)

    def predict(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
        """Return the class probabilities of images, (n_images, n_classes), and the seconds that prediction took."""
        start = time.perf_counter()
        proba = pipelines.predict(self.pipeline, images, self.classes, len(self.card.class_names))
        return proba, time.perf_counter() - start


def predict(model: SavedModel, threads: int, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
    """Return the class probabilities of images, (n_images, n_classes), and the seconds that prediction took.

    Parameters
    ----------
    model : SavedModel
    threads : int
    images : ndarray of uint8, (n_images, pixels)

    Raises
    ------
    BenchmarkError
        The model cannot be loaded (see `load`), another run has replaced it, or its plugin raises an exception.
    """
    loaded = load(model.path, threads)
    if loaded.card.files != model.files:
        load.cache_clear()
        raise BenchmarkError(f"{model.path}: another run has replaced this model; start again")
    try:
        return loaded.predict(images)
    except Exception as error:
        raise BenchmarkError(failure_reason(error)) from None


@lru_cache(maxsize=1)
def load(path: Path, threads: int) -> LoadedModel:
    """Load a saved model; the last one stays in memory.

    Parameters
    ----------
    path : Path
        Folder of the model.
    threads : int

    Raises
    ------
    BenchmarkError
        The files are damaged or unsafe, or the plugin or scikit-learn changed after the model was saved.
    """
    card = read_card(path)
    task = Task(len(card.class_names), card.image_shape, card.seed, threads, rows=card.task_rows)
    try:
        preset = Preset.recorded(card.preset)
        declared = declaration.describe(Describe(card.name, task))
        today = fingerprint(card.dataset_sha256, preset, declared)
        changed = [part for part in stale(card.fingerprint, today) if part not in IGNORED_FINGERPRINT_PARTS]
        if changed:
            raise BenchmarkError(f"the plugin is different now: {' and '.join(changed)} changed")
        fitted_with, installed = (found.get("scikit-learn") for found in (card.environment, versions()))
        if fitted_with != installed:  # the attributes of fitted estimators are not a stable interface
            raise BenchmarkError(f"it was fitted with scikit-learn {fitted_with}, but {installed} is installed")
        estimator = registry.get(card.name).load()
        not_tuned = sorted(card.params.keys() - estimator.space_for(task).keys())
        if not_tuned:  # a parameter may be a path, a device or a whole step, so a file may only set tuned parameters
            raise BenchmarkError(f"it sets the parameter {not_tuned[0]!r}, which is not tuned")
        params = pipelines.parameters(estimator, task, preset, card.params)
        pipeline = pipelines.build(estimator, task, len(card.classes), params)
        loaded = LoadedModel(pipeline, card)
        if len(card.classes) > 1:  # with a single class nothing was fitted
            formats.load(pipeline, path, card.files, len(card.classes))
            loaded.predict(
                np.zeros((1, math.prod(card.image_shape)), np.uint8)
            )  # imports must not count as prediction time
    except Exception as error:  # this process may have exceptions of the plugin that the caller cannot unpickle
        remedy = f"save it again with: python -m benchmark run {card.name} --keep"
        raise BenchmarkError(f"{path}: {failure_reason(error)}; {remedy}") from None
    return loaded
