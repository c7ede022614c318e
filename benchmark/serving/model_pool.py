"""Predicts with saved models: each has a worker process of its own, which keeps the model in memory between calls."""

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
from benchmark.engine.saved_models import SavedModel, load
from benchmark.environment import machine_memory
from benchmark.errors import BenchmarkError

PREDICT_SECONDS = 300.0
"""Deadline of one call; the first also starts the worker, imports its libraries and loads the model."""


@dataclass(frozen=True)
class Prediction:
    """The result of one model for a batch of images.

    Attributes
    ----------
    proba : ndarray of float32, (n_images, n_classes), or None
        Class probabilities; None if the model failed.
    seconds : float
        Time to predict the whole batch, measured in the worker; 0 if the model failed.
    error : str
        One line; empty if the model did not fail.
    """

    proba: npt.NDArray[np.float32] | None
    seconds: float = 0.0
    error: str = ""


class ModelPool:
    """Saved models, each loaded by a worker process of its own at its first call.

    Any number of threads may call `predict` at once; each model handles one call at a time. If a worker dies or passes
    its deadline, only the current call fails, and the next call starts a new worker.

    Parameters
    ----------
    models : sequence of SavedModel
        With different names. A worker belongs to a name: torch and a booster's library in one process can crash it.
    threads : int
        Per model.
    limits : Limits, optional
        Of one call.
    logs : Path, optional
        Folder for what the estimators print.

    Raises
    ------
    BenchmarkError
        Two models have the same name.
    """

    def __init__(
        self, models: Sequence[SavedModel], threads: int = 1, limits: Limits | None = None, logs: Path | None = None
    ) -> None:
        self.models = {model.name: model for model in models}
        if len(self.models) < len(models):
            raise BenchmarkError("two saved models have the same name; use the models of one data set at a time")
        self._threads = threads
        self._limits = limits or Limits(PREDICT_SECONDS, int(MEMORY_SHARE * machine_memory()))
        self._executor = LocalExecutor(logs or datasets.cache_folder() / "logs")
        # One thread per model: two calls at once would start two workers, and load the model twice.
        self._queues = {name: ThreadPoolExecutor(1, thread_name_prefix=f"predict {name}") for name in self.models}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def predict(self, images: npt.NDArray[np.uint8], names: Sequence[str] | None = None) -> dict[str, Prediction]:
        """Predict with several models in parallel; return the predictions by model name, in the order of `names`.

        Parameters
        ----------
        images : ndarray of uint8, (n_images, pixels)
            Prepared for these models, see `SavedModel.prepare`.
        names : sequence of str, optional
            Default: all models.

        Raises
        ------
        BenchmarkError
            There is no model of that name, or the pool is closed.
        """
        names = list(self.models) if names is None else list(dict.fromkeys(names))
        unknown = [name for name in names if name not in self.models]
        if unknown:
            available = ", ".join(self.models) or "none"
            raise BenchmarkError(f"there is no saved model {unknown[0]!r}; there are: {available}")
        try:
            futures: dict[str, Future[Prediction]] = {
                name: self._queues[name].submit(self._predict, self.models[name], images) for name in names
            }
        except RuntimeError as error:  # raised by a thread pool that was shut down
            raise BenchmarkError("the saved models are closed") from error
        return {name: future.result() for name, future in futures.items()}

    def close(self) -> None:
        """Stop the workers; calls that are still running return an error."""
        for queue in self._queues.values():
            queue.shutdown(wait=False)
        self._executor.close()
        for queue in self._queues.values():
            queue.shutdown()

    def _predict(self, model: SavedModel, images: npt.NDArray[np.uint8]) -> Prediction:
        """Run in the model's thread; every failure becomes a prediction with an error."""
        try:
            if images.ndim != 2 or images.shape[1] != model.pixels or images.dtype != np.uint8:
                raise BenchmarkError(
                    f"it was fitted on images of {model.pixels} pixels, uint8; got {images.shape}, {images.dtype}"
                )
            proba, seconds = self._executor.call(
                model.name, self._threads, load.predict, model, self._threads, images, limits=self._limits
            ).result()
        except Exception as error:  # from the plugin, its worker, or the model's files
            return Prediction(None, error=jobs.failure_reason(error))
        return Prediction(proba, seconds)
