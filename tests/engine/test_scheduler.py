"""What runs at the same time: tuning jobs share the workers, a refit is alone; and how an estimator's code ends."""

from __future__ import annotations

import math
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import pytest

from benchmark.engine import scheduler
from benchmark.engine.jobs import Describe, Outcome, RefitJob, TuningJob, WorkerDiedError
from benchmark.engine.progress import Progress
from benchmark.engine.protocol import PRESETS
from benchmark.engine.scheduler import EstimatorTask, JobRunner, StopRequest
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task

TASK = Task(2, (2, 2))


class Watcher:
    """An executor that takes a moment for each job and notes which jobs ran at the same time."""

    def __init__(self, seconds_per_row: dict[str, float] | None = None) -> None:
        self.pool, self.lock = ThreadPoolExecutor(8), Lock()
        self.now: list[object] = []
        self.seen: list[list[object]] = []
        self.events: list[str] = []
        self.seconds_per_row = seconds_per_row or {}

    def _run(self, job: object) -> object:
        with self.lock:
            self.now.append(job)
            self.seen.append(list(self.now))
            self.events.append("refit" if isinstance(job, RefitJob) else "other")
        time.sleep(random.Random(repr(job)).random() / 50 + getattr(job, "rows", 0) / 40_000)
        with self.lock:
            self.now.remove(job)
        if isinstance(job, Describe):
            return {}
        seconds = self.seconds_per_row.get(job.estimator, 0.0) * job.rows
        return Outcome("ok", accuracy=float(job.rows), fit_seconds=seconds)

    def describe(self, job: Describe) -> Future:
        return self.pool.submit(self._run, job)

    submit = describe

    def retire(self, estimator: str) -> None:
        self.events.append("retire")

    def close(self) -> None:
        self.pool.shutdown()

    def kill(self) -> None: ...


class Answers:
    """An executor that gives one answer to every job at once."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def describe(self, job: object) -> Future:
        future: Future = Future()
        if isinstance(self.answer, BaseException):
            future.set_exception(self.answer)
        elif self.answer is not None:
            future.set_result(self.answer)
        return future  # without an answer it never ends

    submit = describe

    def retire(self, estimator: str) -> None: ...
    def close(self) -> None: ...
    def kill(self) -> None: ...


def code(name: str, told: list, rungs: tuple[int, ...] = (100, 400, 1_600), seeds: int = 1):
    """Return an estimator's code: describe, tune on three rungs, refit."""

    def fields(rows: int) -> tuple:
        return name, {"x": len(told)}, TASK, PRESETS["quick"], "none", rows

    def run(jobs: JobRunner) -> None:
        told.append([jobs.describe(Describe(name, TASK))])
        for width, rows in zip((4, 2, 1), rungs, strict=True):
            told.append(jobs.map([TuningJob(*fields(rows)) for _ in range(width)]))
        for _ in range(seeds):
            told.append([jobs.alone(RefitJob(*fields(5_000)))])

    return run


def task(name: str, told: list | None = None, **how: object) -> EstimatorTask:
    return EstimatorTask(name, Progress(name, 1, (100,), 1, 100), code(name, [] if told is None else told, **how))


def drive(count: int, jobs: int) -> tuple[Watcher, list[list]]:
    executor, told = Watcher(), [[] for _ in range(count)]
    scheduler.run_all([task(f"e{i}", told[i]) for i in range(count)], executor, jobs)
    executor.close()
    return executor, told


def test_every_batch_gets_its_outcomes_in_order() -> None:
    _, told = drive(3, 2)
    for outcomes in told:
        assert [len(batch) for batch in outcomes] == [1, 4, 2, 1, 1]
        assert [batch[0].accuracy for batch in outcomes[1:]] == [100, 400, 1_600, 5_000]


def test_no_more_run_at_once_than_asked_for() -> None:
    for jobs in (1, 2, 3):
        executor, _ = drive(4, jobs)
        assert max(map(len, executor.seen)) == jobs


def test_a_refit_is_always_alone_and_after_all_tuning() -> None:
    executor, _ = drive(5, 3)
    with_refit = [seen for seen in executor.seen if any(isinstance(job, RefitJob) for job in seen)]
    assert len(with_refit) == 5
    assert all(len(seen) == 1 for seen in with_refit)
    assert executor.seen[-5:] == with_refit


def test_workers_go_after_tuning_and_stay_warm_between_seeds() -> None:
    executor = Watcher()
    one = EstimatorTask("e", Progress("e", 1, (100,), 3, 100), code("e", [], seeds=3))
    scheduler.run_all([one], executor, 2)
    executor.close()
    first = executor.events.index("refit")
    assert executor.events[first - 1] == "retire"
    assert executor.events[first:] == ["refit", "refit", "refit", "retire"]


