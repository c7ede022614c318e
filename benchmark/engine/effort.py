"""How far an estimator is tuned, and on how many rows it is refitted.

`tuning.tune` and the runner ask an `Effort` before each step. That of a preset knows the answers beforehand. That of a
time limit forecasts them from the fits that the estimator has made so far. What a clock has chosen is a plan of whole
trials, rungs and rows, and the effort that repeats a plan needs no clock.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from benchmark.engine import protocol
from benchmark.engine.jobs import Limits, Outcome, RefitJob, TuningJob
from benchmark.engine.scheduler import JobRunner
from benchmark.engine.time_limit import Share, short
from benchmark.storage.schema import RungResult, TimePlan

SAFETY = 1.25
"""What a step is forecast to take is multiplied by it before it is held against the time that is left."""

EXPLORING, EXPLORING_FIRST = 0.2, 0.5
"""Share of the time left that the next rung of the defaults may take: it shows what more rows cost. From the lowest
rung it may take more, since one size says nothing about another: a net whose least number of steps decides the time of
few rows was refitted on 1,000 rows in a quarter of its time."""

MOST_EXPLORING = 0.5
"""Share of the time left after which such a fit is killed: its forecast was too low."""

LATE = 0.1
"""Share of its time after which a worker that is still busy is killed."""

NEAR_STEEPNESS, FAR_STEEPNESS, LEAST_STEEPNESS = 0.6, 1.2, 1.0
"""Power of the rows that a fit's time grows with. Measured from 250 to 60,000 images: 0.4 to 0.7 at the lower end,
where other work takes the time, and 0.8 to 1.3 at the upper end. The first two hold while one size is known, for the
next rung and for more; the last is the least for the refit."""

QUICK = 0.2
"""Share of its time that the refit may take which stands in for one that was killed."""

LEAST_SECONDS = 2.0
"""Shortest deadline of a job."""


class Effort(ABC):
    """How far one estimator goes.

    Attributes
    ----------
    rungs : tuple of int
        Training rows that trials climb, lowest first. Those of a time limit are fewer once it has said so.
    """

    rungs: tuple[int, ...]

    @abstractmethod
    def trials_to_ask(self, finished: int) -> int:
        """Return how many trials to ask for next, after so many; 0 ends the study."""

    @abstractmethod
    def tune(self, jobs: JobRunner, batch: Sequence[TuningJob]) -> list[Outcome] | None:
        """Run the fits of a batch of trials on one rung; None if there is no time for them."""

    @abstractmethod
    def refit(self, jobs: JobRunner, make: Callable[[int], RefitJob]) -> tuple[RefitJob, Outcome]:
        """Refit on as many rows as this effort has; ``make(rows)`` returns the job."""

    def recall(self, measured: Sequence[RungResult]) -> None:
        """Take over what an interrupted run has measured of the defaults. A preset has no use for it."""
        return

    @property
    def plan(self) -> TimePlan | None:
        """What a clock has chosen; None if none did."""
        return None


@dataclass
class Fixed(Effort):
    """The effort of a preset.

    Attributes
    ----------
    trials : int
    rungs : tuple of int
    rows : int
        Of the refit.
    """

    trials: int
    rungs: tuple[int, ...]
    rows: int

    def trials_to_ask(self, finished: int) -> int:
        """A study interrupted within a batch first completes that batch."""
        return min(self.trials - finished, protocol.BATCH - finished % protocol.BATCH)

    def tune(self, jobs: JobRunner, batch: Sequence[TuningJob]) -> list[Outcome] | None:
        """The fits share the machine with those of other estimators."""
        return jobs.map(batch)

    def refit(self, jobs: JobRunner, make: Callable[[int], RefitJob]) -> tuple[RefitJob, Outcome]:
        """One refit, with the machine to itself."""
        job = make(self.rows)
        return job, jobs.alone(job)


class Replayed(Fixed):
    """The effort that a clock chose before, without a clock."""

    def __init__(self, plan: TimePlan, rows: int) -> None:
        super().__init__(plan.trials, tuple(plan.rungs), rows)
        self._plan = plan

    def trials_to_ask(self, finished: int) -> int:
        """The defaults climb alone, as they do under a time limit."""
        return _batch_after_defaults(self.trials, finished)

    def tune(self, jobs: JobRunner, batch: Sequence[TuningJob]) -> list[Outcome] | None:
        """Each fit has the machine to itself."""
        return [jobs.alone(job) for job in batch]

    @property
    def plan(self) -> TimePlan | None:
        """The plan that is repeated."""
        return self._plan


@dataclass(frozen=True)
class _Cost:
    """What a fit on so many rows took: seconds of the fit, and of the prediction of one row."""

    rows: int
    fit: float
    predict: float


class Timed(Effort):
    """As much as fits into an estimator's share of a time limit.

    The defaults are fitted first, on the lowest rung. They climb while the next rung is forecast to take a small part
    of what is left. The refit gets as many rows as are forecast to fit. If those are all, trials are made of what is
    left. A worker that is still busy a tenth after the share has ended is killed, and the best answer so far stands.

    Parameters
    ----------
    share : Share
        Of the estimator.
    turn : callable
        Waits until the machine is the estimator's.
    trials : int
        Maximum.
    rungs : sequence of int
    all_rows : int
        Training rows of a refit that leaves none out.
    validation_rows, test_rows : int
        Rows that a trial, and a refit, predict.
    refits : int
        Seeds.
    part : float
        Of the estimator's share, if it has several things to tune: the folds of a cross-validation.
    """

    def __init__(
        self,
        share: Share,
        turn: Callable[[], None],
        trials: int,
        rungs: Sequence[int],
        all_rows: int,
        validation_rows: int,
        test_rows: int,
        refits: int = 1,
        part: float = 1.0,
    ) -> None:
        self._share, self._turn, self.trials = share, turn, trials
        self.rungs, self.all_rows = tuple(rungs), all_rows
        self.predicted, self.test_rows, self.refits, self.part = max(1, validation_rows), test_rows, refits, part
        self._costs: list[_Cost] = []
        self._spent, self._overhead = 0.0, 0.5
        self._climbing, self._closed, self._counted = True, False, 0
        self._rows: int | None = None

    def recall(self, measured: Sequence[RungResult]) -> None:
        """Take over what an interrupted run has measured of the defaults; go on from there."""
        if measured:
            self._costs = [
                _Cost(each.rows, each.fit_seconds, each.predict_seconds / self.predicted) for each in measured
            ]
            self._settle(measured[-1].rows)

    def trials_to_ask(self, finished: int) -> int:
        """The defaults alone first, then batches as long as a whole batch fits before the refit."""
        if not finished:
            return 1
        if not self._costs:  # the first fit failed
            return 0
        self._share.begin(self._turn)
        self._climbing = False
        self._counted = self._counted if self._closed else finished
        count = _batch_after_defaults(self.trials, finished)
        if self._closed or count <= 0:
            return 0
        whole = SAFETY * self._refits_cost(self.all_rows)
        return count if SAFETY * self._batch_cost(count) + whole <= self._left else 0

    def tune(self, jobs: JobRunner, batch: Sequence[TuningJob]) -> list[Outcome] | None:
        """Run a batch, if the forecast leaves room; the first fit comes before any turn."""
        if not self._costs:
            return self._first(jobs, batch)
        self._share.begin(self._turn)
        if not self._may_climb(batch[0].rows):
            self._stop(batch[0].rows)
            return None
        outcomes = []
        kept = (1 - MOST_EXPLORING) * self._left + LATE * self._seconds if self._climbing else 0.0
        for job in batch:
            outcomes.append(self._alone(jobs, replace(job, limits=self._limits(job.limits, kept))))
            if outcomes[-1].status == "timeout":
                self._stop(job.rows)
                return None
        self._learn(batch[0].rows, outcomes)
        return outcomes

    def refit(self, jobs: JobRunner, make: Callable[[int], RefitJob]) -> tuple[RefitJob, Outcome]:
        """Refit on as many rows as fit; if that takes too long, on as few as are known to fit."""
        rows = self._rows or self._affordable_rows()
        fewer = self._quick_rows(rows)
        job = make(rows)
        kept = self._refit_cost(fewer) if fewer else 0.0
        outcome = self._alone(jobs, replace(job, limits=self._limits(job.limits, kept)))
        if outcome.status == "timeout" and fewer:
            rows, job = fewer, make(fewer)
            outcome = self._alone(jobs, replace(job, limits=replace(job.limits, seconds=LEAST_SECONDS + 2 * kept)))
        self._rows = rows
        return job, outcome

    @property
    def plan(self) -> TimePlan | None:
        """What was chosen, and what all rows are forecast to take."""
        needed = self._refit_cost(self.all_rows) if self._costs else 0.0
        return TimePlan(round(self._seconds, 1), max(1, self._counted), self.rungs, round(needed, 1))

    # ------------------------------------------------------------------------------------------------ the clock

    @property
    def _seconds(self) -> float:
        return self.part * self._share.seconds

    @property
    def _left(self) -> float:
        return self._seconds - self._spent

    def _limits(self, limits: Limits, kept: float = 0.0) -> Limits:
        """Return the limits of a job that has what is left, without some seconds that are kept for another."""
        return replace(limits, seconds=max(LEAST_SECONDS, self._left + LATE * self._seconds - kept))

    def _alone(self, jobs: JobRunner, job: TuningJob | RefitJob) -> Outcome:
        start = time.monotonic()
        outcome = jobs.alone(job)
        took = time.monotonic() - start
        self._spent += took
        if outcome.status == "ok":
            self._overhead = max(0.2, took - outcome.fit_seconds - outcome.predict_seconds)
        return outcome

    def _first(self, jobs: JobRunner, batch: Sequence[TuningJob]) -> list[Outcome]:
        """Run the first fit, before the estimator's turn."""
        limited = [replace(job, limits=self._limits(job.limits)) for job in batch]
        if self._share.begun:  # another fold of a cross-validation
            outcomes = [self._alone(jobs, job) for job in limited]
        else:
            outcomes = jobs.map(limited)
            self._spent += sum(each.fit_seconds + each.predict_seconds + self._overhead for each in outcomes)
            self._share.spend_early(self._spent)
        if outcomes[0].status == "timeout":
            needs = f"a fit on {batch[0].rows:,} rows takes longer than its {short(self._seconds)}"
            return [replace(each, reason=f"{needs}; give more with --time or --time-each") for each in outcomes]
        self._learn(batch[0].rows, outcomes)
        return outcomes

    # ------------------------------------------------------------------------------------------------ forecasts

    def _learn(self, rows: int, outcomes: Sequence[Outcome]) -> None:
        """Keep the slowest fit and the slowest prediction on so many rows."""
        ok = [outcome for outcome in outcomes if outcome.status == "ok"]
        if not ok:
            return
        same = [cost for cost in self._costs if cost.rows == rows]
        fit = max([each.fit_seconds for each in ok] + [cost.fit for cost in same])
        predict = max([each.predict_seconds / self.predicted for each in ok] + [cost.predict for cost in same])
        others = [cost for cost in self._costs if cost.rows != rows]
        self._costs = sorted([*others, _Cost(rows, fit, predict)], key=lambda cost: cost.rows)

    def _fit_seconds(self, rows: int, least: float) -> float:
        near = rows <= protocol.REDUCTION_FACTOR * self._costs[-1].rows
        alone = NEAR_STEEPNESS if near else FAR_STEEPNESS
        return _forecast([(cost.rows, cost.fit) for cost in self._costs], rows, alone, least)

    def _predict_seconds(self, rows: int, predicted: int) -> float:
        return predicted * _forecast([(cost.rows, cost.predict) for cost in self._costs], rows, 0.0, 0.0)

    def _trial_cost(self, rows: int) -> float:
        return self._fit_seconds(rows, 0.0) + self._predict_seconds(rows, self.predicted) + self._overhead

    def _refit_cost(self, rows: int) -> float:
        return self._fit_seconds(rows, LEAST_STEEPNESS) + self._predict_seconds(rows, self.test_rows) + self._overhead

    def _refits_cost(self, rows: int) -> float:
        return self.refits * self._refit_cost(rows)

    def _batch_cost(self, count: int) -> float:
        climbing = [max(1, count // protocol.REDUCTION_FACTOR**place) for place in range(len(self.rungs))]
        return math.fsum(n * self._trial_cost(rows) for n, rows in zip(climbing, self.rungs, strict=True))

    def _may_climb(self, rows: int) -> bool:
        cost, left = self._trial_cost(rows), self._left
        if not self._climbing:
            return SAFETY * (cost + self._refits_cost(self.all_rows)) <= left
        exploring = EXPLORING if len(self._costs) > 1 else EXPLORING_FIRST
        return cost <= exploring * left and SAFETY * (cost + self._refits_cost(rows)) <= left

    def _stop(self, rows: int) -> None:
        """End climbing the defaults below these rows, or close the study: the batch does not count."""
        if self._climbing:
            self._settle(rows - 1)
        else:
            self._closed = True

    def _settle(self, reached: int) -> None:
        """The defaults have climbed so far; the study is held on these rungs."""
        self.rungs, self._climbing = tuple(rows for rows in self.rungs if rows <= reached), False

    def _affordable_rows(self) -> int:
        """Return the most rows of `row_steps` whose refits are forecast to fit."""
        fitting = [rows for rows in row_steps(self.all_rows) if SAFETY * self._refits_cost(rows) <= self._left]
        return fitting[0] if fitting else min(self.rungs[0], self.all_rows)

    def _quick_rows(self, rows: int) -> int | None:
        """Return the most rows below these whose refit is known to be quick; else those of the lowest rung."""
        known = [cost.rows for cost in self._costs if cost.rows < rows]
        quick = [each for each in known if self._refit_cost(each) <= QUICK * self._seconds]
        return max(quick, default=min(known, default=None))


def row_steps(rows: int) -> list[int]:
    """Return the numbers of rows that a refit may have, most first: all, three quarters, a half, three eighths, …"""
    steps = [rows]
    while (half := rows >> 1) >= 1 and len(steps) < 40:
        steps += [max(1, half + half // 2), half]
        rows = half
    return list(dict.fromkeys(steps))


def _batch_after_defaults(trials: int, finished: int) -> int:
    """Return the trials of the next batch, if the first one was the defaults alone."""
    size = protocol.BATCH - (finished - 1) % protocol.BATCH if finished else 1
    return min(trials - finished, size)


def _forecast(known: Sequence[tuple[int, float]], rows: int, alone: float, least: float) -> float:
    """Return the seconds that so many rows take: a power of the rows, the steepest of the last two steps.

    Parameters
    ----------
    known : sequence of (int, float)
        Rows, ascending, and seconds.
    rows : int
    alone : float
        Power, if only one size is known.
    least : float
        Least power, if several are known.
    """
    for size, seconds in known:
        if size >= rows:
            return seconds
    slopes = [
        math.log(max(after, 1e-9) / max(before, 1e-9)) / math.log(more / fewer)
        for (fewer, before), (more, after) in pairwise(known)
    ]
    last, seconds = known[-1]
    return seconds * math.pow(rows / last, max([*slopes[-2:], least]) if slopes else alone)
