"""Tunes and evaluates many estimators and leaves their records on disk.

Each estimator is a lane (see lanes.py): describe, tune, refit once per seed, leave the records.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.datasets.dataset import Dataset
from benchmark.engine import evaluation, protocol, tuning
from benchmark.engine import preflight as prepare
from benchmark.engine import scheduler as lanes
from benchmark.engine.evaluation import Circumstances
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import fingerprint, stale
from benchmark.engine.jobs import Describe, Job, LostError, Outcome, describe_seconds, in_words
from benchmark.engine.preflight import TestReads
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.protocol import Preset
from benchmark.engine.registry import Plugin
from benchmark.engine.resources import Resources
from benchmark.engine.saved_models import save as keeping
from benchmark.engine.scheduler import Lane, Stop, Waves
from benchmark.engine.tuning import Tuned
from benchmark.environment import environment
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.storage import lock as claim
from benchmark.storage import records
from benchmark.storage.record_kind import RecordKind
from benchmark.storage.records import Record


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do.

    Attributes
    ----------
    plugins : sequence of Plugin
    dataset : Dataset
    preset : Preset
    resources : Resources
    folder : Path
        ``results/<dataset>``.
    force : bool
        Forget the records and studies of these estimators first.
    keep : bool
        Keep the fitted models of seed 0.
    kinds : sequence of RecordKind
        What the report will read besides the records.
    """

    plugins: Sequence[Plugin]
    dataset: Dataset
    preset: Preset
    resources: Resources
    folder: Path
    force: bool = False
    keep: bool = False
    kinds: Sequence[RecordKind] = ()


def run(plan: Plan, executor: Executor, observe: Observer, stop: Stop) -> list[Progress]:
    """Run the plan in a folder that is claimed; return every estimator's last state.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data, or cannot be written.
    EngineError
        No job can be run, or no record written, any more; the same command goes on from there.
    """
    names = [plugin.name for plugin in plan.plugins]
    earlier = prepare.for_run(plan.folder, plan.dataset, names, plan.preset, plan.force, plan.kinds)
    with claim.os_errors_as_engine_errors(plan.folder):
        desks = [_Desk(plan, plugin, earlier, observe) for plugin in plan.plugins]
        lanes.drive(
            [Lane(desk.plugin.name, desk.progress, _lane(desk)) for desk in desks],
            executor,
            plan.resources.jobs,
            stop,
        )
    return [desk.progress for desk in desks]


class _Desk:
    """One estimator's place in a run: what it is to do, how far it is, and what it leaves on disk."""

    def __init__(self, plan: Plan, plugin: Plugin, earlier: TestReads, observe: Observer) -> None:
        self.plan, self.plugin = plan, plugin
        self.parts = protocol.split(plan.dataset.train.y, plan.preset)
        self.progress = Progress(
            plugin.name,
            plan.preset.trials,
            self.parts.rungs,
            plan.preset.seeds,
            len(protocol.final_rows(plan.dataset.train.y, plan.preset)),
        )
        self.circumstances = Circumstances(
            name=plugin.name,
            origin=plugin.origin,
            declared=None,
            fingerprint={},
            dataset=plan.dataset.name,
            dataset_sha256=plan.dataset.sha256,
            preset=plan.preset,
            environment=environment(),
            y_validation=plan.dataset.train.y[self.parts.validation],
            tuning_threads=plan.resources.tuning_threads,
            tuning_parallel=plan.resources.jobs,
        )
        self._earlier, self._observe = earlier, observe

    def say(self, text: str) -> None:
        self._observe(self.progress, text)

    def held(self, seed: int) -> Record | None:
        """Return the record of a seed if there is a whole one that ended well."""
        path = records.record_path(self.plan.folder, self.plugin.name, seed)
        try:
            found = records.read_record(path)
        except BenchmarkError:  # none, or damaged: made anew
            return None
        return found if found.status == "ok" and records.is_intact(path, found) else None

    def frozen(self, winner: Record) -> Tuned:
        """Return what tuning came to by a record that stands: all seeds of a row are of one winner.

        The study may be gone (it is not committed), and tuned again on another machine it might choose otherwise.
        """
        self.circumstances = replace(
            self.circumstances, tuning_threads=winner.tuning_threads, tuning_parallel=winner.tuning_parallel
        )
        self.progress.trial = self.progress.earlier_trials = len(winner.trials)
        said = records.read_validation(self.plan.folder, winner)
        return Tuned.of(winner.trials, None if said is None else said.proba)

    def keep(self, tuned: Tuned, outcome: Outcome, seed: int = 0, job: Job | None = None) -> Record:
        reads = self._earlier.get((self.plugin.name, seed), 0)
        return records.write(self.plan.folder, *evaluation.record(self.circumstances, tuned, seed, outcome, job, reads))

    def fail(self, tuned: Tuned, outcome: Outcome, seed: int = 0, job: Job | None = None) -> None:
        """Leave a record that says why, and be done."""
        self.keep(tuned, outcome, seed, job)
        self.progress.end("failed", outcome.reason)
        self.say(f"failed: {outcome.reason}")

    def break_off(self, error: BaseException) -> None:
        """Fail before anything was tried; results from before are not this failure's to overwrite."""
        if any(self.held(seed) for seed in range(self.plan.preset.seeds)):
            self.progress.end("failed", in_words(error))
            self.say(f"failed: {in_words(error)}; its record from before is kept")
        else:
            self.fail(
                Tuned(None, ()), Outcome(error.status if isinstance(error, LostError) else "failed", in_words(error))
            )


