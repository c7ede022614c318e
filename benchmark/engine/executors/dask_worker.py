"""What runs inside a Dask worker, which is only the transport: a `LocalExecutor` there runs the jobs.

It starts worker processes of its own, one estimator to a process, with the same limits; so a
trial is the same wherever it runs, and Dask's ``OMP_NUM_THREADS=1`` is undone where the
libraries are loaded.
"""

from __future__ import annotations

import multiprocessing
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from distributed import WorkerPlugin, get_worker
from distributed.core import Status

from benchmark import environment
from benchmark.datasets import locations as places
from benchmark.datasets import memmap as arrays
from benchmark.datasets.memmap import ArrayFiles
from benchmark.engine.executors.local import LocalExecutor
from benchmark.engine.jobs import Describe, Job
from benchmark.engine.resources import Slot
from benchmark.environment import machine_memory
from benchmark.errors import BenchmarkError


class Equip(WorkerPlugin):
    """Gives each worker the data, those that join later too, and a ticket if it is like us.

    A worker that joins later is not asked whether this worked; jobs go only to those with a ticket.
    """

    idempotent = False

    def __init__(self, dataset: str, files: ArrayFiles) -> None:
        self._dataset = dataset
        self._code = environment.code()
        self._versions = environment.versions()
        self._blobs = {field: path.read_bytes() for field, path in asdict(files).items()}
        self.name = f"classical-vs-cnn-{self._code[:12]}-{dataset[:12]}"  # two runs may share it, or not

    async def setup(self, worker: Any) -> None:
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
        await worker.set_resources(**{self.name: worker.state.nthreads})
        # The scheduler looks at tasks that wait for a worker when one comes, which was before it had its
        # ticket, or when one goes on after a pause.
        if worker.status is Status.running:
            worker.status = Status.paused
            worker.status = Status.running

    def teardown(self, worker: Any) -> None:
        """Run as a Dask worker ends, which would wait half a minute for the jobs in it; and as a next run comes."""
        if worker.status in (Status.closing, Status.closing_gracefully, Status.closed, Status.failed):
            for run in list(_engines):
                close(run)


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


def work(run: str, job: Job | Describe) -> Any:
    """Run in a thread of a Dask worker: one job, given up if the scheduler no longer wants it."""
    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state not in ("cancelled", "released", "forgotten")

    with _engine(run) as engine:
        future: Future[Any] = engine.submit(job, wanted) if isinstance(job, Job) else engine.describe(job, wanted)
        wait_for([future])
    return future.result()


def retire(run: str, estimator: str) -> None:
    """Stop a run's idle workers of an estimator."""
    if run in _engines:
        _engines[run].executor.retire(estimator)


def close(run: str) -> None:
    """Stop all workers of a run."""
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


def slots(ticket: str, dask_worker: Any) -> list[Slot]:
    """Return a slot for each thread of this Dask worker, none if it has no ticket."""
    slot = Slot(socket.gethostname(), environment.cores(), machine_memory())
    return [slot] * int(dask_worker.state.total_resources.get(ticket, 0))
