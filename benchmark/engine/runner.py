"""Tunes and evaluates estimators and writes their records.

`run` starts one `EstimatorRun` per estimator. Its `run` method is the whole way of one estimator, top to bottom:
describe the plugin, tune it, refit it once per seed, write the records. In a cross-validation it is tuned and refitted
for each fold, on the fold's training part. The scheduler shares the workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.datasets import memmap
from benchmark.datasets.cross_validation import fold_groups
from benchmark.datasets.dataset import Dataset, Part
from benchmark.engine import evaluation, preflight, protocol, scheduler, tuning
from benchmark.engine.effort import Effort, Fixed, Replayed, Timed
from benchmark.engine.evaluation import RunContext
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import fingerprint, stale
from benchmark.engine.jobs import (
    Declaration,
    Describe,
    Outcome,
    RefitJob,
    SaveJob,
    TuningJob,
    WorkerDiedError,
    describe_seconds,
    failure_reason,
)
from benchmark.engine.preflight import TestReadCounts
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.protocol import Fold, Preset, Split
from benchmark.engine.registry import Plugin
from benchmark.engine.resources import Resources
from benchmark.engine.saved_models import save as saved_models
from benchmark.engine.saved_models.card import Refit
from benchmark.engine.scheduler import EstimatorTask, JobRunner, StopRequest
from benchmark.engine.time_limit import Clock, Share
from benchmark.engine.tuning import Tuned
from benchmark.environment import environment
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.storage import lock, records
from benchmark.storage.record_kind import RecordKind
from benchmark.storage.records import Record

IMPORT_SECONDS = 20.0
"""Of a time limit, a plugin may take at least this long to be imported: the first import of torch is slow."""

ALL = "all"
"""The training part of all images, for the model that is kept of a cross-validation."""


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
        Delete the records and studies of these estimators first.
    keep : bool
        Save the fitted models of seed 0; of a cross-validation, models fitted on all images.
    kinds : sequence of RecordKind
        What the report reads besides the records.
    clock : Clock or None
        Of a run with a time limit.
    replay : mapping of str to Record
        By estimator: a record whose plan is repeated without a clock.
    """

    plugins: Sequence[Plugin]
    dataset: Dataset
    preset: Preset
    resources: Resources
    folder: Path
    force: bool = False
    keep: bool = False
    kinds: Sequence[RecordKind] = ()
    clock: Clock | None = None
    replay: Mapping[str, Record] = field(default_factory=dict)


def run(plan: Plan, executor: Executor, observe: Observer, stop: StopRequest) -> list[Progress]:
    """Carry out a plan in a locked folder; return the last progress of every estimator.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data, or cannot be written.
    EngineError
        No more jobs can be run, or no more records written. The same command continues the run.
    """
    names = [plugin.name for plugin in plan.plugins]
    test_reads = preflight.for_run(plan.folder, plan.dataset, names, plan.preset, plan.force, plan.kinds)
    with lock.os_errors_as_engine_errors(plan.folder):
        every = rounds(plan.dataset, plan.preset)
        runs = [EstimatorRun(plan, plugin, every, test_reads, observe) for plugin in plan.plugins]
        tasks = [EstimatorTask(each.name, each.progress, each.run) for each in runs]
        scheduler.run_all(tasks, executor, plan.resources.jobs, stop, plan.clock)
        if plan.clock is not None and not stop.requested:
            plan.clock.end()
    return [each.progress for each in runs]


@dataclass(frozen=True)
class Round:
    """What is tuned once and then refitted: the training part of the data, or that of one fold of a cross-validation.

    Attributes
    ----------
    fold : Fold or None
    seeds : tuple of int
        Of its refits; each has a record.
    y : ndarray of int64, (n,)
        Labels of its training part.
    split : Split
        Of these.
    final_rows : int
        Training rows of a refit.
    """

    fold: Fold | None
    seeds: tuple[int, ...]
    y: npt.NDArray[np.int64]
    split: Split
    final_rows: int

    @classmethod
    def of(cls, train: Part, preset: Preset, seeds: tuple[int, ...], fold: Fold | None = None) -> Round:
        """Return the round of a training part, or of the training rows of a fold."""
        y, groups = train.y, train.groups
        if fold is not None:
            y, groups = y[fold.train], groups[fold.train] if len(groups) else groups
        split = protocol.split(y, preset, groups, train.validates)
        return cls(fold, seeds, y, split, len(protocol.final_rows(y, preset)))

    @property
    def title(self) -> str:
        """First words of what is said of it; empty if it is the only one."""
        fold = self.fold
        return "" if fold is None else f"repeat {fold.repeat + 1}, fold {fold.number + 1} of {fold.count}: "


