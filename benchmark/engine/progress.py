"""How far a run has got: what the live view shows, told by the runner, formatted by nobody here."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["waiting", "tuning", "tuned", "refit", "curve", "done", "kept", "failed"]


@dataclass
class Progress:
    """One estimator's state.

    Attributes
    ----------
    estimator : str
    phase : str
    trial, trials : int
        Trials finished, and wanted.
    rows : int
        The rung that is being run.
    rungs : tuple of int
    best : float or None
        Best validation accuracy so far, on the highest rung that a trial has reached.
    best_rows : int
        That rung.
    seed, seeds : int
        Of the refit that is being run, counted from 1, and how many there will be.
    worker_seconds : float
        Spent in fit and predict so far.
    rows_fitted : int
        In that time.
    reason : str
        Why it failed.
    running : int
        Jobs that are running now.
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

    def begin(self) -> None:
        """Start its clock, once."""
        if self.started is None:
            self.started = time.monotonic()

    def end(self, phase: Phase, reason: str = "") -> None:
        """Stop its clock."""
        self.phase, self.reason, self.stopped = phase, reason, time.monotonic()

    @property
    def elapsed(self) -> float:
        """Wall seconds since its first job of this run."""
        if self.started is None:
            return 0.0
        return (self.stopped or time.monotonic()) - self.started

    def saw(self, rows: int, accuracy: float | None, seconds: float) -> None:
        """Take note of one finished fit."""
        self.worker_seconds += seconds
        self.rows_fitted += rows
        if rows == self.rungs[-1]:
            self.top_seconds = max(self.top_seconds, seconds)
        if accuracy is not None and (rows, accuracy) > (self.best_rows, self.best or 0.0):
            self.best, self.best_rows = accuracy, rows

    @property
    def seconds_per_row(self) -> float:
        """Worker-seconds that it takes to fit a row, on average so far; infinite while nothing is known."""
        return self.worker_seconds / self.rows_fitted if self.rows_fitted else math.inf

    def left(self, workers: int) -> float | None:
        """Estimate the seconds to come, or None while there is nothing to go by.

        Trials to come cost what those so far cost on average, shared by the workers; a refit
        costs what the slowest fit on the top rung cost, scaled to its rows.

        Parameters
        ----------
        workers : int
            Jobs that run at once while tuning.
        """
        if self.stopped is not None:
            return 0.0
        ran = self.trial - self.earlier_trials
        if not ran or not self.top_seconds:
            return None
        trials = (self.trials - self.trial) * self.worker_seconds / ran / workers
        refit = self.top_seconds * self.final_rows / self.rungs[-1]
        refits = self.seeds - max(0, self.seed - 1)
        return max(0.0, trials if self.phase in ("waiting", "tuning") else 0.0) + refits * refit


Observer = Callable[[Progress, str], None]
"""Called with an estimator's state and one line of what has just happened."""
