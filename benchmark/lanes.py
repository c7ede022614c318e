"""Runs many estimators side by side, and a refit alone.

A lane is one estimator's life: a generator that yields waves of jobs and is sent their outcomes
in the same order. Waves of all lanes share the workers, the first lane's first; a refit, whose
times the leaderboard compares, waits until it is alone on the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any

from benchmark import protocol
from benchmark.executors import Executor
from benchmark.jobs import Describe, Job
from benchmark.progress import Progress

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
    """

    name: str
    progress: Progress
    waves: Waves
    wave: Sequence[Describe | Job] = ()
    results: list[Any] = field(default_factory=list)
    launched: int = 0

    @property
    def complete(self) -> bool:
        """Whether every job of the present wave has an outcome."""
        return self.launched == len(self.wave) and self.progress.running == 0

    @property
    def waits_to_be_alone(self) -> bool:
        """Whether the present wave is a refit."""
        return bool(self.wave) and isinstance(self.wave[0], Job) and self.wave[0].test_X is not None

    def advance(self, outcomes: list[Any] | None) -> None:
        """Send the outcomes of a wave and take the next one; an empty wave is the end."""
        try:
            self.wave = self.waves.send(outcomes) if outcomes is not None else next(self.waves)
        except StopIteration:
            self.wave = ()
        self.results, self.launched = [None] * len(self.wave), 0


Running = dict[Future[Any], tuple[Lane, int]]


def drive(lanes: Sequence[Lane], executor: Executor, jobs: int) -> None:
    """Run all lanes to their ends.

    Parameters
    ----------
    lanes : sequence of Lane
        In order of precedence.
    executor : Executor
    jobs : int
        Jobs at once while tuning.
    """
    running: Running = {}
    for lane in lanes:
        lane.advance(None)
    while any(lane.wave for lane in lanes):
        _launch(lanes, executor, jobs, running)
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            lane, place = running.pop(future)
            lane.results[place] = future.exception() or future.result()
            lane.progress.running -= 1
            if lane.complete:
                lane.advance(list(lane.results))
            if not lane.wave:
                executor.retire(lane.name)


def _launch(lanes: Sequence[Lane], executor: Executor, jobs: int, running: Running) -> None:
    waiting = [lane for lane in lanes if lane.waits_to_be_alone]
    if waiting and not running:
        for lane in lanes:  # an idle worker still holds memory, and its threads may spin
            executor.retire(lane.name)
        _submit(executor, waiting[0], running)
        return
    if any(lane in waiting for lane, _ in running.values()):
        return  # the refit is running, alone
    # While a refit waits for a long fit to end, only fits a rung or more below it are started:
    # they are done before it, so no core idles and the refit does not wait longer for them.
    longest = max((_rows(lane.wave[place]) for lane, place in running.values()), default=0)
    limit = longest // protocol.REDUCTION_FACTOR if waiting else sys.maxsize
    for lane in lanes:
        if lane in waiting:
            continue
        while lane.launched < len(lane.wave) and len(running) < jobs and _rows(lane.wave[lane.launched]) <= limit:
            _submit(executor, lane, running)


def _rows(job: Describe | Job) -> int:
    return job.rows if isinstance(job, Job) else 0


def _submit(executor: Executor, lane: Lane, running: Running) -> None:
    job = lane.wave[lane.launched]
    lane.progress.begin()
    future: Future[Any] = executor.describe(job) if isinstance(job, Describe) else executor.submit(job)
    running[future] = lane, lane.launched
    lane.launched += 1
    lane.progress.running += 1
