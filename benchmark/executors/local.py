"""Worker processes of this machine, one estimator to a process.

Two OpenMP runtimes in one process can crash it (dmlc/xgboost#11500, lightgbm-org/LightGBM#6595),
so a worker serves one estimator for its whole life, is spawned and never forked, and has its
thread counts set before the first import. A worker that dies, or is killed past a limit, costs
one job.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from benchmark import jobs, work
from benchmark.executors.output import Log
from benchmark.executors.worker import Worker
from benchmark.jobs import Describe, Job, Limits, LostError, Outcome

T = TypeVar("T")

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
        self._log_folder = log_folder
        self._logs: dict[str, Log] = {}
        self._idle: dict[tuple[str, int], list[Worker]] = defaultdict(list)
        self._busy: set[Worker] = set()
        self._lost: list[Worker] = []
        self._closing = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._watching.start()

    def describe(self, job: Describe) -> Future[dict[str, Any]]:
        """See `Executor.describe`."""
        return self.call(job.estimator, job.task.threads, work.describe, job, limits=job.limits)

    def submit(self, job: Job, wanted: Callable[[], bool] | None = None) -> Future[Outcome]:
        """See `Executor.submit`; a job whose worker was killed from outside is tried once more.

        Parameters
        ----------
        job : Job
        wanted : callable, optional
            Asked again and again while the job runs; where it answers no, the job is killed.
        """
        outer: Future[Outcome] = Future()

        def settle(done: Future[Outcome], last: bool) -> None:
            error = done.exception()
            if isinstance(error, LostError) and error.outside and not last and not self._closing.is_set():
                start(last=True)
            elif isinstance(error, LostError):
                outer.set_result(Outcome(error.status, str(error)))
            elif error is not None:
                outer.set_result(Outcome("failed", jobs.one_line(error)))
            else:
                outer.set_result(done.result())

        def start(last: bool) -> None:
            inner = self.call(job.estimator, job.task.threads, work.run, job, limits=job.limits, wanted=wanted)
            inner.add_done_callback(lambda done: settle(done, last))

        start(last=False)
        return outer

    def call(
        self,
        estimator: str,
        threads: int,
        function: Callable[..., T],
        *args: Any,
        limits: Limits | None = None,
        wanted: Callable[[], bool] | None = None,
    ) -> Future[T]:
        """Run any function in a worker of this estimator with this many threads."""
        idle = self._idle[estimator, threads]
        limits = limits or Limits()
        worker = idle.pop() if idle else self._spawn(estimator, threads)
        self._busy.add(worker)
        try:
            future = worker.run(function, args, limits, wanted)
        except RuntimeError:  # killed while it was idle
            self._busy.discard(worker)
            self._lost.append(worker)
            worker = self._spawn(estimator, threads)
            self._busy.add(worker)
            future = worker.run(function, args, limits, wanted)

        def give_back(_: Future[T]) -> None:
            if worker in self._busy:
                (self._lost if worker.lost else idle).append(worker)
                self._busy.discard(worker)

        outer: Future[T] = Future()
        future.add_done_callback(give_back)  # before anyone hears of it, so that the next job finds it warm
        future.add_done_callback(lambda done: _pass_on(done, outer))
        return outer

    def retire(self, estimator: str) -> None:
        """See `Executor.retire`."""
        for (name, _), workers in list(self._idle.items()):
            if name == estimator:
                while workers:
                    workers.pop().stop()

    def close(self) -> None:
        """See `Executor.close`."""
        self._closing.set()
        self._watching.join()
        for name in {name for name, _ in self._idle}:
            self.retire(name)
        while self._busy:
            self._busy.pop().stop()
        self._bury()

    def kill(self) -> None:
        """See `Executor.kill`."""
        for worker in [*self._busy, *(each for workers in self._idle.values() for each in workers)]:
            worker.kill()

    def _spawn(self, estimator: str, threads: int) -> Worker:
        log = self._logs.setdefault(estimator, Log(self._log_folder / f"{estimator}.log"))
        return Worker(threads, log)

    def _watch(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            for worker in list(self._busy):
                worker.look()
            self._bury()

    def _bury(self) -> None:
        # Here and not where the loss is noticed: that may be a thread of the pool to be joined.
        while self._lost:
            self._lost.pop().stop()


def _pass_on(done: Future[T], outer: Future[T]) -> None:
    error = done.exception()
    if error is not None:
        outer.set_exception(error)
    else:
        outer.set_result(done.result())
