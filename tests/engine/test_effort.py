"""A time limit against estimators whose fits take a known time, on a clock that only those fits move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from optuna.distributions import FloatDistribution

from benchmark.engine import effort, time_limit, tuning
from benchmark.engine.effort import Effort, Replayed, Timed, row_steps
from benchmark.engine.jobs import Outcome, RefitJob, TuningJob
from benchmark.engine.protocol import timed
from benchmark.engine.time_limit import Clock, Share, TimeLimit
from benchmark.engine.tuning import Tuned
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task

RUNGS, ALL, VALIDATION, TEST = (250, 1_000, 4_000, 16_000), 60_000, 2_500, 10_000
SPACE = {"model__x": FloatDistribution(0.0, 1.0)}
TEMPLATE = TuningJob("hand", {}, Task(2, (2, 2)), timed("10m"), "none", 0)


@dataclass
class Machine:
    """Answers jobs as a machine would on which a fit takes ``seconds(rows)``; stands in for a `JobRunner`."""

    seconds: Callable[[int], float]
    now: float = 1_000.0
    overhead: float = 0.2
    fitted: list[int] = field(default_factory=list)
    refitted: list[int] = field(default_factory=list)

    def turn(self) -> None:
        """The machine is free."""

    def map(self, jobs: list[TuningJob]) -> list[Outcome]:
        return [self.alone(job) for job in jobs]

    def alone(self, job: TuningJob | RefitJob) -> Outcome:
        predicts = TEST if isinstance(job, RefitJob) else VALIDATION
        fit, predict = self.seconds(job.rows), predicts * 1e-4
        took = fit + predict + self.overhead
        if job.limits.seconds is not None and took > job.limits.seconds:
            self.now += job.limits.seconds
            return Outcome("timeout", "killed")
        self.now += took
        (self.refitted if isinstance(job, RefitJob) else self.fitted).append(job.rows)
        accuracy = None if isinstance(job, RefitJob) else 0.9 - abs(job.params["model__x"] - 0.7) / 2 - 10 / job.rows
        return Outcome("ok", accuracy=accuracy, fit_seconds=fit, predict_seconds=predict, proba=np.zeros((1, 2)))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine(lambda rows: rows / 1_000)
    for module in (effort, time_limit):
        monkeypatch.setattr(module.time, "monotonic", lambda: found.now)
    return found


def carry_out(machine: Machine, found: Effort, journal: Path) -> tuple[Tuned, RefitJob, Outcome]:
    """Tune and refit one estimator."""
    study = tuning.open_study(journal, "hand", RUNGS)
    tuned = tuning.tune(study, SPACE, {"model__x": 0.25}, found, TEMPLATE, lambda jobs: found.tune(machine, jobs))
    assert tuned.best is not None
    fields = {**vars(TEMPLATE), "params": tuned.best.params}
    return tuned, *found.refit(machine, lambda rows: RefitJob(**{**fields, "rows": rows}))


def in_time(machine: Machine, seconds: float, folder: Path) -> tuple[Timed, Tuned, RefitJob, Outcome]:
    clock = Clock(TimeLimit(each=seconds), 1, 0.0, folder)
    found = Timed(Share(clock), machine.turn, 13, RUNGS, ALL, VALIDATION, TEST)
    return found, *carry_out(machine, found, folder / "study.journal")


def test_a_fit_that_all_rows_leave_time_for_is_refitted_on_all_after_some_trials(
    machine: Machine, tmp_path: Path
) -> None:
    start = machine.now
    found, tuned, job, outcome = in_time(machine, 300.0, tmp_path)  # a refit of all takes 61 s
    assert (job.rows, outcome.status) == (ALL, "ok")
    assert len(tuned.trials) > 4
    assert machine.now - start <= 300
    assert found.plan is not None
    assert found.plan.all_rows_seconds == pytest.approx(60 + 1 + 0.2, rel=0.02)


@pytest.mark.parametrize("power", [0.6, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("seconds", [10.0, 30.0, 100.0, 1_000.0])
def test_no_estimator_takes_longer_than_it_has(machine: Machine, tmp_path: Path, power: float, seconds: float) -> None:
    machine.seconds = lambda rows: 2 * (rows / 1_000) ** power
    start = machine.now
    _, tuned, job, outcome = in_time(machine, seconds, tmp_path)
    assert outcome.status == "ok"
    assert machine.now - start <= (1 + effort.LATE) * seconds
    assert job.rows in {*row_steps(ALL), *RUNGS}
    if job.rows < ALL:
        assert len(tuned.trials) == 1  # more rows first, and then more trials
        assert machine.now - start > 0.3 * seconds  # and not much fewer than there was time for


def test_a_refit_that_takes_far_longer_than_forecast_is_killed_and_fewer_rows_stand(
    machine: Machine, tmp_path: Path
) -> None:
    machine.seconds = lambda rows: rows / 1_000 if rows <= 16_000 else 1e9
    start = machine.now
    _, _, job, outcome = in_time(machine, 100.0, tmp_path)
    assert outcome.status == "ok"
    assert job.rows in RUNGS
    assert machine.now - start <= 110


def test_an_estimator_without_time_for_one_fit_says_what_it_had(machine: Machine, tmp_path: Path) -> None:
    machine.seconds = lambda rows: 1e9
    with pytest.raises(AssertionError):
        in_time(machine, 10.0, tmp_path)
    tuned = tuning.summary(tuning.open_study(tmp_path / "other.journal", "hand", RUNGS))
    assert not tuned.trials
    found = Timed(Share(Clock(TimeLimit(each=10.0), 1, 0.0, tmp_path)), machine.turn, 13, RUNGS, ALL, VALIDATION, TEST)
    (outcome,) = found.tune(machine, [replace(TEMPLATE, rows=250, params={"model__x": 0.2})])
    assert outcome.status == "timeout"
    assert outcome.reason == "a fit on 250 rows takes longer than its 10s; give more with --time or --time-each"


def test_a_plan_is_repeated_without_a_clock(machine: Machine, tmp_path: Path) -> None:
    found, tuned, job, _ = in_time(machine, 300.0, tmp_path)
    machine.seconds, machine.fitted = lambda rows: 1.0, []
    again, job_again, _ = carry_out(machine, Replayed(found.plan, job.rows), tmp_path / "again.journal")
    assert again.best is not None
    assert again.best.params == tuned.best.params
    assert [[rung.rows for rung in trial.rungs] for trial in again.trials] == [
        [rung.rows for rung in trial.rungs] for trial in tuned.trials
    ]
    assert job_again.rows == job.rows


def test_what_one_estimator_leaves_goes_to_those_that_wait(machine: Machine, tmp_path: Path) -> None:
    clock = Clock(TimeLimit(total=1_000.0), 4, 0.0, tmp_path)
    first, second, third, last = (Share(clock) for _ in range(4))
    usual = first.seconds
    assert usual == pytest.approx((1_000 - time_limit.REPORT_SECONDS - 4 * time_limit.REPORT_SECONDS_EACH) / 4)
    first.begin(machine.turn)
    machine.now += 10
    second.end()  # failed before its turn
    third.begin(machine.turn)
    assert third.seconds == pytest.approx((4 * usual - 10) / 2)
    machine.now += third.seconds
    last.begin(machine.turn)
    assert last.seconds == pytest.approx(third.seconds)


def test_early_fits_are_part_of_equal_shares(machine: Machine, tmp_path: Path) -> None:
    clock = Clock(TimeLimit(total=1_000.0), 4, 0.0, tmp_path)
    quick, usual, slow, failed = (Share(clock) for _ in range(4))
    available = 4 * quick.seconds
    for share, seconds in ((quick, 1.0), (usual, 49.0), (slow, 200.0), (failed, 3.0)):
        machine.now += seconds
        share.spend_early(seconds)
    failed.end()
    slow_needs = time_limit.AGAIN * 200.0  # more than a third of what is left
    quick.begin(machine.turn)
    assert quick.seconds == pytest.approx((available - 3 - slow_needs) / 2)
    assert quick.left == pytest.approx(quick.seconds - 1)
    machine.now += quick.left
    usual.begin(machine.turn)
    assert usual.seconds == pytest.approx(quick.seconds)  # in seconds of their own, early ones included
    machine.now += usual.left - 10
    slow.begin(machine.turn)
    assert slow.seconds == pytest.approx(slow_needs + 10)
    assert slow.left == pytest.approx(slow_needs + 10 - 200)
    machine.now += slow.left
    assert clock.used == pytest.approx(available)


def test_an_interrupted_run_has_what_it_left_and_an_ended_one_has_all_again(machine: Machine, tmp_path: Path) -> None:
    clock = Clock(TimeLimit(total=100.0), 1, 0.0, tmp_path)
    machine.now += 40
    clock.tick()
    assert Clock(TimeLimit(total=100.0), 1, 0.0, tmp_path).used == pytest.approx(40)
    clock.end()
    assert Clock(TimeLimit(total=100.0), 1, 0.0, tmp_path).used == 0


def test_rows_of_a_refit_are_few_round_parts_of_all() -> None:
    assert row_steps(60_000)[:6] == [60_000, 45_000, 30_000, 22_500, 15_000, 11_250]
    assert row_steps(1) == [1]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5_400), ("2H", 7_200)])
def test_durations_are_read_and_written(text: str, seconds: float) -> None:
    assert time_limit.seconds_of(text) == seconds
    assert time_limit.seconds_of(time_limit.short(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "10", "0m", "-5m", "5 m", "m", "1.5h", "10m5"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BenchmarkError, match="is not a time such as"):
        time_limit.seconds_of(text)
