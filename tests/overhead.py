"""What the harness costs: ``python -m tests.overhead --results FOLDER --all`` runs, then says where the time went.

Takes the arguments of ``python -m benchmark run`` (local workers only) and does that run. A machine
with W workers offers W seconds a second. Useful are those in which an estimator fits or predicts:
one a second for each trial, W for a refit, which has the machine to itself. All else is the
harness: processes started, libraries imported, warm-up fits, arrays copied and checked, workers
waiting for something to do, and what the parent does before and after.
"""

from __future__ import annotations

# Every worker process imports this file again, before its thread counts are set: nothing numerical up here.
import sys
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, ClassVar

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


class Stopwatch:
    """Lays itself around the executor of a run."""

    spans: ClassVar[list[Span]] = []

    def __init__(self) -> None:
        from benchmark.engine import runner
        from benchmark.engine.executors.local import LocalExecutor

        self.workers, self.seats = 0, 0
        run, start = runner.run, LocalExecutor._start

        def noted(plan: Any, executor: Any, *rest: Any) -> Any:
            self.seats = plan.resources.jobs
            executor.describe = self._watched(executor.describe)
            executor.submit = self._watched(executor.submit)
            return run(plan, executor, *rest)

        def counted(executor: Any, *rest: Any) -> Any:
            self.workers += 1
            return start(executor, *rest)

        runner.run, LocalExecutor._start = noted, counted  # type: ignore[method-assign]

    def _watched(self, start: Any) -> Any:
        from benchmark.engine.jobs import RefitJob

        def started(job: Any) -> Future[Any]:
            workers, begin = self.workers, time.monotonic()
            future: Future[Any] = start(job)
            span = Span(job.estimator, isinstance(job, RefitJob), self.workers > workers, begin)

            def note(done: Future[Any]) -> None:
                span.end = time.monotonic()
                outcome = None if done.exception() else done.result()
                span.useful = getattr(outcome, "fit_seconds", 0.0) + getattr(outcome, "predict_seconds", 0.0)

            future.add_done_callback(note)
            self.spans.append(span)
            return future

        return started


def main() -> int:
    """Run, measure, print; the exit status is 1 where the run failed or the bar is missed."""
    begin = time.monotonic()
    from benchmark.cli.main import main as benchmark

    watch = Stopwatch()
    status = benchmark(["run", *sys.argv[1:]])
    wall = time.monotonic() - begin
    if not watch.spans:
        print("nothing was run: every record stands, or the run was refused", file=sys.stderr)
        return 1
    share = _print(wall, watch.seats)
    return 0 if status == 0 and share <= BAR else 1


def _print(wall: float, seats: int) -> float:
    from rich.console import Console
    from rich.table import Table

    spans = Stopwatch.spans
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
