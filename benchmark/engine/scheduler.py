"""Runs many estimators side by side, and a refit alone.

A lane is one estimator's life: a generator that yields waves of jobs and is sent their outcomes
in the same order. Waves of all lanes share the workers, those of the slowest estimator first, as
far as one job of each has shown which that is; a refit, whose times the leaderboard compares, waits
until all tuning is done and is alone on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any

from benchmark.engine.executors import Executor
from benchmark.engine.jobs import Describe, Job, Outcome
from benchmark.engine.progress import Progress
from benchmark.errors import EngineError

Waves = Generator["list[Describe] | list[Job]", "list[Any]", None]


@dataclass(eq=False)
class Lane:
    """One estimator's waves, and how far the present one has got.

    Attributes
    ----------
    name : str
        The estimator's.
    progress : Progress
    waves : Waves
    wave : sequence of Describe or Job
        The present one; empty at the end.
    results : list
        Of the present wave, in its order.
    launched : int
        Jobs of the present wave that have been started.
    busy_since : float
        By the monotonic clock: when it last began to run jobs after having had none.
    """

    name: str
    progress: Progress
    waves: Waves
    wave: Sequence[Describe | Job] = ()
    results: list[Any] = field(default_factory=list)
    launched: int = 0
    busy_since: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every job of the present wave has an outcome."""
        return self.launched == len(self.wave) and self.progress.running == 0

    @property
    def waits_to_be_alone(self) -> bool:
        """Whether the present wave is a refit."""
        return bool(self.wave) and isinstance(self.wave[0], Job) and self.wave[0].test

    @property
    def seconds_per_row(self) -> float:
        """What a row has cost so far; before the first outcome, what the first job has taken at least."""
        job = self.wave[0] if self.wave else None
        if self.progress.rows_fitted or not self.progress.running or not isinstance(job, Job):
            return self.progress.seconds_per_row
        return (time.monotonic() - self.busy_since) / job.rows

    def take(self, place: int, result: Any) -> None:
        """Keep what became of a job of the present wave, and note at once what it cost."""
        job = self.wave[place]
        self.results[place] = result
        self.progress.running -= 1
        if isinstance(job, Job) and not job.test and isinstance(result, Outcome):
            self.progress.saw(job.rows, result.accuracy, result.fit_seconds + result.predict_seconds)

    def advance(self, outcomes: list[Any] | None) -> None:
        """Send the outcomes of a wave and take the next one; an empty wave is the end."""
        try:
            self.wave = self.waves.send(outcomes) if outcomes is not None else next(self.waves)
        except StopIteration:
            self.wave = ()
        self.results, self.launched = [None] * len(self.wave), 0


Running = dict[Future[Any], tuple[Lane, int]]

POLL_SECONDS = 0.2
"""How late a stop is noticed."""


class Stop:
    """A wish to stop, which may be set at any moment, from a signal handler too.

    Parameters
    ----------
    announce : callable
        Called once, outside any handler, when the wish is noticed; told whether a refit, which
        is not thrown away, is still running.
    """

    def __init__(self, announce: Callable[[bool], None] = lambda refitting: None) -> None:
        self.asked = False
        self._announce = announce
        self._noticed = False

    def notice(self, refitting: bool) -> None:
        """Announce it, the first time."""
        if not self._noticed:
            self._noticed = True
            self._announce(refitting)


def drive(lanes: Sequence[Lane], executor: Executor, jobs: int, stop: Stop | None = None) -> None:
    """Run all lanes to their ends, or until asked to stop: then only a refit is waited for.

    Parameters
    ----------
    lanes : sequence of Lane
    executor : Executor
    jobs : int
        Jobs at once while tuning.
    stop : Stop, optional

    Raises
    ------
    EngineError
        The executor can run no job any more.
    """
    stop = stop or Stop()
    running: Running = {}
    for lane in lanes:
        lane.advance(None)
    measured: Lane | None = None
    while any(lane.wave for lane in lanes):
        if not stop.asked:
            measured = _launch(lanes, executor, jobs, running, measured)
        else:
            refitting = any(lane.waits_to_be_alone for lane, _ in running.values())
            stop.notice(refitting)
            if not refitting:  # a trial that is cut off is queued again by the next run
                return
        done, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            lane, place = running.pop(future)
            error = future.exception()
            if isinstance(error, EngineError):
                raise error
            lane.take(place, error or future.result())
            tuning = not lane.waits_to_be_alone
            if lane.complete:
                lane.advance(list(lane.results))
            if not lane.wave or (tuning and lane.waits_to_be_alone):  # its refits get a worker of their own
                executor.retire(lane.name)


def _launch(
    lanes: Sequence[Lane], executor: Executor, jobs: int, running: Running, measured: Lane | None
) -> Lane | None:
    """Start what may be started; return the lane whose refit was the last to be started."""
    tuning = [lane for lane in lanes if lane.wave and not lane.waits_to_be_alone]
    # Quick jobs fill what slow ones leave; a slow study that comes last would have one worker idle for its top rung.
    while len(running) < jobs and (ready := [lane for lane in tuning if lane.launched < len(lane.wave)]):
        _submit(executor, max(ready, key=lambda lane: lane.seconds_per_row), running)
    # Refits come after all tuning, so the machine runs empty once and not once per estimator.
    if tuning or running:
        return measured
    lane = next(lane for lane in lanes if lane.wave)
    if lane is not measured:
        for other in lanes:  # an idle worker still holds memory, and its threads may spin
            executor.retire(other.name)
    _submit(executor, lane, running)
    return lane


def _submit(executor: Executor, lane: Lane, running: Running) -> None:
    job = lane.wave[lane.launched]
    lane.progress.begin()
    if not lane.progress.running:
        lane.busy_since = time.monotonic()
    future: Future[Any] = executor.describe(job) if isinstance(job, Describe) else executor.submit(job)
    running[future] = lane, lane.launched
    lane.launched += 1
    lane.progress.running += 1
