"""Worker processes on this machine, each for one estimator.

Two OpenMP runtimes in one process can crash it (dmlc/xgboost#11500, lightgbm-org/LightGBM#6595). So a worker serves
one estimator only, is never forked from a process that has run numerical code (see `fork_server`), and has its thread
count set before the first fit. If a worker dies or is killed past a limit, one job is lost.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from benchmark.engine import declaration, worker_job
from benchmark.engine.executors.log_capture import Log
from benchmark.engine.executors.worker import Worker
from benchmark.engine.jobs import (
    SIZE_UNKNOWN,
    Declaration,
    Describe,
    Limits,
    Outcome,
    RefitJob,
    Saved,
    TuningJob,
    WorkerDiedError,
    one_line,
)
from benchmark.errors import EngineError
from benchmark.storage import scratch

T = TypeVar("T")

Wanted = Callable[[], bool]
"""Asked while a job runs; False means that nobody waits for it any more."""

STOP_SECONDS = 15.0
"""Longest wait for workers to end."""

CHECK_SECONDS = 0.2
"""Interval between two checks of the busy workers. At 1 GB/s a worker is killed 0.2 GB past its limit."""


class LocalExecutor:
    """Runs jobs in worker processes, which stay warm between the jobs of their estimator.

    The caller decides how many jobs run at once.

    Parameters
    ----------
    log_folder : Path
        The output of each estimator goes to ``<log_folder>/<estimator>.log``.
    """

    def __init__(self, log_folder: Path) -> None:
        log_folder.mkdir(parents=True, exist_ok=True)
        scratch.remove_abandoned(Path(tempfile.gettempdir()))  # left by killed runs
        self._log_folder = log_folder
        self._logs: dict[str, Log] = {}
        self._lock = threading.Lock()  # guards the three below: a Dask worker calls from several threads
        self._idle: dict[tuple[str, int], list[Worker]] = defaultdict(list)
        self._busy: set[Worker] = set()
        self._stopping: list[threading.Thread] = []
        self._closing = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._watching.start()

    def describe(self, job: Describe, wanted: Wanted | None = None) -> Future[Declaration]:
        """See `Executor.describe`, and `submit`."""
        return self._retry_once(
            lambda: self.call(
                job.estimator, job.task.threads, declaration.describe, job, limits=job.limits, wanted=wanted
            )
        )

    def submit(self, job: TuningJob | RefitJob, wanted: Wanted | None = None) -> Future[Outcome]:
        """See `Executor.submit`. A job whose worker was killed externally is tried a second time.

        Parameters
        ----------
        job : TuningJob or RefitJob
        wanted : callable, optional
            Asked again and again while the job runs; once it returns False, the job is killed.
        """
        outer: Future[Outcome] = Future()

        def settle(done: Future[Outcome]) -> None:
            error = done.exception()
            if error is None:
                outer.set_result(done.result())
            elif isinstance(error, EngineError):
                outer.set_exception(error)
            elif isinstance(error, WorkerDiedError):
                outer.set_result(_outcome_of_death(error))
            else:
                outer.set_result(Outcome("failed", one_line(error)))

        self._retry_once(
            lambda: self.call(job.estimator, job.task.threads, worker_job.run, job, limits=job.limits, wanted=wanted)
        ).add_done_callback(settle)
        return outer

    def _retry_once(self, start: Callable[[], Future[T]]) -> Future[T]:
        """Start a job, and a second time if its worker is killed externally."""
        outer: Future[T] = Future()

        def retry(done: Future[T]) -> None:
            error = done.exception()
            again = isinstance(error, WorkerDiedError) and error.killed_externally and error.handed_over is None
            if not again or self._closing.is_set():
                _pass_on(done, outer)
                return
            try:
                start().add_done_callback(lambda last: _pass_on(last, outer))
            except Exception as error:  # raised in a callback it would only be logged, and the job waited for for ever
                outer.set_exception(error)

        start().add_done_callback(retry)
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
        """Run a function in a worker of this estimator with this many threads.

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
            except RuntimeError:  # killed while idle
                with self._lock:
                    self._busy.discard(worker)
                self._stop_in_background(worker)
                worker, future = start(self._take(key, fresh=True))
        except (OSError, RuntimeError) as error:  # no memory, no free file descriptor, no thread
            raise EngineError(f"no worker process can be started ({error}); free some memory") from error
        outer: Future[T] = Future()

        def give_back(done: Future[T]) -> None:
            # Before the caller is told, so that its next job finds the worker idle.
            with self._lock:
                ours = worker in self._busy
                self._busy.discard(worker)
                if ours and not worker.lost:
                    self._idle[key].append(worker)
            try:
                if ours and worker.lost:
                    self._stop_in_background(worker)
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
            worker = idle.pop() if idle and not fresh else self._start(*key)
            self._busy.add(worker)
            return worker

    def _start(self, estimator: str, threads: int) -> Worker:
        log = self._logs.setdefault(estimator, Log(self._log_folder / f"{estimator}.log"))
        return Worker(threads, log)

    def _watch(self) -> None:
        while not self._closing.wait(CHECK_SECONDS):
            for worker in list(self._busy):
                worker.check_limits()

    def _stop_in_background(self, worker: Worker) -> None:
        # This thread may be the one that checks the other workers, or the one that called the worker.
        thread = threading.Thread(target=worker.stop, name="stop worker", daemon=True)
        with self._lock:
            thread.start()  # before it is listed, because only a started thread can be joined
            self._stopping = [*(each for each in self._stopping if each.is_alive()), thread]

    def _stop(self, workers: Iterable[Worker]) -> None:
        """Stop workers in parallel; one that cannot be killed is waited for no longer than `STOP_SECONDS`."""
        for worker in workers:
            self._stop_in_background(worker)
        deadline = time.monotonic() + STOP_SECONDS
        for thread in list(self._stopping):
            thread.join(max(0.0, deadline - time.monotonic()))


@contextmanager
def temporary_executor() -> Iterator[LocalExecutor]:
    """Lend an executor for a few calls; its workers and logs are removed afterwards."""
    with tempfile.TemporaryDirectory() as logs:
        executor = LocalExecutor(Path(logs))
        try:
            yield executor
        finally:
            executor.close()


def _outcome_of_death(error: WorkerDiedError) -> Outcome:
    """Return the outcome of a job whose worker died: that of a refit, if only its model was still to be kept."""
    found = error.handed_over
    if not isinstance(found, Outcome):
        return Outcome(error.status, str(error))
    unknown = () if found.model_bytes else (f"{SIZE_UNKNOWN}{error}",)
    return replace(found, saved=Saved(reason=str(error)), notes=(*found.notes, *unknown))


def _pass_on(done: Future[T], outer: Future[T]) -> None:
    error = done.exception()
    if error is not None:
        outer.set_exception(error)
    else:
        outer.set_result(done.result())
