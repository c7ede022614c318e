"""Shares the workers between the estimators of a run.

Each estimator's code (`runner.EstimatorRun.run`, say) is plain top-to-bottom code in a thread of its own. It asks a
`JobRunner` for jobs, and each call returns once their outcomes are known. The scheduler runs in the main thread. It
lets one estimator's code run at a time, until that asks for its next jobs, so no two of them ever touch the same
data at once.

Tuning jobs of all estimators share the workers. Those of the slowest estimator start first, once one job of each has
shown which that is. A refit, whose times the leaderboard compares, waits until all tuning is done and has the machine
to itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any

from benchmark.engine.executors import Executor
from benchmark.engine.jobs import Declaration, Describe, Outcome, RefitJob, TuningJob, WorkerDiedError, one_line
from benchmark.engine.progress import Progress
from benchmark.engine.time_limit import Clock
from benchmark.errors import BenchmarkError, EngineError

POLL_SECONDS = 0.2
"""Longest delay before a request to stop is noticed."""


class StopRequest:
    """A request to stop the run. It may be made at any moment, also in a signal handler.

    Parameters
    ----------
    announce : callable
        Called once, outside any signal handler, when the scheduler notices the request. Its argument says whether a
        refit is still running, which is always waited for.
    """

    def __init__(self, announce: Callable[[bool], None] = lambda refitting: None) -> None:
        self.requested = False
        self._announce = announce
        self._acknowledged = False

    def acknowledge(self, refitting: bool) -> None:
        """Announce the request, the first time only."""
        if not self._acknowledged:
            self._acknowledged = True
            self._announce(refitting)


@dataclass(frozen=True)
class Turn:
    """No work: it is done once the machine is this estimator's, which then keeps it."""


@dataclass(frozen=True)
class _Batch:
    """Jobs whose outcomes an estimator waits for.

    Attributes
    ----------
    jobs : sequence of Describe, TuningJob, RefitJob or Turn
        None at all: the estimator's code has ended.
    alone : bool
        Run after all tuning, with the machine to itself.
    error : BaseException or None
        What ended the estimator's code, and so ends the run.
    """

    jobs: Sequence[Describe | TuningJob | RefitJob | Turn] = ()
    alone: bool = False
    error: BaseException | None = None


class JobRunner:
    """Runs jobs for one estimator's code, from the thread of that code; each call waits for the outcomes."""

    def __init__(self, run: Callable[[_Batch], list[Any]]) -> None:
        self._run = run

    def describe(self, job: Describe) -> Declaration:
        """Return what a plugin declares.

        Raises
        ------
        BenchmarkError, WorkerDiedError
            It cannot be imported or built, or its worker died.
        """
        (declared,) = self._run(_Batch([job]))
        if isinstance(declared, BaseException):
            ours = isinstance(declared, BenchmarkError | WorkerDiedError)
            raise declared if ours else BenchmarkError(one_line(declared)) from declared
        found: Declaration = declared
        return found

    def map(self, jobs: Sequence[TuningJob]) -> list[Outcome]:
        """Run tuning jobs, which share the machine with those of other estimators; outcomes are in the jobs' order."""
        return self._run(_Batch(jobs))

    def turn(self) -> None:
        """Wait until the machine is this estimator's alone; it is, until its code has ended."""
        self._run(_Batch([Turn()], alone=True))

    def alone(self, job: TuningJob | RefitJob) -> Outcome:
        """Run one job after all jobs that share the machine, with the machine to itself."""
        (outcome,) = self._run(_Batch([job], alone=True))
        found: Outcome = outcome
        return found


class _CancelledError(BaseException):
    """Raised in an estimator's code when the run stops; only its ``finally`` blocks still run."""


