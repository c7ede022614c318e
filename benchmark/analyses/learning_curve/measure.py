"""Learning curves: the frozen winners fitted on fewer and fewer rows, at what cost and to what effect.

Nothing is tuned here. Each estimator fits and predicts once per size and seed, alone on the machine
(see winners.py), and leaves the points on disk one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark.analyses.learning_curve import record as curve_record
from benchmark.analyses.learning_curve.record import CurveData, Point
from benchmark.engine import evaluation, protocol
from benchmark.engine import preflight as prepare
from benchmark.engine import refits as winners
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import stale
from benchmark.engine.jobs import Job, Outcome
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.refits import Desk, measured
from benchmark.engine.scheduler import Stop, Waves
from benchmark.environment import environment
from benchmark.storage import records
from benchmark.storage.derived import LET_GO, lying


@dataclass(frozen=True)
class Plan(winners.Plan):
    """What is asked for.

    Attributes
    ----------
    seeds : int or None
        At the smallest sizes, instead of the protocol's.
    """

    seeds: int | None = None


@dataclass
class CurveProgress(Progress):
    """One estimator's state while its curve is made: a trial is a point, a rung a size.

    Attributes
    ----------
    rows_left : int
        Of all points to come.
    last_seconds_per_row : float
        Of the last point; 0 while nothing is known.
    """

    rows_left: int = 0
    last_seconds_per_row: float = 0.0

    def saw(self, rows: int, accuracy: float | None, seconds: float) -> None:
        """Take note of one finished fit."""
        super().saw(rows, accuracy, seconds)
        self.last_seconds_per_row = seconds / rows

    def left(self, workers: int) -> float | None:
        """Estimate the seconds to come, or None while there is nothing to go by: a row costs what it cost last."""
        if self.stopped is not None:
            return 0.0
        return self.rows_left * self.last_seconds_per_row or None


def run(plan: Plan, executor: Executor, observe: Observer, stop: Stop) -> list[Progress]:
    """Make the curves in a folder that is claimed; return every estimator's last state.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data or damaged ones, or cannot be written.
    EngineError
        No job can be run, or no point written, any more; the same command goes on from there.
    """
    points = protocol.curve_points(len(plan.dataset.train.y), plan.seeds)
    names = [plugin.name for plugin in plan.plugins]
    prepare.for_derived(
        plan.folder, plan.dataset, names, "curve", 2 * len(points) * len(plan.dataset.test.y), plan.kinds
    )
    return winners.drive(plan, lambda name: _Desk(plan, name, observe), executor, stop)


class _Desk(Desk):
    """One estimator's place: its record, its curve so far, and how far it is."""

    def __init__(self, plan: Plan, name: str, observe: Observer) -> None:
        super().__init__(plan, name, observe)
        self.wanted = protocol.curve_points(self.record.fit_rows, plan.seeds)
        self.held = self._empty()
        self.progress: CurveProgress = CurveProgress(
            name,
            trials=len(self.wanted),
            rungs=tuple(dict.fromkeys(rows for rows, _ in self.wanted)) or (self.record.fit_rows,),
            seeds=0,
            final_rows=self.record.fit_rows,
        )

    def life(self, template: Job) -> Waves:
        """Make what is missing, point by point."""
        given, progress = self.plan.resources, self.progress
        self.begin()
        missing = self.missing()
        if not missing:
            progress.end("kept")
            self.say("its curve stands; --force makes it anew")
            return
        reasons = []
        for rows, seed in missing:
            progress.phase, progress.rows, progress.seed = "curve", rows, seed
            job = evaluation.refit_job(template, self.record.params, rows, seed, given.threads, given.refit, draw=seed)
            (outcome,) = yield [job]
            progress.saw(rows, None, outcome.fit_seconds + outcome.predict_seconds)
            self.keep(job, outcome)
            if outcome.status == "ok":
                self.say(f"{rows:,} rows, seed {seed}: fitted in {outcome.fit_seconds:.2f} s")
            else:
                reasons.append(f"{rows:,} rows, seed {seed}: {outcome.reason}")
                self.say(reasons[-1])
        if reasons:
            self.fail(f"{len(reasons)} of {len(missing)} points, the first at {reasons[0]}")
            return
        progress.end("done")
        self.say("done")

    def missing(self) -> list[tuple[int, int]]:
        """Return what has not ended well yet, smallest first."""
        found = ((rows, seed, self.held.curve.find(rows, seed)) for rows, seed in self.wanted)
        return [(rows, seed) for rows, seed, point in found if point is None or point.status != "ok"]

    def keep(self, job: Job, outcome: Outcome) -> None:
        """Add a point and write the curve."""
        rows, seed = job.rows, job.task.seed
        before = self.held.curve.find(rows, seed)
        point = Point(
            rows=rows,
            seed=seed,
            **measured(job, outcome),
            test_reads=1 + (before.test_reads if before else 0),
        )
        labels = None if outcome.proba is None else outcome.proba.argmax(axis=1)
        self.held = curve_record.added(self.held, point, dict(outcome.environment or environment()), labels)
        curve_record.write(self.plan.folder, self.held)
        self._count()

    def begin(self) -> None:
        """Go on with the curve on disk, or let it go, but not how often the test images were read for it."""
        test_set = records.read_test_set(self.plan.folder)
        path = curve_record.path_of(self.plan.folder, self.name)
        old, whole = lying(path, test_set, curve_record.read_curve, curve_record.read)
        if whole is not None and not self.plan.force and not stale(whole.curve.depends_on, self.held.curve.depends_on):
            self.held = whole
        elif old is not None:
            for rows, seed in self.wanted:
                point = old.find(rows, seed)
                if point is not None:
                    stub = replace(point, **LET_GO)
                    self.held = curve_record.added(self.held, stub, old.environments[point.environment], None)
            # Written before the first point: at no moment do the old points stand beside the new predictions.
            curve_record.write(self.plan.folder, self.held)
        self._count()

    def _count(self) -> None:
        missing = self.missing()
        self.progress.trial = len(self.wanted) - len(missing)
        self.progress.rows_left = sum(rows for rows, _ in missing)

    def _empty(self) -> CurveData:
        dataset = self.plan.dataset
        return curve_record.empty(self.record, len(dataset.test.y), len(dataset.class_names))
