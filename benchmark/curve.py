"""Learning curves: the frozen winners fitted on fewer and fewer rows, at what cost and to what effect.

Nothing is tuned here. Each estimator is a lane (see lanes.py), as in a run: describe, fit and
predict once per size and seed, alone on the machine, and leave the points on disk one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark import claim, curve_record, evaluation, lanes, protocol, records, registry
from benchmark.curve_record import Held, Point
from benchmark.datasets.base import Dataset
from benchmark.environment import environment
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.executors import Executor
from benchmark.fingerprint import fingerprint, stale
from benchmark.jobs import Describe, Job, Outcome, describe_seconds, in_words
from benchmark.lanes import Lane, Stop, Waves
from benchmark.progress import Progress
from benchmark.protocol import Preset
from benchmark.records import Record
from benchmark.registry import Plugin
from benchmark.resources import Resources

FIRST = "python -m benchmark run {name}"
"""What makes the record that a curve starts from."""


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes
    ----------
    plugins : sequence of Plugin
    dataset : Dataset
    resources : Resources
    folder : Path
        ``results/<dataset>``.
    seeds : int or None
        At the smallest sizes, instead of the protocol's.
    force : bool
        Make anew what stands.
    """

    plugins: Sequence[Plugin]
    dataset: Dataset
    resources: Resources
    folder: Path
    seeds: int | None = None
    force: bool = False


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


def choose(folder: Path, names: Sequence[str], warn: Callable[[str], None]) -> list[Plugin]:
    """Return the estimators whose curves can be made: those named, or all that have a record of seed 0.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    names : sequence of str
        Empty: all.
    warn : callable
        Told of each that is left out, with the reason.

    Raises
    ------
    BenchmarkError
        None is left; or one that is named has no record, or is no estimator.
    """
    if names:
        chosen = [registry.get(name) for name in dict.fromkeys(names)]
        for plugin in chosen:
            standing(folder, plugin.name)
        return chosen
    chosen = []
    for name, plugin in registry.plugins().items():
        try:
            standing(folder, name)
        except BenchmarkError as error:
            warn(f"{error} (left out)")
        else:
            chosen.append(plugin)
    if not chosen:
        raise BenchmarkError(f"{folder}: no estimator has a record here; first: python -m benchmark run --all")
    return chosen


def standing(folder: Path, name: str) -> Record:
    """Return the record of seed 0 that ended well; its parameters are the frozen winner's.

    Raises
    ------
    BenchmarkError
        There is none, or it is damaged or did not end well.
    """
    path = records.record_path(folder, name, 0)
    first = f"first: {FIRST.format(name=name)}"
    if not path.exists():
        raise BenchmarkError(f"{name} has no record in {folder}; {first}")
    record = records.read_record(path)
    if record.status != "ok":
        raise BenchmarkError(f"{name}'s record in {folder} says that it {record.status}: {record.reason}; {first}")
    if not records.intact(path, record):
        raise BenchmarkError(f"{path}: its predictions are not the ones it was written with; {first}")
    return record


def preset_of(record: Record) -> Preset:
    """Return the preset that a record was made with.

    Raises
    ------
    BenchmarkError
        It says none that there could be.
    """
    try:
        return Preset.recorded(record.preset)
    except (TypeError, KeyError) as error:
        raise BenchmarkError(
            f"{record.estimator}'s record names no preset; first: {FIRST.format(name=record.estimator)}"
        ) from error


def run(plan: Plan, executor: Executor, observe: Callable[[Progress, str], None], stop: Stop) -> list[Progress]:
    """Make the curves in a folder that is claimed; return every estimator's last state.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data or damaged ones, or cannot be written.
    EngineError
        No job can be run, or no point written, any more; the same command goes on from there.
    """
    claim.prepare_curves(plan.folder, plan.dataset, [plugin.name for plugin in plan.plugins])
    with claim.clear_errors(plan.folder):
        desks = [_Desk(plan, plugin.name, observe) for plugin in plan.plugins]
        lanes.drive(
            [Lane(desk.name, desk.progress, _lane(desk)) for desk in desks], executor, plan.resources.jobs, stop
        )
    return [desk.progress for desk in desks]


