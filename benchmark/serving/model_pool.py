"""Asks kept models: each lives in a worker process of its own, which stays warm from one question to the next."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from benchmark import datasets
from benchmark.engine import jobs
from benchmark.engine.executors.local import LocalExecutor
from benchmark.engine.jobs import Limits
from benchmark.engine.resources import MEMORY_SHARE
from benchmark.engine.saved_models import load
from benchmark.engine.saved_models.card import SavedModel
from benchmark.environment import machine_memory
from benchmark.errors import BenchmarkError

ANSWER_SECONDS = 300.0
"""For one call, the first of which starts the worker, imports its libraries and loads the model."""


@dataclass(frozen=True)
class Answer:
    """What one model says of some images.

    Attributes
    ----------
    proba : ndarray of float32, (n, n_classes), or None
        None if it could not say anything.
    seconds : float
        That it took to predict all of them, in its process; 0 without an answer.
    error : str
        One line; empty if there is an answer.
    """

    proba: npt.NDArray[np.float32] | None
    seconds: float = 0.0
    error: str = ""


class Models:
    """Kept models, each loaded by a worker process of its own when it is first asked.

    Any number of threads may ask at once: a model answers one after the other. A worker that dies, or takes too
    long, costs the answer that it was at; the next question starts another.

    Parameters
    ----------
    kept : sequence of SavedModel
        Of different names: torch and the boosters' libraries in one process can crash it, so processes are by name.
    threads : int
        Of each model.
    limits : Limits, optional
        Of one answer.
    logs : Path, optional
        Where what the estimators print goes.

    Raises
    ------
    BenchmarkError
        Two have the same name.
    """

    def __init__(
        self, kept: Sequence[SavedModel], threads: int = 1, limits: Limits | None = None, logs: Path | None = None
    ) -> None:
        self.kept = {each.name: each for each in kept}
        if len(self.kept) < len(kept):
            raise BenchmarkError("two kept models have the same name; ask those of one data set at a time")
        self._threads = threads
        self._limits = limits or Limits(ANSWER_SECONDS, int(MEMORY_SHARE * machine_memory()))
        self._executor = LocalExecutor(logs or datasets.cache_folder() / "logs")
        # One thread a model: two questions at once would start two workers, each with the model in its memory.
        self._queues = {name: ThreadPoolExecutor(1, thread_name_prefix=f"ask {name}") for name in self.kept}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def predict(self, images: npt.NDArray[np.uint8], names: Sequence[str] | None = None) -> dict[str, Answer]:
        """Ask models side by side; the answers are by name, in the order asked for.

        Parameters
        ----------
        images : ndarray of uint8, (n, pixels)
            Prepared for these models, see `SavedModel.prepare`.
        names : sequence of str, optional
            Default: all.

        Raises
        ------
        BenchmarkError
            A model of that name is not here, or the models are closed.
        """
        asked = list(self.kept) if names is None else list(dict.fromkeys(names))
        unknown = [name for name in asked if name not in self.kept]
        if unknown:
            raise BenchmarkError(f"no kept model is called {unknown[0]!r}; there are: {', '.join(self.kept) or 'none'}")
        try:
            waiting: dict[str, Future[Answer]] = {
                name: self._queues[name].submit(self._ask, self.kept[name], images) for name in asked
            }
        except RuntimeError as error:  # what a pool says that was shut down
            raise BenchmarkError("the kept models are closed") from error
        return {name: future.result() for name, future in waiting.items()}

    def close(self) -> None:
        """Stop the workers; what was being asked gets an error for its answer."""
        for queue in self._queues.values():
            queue.shutdown(wait=False)
        self._executor.close()
        for queue in self._queues.values():
            queue.shutdown()

    def _ask(self, kept: SavedModel, images: npt.NDArray[np.uint8]) -> Answer:
        """Run in the model's thread; whatever goes wrong becomes its answer."""
        try:
            if images.ndim != 2 or images.shape[1] != kept.pixels or images.dtype != np.uint8:
                raise BenchmarkError(
                    f"it was fitted on images of {kept.pixels} pixels, uint8; asked of {images.shape}, {images.dtype}"
                )
            proba, seconds = self._executor.call(
                kept.name, self._threads, load.predict, kept, self._threads, images, limits=self._limits
            ).result()
        except Exception as error:  # the plugin's, its worker's, or the model's files
            return Answer(None, error=jobs.failure_reason(error))
        return Answer(proba, seconds)
