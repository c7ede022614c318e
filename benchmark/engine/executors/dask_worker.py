"""What runs inside a Dask worker: a `LocalExecutor` runs the jobs, and Dask is only the transport.

The executor starts worker processes of its own, each for one estimator, with the same limits. So a trial is the same
wherever it runs, and Dask's ``OMP_NUM_THREADS=1`` has no effect on the libraries.
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
from benchmark.datasets import locations, memmap
from benchmark.datasets.memmap import ArrayFiles
from benchmark.engine.executors.local import LocalExecutor
from benchmark.engine.jobs import Describe, RefitJob, TuningJob
from benchmark.engine.resources import Slot
from benchmark.environment import machine_memory
from benchmark.errors import BenchmarkError


class SetupPlugin(WorkerPlugin):
    """Gives each worker the data, and a ticket if its code and libraries are the same as ours.

    Workers that join later are set up too. Dask does not report whether that worked, so jobs go only to workers with a
    ticket.
    """

    idempotent = False

    def __init__(self, dataset: str, files: ArrayFiles) -> None:
        self._dataset = dataset
        self._code = environment.source_sha256()
        self._versions = environment.versions()
        self._blobs = {field: path.read_bytes() for field, path in asdict(files).items()}
        self.name = f"classical-vs-cnn-{self._code[:12]}-{dataset[:12]}"  # runs with the same code and data share it

    async def setup(self, worker: Any) -> None:
        """Run once in each Dask worker."""
        here = environment.versions()
        for package, version in self._versions.items():
            if here.get(package) != version:
                raise BenchmarkError(
                    f"{worker.address} has {package} {here.get(package, 'not installed')}, this run has {version}"
                )
        if environment.source_sha256() != self._code:
            raise BenchmarkError(f"{worker.address} has other code in benchmark/ or models/ than this run")
        memmap.receive(self._dataset, self._blobs)
        _close_idle()
        await worker.set_resources(**{self.name: worker.state.nthreads})
        # The Dask scheduler assigns waiting tasks when a worker joins, which was before it had its ticket, or when one
        # resumes after a pause.
        if worker.status is Status.running:
            worker.status = Status.paused
            worker.status = Status.running

    def teardown(self, worker: Any) -> None:
        """Stop the jobs of a Dask worker that ends, because Dask would wait half a minute for them.

        Dask also calls this when the next run registers its plugin; then nothing is stopped.
        """
        if worker.status in (Status.closing, Status.closing_gracefully, Status.closed, Status.failed):
            for run in list(_executors):
                close(run)


@dataclass
class _RunExecutor:
    """The executor of a run in this Dask worker, and how many of its jobs are running."""

    executor: LocalExecutor
    jobs: int = 0


_executors: dict[str, _RunExecutor] = {}
_lock = threading.Lock()


@contextmanager
def _executor(run: str) -> Iterator[LocalExecutor]:
    with _lock:
        if run not in _executors:
            # Dask's workers are daemons, which Python does not allow to have children (dask/distributed#2142). The
            # rule prevents orphans; our workers end with their parent anyway.
            multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
            _executors[run] = _RunExecutor(LocalExecutor(locations.cache_folder() / "logs"))
        found = _executors[run]
        found.jobs += 1
    try:
        yield found.executor
    finally:
        with _lock:
            found.jobs -= 1


def run_job(run: str, job: TuningJob | RefitJob | Describe) -> Any:
    """Run one job in a thread of a Dask worker; it is killed once the Dask scheduler no longer wants it."""
    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state not in ("cancelled", "released", "forgotten")

    with _executor(run) as executor:
        if isinstance(job, Describe):
            future: Future[Any] = executor.describe(job, wanted)
        else:
            future = executor.submit(job, wanted)
        wait_for([future])
    return future.result()


def retire(run: str, estimator: str) -> None:
    """Stop a run's idle workers of an estimator."""
    if run in _executors:
        _executors[run].executor.retire(estimator)


def close(run: str) -> None:
    """Stop all workers of a run."""
    with _lock:
        found = _executors.pop(run, None)
    if found is not None:
        found.executor.close()


def _close_idle() -> None:
    """Close the executors of killed runs. A run that is alive would only have to start its workers again."""
    with _lock:
        idle = [_executors.pop(run) for run, found in list(_executors.items()) if found.jobs == 0]
    for found in idle:
        found.executor.close()


def slots(ticket: str, dask_worker: Any) -> list[Slot]:
    """Return a slot for each thread of this Dask worker, none if it has no ticket."""
    slot = Slot(socket.gethostname(), environment.cores(), machine_memory())
    return [slot] * int(dask_worker.state.total_resources.get(ticket, 0))
