"""What runs beside what: jobs share the workers, a refit is alone."""

from __future__ import annotations

import math
import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from benchmark.engine import scheduler as lanes
from benchmark.engine.jobs import Describe, Job, Outcome
from benchmark.engine.progress import Progress
from benchmark.engine.protocol import PRESETS
from benchmark.engine.scheduler import Lane
from benchmark.estimator import Task

TASK = Task(2, (2, 2))


class Watcher:
    """An executor that takes a moment for each job and notes what ran beside what."""

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
            self.events.append("refit" if isinstance(job, Job) and job.test else "other")
        time.sleep(random.Random(repr(job)).random() / 50 + getattr(job, "rows", 0) / 40_000)
        with self.lock:
            self.now.remove(job)
        if not isinstance(job, Job):
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


def life(name: str, told: list, rungs: tuple[int, ...] = (100, 400, 1_600), seeds: int = 1):
    def job(rows: int, test: bool = False) -> Job:
        return Job(name, {"x": len(told)}, TASK, PRESETS["quick"], "none", rows, test)

    told.append((yield [Describe(name, TASK)]))
    for width, rows in zip((4, 2, 1), rungs, strict=True):
        told.append((yield [job(rows) for _ in range(width)]))
    for _ in range(seeds):
        told.append((yield [job(5_000, True)]))


def drive(count: int, jobs: int) -> tuple[Watcher, list[list]]:
    executor, told = Watcher(), [[] for _ in range(count)]
    running = [Lane(f"e{i}", Progress(f"e{i}", 1, (100,), 1, 100), life(f"e{i}", told[i])) for i in range(count)]
    lanes.drive(running, executor, jobs)
    executor.close()
    return executor, told


def test_every_wave_gets_its_outcomes_in_order() -> None:
    _, told = drive(3, 2)
    for outcomes in told:
        assert [len(wave) for wave in outcomes] == [1, 4, 2, 1, 1]
        assert [wave[0].accuracy for wave in outcomes[1:]] == [100, 400, 1_600, 5_000]


def test_no_more_run_at_once_than_asked_for() -> None:
    for jobs in (1, 2, 3):
        executor, _ = drive(4, jobs)
        assert max(map(len, executor.seen)) == jobs


def test_a_refit_is_always_alone() -> None:
    executor, _ = drive(5, 3)
    beside = [seen for seen in executor.seen if any(isinstance(job, Job) and job.test for job in seen)]
    assert len(beside) == 5
    assert all(len(seen) == 1 for seen in beside)


def test_workers_go_after_tuning_and_stay_warm_between_seeds() -> None:
    executor = Watcher()
    lane = Lane("e", Progress("e", 1, (100,), 3, 100), life("e", [], seeds=3))
    lanes.drive([lane], executor, 2)
    executor.close()
    first = executor.events.index("refit")
    assert executor.events[first - 1] == "retire"
    assert executor.events[first:] == ["refit", "refit", "refit", "retire"]


def test_the_slowest_estimator_goes_first_once_a_job_of_each_has_shown_which_it_is() -> None:
    names = ("quick", "slow", "slower")
    executor = Watcher({"quick": 0.01, "slow": 0.05, "slower": 0.09})
    lanes.drive([Lane(name, Progress(name, 1, (100,), 1, 100), life(name, [])) for name in names], executor, 1)
    executor.close()
    order = [job.estimator for job in (seen[-1] for seen in executor.seen) if isinstance(job, Job) and not job.test]
    assert order == [*names, *["slower"] * 6, *["slow"] * 6, *["quick"] * 6]


def test_a_first_job_that_takes_long_is_known_to_be_slow_before_it_has_ended() -> None:
    lane, other = (Lane(name, Progress(name, 1, (100,), 1, 100), life(name, [])) for name in ("long", "short"))
    for one in (lane, other):
        one.advance(None)
        assert one.seconds_per_row == math.inf
        one.advance([{}])
    lane.progress.running, lane.busy_since = 1, time.monotonic() - 60
    other.progress.saw(100, 0.5, 1.0)
    assert 0.6 <= lane.seconds_per_row < 60
    assert other.seconds_per_row == 0.01
