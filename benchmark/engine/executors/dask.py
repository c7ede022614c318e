"""A Dask cluster: jobs go to its workers, and each runs them as this machine would (see aboard.py).

If a Dask worker dies, the scheduler gives its job to another. The data reach each worker once a run, as files.
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
from benchmark.engine.executors import dask_worker as aboard
from benchmark.engine.jobs import Declaration, Describe, Job, Outcome, WorkerDiedError, one_line
from benchmark.errors import BenchmarkError, EngineError

CONNECT_SECONDS = 10

LOOK_SECONDS = 1.0

ALONE_SECONDS = 60.0
"""How long a run waits for a worker where none is left: a nanny starts a lost one again within seconds."""


class DaskExecutor:
    """Runs jobs on the workers of a Dask scheduler; see `benchmark.engine.executors.Executor`.

    Parameters
    ----------
    address : str
        Such as ``tcp://host:8786``.
    dataset : str
        SHA-256 of the data.
    files : ArrayFiles
        Their arrays on this machine; each worker is sent them once.

    Attributes
    ----------
    slots : list of Slot
        One for each thread of each Dask worker.

    Raises
    ------
    BenchmarkError
        No scheduler answers there, it has no workers, or one of them runs other code or other
        versions of the libraries.
    """

    def __init__(self, address: str, dataset: str, files: ArrayFiles) -> None:
        for logger in ("distributed", "distributed.client"):  # Dask sets a level and a handler for each
            logging.getLogger(logger).setLevel(logging.CRITICAL)  # what is wrong is said below, in one line
        self._address = address
        self._run = uuid.uuid4().hex
        self._pending: dict[Future[Any], Any] = {}  # Dask drops a task that nobody holds a future of
        self._closing = threading.Event()
        try:
            get_address_host_port(address)  # Client would hang on what it then cannot close
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise BenchmarkError(f"--cluster {address}: {error}; give one like tcp://host:8786") from error
        except OSError as error:
            raise BenchmarkError(
                f"--cluster {address}: no Dask scheduler answers there; start one with: dask scheduler"
            ) from error
        equip = aboard.Equip(dataset, files)
        self._ticket = equip.name
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            self._client.register_plugin(equip)
            self.slots = [slot for found in self._client.run(aboard.slots, equip.name).values() for slot in found]
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

    def submit(self, job: Job) -> Future[Outcome]:
        """See `Executor.submit`."""
        return self._start(job)

    def retire(self, estimator: str) -> None:
        """See `Executor.retire`."""
        self._everywhere(aboard.retire, self._run, estimator)

    def close(self) -> None:
        """See `Executor.close`."""
        self._closing.set()
        self._everywhere(aboard.close, self._run)
        with suppress(Exception):
            self._client.close(timeout=2)  # type: ignore[no-untyped-call]

    def kill(self) -> None:
        """See `Executor.kill`; workers drop what they run when they are told that this client is gone."""

    def _start(self, job: Job | Describe) -> Future[Any]:
        outer: Future[Any] = Future()
        try:
            # Trials of equal parameters are two trials: pure=True would give the second the first's answer.
            inner = self._client.submit(aboard.work, self._run, job, pure=False, resources={self._ticket: 1})
        except Exception as error:
            outer.set_exception(self._gone(error))
            return outer
        self._pending[outer] = inner
        inner.add_done_callback(partial(self._ended, outer, job))  # type: ignore[no-untyped-call]
        return outer

    def _ended(self, outer: Future[Any], job: Job | Describe, inner: Any) -> None:
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
        """Give up where no worker is left; Dask itself would wait for one for ever."""
        alone_since: float | None = None
        while not self._closing.wait(LOOK_SECONDS):
            if self._client.status != "running":
                continue
            with suppress(Exception):
                there = self._client.scheduler_info(n_workers=-1)["workers"].values()
                if any(self._ticket in worker["resources"] for worker in there):
                    alone_since = None
                    continue
            alone_since = alone_since or time.monotonic()
            if time.monotonic() - alone_since > ALONE_SECONDS:
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
