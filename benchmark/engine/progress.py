"""The progress of a run, as values: the scheduler and the runner update it, and the live view shows it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from benchmark.engine.time_limit import Share

Phase = Literal["waiting", "tuning", "tuned", "refit", "curve", "done", "unchanged", "failed"]


@dataclass
class Progress:
    """Progress of one estimator.

    Attributes
    ----------
    estimator : str
    phase : str
    trials : int
        Trials to run.
    rungs : tuple of int
        Training rows of each rung.
    seeds : int
        Refits to run.
    final_rows : int
        Training rows of a refit.
    phase : str
    trial : int
        Trials finished.
    rows : int
        Training rows of the jobs that are running.
    best : float or None
        Best validation accuracy so far, on the highest rung that a trial has reached.
    best_rows : int
        Training rows of that rung.
    seed : int
        Number of the refit that is running, counted from 1.
    worker_seconds : float
        Seconds spent in fit and predict so far, summed over the workers.
    rows_fitted : int
        Rows fitted in that time.
    top_seconds : float
        Longest fit and predict on the top rung, in seconds.
    reason : str
        Why the estimator failed.
    running : int
        Jobs that are running now.
    started, stopped : float or None
        Start of the first job and end, by the monotonic clock.
    earlier_trials : int
        Trials that an earlier run had finished.
    share : Share or None
        Of a time limit.
    """

    estimator: str
    trials: int
    rungs: tuple[int, ...]
    seeds: int
    final_rows: int
    phase: Phase = "waiting"
    trial: int = 0
    rows: int = 0
    best: float | None = None
    best_rows: int = 0
    seed: int = 0
    worker_seconds: float = 0.0
    rows_fitted: int = 0
    top_seconds: float = 0.0
    reason: str = ""
    running: int = 0
    started: float | None = None
    stopped: float | None = None
    earlier_trials: int = field(default=0, repr=False)
    share: Share | None = field(default=None, repr=False)

    def begin(self) -> None:
        """Start the clock; later calls change nothing."""
        if self.started is None:
            self.started = time.monotonic()

    def end(self, phase: Phase, reason: str = "") -> None:
        """Enter the last phase and stop the clock."""
        self.phase, self.reason, self.stopped = phase, reason, time.monotonic()

    @property
    def elapsed(self) -> float:
        """Wall seconds since the estimator's first job of this run."""
        if self.started is None:
            return 0.0
        return (self.stopped or time.monotonic()) - self.started

    def record_fit(self, rows: int, accuracy: float | None, seconds: float) -> None:
        """Count one finished fit and its predictions."""
        self.worker_seconds += seconds
        self.rows_fitted += rows
        if rows == self.rungs[-1]:
            self.top_seconds = max(self.top_seconds, seconds)
        if accuracy is not None and (rows, accuracy) > (self.best_rows, self.best or 0.0):
            self.best, self.best_rows = accuracy, rows

    @property
    def seconds_per_row(self) -> float:
        """Mean worker-seconds per fitted row so far; infinite before the first outcome."""
        return self.worker_seconds / self.rows_fitted if self.rows_fitted else math.inf

    def eta_seconds(self, workers: int) -> float | None:
        """Estimate the remaining seconds; None while nothing is known.

        A coming trial costs the mean of the finished ones, shared by the workers. A refit costs what the slowest fit
        on the top rung cost, scaled to its rows.

        Parameters
        ----------
        workers : int
            Jobs that run at once while tuning.
        """
        if self.stopped is not None:
            return 0.0
        if self.share is not None:
            return self.share.left
        ran = self.trial - self.earlier_trials
        if not ran or not self.top_seconds:
            return None
        trials = (self.trials - self.trial) * self.worker_seconds / ran / workers
        refit = self.top_seconds * self.final_rows / self.rungs[-1]
        refits = self.seeds - max(0, self.seed - 1)
        return max(0.0, trials if self.phase in ("waiting", "tuning") else 0.0) + refits * refit


Observer = Callable[[Progress, str], None]
"""Called with an estimator's progress and one line that says what has just happened."""
