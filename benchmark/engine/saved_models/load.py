"""What a worker process does with a kept model: load it once, then answer."""

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
from benchmark.engine.jobs import Describe, in_words
from benchmark.engine.protocol import Preset
from benchmark.engine.saved_models import formats
from benchmark.engine.saved_models.card import Kept, Sheet, read
from benchmark.environment import versions
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

NO_MATTER = {"dataset", "protocol", "space"}
"""Parts of a fingerprint that a fitted pipeline does not depend on any more."""


@dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes
    ----------
    pipeline : Pipeline
    sheet : Sheet
        As it was when the model was read.
    """

    pipeline: Pipeline
    sheet: Sheet

    @property
    def classes(self) -> npt.NDArray[np.int64]:
        """Labels that it was fitted on, (k,), ascending."""
        return np.array(self.sheet.classes, dtype=np.int64)

    def predict(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
        """Return the probabilities, (n, n_classes), and the seconds that predicting took."""
        start = time.perf_counter()
        proba = pipelines.predict(self.pipeline, images, self.classes, len(self.sheet.class_names))
        return proba, time.perf_counter() - start


def answer(kept: Kept, threads: int, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
    """Return the probabilities, (n, n_classes), and the seconds that predicting took.

    Raises
    ------
    BenchmarkError
        The model cannot be loaded: its files are damaged or not to be trusted, or its plugin is another one today.
    """
    found = load(kept.path, threads)
    if found.sheet.files != kept.files:  # another run has put a newer one in its place
        load.cache_clear()
        raise BenchmarkError(f"{kept.path}: it was kept anew in the meantime; start again")
    try:
        return found.predict(images)
    except Exception as error:
        raise BenchmarkError(in_words(error)) from None


@lru_cache(maxsize=1)
def load(path: Path, threads: int) -> Loaded:
    """Read a kept model, the last one from memory.

    Parameters
    ----------
    path : Path
        Its folder.
    threads : int

    Raises
    ------
    BenchmarkError
        Its files are damaged or not to be trusted, or its plugin or scikit-learn is another one today.
    """
    sheet = read(path)
    height, width = sheet.image_shape
    task = Task(len(sheet.class_names), (height, width), sheet.seed, threads)
    try:
        preset = Preset.recorded(sheet.preset)
        declared = declaration.describe(Describe(sheet.name, task))
        today = fingerprint(sheet.dataset_sha256, preset, declared)
        changed = [part for part in stale(sheet.fingerprint, today) if part not in NO_MATTER]
        if changed:
            raise BenchmarkError(f"its plugin is another one today, {' and '.join(changed)} changed")
        fitted_with, here = (found.get("scikit-learn") for found in (sheet.environment, versions()))
        if fitted_with != here:  # its estimators' attributes are no interface
            raise BenchmarkError(f"it was fitted with scikit-learn {fitted_with}, and here is {here}")
        estimator = registry.get(sheet.name).load()
        strange = sorted(sheet.params.keys() - estimator.space.keys())
        if strange:  # a parameter may be a path, a device, a whole step: only what is tuned is taken from a file
            raise BenchmarkError(f"its winner has {strange[0]!r}, which is not tuned")
        params = pipelines.parameters(estimator, preset, sheet.params)
        pipeline = pipelines.build(estimator, task, len(sheet.classes), params)
        loaded = Loaded(pipeline, sheet)
        if len(sheet.classes) > 1:  # of one there was nothing to fit
            formats.load(pipeline, path, sheet.files, len(sheet.classes))
            loaded.predict(np.zeros((1, height * width), np.uint8))  # no clock sees an import
    except Exception as error:  # the plugin's own exceptions may not exist elsewhere
        again = f"make it anew with: python -m benchmark run {sheet.name} --keep"
        raise BenchmarkError(f"{path}: {in_words(error)}; {again}") from None
    return loaded
