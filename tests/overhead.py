"""What the harness costs: ``python -m tests.overhead --results FOLDER --all`` runs, then says where the time went.

Takes the arguments of ``python -m benchmark run`` (local workers only) and does that run. A machine
with W workers offers W seconds a second. Useful are those in which an estimator fits or predicts:
one a second for each trial, W for a refit, which has the machine to itself. All else is the
harness: processes started, libraries imported, warm-up fits, arrays copied and checked, workers
waiting for something to do, and what the parent does before and after.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.console import Console
from rich.table import Table

from benchmark import runner
from benchmark.cli import main as benchmark
from benchmark.executors import local
from benchmark.jobs import Describe, Job, Outcome

BAR = 0.05


@dataclass
class Span:
    """One job as the parent saw it; times in seconds of the monotonic clock."""

    estimator: str
    refit: bool
    fresh: bool
    begin: float
    end: float = 0.0
    useful: float = 0.0

    @property
    def around(self) -> float:
        """Seconds of it in which the estimator neither fitted nor predicted."""
        return self.end - self.begin - self.useful


class Watched(local.LocalExecutor):
    """The executor of every run, with a stopwatch."""

    spans: ClassVar[list[Span]] = []
    workers = 0

    def describe(self, job: Describe) -> Future[dict[str, Any]]:
        """Note when it began and ended."""
        return self._watched(job.estimator, False, lambda: super(Watched, self).describe(job))

    def submit(self, job: Job, wanted: Any = None) -> Future[Outcome]:
        """Note when it began and ended, and what of that was the estimator's."""
        return self._watched(job.estimator, job.test, lambda: super(Watched, self).submit(job, wanted))

    def _spawn(self, estimator: str, threads: int) -> Any:
        Watched.workers += 1
        return super()._spawn(estimator, threads)

    def _watched(self, estimator: str, refit: bool, start: Any) -> Future[Any]:
        workers, begin = Watched.workers, time.monotonic()
        future: Future[Any] = start()
        span = Span(estimator, refit, Watched.workers > workers, begin)

        def note(done: Future[Any]) -> None:
            span.end = time.monotonic()
            outcome = None if done.exception() else done.result()
            if isinstance(outcome, Outcome):
                span.useful = outcome.fit_seconds + outcome.predict_seconds

        future.add_done_callback(note)
        Watched.spans.append(span)
        return future


def main() -> int:
    """Run, measure, print; the exit status is 1 where the run failed or the bar is missed."""
    begin = time.monotonic()
    plans: list[runner.Plan] = []
    run = runner.run

    def noted(plan: runner.Plan, *rest: Any) -> Any:
        plans.append(plan)
        return run(plan, *rest)

    local.LocalExecutor = Watched  # type: ignore[misc]
    runner.run = noted
    status = benchmark(["run", *sys.argv[1:]])
    wall = time.monotonic() - begin
    if not plans or not Watched.spans:
        print("nothing was run: every record stands, or the run was refused", file=sys.stderr)
        return 1
    share = _print(wall, plans[0].resources.jobs)
    return 0 if status == 0 and share <= BAR else 1


def _print(wall: float, seats: int) -> float:
    spans = Watched.spans
    trials, refits = [s for s in spans if not s.refit], [s for s in spans if s.refit]
    first, last = min(s.begin for s in spans), max(s.end for s in spans)
    turn = min((s.begin for s in refits), default=last)
    useful = sum(s.useful for s in trials) + seats * sum(s.useful for s in refits)
    parts = {
        "fit and predict of trials": sum(s.useful for s in trials),
        "fit and predict of refits, alone on the machine": seats * sum(s.useful for s in refits),
        "trials: starting a worker, imports, warm-up": sum(s.around for s in trials if s.fresh),
        "trials: copying rows, checks, answers": sum(s.around for s in trials if not s.fresh),
        "refits: starting a worker, imports, warm-up, checks": seats * sum(s.around for s in refits),
        "workers without a job while others tune": seats * (turn - first) - sum(s.end - s.begin for s in trials),
        "between refits": seats * (last - turn - sum(s.end - s.begin for s in refits)),
        "before the first job and after the last": seats * (wall - (last - first)),
    }
    whole = seats * wall
    console = Console(highlight=False)
    table = Table("worker-seconds", "share", "where", box=None, pad_edge=False)
    for where, seconds in parts.items():
        table.add_row(f"{seconds:,.1f}", f"{seconds / whole:.1%}", where)
    console.print(table)
    each = Table("estimator", "jobs", "workers", "useful s", "around them s", box=None, pad_edge=False)
    for name in sorted({s.estimator for s in spans}):
        own = [s for s in spans if s.estimator == name]
        each.add_row(
            name,
            str(len(own)),
            str(sum(s.fresh for s in own)),
            f"{sum(s.useful for s in own):,.1f}",
            f"{sum(s.around for s in own):,.1f}",
        )
    console.print(each)
    share = 1 - useful / whole
    console.print(f"{wall:,.1f} s x {seats} workers; outside the estimators' own fit and predict: {share:.2%}", end=" ")
    console.print(f"({'at most' if share <= BAR else 'over'} the {BAR:.0%} asked for)")
    return share


if __name__ == "__main__":
    sys.exit(main())
