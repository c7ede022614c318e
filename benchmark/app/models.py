"""The saved models behind the page: loaded in the background, then run on an image."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from benchmark import environment
from benchmark.app import cards
from benchmark.app.cards import Card
from benchmark.datasets import preprocessing
from benchmark.datasets.dataset import Dataset
from benchmark.engine.saved_models import SavedModel, find_models
from benchmark.errors import BenchmarkError
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.serving.model_pool import ModelPool

PREPARATION = {
    "fashion-mnist": "Prepared like the images of Fashion-MNIST: background trimmed, resized, sharpened, centred, and "
    "inverted if the background is bright.",
    "grey": "Converted to grey and resized as a whole; nothing is cropped, stretched or inverted.",
    "colour": "Resized as a whole; nothing is cropped, stretched or inverted.",
}
"""How a picture is turned into an input image, by `SavedModel.preparation`."""

_OF_ITS_RECORD = {
    "again": " (of its record; this model is a later refit)",
    "whole": " (of the cross-validation; this model is fitted on all images, those of the data set shown here too)",
}

NO_SAVED_MODELS = "no model is saved yet; save some with: python -m benchmark run --all --keep"


@dataclass(frozen=True)
class LoadingState:
    """Whether a saved model is ready; `reason` is a sentence, for one that failed."""

    title: str
    state: Literal["loading", "ready", "failed"]
    reason: str = ""


class LoadedModels:
    """The saved models of a data set, the most accurate first. Loading starts at once, in the background.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    warn : callable
        Called with one line for each model that is skipped.
    """

    def __init__(self, folder: Path, dataset: Dataset, warn: Callable[[str], None]) -> None:
        self._models = []
        for model in find_models(folder, warn):
            if (tuple(model.image_shape), model.class_names) == (dataset.image_shape, dataset.class_names):
                self._models.append(model)
            else:
                warn(f"{model.path}: this model was fitted on other data (skipped)")
        self._models.sort(key=lambda model: (-(model.test_accuracy or 0.0), model.name))
        self._pool = ModelPool(self._models)
        self._states = {model.name: LoadingState(md.plain(model.title), "loading") for model in self._models}
        self._loading = ThreadPoolExecutor(environment.cores(), thread_name_prefix="load")
        for model in self._models:
            self._loading.submit(self._load, model)

    @property
    def empty(self) -> bool:
        """Whether no model is saved."""
        return not self._models

    @property
    def preparation(self) -> str:
        """How a picture is turned into an input image, as sentences."""
        return PREPARATION[self._models[0].preparation]

    def states(self) -> list[LoadingState]:
        """Return the state of each model."""
        return list(self._states.values())

    def require(self) -> None:
        """Refuse to go on without saved models.

        Raises
        ------
        BenchmarkError
        """
        if self.empty:
            raise BenchmarkError(NO_SAVED_MODELS)

    def prepare(self, blob: bytes) -> npt.NDArray[np.uint8]:
        """Turn a picture file into an input image, (pixels,).

        Raises
        ------
        BenchmarkError
            The file is not a picture, or is too large.
        """
        return self._models[0].prepare(preprocessing.decode(blob))

    def predict(self, pixels: npt.NDArray[np.uint8], truth: int | None = None) -> tuple[Card, ...]:
        """Return the answer of every model for one image, (pixels,)."""
        predictions = self._pool.predict(pixels[None])
        answers = []
        for model in self._models:
            prediction, title = predictions[model.name], md.plain(model.title)
            if prediction.proba is None:
                answers.append(Card(title, error=cards.sentence(prediction.error)))
            else:
                duration = fmt.duration(prediction.seconds)
                scores = prediction.proba[0]
                answers.append(cards.card(title, scores, model.class_names, truth, duration, _note(model)))
        return tuple(answers)

    def close(self) -> None:
        """Stop the models' workers."""
        self._loading.shutdown(wait=False, cancel_futures=True)
        self._pool.close()

    def _load(self, model: SavedModel) -> None:
        blank = np.zeros((1, model.pixels), dtype=np.uint8)
        title = self._states[model.name].title
        try:
            error = self._pool.predict(blank, [model.name])[model.name].error
        except BenchmarkError as closed:  # the pool was closed meanwhile
            error = str(closed)
        self._states[model.name] = (
            LoadingState(title, "failed", cards.sentence(error)) if error else LoadingState(title, "ready")
        )


def _note(model: SavedModel) -> str:
    later = _OF_ITS_RECORD.get(model.refit, "")
    notes = [] if model.test_accuracy is None else [f"test accuracy {fmt.accuracy(model.test_accuracy)}{later}"]
    notes += [cards.NOT_PROBABILITIES] if model.scores == "decision_function" else []
    notes += [f"stale: {md.plain(model.stale)}"] if model.stale else []
    return "; ".join(notes)
