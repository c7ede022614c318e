"""Runs jobs on the workers of a Dask cluster, each of which runs them as this machine would (see dask_worker.py).

If a Dask worker dies, the Dask scheduler gives its job to another. The data are sent to each worker once per run.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from typing import Any

from distributed import Client, KilledWorker
from distributed.comm.addressing import get_address_host_port

from benchmark.datasets.memmap import ArrayFiles
from benchmark.engine.executors import dask_worker
from benchmark.engine.jobs import Declaration, Describe, Outcome, RefitJob, TuningJob, WorkerDiedError, one_line
from benchmark.errors import BenchmarkError, EngineError

CONNECT_SECONDS = 10

CHECK_SECONDS = 1.0
"""Interval between two checks of the cluster."""

NO_WORKER_SECONDS = 60.0
"""Longest wait for a new worker when none is left. A nanny restarts a lost one within seconds."""


class DaskExecutor:
    """Runs jobs on the workers of a Dask scheduler; see `benchmark.engine.executors.Executor`.

    Parameters
    ----------
    address : str
        Such as ``tcp://host:8786``.
    dataset : str
        SHA-256 of the data.
    files : ArrayFiles
        The arrays on this machine, which are sent to each worker once.

    Attributes
    ----------
    slots : list of Slot
        One for each thread of each Dask worker.

    Raises
    ------
    BenchmarkError
        No scheduler answers there, it has no workers, or one of them has other code or other versions of the
        libraries.
    """

    def __init__(self, address: str, dataset: str, files: ArrayFiles) -> None:
        for logger in ("distributed", "distributed.client"):  # Dask sets a level and a handler for each of them
            logging.getLogger(logger).setLevel(logging.CRITICAL)  # errors are raised below, in one line each
        self._address = address
        self._run = uuid.uuid4().hex
        self._pending: dict[Future[Any], Any] = {}  # Dask drops a task whose future is not referenced
        self._closing = threading.Event()
        try:
            get_address_host_port(address)  # with a malformed address Client would hang, and could not be closed
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise BenchmarkError(f"--cluster {address}: {error}; give one like tcp://host:8786") from error
        except OSError as error:
            raise BenchmarkError(
                f"--cluster {address}: no Dask scheduler answers there; start one with: dask scheduler"
            ) from error
        setup = dask_worker.SetupPlugin(dataset, files)
        self._ticket = setup.name
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            self._client.register_plugin(setup)
            self.slots = [slot for found in self._client.run(dask_worker.slots, setup.name).values() for slot in found]
            if not self.slots:
                raise TimeoutError
        except TimeoutError as error:
            self._client.close()  # type: ignore[no-untyped-call]
            raise BenchmarkError(
                f"--cluster {address}: it has no workers; start some with: dask worker {address}"
            ) from error
        except Exception as error:
            self._client.close()  # type: ignore[no-untyped-call]
            what = str(error) if isinstance(error, BenchmarkError) else one_line(error)
            raise BenchmarkError(f"--cluster {address}: a worker cannot serve this run: {what}") from error
        threading.Thread(target=self._watch, name="watch-cluster", daemon=True).start()

    def describe(self, job: Describe) -> Future[Declaration]:
        """See `Executor.describe`."""
        return self._start(job)

    def submit(self, job: TuningJob | RefitJob) -> Future[Outcome]:
        """See `Executor.submit`."""
        return self._start(job)

    def retire(self, estimator: str) -> None:
        """See `Executor.retire`."""
        self._everywhere(dask_worker.retire, self._run, estimator)

    def close(self) -> None:
        """See `Executor.close`."""
        self._closing.set()
        self._everywhere(dask_worker.close, self._run)
        with suppress(Exception):
            self._client.close(timeout=2)  # type: ignore[no-untyped-call]

    def kill(self) -> None:
        """See `Executor.kill`. The workers drop their jobs when Dask tells them that this client is gone."""

    def _start(self, job: TuningJob | RefitJob | Describe) -> Future[Any]:
        outer: Future[Any] = Future()
        try:
            # Two trials may have equal parameters: with pure=True the second would get the first's result.
            inner = self._client.submit(dask_worker.run_job, self._run, job, pure=False, resources={self._ticket: 1})
        except Exception as error:
            outer.set_exception(self._gone(error))
            return outer
        self._pending[outer] = inner
        inner.add_done_callback(partial(self._ended, outer, job))  # type: ignore[no-untyped-call]
        return outer

    def _ended(self, outer: Future[Any], job: TuningJob | RefitJob | Describe, inner: Any) -> None:
        if self._pending.pop(outer, None) is None:  # given up
            return
        try:
            outer.set_result(inner.result())
        except CancelledError as error:
            outer.set_exception(self._gone(error))
        except Exception as error:
            lost = "the Dask workers that ran it died, one after the other"
            if self._client.status != "running":
                outer.set_exception(self._gone(error))
            elif isinstance(error, EngineError):
                outer.set_exception(error)
            elif isinstance(job, Describe):
                outer.set_exception(WorkerDiedError("failed", lost) if isinstance(error, KilledWorker) else error)
            else:
                outer.set_result(Outcome("failed", lost if isinstance(error, KilledWorker) else one_line(error)))

    def _watch(self) -> None:
        """Give up if no worker is left; Dask itself would wait for one for ever."""
        missing_since: float | None = None
        while not self._closing.wait(CHECK_SECONDS):
            if self._client.status != "running":
                continue
            with suppress(Exception):
                there = self._client.scheduler_info(n_workers=-1)["workers"].values()
                if any(self._ticket in worker["resources"] for worker in there):
                    missing_since = None
                    continue
            missing_since = missing_since or time.monotonic()
            if time.monotonic() - missing_since > NO_WORKER_SECONDS:
                gone = f"--cluster {self._address}: the last worker that serves this run is gone; start some"
                for outer in list(self._pending):
                    if self._pending.pop(outer, None) is not None:
                        outer.set_exception(EngineError(gone))

    def _gone(self, error: Exception) -> EngineError:
        gone = EngineError(
            f"--cluster {self._address}: the Dask scheduler is gone; start it again (or leave --cluster out)"
        )
        gone.__cause__ = error
        return gone

    def _everywhere(self, function: Callable[..., None], *args: Any) -> None:
        if self._client.status == "running":
            with suppress(Exception):  # a worker that does not answer has no processes left
                self._client.run(function, *args, on_error="ignore")