class EstimatorTask:
    """One estimator's code in its thread, and how far its present batch of jobs is.

    Parameters
    ----------
    name : str
        The estimator's.
    progress : Progress
    code : callable
        ``code(jobs)`` with a `JobRunner`. What it raises ends the run.

    Attributes
    ----------
    batch : _Batch
        Empty once the code has ended.
    results : list
        Results of the present batch, in the order of its jobs.
    launched : int
        Jobs of the present batch that have been started.
    busy_since : float
        Time by the monotonic clock when the estimator last went from no running job to one.
    """

    def __init__(self, name: str, progress: Progress, code: Callable[[JobRunner], None]) -> None:
        self.name, self.progress = name, progress
        self.batch = _Batch()
        self.results: list[Any] = []
        self.launched = 0
        self.busy_since = 0.0
        self._requests: SimpleQueue[_Batch] = SimpleQueue()
        self._answers: SimpleQueue[list[Any] | None] = SimpleQueue()
        self._thread = Thread(target=self._run_code, args=(code,), name=f"estimator {name}", daemon=True)

    def start(self) -> None:
        """Run the code until it asks for its first jobs.

        Raises
        ------
        EngineError
            No thread can be started.
        """
        try:
            self._thread.start()
        except RuntimeError as error:
            raise EngineError(f"no thread can be started ({error}); free some memory") from error
        self._await_request()

    def resume(self) -> None:
        """Hand over the results of the present batch and run the code until it asks for more jobs, or ends.

        Raises
        ------
        BaseException
            What the code raised.
        """
        self._answers.put(self.results)
        self._await_request()

    def cancel(self) -> None:
        """End the code where it waits for jobs."""
        if self.batch.jobs:
            self._answers.put(None)
            self._thread.join()

    @property
    def complete(self) -> bool:
        """Whether every job of the present batch has a result."""
        return self.launched == len(self.batch.jobs) and self.progress.running == 0

    @property
    def tuning(self) -> bool:
        """Whether the present batch shares the machine."""
        return bool(self.batch.jobs) and not self.batch.alone

    @property
    def part(self) -> str:
        """Training part of the present batch, see `Job`; empty if there is no batch, or it fits nothing."""
        job = self.batch.jobs[0] if self.batch.jobs else None
        return job.part if isinstance(job, TuningJob | RefitJob) else ""

    @property
    def seconds_per_row(self) -> float:
        """Seconds that a row has cost so far; before the first outcome, what the first job has taken at least."""
        job = self.batch.jobs[0] if self.batch.jobs else None
        if self.progress.rows_fitted or not self.progress.running or not isinstance(job, TuningJob | RefitJob):
            return self.progress.seconds_per_row
        return (time.monotonic() - self.busy_since) / job.rows

    def submit_next(self, executor: Executor) -> tuple[Future[Any], int]:
        """Start the next job of the batch; return its future and its position."""
        position = self.launched
        job = self.batch.jobs[position]
        assert not isinstance(job, Turn), "nothing to submit"
        self.progress.begin()
        if not self.progress.running:
            self.busy_since = time.monotonic()
        future: Future[Any] = executor.describe(job) if isinstance(job, Describe) else executor.submit(job)
        self.launched += 1
        self.progress.running += 1
        return future, position

    def store(self, position: int, result: Any) -> None:
        """Store the result of a job of the present batch, and at once what the job cost."""
        job = self.batch.jobs[position]
        self.results[position] = result
        self.progress.running -= 1
        if isinstance(job, TuningJob) and isinstance(result, Outcome):
            self.progress.record_fit(job.rows, result.accuracy, result.fit_seconds + result.predict_seconds)

    def _await_request(self) -> None:
        self.batch = self._requests.get()
        self.results, self.launched = [None] * len(self.batch.jobs), 0
        if self.batch.error is not None:
            raise self.batch.error

    def _run_code(self, code: Callable[[JobRunner], None]) -> None:
        error: BaseException | None = None
        try:
            code(JobRunner(self._run_batch))
        except _CancelledError:
            return
        except BaseException as caught:
            error = caught
        self._requests.put(_Batch(error=error))

    def _run_batch(self, batch: _Batch) -> list[Any]:
        if not batch.jobs:
            return []
        self._requests.put(batch)
        results = self._answers.get()
        if results is None:
            raise _CancelledError
        return results


