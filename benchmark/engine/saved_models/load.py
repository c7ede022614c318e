"""What a worker process does with a saved model: load it once, then predict."""

from __future__ import annotations

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
"""Parts of a fingerprint that a pipeline no longer depends on once it is fitted."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory.

    Attributes
    ----------
    pipeline : Pipeline
    card : ModelCard
        As it was when the model was read.
    """

    pipeline: Pipeline
    card: ModelCard

    @property
    def classes(self) -> npt.NDArray[np.int64]:
        """Labels that the model was fitted on, (k,), ascending."""
        return np.array(self.card.classes, dtype=np.int64)

    def predict(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
        """Return the probabilities, (n, n_classes), and the seconds that predicting took."""
        start = time.perf_counter()
        proba = pipelines.predict(self.pipeline, images, self.classes, len(self.card.class_names))
        return proba, time.perf_counter() - start


def predict(model: SavedModel, threads: int, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
    """Return the probabilities, (n, n_classes), and the seconds that predicting took.

    Raises
    ------
    BenchmarkError
        The model cannot be loaded: its files are damaged or untrusted, or its plugin has changed.
    """
    loaded = load(model.path, threads)
    if loaded.card.files != model.files:  # another run has replaced it
        load.cache_clear()
        raise BenchmarkError(f"{model.path}: it was saved again in the meantime; start again")
    try:
        return loaded.predict(images)
    except Exception as error:
        raise BenchmarkError(failure_reason(error)) from None


@lru_cache(maxsize=1)
def load(path: Path, threads: int) -> LoadedModel:
    """Read a saved model; the last one that was read stays in memory.

    Parameters
    ----------
    path : Path
        Folder of the model.
    threads : int

    Raises
    ------
    BenchmarkError
        Its files are damaged or untrusted, or its plugin or scikit-learn has changed.
    """
    card = read_card(path)
    height, width = card.image_shape
    task = Task(len(card.class_names), (height, width), card.seed, threads)
    try:
        preset = Preset.recorded(card.preset)
        declared = declaration.describe(Describe(card.name, task))
        today = fingerprint(card.dataset_sha256, preset, declared)
        changed = [part for part in stale(card.fingerprint, today) if part not in IGNORED_FINGERPRINT_PARTS]
        if changed:
            raise BenchmarkError(f"its plugin has changed: {' and '.join(changed)}")
        fitted_with, here = (found.get("scikit-learn") for found in (card.environment, versions()))
        if fitted_with != here:  # its estimators' attributes are no interface
            raise BenchmarkError(f"it was fitted with scikit-learn {fitted_with}, and {here} is installed")
        estimator = registry.get(card.name).load()
        strange = sorted(card.params.keys() - estimator.space.keys())
        if strange:  # a parameter may be a path, a device, a whole step: only what is tuned is taken from a file
            raise BenchmarkError(f"its parameters include {strange[0]!r}, which is not tuned")
        params = pipelines.parameters(estimator, preset, card.params)
        pipeline = pipelines.build(estimator, task, len(card.classes), params)
        loaded = LoadedModel(pipeline, card)
        if len(card.classes) > 1:  # with one class there was nothing to fit
            formats.load(pipeline, path, card.files, len(card.classes))
            loaded.predict(np.zeros((1, height * width), np.uint8))  # so that no measured time includes an import
    except Exception as error:  # the plugin's own exceptions may not exist elsewhere
        again = f"save it again with: python -m benchmark run {card.name} --keep"
        raise BenchmarkError(f"{path}: {failure_reason(error)}; {again}") from None
    return loaded
