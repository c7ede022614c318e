"""A Dask cluster: jobs go to its workers, and each runs them as this machine would.

A Dask worker is only the transport. Inside it a `LocalExecutor` starts worker processes of its
own, one estimator to a process, with the same limits; so a trial is the same wherever it runs,
and Dask's ``OMP_NUM_THREADS=1`` is undone where the libraries are loaded. If a Dask worker dies,
the scheduler gives its job to another. The data reach each worker once, as files.
"""

from __future__ import annotations

import logging
import multiprocessing
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from distributed import Client, KilledWorker, WorkerPlugin, get_worker
from distributed.comm.addressing import get_address_host_port
from distributed.core import Status

from benchmark import environment
from benchmark.datasets import arrays, places
from benchmark.datasets.arrays import ArrayFiles
from benchmark.errors import BenchmarkError, EngineError
from benchmark.executors.local import LocalExecutor
from benchmark.executors.processes import machine_memory
from benchmark.jobs import Describe, Job, Outcome, one_line
from benchmark.resources import Seat

CONNECT_SECONDS = 10


class DaskExecutor:
    """Runs jobs on the workers of a Dask scheduler; see `benchmark.executors.Executor`.

    Parameters
    ----------
    address : str
        Such as ``tcp://host:8786``.
    dataset : str
        SHA-256 of the data.
    files : ArrayFiles
        Their arrays on this machine; workers that do not have them are sent them once.

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
        try:
            get_address_host_port(address)  # Client would hang on what it then cannot close
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise BenchmarkError(f"--cluster {address}: {error}; give one like tcp://host:8786") from error
        except OSError as error:
            raise BenchmarkError(
                f"--cluster {address}: no Dask scheduler answers there; start one with: dask scheduler"
            ) from error
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            self._client.register_plugin(_Equip(dataset, files))
        except TimeoutError as error:
            self._client.close()  # type: ignore[no-untyped-call]
            raise BenchmarkError(
                f"--cluster {address}: it has no workers; start some with: dask worker {address} --nthreads 1"
            ) from error
        except Exception as error:
            self._client.close()  # type: ignore[no-untyped-call]
            what = str(error) if isinstance(error, BenchmarkError) else one_line(error)
            raise BenchmarkError(f"--cluster {address}: a worker cannot serve this run: {what}") from error

    def seats(self) -> list[Seat]:
        """Return one seat for each thread of each Dask worker."""
        found: Mapping[str, list[Seat]] = self._client.run(_seats)
        return [seat for each in found.values() for seat in each]

    def describe(self, job: Describe) -> Future[dict[str, Any]]:
        """See `Executor.describe`."""
        return self._start(job)

    def submit(self, job: Job) -> Future[Outcome]:
        """See `Executor.submit`."""
        return self._start(job)

    def retire(self, estimator: str) -> None:
        """See `Executor.retire`."""
        self._everywhere(_retire, self._run, estimator)

    def close(self) -> None:
        """See `Executor.close`."""
        self._everywhere(_close, self._run)
        with suppress(Exception):
            self._client.close(timeout=2)  # type: ignore[no-untyped-call]

    def kill(self) -> None:
        """See `Executor.kill`; workers drop what they run when they are told that this client is gone."""

    def _start(self, job: Job | Describe) -> Future[Any]:
        outer: Future[Any] = Future()
        try:
            # Trials of equal parameters are two trials: pure=True would give the second the first's answer.
            inner = self._client.submit(_work, self._run, job, pure=False)
        except Exception as error:
            outer.set_exception(self._gone(error))
            return outer
        self._pending[outer] = inner
        inner.add_done_callback(partial(self._ended, outer, job))  # type: ignore[no-untyped-call]
        return outer

    def _ended(self, outer: Future[Any], job: Job | Describe, inner: Any) -> None:
        self._pending.pop(outer, None)
        try:
            outer.set_result(inner.result())
        except CancelledError as error:
            outer.set_exception(self._gone(error))
        except Exception as error:
            if self._client.status != "running":
                outer.set_exception(self._gone(error))
            elif isinstance(job, Describe):
                outer.set_exception(error)
            else:
                lost = "the Dask workers that ran it died, one after the other"
                outer.set_result(Outcome("failed", lost if isinstance(error, KilledWorker) else one_line(error)))

    def _gone(self, error: Exception) -> EngineError:
        gone = EngineError(
            f"--cluster {self._address}: the Dask scheduler is gone; start it again (or leave --cluster out), "
            "and the same command goes on from here"
        )
        gone.__cause__ = error
        return gone

    def _everywhere(self, function: Callable[..., None], *args: Any) -> None:
        if self._client.status == "running":
            with suppress(Exception):  # a worker that does not answer has no processes left
                self._client.run(function, *args, on_error="ignore")


class _Equip(WorkerPlugin):
    """Gives each worker the data, those that join later too, and refuses one that is not like us."""

    name = "classical-vs-cnn"
    idempotent = False

    def __init__(self, dataset: str, files: ArrayFiles) -> None:
        self._dataset = dataset
        self._code = environment.code()
        self._versions = environment.versions()
        self._blobs = {field: getattr(files, field).read_bytes() for field in ("train_X", "train_y", "test_X")}

    def setup(self, worker: Any) -> None:
        """Run once in each Dask worker."""
        here = environment.versions()
        for package, version in self._versions.items():
            if here.get(package) != version:
                raise BenchmarkError(
                    f"{worker.address} has {package} {here.get(package, 'not at all')}, this run has {version}"
                )
        if environment.code() != self._code:
            raise BenchmarkError(f"{worker.address} has other code in benchmark/ or models/ than this run")
        arrays.receive(self._dataset, self._blobs)
        _sweep()

    def teardown(self, worker: Any) -> None:
        """Run as a Dask worker ends, which would wait half a minute for the jobs in it; and as a next run comes."""
        if worker.status is not Status.running:
            for run in list(_engines):
                _close(run)


@dataclass
class _Engine:
    """A run's executor in this Dask worker, and how many of its jobs are running."""

    executor: LocalExecutor
    jobs: int = 0


