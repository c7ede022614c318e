"""What the kept models are, and what they say of an image."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from benchmark import environment
from benchmark.app import rows
from benchmark.app.rows import Row
from benchmark.datasets import preprocessing as pictures
from benchmark.datasets.dataset import Dataset
from benchmark.engine import saved_models as kept
from benchmark.engine.saved_models import SavedModel
from benchmark.errors import BenchmarkError
from benchmark.render import markdown as md
from benchmark.serving import model_pool

HOW = {
    "fashion-mnist": "Prepared as Fashion-MNIST's images were: edges trimmed, shrunk, sharpened, in the middle, light "
    "on black.",
    "grey": "Grey and shrunk whole; nothing is cropped, stretched or inverted.",
}
"""What becomes of a picture, by `SavedModel.preparation`."""

NONE_KEPT = "no model is kept yet; keep some with: python -m benchmark run --all --keep"


@dataclass(frozen=True)
class State:
    """How far a kept model is; `reason` is a sentence, for one that failed."""

    title: str
    state: Literal["loading", "ready", "failed"]
    reason: str = ""


class Panel:
    """The kept models of a data set, the most accurate first; they are loaded as soon as it is made.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    warn : callable
        Told of each that is left out, in one line.
    """

    def __init__(self, folder: Path, dataset: Dataset, warn: Callable[[str], None]) -> None:
        self._kept = []
        for each in kept.find(folder, warn):
            if (tuple(each.image_shape), each.class_names) == (dataset.image_shape, dataset.class_names):
                self._kept.append(each)
            else:
                warn(f"{each.path}: it was kept on other data (left out)")
        self._kept.sort(key=lambda each: (-(each.test_accuracy or 0.0), each.name))
        self._models = model_pool.Models(self._kept)
        self._states = {each.name: State(md.plain(each.title), "loading") for each in self._kept}
        self._loading = ThreadPoolExecutor(environment.cores(), thread_name_prefix="load")
        for each in self._kept:
            self._loading.submit(self._load, each)

    @property
    def empty(self) -> bool:
        """Whether no model is kept."""
        return not self._kept

    @property
    def preparation(self) -> str:
        """What becomes of a picture before it is shown to them, as sentences."""
        return HOW[self._kept[0].preparation]

    def states(self) -> list[State]:
        """Return how far each is."""
        return list(self._states.values())

    def require(self) -> None:
        """Refuse to go on where there is nobody to ask.

        Raises
        ------
        BenchmarkError
        """
        if self.empty:
            raise BenchmarkError(NONE_KEPT)

    def prepared(self, blob: bytes) -> npt.NDArray[np.uint8]:
        """Return the pixels that the models are shown, (n_pixels,), of a PNG or JPEG file.

        Raises
        ------
        BenchmarkError
            It is none, or too large.
        """
        return self._kept[0].prepare(pictures.decode(blob))

    def ask(self, pixels: npt.NDArray[np.uint8], truth: int | None = None) -> tuple[Row, ...]:
        """Return what every model says of one image, (n_pixels,)."""
        answers = self._models.predict(pixels[None])
        found = []
        for each in self._kept:
            answer, title = answers[each.name], md.plain(each.title)
            if answer.proba is None:
                found.append(Row(title, error=rows.sentence(answer.error)))
            else:
                took = md.duration(answer.seconds)
                found.append(rows.row(title, answer.proba[0], each.class_names, truth, took, _note(each)))
        return tuple(found)

    def close(self) -> None:
        """Stop the models' workers."""
        self._loading.shutdown(wait=False, cancel_futures=True)
        self._models.close()

    def _load(self, each: SavedModel) -> None:
        blank = np.zeros((1, each.pixels), dtype=np.uint8)
        title = self._states[each.name].title
        try:
            error = self._models.predict(blank, [each.name])[each.name].error
        except BenchmarkError as closed:  # while it was loading
            error = str(closed)
        self._states[each.name] = State(title, "failed", rows.sentence(error)) if error else State(title, "ready")


def _note(each: SavedModel) -> str:
    whose = " (its record's; this refit was made again)" if each.refit == "again" else ""
    known = [] if each.test_accuracy is None else [f"test accuracy {md.accuracy(each.test_accuracy)}{whose}"]
    known += [rows.RANKING] if each.scores == "decision_function" else []
    known += [f"no longer the record's: {md.plain(each.stale)}"] if each.stale else []
    return "; ".join(known)