def run_all(
    tasks: Sequence[EstimatorTask],
    executor: Executor,
    jobs: int,
    stop: StopRequest | None = None,
    clock: Clock | None = None,
) -> None:
    """Run every estimator's code to its end, or until asked to stop: then only a running refit is waited for.

    The machine is given to one estimator after the other: in their order, or, if there is a clock, to the cheapest
    first, so that the others have what it leaves. Then each keeps the worker that it has.

    Parameters
    ----------
    tasks : sequence of EstimatorTask
    executor : Executor
    jobs : int
        Jobs at once while tuning.
    stop : StopRequest, optional
    clock : Clock, optional

    Raises
    ------
    EngineError
        The executor can run no more jobs.
    """
    stop = stop or StopRequest()
    running: dict[Future[Any], tuple[EstimatorTask, int]] = {}
    measured: EstimatorTask | None = None  # whose refit was the last to start
    try:
        for task in tasks:
            task.start()
        while any(task.batch.jobs for task in tasks):
            if not stop.requested:
                _start_tuning_jobs(tasks, executor, jobs, running, one_fit=clock is not None)
                # All refits come after all tuning, so the machine is emptied once and not once per estimator.
                if not running:
                    task = _next(tasks, measured, clock)
                    if task is not measured and clock is None:
                        for other in tasks:  # an idle worker still holds memory, and its threads may spin
                            executor.retire(other.name)
                    measured = task
                    if isinstance(task.batch.jobs[0], Turn):
                        task.resume()
                        if not task.batch.jobs:
                            executor.retire(task.name)
                        continue
                    future, position = task.submit_next(executor)
                    running[future] = task, position
            else:
                refitting = any(isinstance(task.batch.jobs[place], RefitJob) for task, place in running.values())
                stop.acknowledge(refitting)
                if not refitting:  # the next run queues an interrupted trial again
                    return
            done, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            if clock is not None:
                clock.tick()
            for future in done:
                task, position = running.pop(future)
                error = future.exception()
                if isinstance(error, EngineError):
                    raise error
                task.store(position, error or future.result())
                was_tuning, part = task.tuning, task.part
                if task.complete:
                    task.resume()
                # Its refits get a worker of their own, and so does each fold: a worker that was fitted on the images
                # of one has seen the test images of another.
                refits_next = was_tuning and task.batch.alone and clock is None
                if not task.batch.jobs or refits_next or (part and task.part not in (part, "")):
                    executor.retire(task.name)
    finally:
        for task in tasks:
            task.cancel()


def _next(tasks: Sequence[EstimatorTask], measured: EstimatorTask | None, clock: Clock | None) -> EstimatorTask:
    """Return the estimator that has the machine next: the one that had it last, until its code has ended."""
    if measured is not None and measured.batch.jobs:
        return measured
    waiting = [task for task in tasks if task.batch.jobs]
    return waiting[0] if clock is None else min(waiting, key=lambda task: task.seconds_per_row)


def _start_tuning_jobs(
    tasks: Sequence[EstimatorTask],
    executor: Executor,
    jobs: int,
    running: dict[Future[Any], tuple[EstimatorTask, int]],
    one_fit: bool,
) -> None:
    """Fill the free places, the slowest estimator's jobs first.

    Quick jobs fill the places that slow ones leave. A slow study that came last would use one worker for its top rung
    while the others idle. With `one_fit` each fit has the machine, and only plugins are described at the same time.
    """
    while len(running) < jobs:
        ready = [task for task in tasks if task.tuning and task.launched < len(task.batch.jobs)]
        if one_fit:
            described = [task for task in ready if isinstance(task.batch.jobs[0], Describe)]
            fitting = any(not isinstance(task.batch.jobs[place], Describe) for task, place in running.values())
            ready = [] if fitting else described or ([] if running else ready)
        if not ready:
            return
        slowest = max(ready, key=lambda task: task.seconds_per_row)
        future, position = slowest.submit_next(executor)
        running[future] = slowest, position