_engines: dict[str, _Engine] = {}
_lock = threading.Lock()


@contextmanager
def _engine(run: str) -> Iterator[LocalExecutor]:
    with _lock:
        if run not in _engines:
            # Dask makes its workers daemons, and Python forbids those children (dask/distributed#2142). Ours
            # die with their parent by themselves, which is what that rule is for.
            multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
            _engines[run] = _Engine(LocalExecutor(places.cache() / "logs"))
        engine = _engines[run]
        engine.jobs += 1
    try:
        yield engine.executor
    finally:
        with _lock:
            engine.jobs -= 1


def _work(run: str, job: Job | Describe) -> Any:
    """Run in a thread of a Dask worker: one job, given up if the scheduler no longer wants it."""
    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state not in ("cancelled", "released", "forgotten")

    with _engine(run) as engine:
        future: Future[Any] = engine.submit(job, wanted) if isinstance(job, Job) else engine.describe(job)
        wait_for([future])
    return future.result()


def _retire(run: str, estimator: str) -> None:
    if run in _engines:
        _engines[run].executor.retire(estimator)


def _close(run: str) -> None:
    with _lock:
        engine = _engines.pop(run, None)
    if engine is not None:
        engine.executor.close()


def _sweep() -> None:
    """Close what runs that were killed have left; one that lives would only have to start its workers again."""
    with _lock:
        left = [_engines.pop(run) for run, engine in list(_engines.items()) if engine.jobs == 0]
    for engine in left:
        engine.executor.close()


def _seats(dask_worker: Any) -> list[Seat]:
    seat = Seat(socket.gethostname(), environment.cores(), machine_memory())
    return [seat] * int(dask_worker.state.nthreads)