def test_the_slowest_estimator_goes_first_once_a_job_of_each_has_shown_which_it_is() -> None:
    names = ("quick", "slow", "slower")
    executor = Watcher({"quick": 0.01, "slow": 0.05, "slower": 0.09})
    scheduler.run_all([task(name) for name in names], executor, 1)
    executor.close()
    order = [job.estimator for job in (seen[-1] for seen in executor.seen) if isinstance(job, TuningJob)]
    assert order == [*names, *["slower"] * 6, *["slow"] * 6, *["quick"] * 6]


def test_a_first_job_that_takes_long_is_known_to_be_slow_before_it_has_ended() -> None:
    long, short = task("long"), task("short")
    for one in (long, short):
        one.start()
        assert one.seconds_per_row == math.inf
        one.results = [{}]
        one.resume()
    long.progress.running, long.busy_since = 1, time.monotonic() - 60
    short.progress.record_fit(100, 0.5, 1.0)
    assert 0.6 <= long.seconds_per_row < 60
    assert short.seconds_per_row == 0.01
    long.cancel()
    short.cancel()


def test_only_one_estimators_code_runs_at_a_time() -> None:
    inside, most = [], []

    def slowly(jobs: JobRunner) -> None:
        for _ in range(3):
            inside.append(1)
            time.sleep(0.01)
            most.append(len(inside))
            inside.pop()
            jobs.map([TuningJob("e", {}, TASK, PRESETS["quick"], "none", 100)] * 2)

    executor = Watcher()
    scheduler.run_all([EstimatorTask(f"e{i}", Progress("e", 1, (100,), 1, 1), slowly) for i in range(4)], executor, 4)
    executor.close()
    assert most == [1] * 12


@pytest.mark.parametrize("alone", [False, True], ids=["tuning", "in a refit"])
def test_a_stop_waits_only_for_a_refit_and_the_codes_cleanup_runs(alone: bool) -> None:
    events: list[object] = []
    future: Future = Future()

    def announce(refitting: bool) -> None:
        events.append(refitting)
        if refitting:
            future.set_result(Outcome("ok"))

    class Stopped(Answers):
        def submit(self, job: object) -> Future:
            stop.requested = True
            return future

    def waiting(jobs: JobRunner) -> None:
        fields = ("e", {}, TASK, PRESETS["quick"], "none", 100)
        try:
            if alone:
                events.append(jobs.alone(RefitJob(*fields)).status)
            jobs.map([TuningJob(*fields)])
            events.append("went on")
        except Exception:
            events.append("was told")
        finally:
            events.append("cleaned up")

    stop = StopRequest(announce)
    scheduler.run_all([EstimatorTask("e", Progress("e", 1, (100,), 1, 1), waiting)], Stopped(None), 1, stop)
    assert events == ([True, "ok", "cleaned up"] if alone else [False, "cleaned up"])
    assert not any(thread.name == "estimator e" for thread in threading.enumerate())


def test_what_the_code_raises_ends_the_run_and_the_code_of_the_others() -> None:
    def broken(jobs: JobRunner) -> None:
        jobs.describe(Describe("broken", TASK))
        raise OSError("the disk is full")

    ended: list[str] = []

    def other(jobs: JobRunner) -> None:
        try:
            for _ in range(100):
                jobs.map([TuningJob("other", {}, TASK, PRESETS["quick"], "none", 100)])
        finally:
            ended.append("other")

    tasks = [EstimatorTask(run.__name__, Progress("e", 1, (100,), 1, 1), run) for run in (other, broken)]
    executor = Watcher()
    with pytest.raises(OSError, match="the disk is full"):
        scheduler.run_all(tasks, executor, 2)
    assert ended == ["other"]
    executor.close()


def test_an_executor_that_can_run_nothing_ends_the_run() -> None:
    told: list = []
    with pytest.raises(EngineError, match="gone"):
        scheduler.run_all([task("e", told)], Answers(EngineError("the scheduler is gone")), 1)
    assert told == []


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (WorkerDiedError("timeout", "past its deadline"), WorkerDiedError, "^past its deadline$"),
        (BenchmarkError("no such plugin"), BenchmarkError, "^no such plugin$"),
        (OSError("closed"), BenchmarkError, "^OSError: closed$"),  # the executor's, so not a full disk of this machine
        (KeyboardInterrupt(), BenchmarkError, "^KeyboardInterrupt$"),
    ],
)
def test_a_plugin_that_cannot_be_described_is_the_estimators_own_failure(
    error: BaseException, kind: type[Exception], text: str
) -> None:
    told: list[str] = []

    def run(jobs: JobRunner) -> None:
        with pytest.raises(kind, match=text):
            jobs.describe(Describe("e", TASK))
        told.append("went on")

    scheduler.run_all([EstimatorTask("e", Progress("e", 1, (100,), 1, 1), run)], Answers(error), 1)
    assert told == ["went on"]
