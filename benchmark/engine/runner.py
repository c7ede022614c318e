"""Tunes and evaluates estimators and writes their records.

`run` starts one `EstimatorRun` per estimator. Its `run` method is the whole way of one estimator, top to bottom:
describe the plugin, tune it, refit it once per seed, write the records. The scheduler shares the workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.datasets.dataset import Dataset
from benchmark.engine import evaluation, preflight, protocol, scheduler, tuning
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
from benchmark.engine.protocol import Preset
from benchmark.engine.registry import Plugin
from benchmark.engine.resources import Resources
from benchmark.engine.saved_models import save as saved_models
from benchmark.engine.scheduler import EstimatorTask, JobRunner, StopRequest
from benchmark.engine.tuning import Tuned
from benchmark.environment import environment
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.storage import lock, records
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
        Delete the records and studies of these estimators first.
    keep : bool
        Save the fitted models of seed 0.
    kinds : sequence of RecordKind
        What the report reads besides the records.
    """

    plugins: Sequence[Plugin]
    dataset: Dataset
    preset: Preset
    resources: Resources
    folder: Path
    force: bool = False
    keep: bool = False
    kinds: Sequence[RecordKind] = ()


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
        runs = [EstimatorRun(plan, plugin, test_reads, observe) for plugin in plan.plugins]
        tasks = [EstimatorTask(each.name, each.progress, each.run) for each in runs]
        scheduler.run_all(tasks, executor, plan.resources.jobs, stop)
    return [each.progress for each in runs]


