"""Where jobs run: local worker processes, one estimator to a process.

Two OpenMP runtimes in one process can crash it (dmlc/xgboost#11500, lightgbm-org/LightGBM#6595),
so a worker serves one estimator for its whole life, is spawned and never forked, and has its
thread counts set before the first import. A worker that dies costs one job.
"""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, TimeoutError
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pebble import ProcessExpired, ProcessPool

from benchmark import jobs
from benchmark.jobs import Describe, Job, Outcome
from benchmark.worker import initialise

T = TypeVar("T")


class Executor(Protocol):
    """One way to run jobs, wherever they run."""

    def describe(self, job: Describe) -> Future[dict[str, Any]]:
        """Start `benchmark.jobs.describe`; its exception, if any, is the future's."""

    def submit(self, job: Job) -> Future[Outcome]:
        """Start `benchmark.jobs.run`; the future always has an Outcome, also if the worker died."""

    def retire(self, estimator: str) -> None:
        """Stop the idle workers of an estimator: a measurement follows, or nothing more does."""

    def close(self) -> None:
        """Stop every worker at once, busy ones too."""


class LocalExecutor:
    """Worker processes on this machine.

    A worker is a Pebble pool of one process, kept warm between the jobs of its estimator.
    How many run at once is the caller's business.

    Parameters
    ----------
    log_folder : Path
        What estimators print goes to ``<log_folder>/<estimator>.log``.
    """

    def __init__(self, log_folder: Path) -> None:
        log_folder.mkdir(parents=True, exist_ok=True)
        self._log_folder = log_folder
        self._idle: dict[tuple[str, int], list[ProcessPool]] = defaultdict(list)
        self._busy: set[ProcessPool] = set()

    def describe(self, job: Describe) -> Future[dict[str, Any]]:
        """See `Executor.describe`."""
        return self.call(job.estimator, job.task.threads, jobs.describe, job)

    def submit(self, job: Job) -> Future[Outcome]:
        """See `Executor.submit`."""
        inner = self.call(job.estimator, job.task.threads, jobs.run, job)
        outer: Future[Outcome] = Future()
        inner.add_done_callback(lambda done: outer.set_result(_outcome(done)))
        return outer

    def call(self, estimator: str, threads: int, function: Callable[..., T], *args: Any) -> Future[T]:
        """Run any function in a worker of this estimator with this many threads."""
        idle = self._idle[estimator, threads]
        pool = idle.pop() if idle else self._spawn(estimator, threads)
        try:
            future: Future[T] = pool.schedule(function, args=args)
        except RuntimeError:  # killed while it was idle
            pool = self._spawn(estimator, threads)
            future = pool.schedule(function, args=args)
        self._busy.add(pool)

        def give_back(_: Future[T]) -> None:
            if pool in self._busy:
                self._busy.discard(pool)
                idle.append(pool)

        future.add_done_callback(give_back)
        return future

    def retire(self, estimator: str) -> None:
        """See `Executor.retire`."""
        for (name, _), pools in self._idle.items():
            if name == estimator:
                while pools:
                    _stop(pools.pop())

    def close(self) -> None:
        """See `Executor.close`."""
        for name in {name for name, _ in self._idle}:
            self.retire(name)
        while self._busy:
            _stop(self._busy.pop())

    def _spawn(self, estimator: str, threads: int) -> ProcessPool:
        log = str(self._log_folder / f"{estimator}.log")
        context = multiprocessing.get_context("spawn")
        return ProcessPool(max_workers=1, context=context, initializer=initialise, initargs=(threads, log))


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except ProcessExpired as error:
        return Outcome("failed", f"its worker process died with exit code {error.exitcode}")
    except TimeoutError:
        return Outcome("timeout", "past its deadline")
    except (Exception, CancelledError) as error:
        return Outcome("failed", jobs.one_line(error))
