"""Worker processes of this machine, one estimator to a process.

Two OpenMP runtimes in one process can crash it (dmlc/xgboost#11500, lightgbm-org/LightGBM#6595),
so a worker serves one estimator for its whole life, is spawned and never forked, and has its
thread counts set before the first import. A worker that dies, or is killed past a limit, costs
one job.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from benchmark.engine import declaration, jobs
from benchmark.engine import worker_job as work
from benchmark.engine.executors.log_capture import Log
from benchmark.engine.executors.worker import Worker
from benchmark.engine.jobs import Declaration, Describe, Job, Limits, Outcome, WorkerDiedError
from benchmark.errors import EngineError
from benchmark.storage import scratch

T = TypeVar("T")

Wanted = Callable[[], bool]
"""Asked while a job runs; no means that nobody waits for it any more."""

STOP_SECONDS = 15.0

LOOK_SECONDS = 0.2
"""Between two looks at what the busy workers hold; an estimator that eats a GB/s is caught 0.2 GB late."""


class LocalExecutor:
    """Worker processes, kept warm between the jobs of their estimator.

    How many run at once is the caller's business.

    Parameters
    ----------
    log_folder : Path
        What estimators print goes to ``<log_folder>/<estimator>.log``.
    """

    def __init__(self, log_folder: Path) -> None:
        log_folder.mkdir(parents=True, exist_ok=True)
        scratch.sweep(Path(tempfile.gettempdir()))  # of runs that were killed
        self._log_folder = log_folder
        self._logs: dict[str, Log] = {}
        self._lock = threading.Lock()  # of the three below: a Dask worker calls from several threads
        self._idle: dict[tuple[str, int], list[Worker]] = defaultdict(list)
        self._busy: set[Worker] = set()
        self._burials: list[threading.Thread] = []
        self._closing = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._watching.start()

    def describe(self, job: Describe, wanted: Wanted | None = None) -> Future[Declaration]:
        """See `Executor.describe`, and `submit`."""
        return self._persevere(
            lambda: self.call(
                job.estimator, job.task.threads, declaration.describe, job, limits=job.limits, wanted=wanted
            )
        )

    def submit(self, job: Job, wanted: Wanted | None = None) -> Future[Outcome]:
        """See `Executor.submit`; a job whose worker was killed from outside is tried once more.

        Parameters
        ----------
        job : Job
        wanted : callable, optional
            Asked again and again while the job runs; where it answers no, the job is killed.
        """
        outer: Future[Outcome] = Future()

        def settle(done: Future[Outcome]) -> None:
            error = done.exception()
            if error is None:
                outer.set_result(done.result())
            elif isinstance(error, EngineError):
                outer.set_exception(error)
            elif isinstance(error, WorkerDiedError):
                outer.set_result(Outcome(error.status, str(error)))
            else:
                outer.set_result(Outcome("failed", jobs.one_line(error)))

        self._persevere(
            lambda: self.call(job.estimator, job.task.threads, work.run, job, limits=job.limits, wanted=wanted)
        ).add_done_callback(settle)
        return outer

    def _persevere(self, start: Callable[[], Future[T]]) -> Future[T]:
        """Start a job, and once more if its worker is killed from outside."""
        outer: Future[T] = Future()

        def again(done: Future[T]) -> None:
            error = done.exception()
            if not (isinstance(error, WorkerDiedError) and error.killed_externally) or self._closing.is_set():
                _pass_on(done, outer)
                return
            try:
                start().add_done_callback(lambda last: _pass_on(last, outer))
            except Exception as error:  # raised in a callback, it would be logged and the job waited for for ever
                outer.set_exception(error)

        start().add_done_callback(again)
        return outer

    def call(
        self,
        estimator: str,
        threads: int,
        function: Callable[..., T],
        *args: Any,
        limits: Limits | None = None,
        wanted: Wanted | None = None,
    ) -> Future[T]:
        """Run any function in a worker of this estimator with this many threads.

        Raises
        ------
        EngineError
            No process can be started.
        """
        key = (estimator, threads)

        def start(worker: Worker) -> tuple[Worker, Future[T]]:
            return worker, worker.run(function, args, limits or Limits(), wanted)

        try:
            worker = self._take(key)
            try:
                worker, future = start(worker)
            except RuntimeError:  # killed while it was idle
                with self._lock:
                    self._busy.discard(worker)
                self._bury(worker)
                worker, future = start(self._take(key, fresh=True))
        except (OSError, RuntimeError) as error:  # no memory, no file left to open, no thread to start
            raise EngineError(f"no worker process can be started ({error}); free some memory") from error
        outer: Future[T] = Future()

        def give_back(done: Future[T]) -> None:
            # Before anyone hears of it, so that the next job finds the worker warm.
            with self._lock:
                ours = worker in self._busy
                self._busy.discard(worker)
                if ours and not worker.lost:
                    self._idle[key].append(worker)
            try:
                if ours and worker.lost:
                    self._bury(worker)
            finally:
                _pass_on(done, outer)

        future.add_done_callback(give_back)
        return outer

    def retire(self, estimator: str) -> None:
        """See `Executor.retire`."""
        with self._lock:
            idle = [worker for key in list(self._idle) if key[0] == estimator for worker in self._idle.pop(key)]
        self._stop(idle)

    def close(self) -> None:
        """See `Executor.close`."""
        self._closing.set()
        self._watching.join()
        with self._lock:
            left = [*self._busy, *(worker for workers in self._idle.values() for worker in workers)]
            self._busy.clear()
            self._idle.clear()
        self._stop(left)

    def kill(self) -> None:
        """See `Executor.kill`."""
        for worker in [*self._busy, *(each for workers in list(self._idle.values()) for each in workers)]:
            worker.kill()

    def _take(self, key: tuple[str, int], fresh: bool = False) -> Worker:
        with self._lock:
            if self._closing.is_set():
                raise EngineError("the workers are being stopped; run again")
            idle = self._idle[key]
            worker = idle.pop() if idle and not fresh else self._spawn(*key)
            self._busy.add(worker)
            return worker

    def _spawn(self, estimator: str, threads: int) -> Worker:
        log = self._logs.setdefault(estimator, Log(self._log_folder / f"{estimator}.log"))
        return Worker(threads, log)

    def _watch(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            for worker in list(self._busy):
                worker.look()

    def _bury(self, worker: Worker) -> None:
        # In a thread of its own: this may be one that Pebble would wait for, or the one that watches the others.
        burial = threading.Thread(target=worker.stop, name="bury", daemon=True)
        with self._lock:
            burial.start()  # one that is listed can be waited for
            self._burials = [*(each for each in self._burials if each.is_alive()), burial]

    def _stop(self, workers: Iterable[Worker]) -> None:
        """Stop workers side by side; one that the kernel does not let go of is not waited for for ever."""
        for worker in workers:
            self._bury(worker)
        deadline = time.monotonic() + STOP_SECONDS
        for burial in list(self._burials):
            burial.join(max(0.0, deadline - time.monotonic()))


@contextmanager
def temporary_executor() -> Iterator[LocalExecutor]:
    """Have workers for a question or two; they and what they printed are gone after it."""
    with tempfile.TemporaryDirectory() as logs:
        executor = LocalExecutor(Path(logs))
        try:
            yield executor
        finally:
            executor.close()


def _pass_on(done: Future[T], outer: Future[T]) -> None:
    error = done.exception()
    if error is not None:
        outer.set_exception(error)
    else:
        outer.set_result(done.result())