class EstimatorRun:
    """The run of one estimator.

    Parameters
    ----------
    plan : Plan
    plugin : Plugin
    test_reads : TestReadCounts
        How often the test images were read for the records in the folder.
    observe : Observer
    """

    def __init__(self, plan: Plan, plugin: Plugin, test_reads: TestReadCounts, observe: Observer) -> None:
        self.plan, self.name = plan, plugin.name
        train = plan.dataset.train
        self.split = protocol.split(train.y, plan.preset, train.groups, train.validates)
        self.progress = Progress(
            plugin.name,
            plan.preset.trials,
            self.split.rungs,
            plan.preset.seeds,
            len(protocol.final_rows(plan.dataset.train.y, plan.preset)),
        )
        self.context = RunContext(
            name=plugin.name,
            origin=plugin.origin,
            declared=None,
            fingerprint={},
            dataset=plan.dataset.name,
            dataset_sha256=plan.dataset.sha256,
            preset=plan.preset,
            environment=environment(),
            y_validation=plan.dataset.train.y[self.split.validation],
            tuning_threads=plan.resources.tuning_threads,
            tuning_parallel=plan.resources.jobs,
        )
        self._test_reads, self._observe = test_reads, observe

    def run(self, jobs: JobRunner) -> None:
        """Describe, tune, refit, record. A failure is this estimator's row and does not end the run."""
        try:
            self._run(jobs)
        except (EngineError, OSError):
            raise
        except Exception as error:
            self._abort(error)

    def _run(self, jobs: JobRunner) -> None:
        plan, progress = self.plan, self.progress
        template = self._template()
        limits = replace(plan.resources.tuning, seconds=describe_seconds(plan.resources.refit.seconds))
        declared = jobs.describe(Describe(self.name, template.task, limits))
        prints = fingerprint(plan.dataset.sha256, plan.preset, declared)
        self.context = replace(self.context, declared=declared, fingerprint=prints)
        progress.trials = plan.preset.trials if declared.space else 1

        found = {seed: self._good_record(seed) for seed in range(plan.preset.seeds)}
        current = {seed: each for seed, each in found.items() if each and not stale(each.fingerprint, prints)}
        missing = [seed for seed in found if seed not in current]
        if plan.keep and saved_models.SEED in current:
            self._save_again(jobs, template, current[saved_models.SEED])
        if not missing:
            progress.end("unchanged")
            self.log("its records are up to date; --force recomputes them")
            return

        # All seeds of a row are refits of the same parameters. So tuning is skipped if any current record exists:
        # the study may be gone (it is not committed), and tuning on another machine might choose otherwise.
        tuned = self._from_record(next(iter(current.values()))) if current else self._tune(jobs, template, declared)
        if tuned.best is None:
            self._fail(tuned, tuned.failure, missing[0])
            return
        progress.phase = "tuned"
        self.log(f"tuned: validation accuracy {tuned.best.rungs[-1].accuracy:.4f} in trial {tuned.best.number}")

        for seed in missing:
            if not self._refit(jobs, template, tuned, tuned.best.params, seed):
                return
        progress.end("done")
        self.log("done")

    def _tune(self, jobs: JobRunner, template: TuningJob, declared: Declaration) -> Tuned:
        """Tune, or continue the study of an interrupted run."""
        progress, prints = self.progress, self.context.fingerprint
        study_name = f"{self.name} {_short(prints)}"
        study = tuning.open_study(lock.journal_path(self.plan.folder, self.name), study_name, self.split.rungs)
        progress.trial = progress.earlier_trials = len(tuning.finished(study))
        progress.phase = "tuning"

        def run_jobs(batch: list[TuningJob]) -> list[Outcome]:
            progress.trial, progress.rows = len(tuning.finished(study)), batch[0].rows
            outcomes = jobs.map(batch)
            for job, outcome in zip(batch, outcomes, strict=True):
                result = outcome.reason if outcome.accuracy is None else f"{outcome.accuracy:.4f}"
                self.log(f"{job.rows:,} rows: {result}")
            return outcomes

        tuned = tuning.tune(
            study, declared.space, declared.defaults, self.plan.preset, self.split.rungs, template, run_jobs
        )
        progress.trial = len(tuning.finished(study))
        return tuned

    def _from_record(self, record: Record) -> Tuned:
        """Return the tuning result that a record holds."""
        self.context = replace(
            self.context, tuning_threads=record.tuning_threads, tuning_parallel=record.tuning_parallel
        )
        self.progress.trial = self.progress.earlier_trials = len(record.trials)
        validation = records.read_validation(self.plan.folder, record)
        return Tuned.of(record.trials, None if validation is None else validation.proba)

    def _refit(
        self, jobs: JobRunner, template: TuningJob, tuned: Tuned, params: Mapping[str, object], seed: int
    ) -> bool:
        """Refit with one seed and write its record; return whether it went well."""
        plan, progress = self.plan, self.progress
        progress.phase, progress.seed, progress.rows = "refit", seed + 1, progress.final_rows
        with self._model_folder(seed) as folder:
            job = evaluation.refit_job(
                template,
                params,
                progress.final_rows,
                seed,
                plan.resources.threads,
                plan.resources.refit,
                save_to=str(folder or ""),
            )
            outcome = jobs.alone(job)
            if outcome.status != "ok":
                self._fail(tuned, outcome, seed, job)
                return False
            record = self._write(tuned, outcome, seed, job)
            self.log(
                f"seed {seed}: fitted in {outcome.fit_seconds:.1f} s, predicted in {outcome.predict_seconds:.1f} s"
            )
            if folder:
                self.log(saved_models.install(plan.folder, folder, plan.dataset, record, outcome))
        return True

    def _save_again(self, jobs: JobRunner, template: TuningJob, record: Record) -> None:
        """Repeat a recorded refit to save its model, if that is missing. No test image is read."""
        plan = self.plan
        if saved_models.is_saved(plan.folder, record):
            return
        self.progress.phase, self.progress.seed, self.progress.rows = "refit", 1, record.fit_rows
        with saved_models.new_folder(plan.folder) as folder:
            refit = evaluation.refit_job(
                template,
                record.params,
                record.fit_rows,
                record.seed,
                record.threads,
                plan.resources.refit,
                save_to=str(folder),
            )
            outcome = jobs.alone(SaveJob(**vars(refit)))
            self.log(saved_models.install(plan.folder, folder, plan.dataset, record, outcome, again=True))

    def _template(self) -> TuningJob:
        """Return the fields that all tuning jobs have in common."""
        plan = self.plan
        task = Task(
            n_classes=len(plan.dataset.class_names),
            image_shape=plan.dataset.image_shape,
            seed=protocol.TUNING_SEED,
            threads=plan.resources.tuning_threads,
            device=plan.resources.device,
            rows=self.progress.final_rows,
        )
        return TuningJob(
            estimator=self.name,
            params={},
            task=task,
            preset=plan.preset,
            dataset=plan.dataset.sha256,
            rows=0,
            limits=plan.resources.tuning,
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
        if not self.plan.keep or seed != saved_models.SEED:
            yield None
            return
        with saved_models.new_folder(self.plan.folder) as folder:
            yield folder

    def _write(self, tuned: Tuned, outcome: Outcome, seed: int = 0, job: RefitJob | None = None) -> Record:
        reads = self._test_reads.get((self.name, seed), 0)
        return records.write(self.plan.folder, *evaluation.record(self.context, tuned, seed, outcome, job, reads))

    def _fail(self, tuned: Tuned, outcome: Outcome, seed: int = 0, job: RefitJob | None = None) -> None:
        """Write a record that says why the estimator failed."""
        self._write(tuned, outcome, seed, job)
        self.progress.end("failed", outcome.reason)
        self.log(f"failed: {outcome.reason}")

    def _abort(self, error: Exception) -> None:
        """Fail outside tuning and refit. Good records of an earlier run are not overwritten."""
        reason = failure_reason(error)
        if any(self._good_record(seed) for seed in range(self.plan.preset.seeds)):
            self.progress.end("failed", reason)
            self.log(f"failed: {reason}; its earlier record is kept")
        else:
            status = error.status if isinstance(error, WorkerDiedError) else "failed"
            self._fail(Tuned(None, ()), Outcome(status, reason))

    def log(self, text: str) -> None:
        """Tell the observer what has happened."""
        self._observe(self.progress, text)


def _short(prints: Mapping[str, str]) -> str:
    return "-".join(value[:6] for _, value in sorted(prints.items()))