def _lane(desk: _Desk) -> Waves:
    """One estimator's life; whatever goes wrong in it is its own row and never the run's end."""
    try:
        yield from _life(desk)
    except (EngineError, OSError):
        raise
    except Exception as error:
        desk.break_off(error)


def _life(desk: _Desk) -> Waves:
    """Describe, tune, refit once per seed, leave the records."""
    plan, progress, rungs = desk.plan, desk.progress, desk.parts.rungs
    name = desk.plugin.name
    task = Task(
        n_classes=len(plan.dataset.class_names),
        image_shape=plan.dataset.image_shape,
        seed=protocol.TUNING_SEED,
        threads=plan.resources.tuning_threads,
        device=plan.resources.device,
    )
    limits = replace(plan.resources.tuning, seconds=describe_seconds(plan.resources.refit.seconds))
    (declared,) = yield [Describe(name, task, limits)]
    if isinstance(declared, BaseException):
        desk.break_off(declared)
        return
    prints = fingerprint(plan.dataset.sha256, plan.preset, declared)
    desk.circumstances = replace(desk.circumstances, declared=declared, fingerprint=prints)
    progress.trials = plan.preset.trials if declared.space else 1

    held = {seed: desk.held(seed) for seed in range(plan.preset.seeds)}
    standing = [record for record in held.values() if record is not None and not stale(record.fingerprint, prints)]
    seeds = [seed for seed, record in held.items() if record not in standing]
    template = Job(
        estimator=name,
        params={},
        task=task,
        preset=plan.preset,
        dataset=plan.dataset.sha256,
        rows=0,
        limits=plan.resources.tuning,
    )
    if plan.keep and keeping.SEED not in seeds:
        yield from _keep_again(desk, template)
    if not seeds:
        progress.end("kept")
        desk.say("its records stand; --force makes them anew")
        return

    if standing:
        tuned = desk.frozen(standing[0])
    else:
        study = tuning.open_study(claim.journal_path(plan.folder, name), f"{name} {_name(prints)}", rungs)
        progress.trial = progress.earlier_trials = len(tuning.finished(study))
        progress.phase = "tuning"
        waves = tuning.tune(study, declared.space, declared.defaults, plan.preset, rungs, template)
        tuned = yield from _tune(waves, study, desk)
    if tuned.best is None:
        desk.fail(tuned, tuned.failure, seeds[0])
        return
    progress.phase = "tuned"
    desk.say(f"tuned: validation accuracy {tuned.best.rungs[-1].accuracy:.4f} in trial {tuned.best.number}")

    for seed in seeds:
        progress.phase, progress.seed, progress.rows = "refit", seed + 1, progress.final_rows
        job = evaluation.refit_job(
            template, tuned.best.params, progress.final_rows, seed, plan.resources.threads, plan.resources.refit
        )
        with _room(plan, seed) as place:
            (outcome,) = yield [replace(job, keep=str(place or ""))]
            if outcome.status != "ok":
                desk.fail(tuned, outcome, seed, job)
                return
            record = desk.keep(tuned, outcome, seed, job)
            desk.say(
                f"seed {seed}: fitted in {outcome.fit_seconds:.1f} s, predicted in {outcome.predict_seconds:.1f} s"
            )
            if place:
                desk.say(keeping.install(plan.folder, place, plan.dataset, record, outcome))
    progress.end("done")
    desk.say("done")


@contextmanager
def _room(plan: Plan, seed: int) -> Iterator[Path | None]:
    """Give a folder for the fitted model of a refit, if that is to be kept."""
    if not plan.keep or seed != keeping.SEED:
        yield None
        return
    with keeping.new_folder(plan.folder) as made:
        yield made


def _keep_again(desk: _Desk, template: Job) -> Waves:
    """Refit a winner whose record stands, as that says, if it has no model; neither tuned nor shown a test image."""
    plan, record = desk.plan, desk.held(keeping.SEED)
    if record is None or keeping.is_saved(plan.folder, record):
        return
    desk.progress.phase, desk.progress.seed, desk.progress.rows = "refit", 1, record.fit_rows
    job = evaluation.refit_job(
        template, record.params, record.fit_rows, record.seed, record.threads, plan.resources.refit
    )
    with keeping.new_folder(plan.folder) as place:
        (outcome,) = yield [replace(job, keep=str(place), blind=True)]
        desk.say(keeping.install(plan.folder, place, plan.dataset, record, outcome, again=True))


def _tune(
    waves: Generator[list[Job], list[Outcome], Tuned], study: Any, desk: _Desk
) -> Generator[list[Job], list[Outcome], Tuned]:
    """Pass the study's waves through and keep the progress up to date."""
    progress = desk.progress
    try:
        wave = next(waves)
        while True:
            progress.rows = wave[0].rows
            outcomes = yield wave
            for job, outcome in zip(wave, outcomes, strict=True):
                found = outcome.reason if outcome.accuracy is None else f"{outcome.accuracy:.4f}"
                desk.say(f"{job.rows:,} rows: {found}")
            wave = waves.send(outcomes)
            progress.trial = len(tuning.finished(study))
    except StopIteration as stop:
        progress.trial = len(tuning.finished(study))
        result: Tuned = stop.value
        return result


def _name(prints: dict[str, str]) -> str:
    return "-".join(value[:6] for _, value in sorted(prints.items()))