class _Desk:
    """One estimator's place: its record, its curve so far, and how far it is."""

    def __init__(self, plan: Plan, name: str, observe: Callable[[Progress, str], None]) -> None:
        self.plan, self.name, self._observe = plan, name, observe
        self.record = standing(plan.folder, name)
        self.preset = preset_of(self.record)
        self.wanted = protocol.curve_points(self.record.fit_rows, plan.seeds)
        self.held = self._empty()
        self.progress = CurveProgress(
            name,
            trials=len(self.wanted),
            rungs=tuple(dict.fromkeys(rows for rows, _ in self.wanted)) or (self.record.fit_rows,),
            seeds=0,
            final_rows=self.record.fit_rows,
        )

    def say(self, text: str) -> None:
        self._observe(self.progress, text)

    def fail(self, reason: str) -> None:
        self.progress.end("failed", reason)
        self.say(f"failed: {reason}")

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
            status=outcome.status,
            reason=outcome.reason,
            fit_seconds=outcome.fit_seconds,
            predict_seconds=outcome.predict_seconds,
            threads=job.task.threads,
            device=outcome.device or job.task.device,
            environment=0,
            test_reads=1 + (before.test_reads if before else 0),
            predicted_sha256="",
        )
        labels = None if outcome.proba is None else outcome.proba.argmax(axis=1)
        self.held = curve_record.added(self.held, point, dict(outcome.environment or environment()), labels)
        curve_record.write(self.plan.folder, self.held)
        self._count()

    def begin(self) -> None:
        """Go on with the curve on disk, or let it go, but not how often the test images were read for it."""
        test_set = records.read_test_set(self.plan.folder)
        path = curve_record.curve_path(self.plan.folder, self.name)
        old = whole = None
        with suppress(BenchmarkError):  # none, or damaged
            old = curve_record.read_curve(path)
            whole = curve_record.read(path, test_set) if test_set else None
        if whole is not None and not self.plan.force and not stale(whole.curve.depends_on, self.held.curve.depends_on):
            self.held = whole
        elif old is not None:
            for rows, seed in self.wanted:
                point = old.find(rows, seed)
                if point is not None:
                    stub = replace(point, status="failed", reason="let go, and not made anew yet")
                    self.held = curve_record.added(self.held, stub, old.environments[point.environment], None)
            # Written before the first point: at no moment do the old points stand beside the new predictions.
            curve_record.write(self.plan.folder, self.held)
        self._count()

    def _count(self) -> None:
        missing = self.missing()
        self.progress.trial = len(self.wanted) - len(missing)
        self.progress.rows_left = sum(rows for rows, _ in missing)

    def _empty(self) -> Held:
        dataset = self.plan.dataset
        return curve_record.empty(self.record, len(dataset.test.y), len(dataset.class_names))


def _lane(desk: _Desk) -> Waves:
    """One estimator's curve; whatever goes wrong in it never ends the others'."""
    try:
        yield from _life(desk)
    except (EngineError, OSError):
        raise
    except Exception as error:
        desk.fail(in_words(error))


def _life(desk: _Desk) -> Waves:
    """See that the record is of today's plugin, then make what is missing, point by point."""
    plan, record, progress, given = desk.plan, desk.record, desk.progress, desk.plan.resources
    task = Task(
        n_classes=len(plan.dataset.class_names),
        image_shape=plan.dataset.image_shape,
        threads=given.tuning_threads,
        device=given.device,
    )
    limits = replace(given.tuning, seconds=describe_seconds(given.refit.seconds))
    (declared,) = yield [Describe(desk.name, task, limits)]
    if isinstance(declared, BaseException):
        desk.fail(in_words(declared))
        return
    changed = stale(record.fingerprint, fingerprint(plan.dataset.sha256, desk.preset, declared))
    if changed:
        desk.fail(f"its record is stale, {' and '.join(changed)} changed; first: {FIRST.format(name=desk.name)}")
        return
    desk.begin()
    missing = desk.missing()
    if not missing:
        progress.end("kept")
        desk.say("its curve stands; --force makes it anew")
        return

    template = Job(estimator=desk.name, params={}, task=task, preset=desk.preset, dataset=plan.dataset.sha256, rows=0)
    reasons = []
    for rows, seed in missing:
        progress.phase, progress.rows, progress.seed = "curve", rows, seed
        job = evaluation.refit_job(template, record.params, rows, seed, given.threads, given.refit, draw=seed)
        (outcome,) = yield [job]
        progress.saw(rows, None, outcome.fit_seconds + outcome.predict_seconds)
        desk.keep(job, outcome)
        if outcome.status == "ok":
            desk.say(f"{rows:,} rows, seed {seed}: fitted in {outcome.fit_seconds:.2f} s")
        else:
            reasons.append(f"{rows:,} rows, seed {seed}: {outcome.reason}")
            desk.say(reasons[-1])
    if reasons:
        desk.fail(f"{len(reasons)} of {len(missing)} points, the first at {reasons[0]}")
        return
    progress.end("done")
    desk.say("done")
