"""Refits of the best parameters on record, after a run: on fewer rows, or to predict corrupted images.

Nothing is tuned here. An analysis derives a `RefitRun` that says what is refitted and what is written. Its `run`
method is the whole way of one estimator: describe the plugin, check that its record is not stale, refit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.datasets.dataset import Dataset
from benchmark.engine import evaluation, protocol, registry, scheduler
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import fingerprint, stale
from benchmark.engine.jobs import Describe, Job, Outcome, RefitJob, describe_seconds, failure_reason
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.protocol import Preset
from benchmark.engine.registry import Plugin
from benchmark.engine.resources import Resources
from benchmark.engine.scheduler import EstimatorTask, JobRunner, StopRequest
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.storage import lock, records
from benchmark.storage.record_kind import RecordKind
from benchmark.storage.records import Record

RUN_COMMAND = "python -m benchmark run {name}"
"""Makes the record that an analysis starts from."""


@dataclass(frozen=True)
class RefitPlan:
    """What an analysis that refits is asked to do.

    Attributes
    ----------
    plugins : sequence of Plugin
    dataset : Dataset
    resources : Resources
    folder : Path
        ``results/<dataset>``.
    force : bool
        Recompute what is already there.
    kinds : sequence of RecordKind
        What the report reads besides the records.
    """

    plugins: Sequence[Plugin]
    dataset: Dataset
    resources: Resources
    folder: Path
    force: bool = False
    kinds: Sequence[RecordKind] = ()


def choose(folder: Path, names: Sequence[str], warn: Callable[[str], None]) -> list[Plugin]:
    """Return the estimators that have a good record: those named, or all that have one of seed 0.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    names : sequence of str
        Empty: all.
    warn : callable
        Called for each estimator that is left out, with the reason.

    Raises
    ------
    BenchmarkError
        None is left. Or a named one has no good record, or is no estimator.
    """
    if names:
        chosen = [registry.get(name) for name in dict.fromkeys(names)]
        for plugin in chosen:
            best_record(folder, plugin.name)
        return chosen
    chosen = []
    for name, plugin in registry.plugins().items():
        try:
            best_record(folder, name)
        except BenchmarkError as error:
            warn(f"{error} (left out)")
        else:
            chosen.append(plugin)
    if not chosen:
        raise BenchmarkError(f"{folder}: no estimator has a record here; first: python -m benchmark run --all")
    return chosen


def best_record(folder: Path, name: str) -> Record:
    """Return an estimator's record of seed 0, which holds the best parameters.

    Raises
    ------
    BenchmarkError
        There is none, or it is damaged, or its status is not ok.
    """
    path = records.record_path(folder, name, 0)
    first = f"first: {RUN_COMMAND.format(name=name)}"
    if not path.exists():
        raise BenchmarkError(f"{name} has no record in {folder}; {first}")
    record = records.read_record(path)
    if record.status != "ok":
        raise BenchmarkError(f"{name}'s record in {folder} says that it {record.status}: {record.reason}; {first}")
    if not records.is_intact(path, record):
        raise BenchmarkError(f"{path}: its predictions are not the ones it was written with; {first}")
    return record


def preset_of(record: Record) -> Preset:
    """Return the preset that a record was made with.

    Raises
    ------
    BenchmarkError
        The record does not hold a valid preset.
    """
    try:
        return Preset.recorded(record.preset)
    except (TypeError, KeyError) as error:
        raise BenchmarkError(
            f"{record.estimator}'s record names no preset; first: {RUN_COMMAND.format(name=record.estimator)}"
        ) from error


def cost_fields(job: RefitJob, outcome: Outcome) -> dict[str, Any]:
    """Return status, times and machine of a refit, under the names that every derived record has for them."""
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "fit_seconds": outcome.fit_seconds,
        "predict_seconds": outcome.predict_seconds,
        "threads": job.task.threads,
        "device": outcome.device or job.task.device,
    }


class RefitRun(ABC):
    """The refits of one estimator.

    Attributes
    ----------
    record : Record
        Holds the best parameters.
    preset : Preset
        Of the record.
    progress : Progress
        Set by the subclass.
    """

    progress: Progress

    def __init__(self, plan: RefitPlan, name: str, observe: Observer) -> None:
        self.plan, self.name, self._observe = plan, name, observe
        self.record = best_record(plan.folder, name)
        self.preset = preset_of(self.record)

    def run(self, jobs: JobRunner) -> None:
        """Describe the plugin, check the record, refit. A failure does not end the refits of other estimators."""
        try:
            self._check_record(jobs)
            self.refit(jobs)
        except (EngineError, OSError):
            raise
        except Exception as error:
            self.fail(failure_reason(error))

    @abstractmethod
    def refit(self, jobs: JobRunner) -> None:
        """Run the refits that are missing, and write each result to disk."""

    def refit_job(self, params: Mapping[str, Any], rows: int, seed: int, draw: int = 0) -> RefitJob:
        """Return the job that fits these parameters on so many rows, alone on the machine."""
        given = self.plan.resources
        return evaluation.refit_job(self._template(), params, rows, seed, given.threads, given.refit, draw)

    def log(self, text: str) -> None:
        """Tell the observer what has happened."""
        self._observe(self.progress, text)

    def fail(self, reason: str) -> None:
        """End with a reason."""
        self.progress.end("failed", reason)
        self.log(f"failed: {reason}")

    def _template(self) -> Job:
        """Return the fields that all jobs of this estimator have in common."""
        dataset, given = self.plan.dataset, self.plan.resources
        task = Task(
            n_classes=len(dataset.class_names),
            image_shape=dataset.image_shape,
            threads=given.tuning_threads,
            device=given.device,
            rows=protocol.task_rows(len(dataset.train.y), dataset.folds, self.preset),
        )
        return Job(estimator=self.name, params={}, task=task, preset=self.preset, dataset=dataset.sha256, rows=0)

    def _check_record(self, jobs: JobRunner) -> None:
        """Refuse a record that the plugin, the preset or the data have changed under.

        Raises
        ------
        BenchmarkError, WorkerDiedError
            It is stale, or the plugin cannot be described.
        """
        given = self.plan.resources
        limits = replace(given.tuning, seconds=describe_seconds(given.refit.seconds))
        declared = jobs.describe(Describe(self.name, self._template().task, limits))
        changed = stale(self.record.fingerprint, fingerprint(self.plan.dataset.sha256, self.preset, declared))
        if changed:
            first = RUN_COMMAND.format(name=self.name)
            raise BenchmarkError(f"its record is stale, {' and '.join(changed)} changed; first: {first}")


def run_all(plan: RefitPlan, make: Callable[[str], RefitRun], executor: Executor, stop: StopRequest) -> list[Progress]:
    """Run the refits of every estimator of a plan, in a folder that preflight has checked; return the last progress.

    Parameters
    ----------
    plan : RefitPlan
    make : callable
        ``make(name)`` returns the `RefitRun` of an estimator.
    executor : Executor
    stop : StopRequest

    Raises
    ------
    EngineError
        No more jobs can be run, or nothing more written. The same command continues.
    """
    with lock.os_errors_as_engine_errors(plan.folder):
        runs = [make(plugin.name) for plugin in plan.plugins]
        tasks = [EstimatorTask(each.name, each.progress, each.run) for each in runs]
        scheduler.run_all(tasks, executor, plan.resources.jobs, stop)
    return [each.progress for each in runs]
