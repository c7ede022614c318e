"""Learning curves: the tuned parameters fitted on fewer rows, with cost and accuracy.

Nothing is tuned here. Each estimator fits and predicts once per size and seed, alone on the machine (see
`benchmark.engine.refits`). Every point is written to disk before the next one starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark.analyses.learning_curve import record as curve_record
from benchmark.analyses.learning_curve.record import CurveData, Point
from benchmark.engine import preflight, protocol, refits
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import stale
from benchmark.engine.jobs import Outcome, RefitJob
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.refits import RefitPlan, RefitRun, cost_fields
from benchmark.engine.scheduler import JobRunner, StopRequest
from benchmark.environment import environment
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from benchmark.storage.derived import INVALIDATED, load_existing


@dataclass(frozen=True)
class Plan(RefitPlan):
    """What `curve` is asked to do.

    Attributes
    ----------
    seeds : int or None
        Seeds at the smallest sizes, instead of the protocol's.
    """

    seeds: int | None = None


@dataclass
class CurveProgress(Progress):
    """Progress of one estimator's curve: a trial is a point, a rung is a size.

    Attributes
    ----------
    rows_left : int
        Rows of all points that are missing.
    last_seconds_per_row : float
        Seconds per row of the last point; 0 before the first.
    """

    rows_left: int = 0
    last_seconds_per_row: float = 0.0

    def record_fit(self, rows: int, accuracy: float | None, seconds: float) -> None:
        """Count one finished fit and its predictions."""
        super().record_fit(rows, accuracy, seconds)
        self.last_seconds_per_row = seconds / rows

    def eta_seconds(self, workers: int) -> float | None:
        """Estimate the remaining seconds from the cost of a row at the last point; None before the first."""
        if self.stopped is not None:
            return 0.0
        return self.rows_left * self.last_seconds_per_row or None


def run(plan: Plan, executor: Executor, observe: Observer, stop: StopRequest) -> list[Progress]:
    """Measure the curves in a locked folder; return the last progress of every estimator.

    Raises
    ------
    BenchmarkError
        There are too few training rows for any point; or the folder holds records of other data or damaged ones, or
        cannot be written.
    EngineError
        No more jobs can be run, or no more points written. The same command continues.
    """
    points = protocol.curve_points(len(plan.dataset.train.y), plan.seeds)
    if not points:
        rows, smallest = len(plan.dataset.train.y), protocol.CURVE_ROWS[0]
        raise BenchmarkError(
            f"{plan.dataset.name}: a learning curve has fits on {smallest:,} rows and more below all training rows, "
            f"and there are only {rows:,}; add images, more than {smallest:,} to train"
        )
    names = [plugin.name for plugin in plan.plugins]
    preflight.for_derived(
        plan.folder, plan.dataset, names, "curve", 2 * len(points) * len(plan.dataset.test.y), plan.kinds
    )
    return refits.run_all(plan, lambda name: _CurveRun(plan, name, observe), executor, stop)


class _CurveRun(RefitRun):
    """The curve of one estimator."""

    def __init__(self, plan: Plan, name: str, observe: Observer) -> None:
        super().__init__(plan, name, observe)
        self.wanted = protocol.curve_points(self.record.fit_rows, plan.seeds)
        self.stored = self._empty()
        self.progress: CurveProgress = CurveProgress(
            name,
            trials=len(self.wanted),
            rungs=tuple(dict.fromkeys(rows for rows, _ in self.wanted)) or (self.record.fit_rows,),
            seeds=0,
            final_rows=self.record.fit_rows,
        )

    def refit(self, jobs: JobRunner) -> None:
        """Measure the missing points, one by one."""
        progress = self.progress
        self.load()
        missing = self.missing()
        if not missing:
            progress.end("unchanged")
            too_few = f"its record has only {self.record.fit_rows:,} training rows, too few for a point of a curve"
            self.log("its curve is up to date; --force recomputes it" if self.wanted else too_few)
            return
        reasons = []
        for rows, seed in missing:
            progress.phase, progress.rows, progress.seed = "curve", rows, seed
            job = self.refit_job(self.record.params, rows, seed, draw=seed)
            outcome = jobs.alone(job)
            progress.record_fit(rows, None, outcome.fit_seconds + outcome.predict_seconds)
            self.add(job, outcome)
            if outcome.status == "ok":
                self.log(f"{rows:,} rows, seed {seed}: fitted in {outcome.fit_seconds:.2f} s")
            else:
                reasons.append(f"{rows:,} rows, seed {seed}: {outcome.reason}")
                self.log(reasons[-1])
        if reasons:
            self.fail(f"{len(reasons)} of {len(missing)} points, the first at {reasons[0]}")
            return
        progress.end("done")
        self.log("done")

    def missing(self) -> list[tuple[int, int]]:
        """Return rows and seed of each point that does not exist or failed, smallest first."""
        found = ((rows, seed, self.stored.curve.find(rows, seed)) for rows, seed in self.wanted)
        return [(rows, seed) for rows, seed, point in found if point is None or point.status != "ok"]

    def add(self, job: RefitJob, outcome: Outcome) -> None:
        """Add a point and write the curve."""
        rows, seed = job.rows, job.task.seed
        before = self.stored.curve.find(rows, seed)
        point = Point(
            rows=rows,
            seed=seed,
            **cost_fields(job, outcome),
            test_reads=1 + (before.test_reads if before else 0),
        )
        labels = None if outcome.proba is None else outcome.proba.argmax(axis=1)
        self.stored = curve_record.added(self.stored, point, dict(outcome.environment or environment()), labels)
        curve_record.write(self.plan.folder, self.stored)
        self._count()

    def load(self) -> None:
        """Continue the curve on disk, or invalidate it; how often the test images were read is always kept."""
        test_set = records.read_test_set(self.plan.folder)
        path = curve_record.path_of(self.plan.folder, self.name)
        old, whole = load_existing(path, test_set, curve_record.read_curve, curve_record.read)
        if (
            whole is not None
            and not self.plan.force
            and not stale(whole.curve.depends_on, self.stored.curve.depends_on)
        ):
            self.stored = whole
        elif old is not None:
            for rows, seed in self.wanted:
                point = old.find(rows, seed)
                if point is not None:
                    stub = replace(point, **INVALIDATED)
                    self.stored = curve_record.added(self.stored, stub, old.environments[point.environment], None)
            # Written before the first point, so that old points are never on disk with new predictions.
            curve_record.write(self.plan.folder, self.stored)
        self._count()

    def _count(self) -> None:
        missing = self.missing()
        self.progress.trial = len(self.wanted) - len(missing)
        self.progress.rows_left = sum(rows for rows, _ in missing)

    def _empty(self) -> CurveData:
        dataset = self.plan.dataset
        return curve_record.empty(self.record, len(dataset.test.y), len(dataset.class_names))