def rounds(dataset: Dataset, preset: Preset) -> tuple[Round, ...]:
    """Return what every estimator goes through; of a cross-validation, write which images each fold is made of.

    Raises
    ------
    BenchmarkError
        The cache is not writable.
    """
    train = dataset.train
    if not dataset.folds:
        return (Round.of(train, preset, tuple(range(preset.seeds))),)
    found = protocol.folds(train.y, dataset.folds, preset.seeds, fold_groups(train))
    for fold in found:
        memmap.write_part(dataset, fold.part, fold.train, fold.test)
    return tuple(Round.of(train, preset, (fold.seed,), fold) for fold in found)


class EstimatorRun:
    """The run of one estimator.

    Parameters
    ----------
    plan : Plan
    plugin : Plugin
    rounds : sequence of Round
    test_reads : TestReadCounts
        How often the test images were read for the records in the folder.
    observe : Observer
    """

    def __init__(
        self, plan: Plan, plugin: Plugin, rounds: Sequence[Round], test_reads: TestReadCounts, observe: Observer
    ) -> None:
        self.plan, self.name, self.rounds = plan, plugin.name, rounds
        first = rounds[0]
        self.progress = Progress(
            plugin.name,
            plan.preset.trials * len(rounds),
            first.split.rungs,
            sum(len(each.seeds) for each in rounds),
            first.final_rows,
        )
        self._context = RunContext(
            name=plugin.name,
            origin=plugin.origin,
            declared=None,
            fingerprint={},
            dataset=plan.dataset.name,
            dataset_sha256=plan.dataset.sha256,
            preset=plan.preset,
            environment=environment(),
            y_validation=first.y[first.split.validation],
            tuning_threads=plan.resources.tuning_threads,
            tuning_parallel=plan.resources.jobs,
            fold=first.fold,
        )
        self._test_reads, self._observe = test_reads, observe
        self._share = None if plan.clock is None else Share(plan.clock)
        self.progress.share = self._share

    def run(self, jobs: JobRunner) -> None:
        """Describe, tune, refit, record. A failure is this estimator's row and does not end the run."""
        try:
            self._run(jobs)
        except (EngineError, OSError):
            raise
        except Exception as error:
            self._abort(error)
        finally:
            if self._share is not None:
                self._share.end()

    def _run(self, jobs: JobRunner) -> None:
        plan, progress = self.plan, self.progress
        seconds = describe_seconds(plan.resources.refit.seconds)
        if self._share is not None:
            seconds = min(seconds, max(IMPORT_SECONDS, self._share.seconds))
        limits = replace(plan.resources.tuning, seconds=seconds)
        declared = jobs.describe(Describe(self.name, self._template().task, limits))
        self._context = replace(self._context, declared=declared)

        contexts = [self._context_of(each, declared) for each in self.rounds]
        missing: list[tuple[Round, RunContext, list[int], Record | None]] = []
        for each, context in zip(self.rounds, contexts, strict=True):
            found = {seed: self._good_record(seed) for seed in each.seeds}
            current = {
                seed: one for seed, one in found.items() if one and not stale(one.fingerprint, context.fingerprint)
            }
            if plan.keep and not plan.dataset.folds and saved_models.SEED in current:
                self._save_again(jobs, current[saved_models.SEED])
            left = [seed for seed in each.seeds if seed not in current]
            if left:
                # All seeds of a round are refits of the same parameters. So tuning is skipped if any current record
                # exists: the study may be gone (it is not committed), and another machine might choose otherwise.
                missing.append((each, context, left, next(iter(current.values()), None)))
        trials = plan.preset.trials if declared.space else 1
        progress.trials = trials * max(1, len(missing))
        done = sum(len(each.seeds) for each in self.rounds) - sum(len(left) for *_, left, _ in missing)

        tuned: list[tuple[Round, RunContext, list[int], Tuned, Effort]] = []
        for place, (each, context, left, record) in enumerate(missing):
            effort = self._effort(jobs, each, trials, record, len(left), len(missing))
            of_round, context = (
                self._from_record(context, record, place * trials)
                if record
                else (self._tune(jobs, each, context, declared, effort, place * trials), context)
            )
            if of_round.best is None:
                self._fail(context, of_round, of_round.failure, left[0])
                return
            best = of_round.best
            self.log(f"{each.title}tuned: validation accuracy {best.rungs[-1].accuracy:.4f} in trial {best.number}")
            tuned.append((each, context, left, of_round, effort))
        if missing:
            progress.phase = "tuned"

        for each, context, left, of_round, effort in tuned:
            for seed in left:
                done += 1
                progress.seed = done
                if not self._refit(jobs, each, context, of_round, effort, seed):
                    return
        if plan.keep and plan.dataset.folds:
            self._save_whole(jobs)
        if not missing:
            progress.end("unchanged")
            self.log("its records are up to date; --force recomputes them")
            return
        progress.end("done")
        self.log("done")

    def _context_of(self, each: Round, declared: Declaration) -> RunContext:
        """Return what the records of a round have in common."""
        plan = self.plan
        return replace(
            self._context,
            fingerprint=fingerprint(plan.dataset.sha256, plan.preset, declared, each.fold),
            y_validation=each.y[each.split.validation],
            fold=each.fold,
        )

    def _effort(
        self, jobs: JobRunner, each: Round, trials: int, record: Record | None, refits: int, rounds: int
    ) -> Effort:
        """Return how far a round goes: as its record did, as a plan that is repeated, as a clock allows, or all."""
        rungs, plan = each.split.rungs, self.plan
        known = record or plan.replay.get(self.name)
        if known is not None and known.time is not None:
            return Replayed(known.time, known.fit_rows)
        if self._share is None:
            return Fixed(trials, rungs, each.final_rows)
        validation = len(each.split.validation)
        tested = len(plan.dataset.test.y) if each.fold is None else len(each.fold.test)
        return Timed(self._share, jobs.turn, trials, rungs, each.final_rows, validation, tested, refits, 1 / rounds)

    def _tune(
        self,
        jobs: JobRunner,
        each: Round,
        context: RunContext,
        declared: Declaration,
        effort: Effort,
        earlier: int,
    ) -> Tuned:
        """Tune a round, or continue the study of an interrupted run; `earlier` trials were those of other rounds."""
        progress = self.progress
        study_name = f"{self.name} {_short(context.fingerprint)}"
        study = tuning.open_study(lock.journal_path(self.plan.folder, self.name), study_name, each.split.rungs)
        finished = len(tuning.finished(study))
        progress.trial = earlier + finished
        progress.earlier_trials += finished
        progress.phase = "tuning"
        if finished:
            effort.recall(tuning.summary(study).trials[0].rungs)

        def run_jobs(batch: list[TuningJob]) -> list[Outcome] | None:
            progress.trial, progress.rows = earlier + len(tuning.finished(study)), batch[0].rows
            outcomes = effort.tune(jobs, batch)
            for job, outcome in zip(batch, outcomes or (), strict=outcomes is not None):
                result = outcome.reason if outcome.accuracy is None else f"{outcome.accuracy:.4f}"
                self.log(f"{each.title}{job.rows:,} rows: {result}")
            return outcomes

        template = self._template(each.fold)
        tuned = tuning.tune(study, declared.space, declared.defaults, effort, template, run_jobs)
        progress.trial = earlier + len(tuning.finished(study))
        return tuned

    def _from_record(self, context: RunContext, record: Record, earlier: int) -> tuple[Tuned, RunContext]:
        """Return the tuning result that a record holds, and the context with its conditions."""
        progress = self.progress
        progress.trial = earlier + len(record.trials)
        progress.earlier_trials += len(record.trials)
        validation = records.read_validation(self.plan.folder, record)
        tuned = Tuned.of(record.trials, None if validation is None else validation.proba)
        return tuned, replace(context, tuning_threads=record.tuning_threads, tuning_parallel=record.tuning_parallel)

    def _refit(
        self, jobs: JobRunner, each: Round, context: RunContext, tuned: Tuned, effort: Effort, seed: int
    ) -> bool:
        """Refit with one seed and write its record; return whether it went well."""
        plan, progress = self.plan, self.progress
        assert tuned.best is not None, "checked by the caller"
        params = tuned.best.params
        progress.phase = "refit"
        with self._model_folder(seed) as folder:

            def job_on(rows: int) -> RefitJob:
                progress.rows = rows
                return evaluation.refit_job(
                    self._template(each.fold),
                    params,
                    rows,
                    seed,
                    plan.resources.threads,
                    plan.resources.refit,
                    save_to=str(folder or ""),
                )

            job, outcome = effort.refit(jobs, job_on)
            context = replace(context, time=effort.plan)
            if outcome.status != "ok":
                self._fail(context, tuned, outcome, seed, job)
                return False
            record = self._write(context, tuned, outcome, seed, job)
            took = f"fitted in {outcome.fit_seconds:.1f} s, predicted in {outcome.predict_seconds:.1f} s"
            self.log(f"{each.title or f'seed {seed}: '}{took}")
            for note in outcome.notes:
                self.log(note)
            if folder:
                self.log(saved_models.install(plan.folder, folder, plan.dataset, record, outcome))
        return True

    def _save_whole(self, jobs: JobRunner) -> None:
        """Fit the parameters of the first fold on all images, only to save that model, if it is missing."""
        plan = self.plan
        record = self._good_record(saved_models.SEED)
        assert record is not None, "all records are there"
        if saved_models.is_saved(plan.folder, record):
            return
        y = plan.dataset.train.y
        memmap.write_part(plan.dataset, ALL, np.arange(len(y)), np.arange(0))
        rows = len(protocol.final_rows(y, plan.preset))
        self._save(jobs, replace(self._template(), part=ALL), record, rows, "whole")

    def _save_again(self, jobs: JobRunner, record: Record) -> None:
        """Repeat a recorded refit to save its model, if that is missing. No test image is read."""
        if not saved_models.is_saved(self.plan.folder, record):
            self._save(jobs, self._template(), record, record.fit_rows, "again")

    def _save(self, jobs: JobRunner, template: TuningJob, record: Record, rows: int, refit: Refit) -> None:
        plan = self.plan
        self.progress.phase, self.progress.seed, self.progress.rows = "refit", 1, rows
        with saved_models.new_folder(plan.folder) as folder:
            job = evaluation.refit_job(
                template,
                record.params,
                rows,
                record.seed,
                record.threads,
                plan.resources.refit,
                save_to=str(folder),
            )
            outcome = jobs.alone(SaveJob(**vars(job)))
            self.log(saved_models.install(plan.folder, folder, plan.dataset, record, outcome, refit))

    def _template(self, fold: Fold | None = None) -> TuningJob:
        """Return the fields that all tuning jobs of a round have in common."""
        plan = self.plan
        task = Task(
            n_classes=len(plan.dataset.class_names),
            image_shape=plan.dataset.image_shape,
            seed=protocol.TUNING_SEED,
            threads=plan.resources.tuning_threads,
            device=plan.resources.device,
            rows=protocol.task_rows(len(plan.dataset.train.y), plan.dataset.folds, plan.preset),
        )
        return TuningJob(
            estimator=self.name,
            params={},
            task=task,
            preset=plan.preset,
            dataset=plan.dataset.sha256,
            rows=0,
            limits=plan.resources.tuning,
            part="" if fold is None else fold.part,
        )

    def _good_record(self, seed: int) -> Record | None:
        """Return the record of a seed if it is undamaged and its status is ok."""
        path = records.record_path(self.plan.folder, self.name, seed)
        try:
            record = records.read_record(path)
        except BenchmarkError:  # missing or damaged: it will be written again
            return None
        return record if record.status == "ok" and records.is_intact(path, record) else None

    @contextmanager
    def _model_folder(self, seed: int) -> Iterator[Path | None]:
        """Give a folder for the fitted model of a refit; None if that is not to be saved."""
        if not self.plan.keep or self.plan.dataset.folds or seed != saved_models.SEED:
            yield None
            return
        with saved_models.new_folder(self.plan.folder) as folder:
            yield folder

    def _write(
        self, context: RunContext, tuned: Tuned, outcome: Outcome, seed: int, job: RefitJob | None = None
    ) -> Record:
        reads = self._test_reads.get((self.name, seed), 0)
        tested = None if context.fold is None else context.fold.test
        return records.write(
            self.plan.folder, *evaluation.record(context, tuned, seed, outcome, job, reads), rows=tested
        )

    def _fail(
        self, context: RunContext, tuned: Tuned, outcome: Outcome, seed: int = 0, job: RefitJob | None = None
    ) -> None:
        """Write a record that says why the estimator failed."""
        self._write(context, tuned, outcome, seed, job)
        self.progress.end("failed", outcome.reason)
        self.log(f"failed: {outcome.reason}")

    def _abort(self, error: Exception) -> None:
        """Fail outside tuning and refit. Good records of an earlier run are not overwritten."""
        reason = failure_reason(error)
        if any(self._good_record(seed) for each in self.rounds for seed in each.seeds):
            self.progress.end("failed", reason)
            self.log(f"failed: {reason}; its earlier record is kept")
        else:
            status = error.status if isinstance(error, WorkerDiedError) else "failed"
            self._fail(self._context, Tuned(None, ()), Outcome(status, reason))

    def log(self, text: str) -> None:
        """Tell the observer what has happened."""
        self._observe(self.progress, text)


def _short(prints: Mapping[str, str]) -> str:
    return "-".join(value[:6] for _, value in sorted(prints.items()))
