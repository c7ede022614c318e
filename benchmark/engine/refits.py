"""What is done with the frozen winners after a run: fitted once more, on fewer rows or to see how they break.

Nothing is tuned here. Each estimator is a lane (see lanes.py), as in a run: its plugin is described
and held against its record; then it goes its own way, which `curve.py` and `robustness.py` say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.datasets.dataset import Dataset
from benchmark.engine import registry
from benchmark.engine import scheduler as lanes
from benchmark.engine.executors import Executor
from benchmark.engine.fingerprint import fingerprint, stale
from benchmark.engine.jobs import Describe, Job, Outcome, describe_seconds, in_words
from benchmark.engine.progress import Observer, Progress
from benchmark.engine.protocol import Preset
from benchmark.engine.registry import Plugin
from benchmark.engine.resources import Resources
from benchmark.engine.scheduler import Lane, Stop, Waves
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.storage import lock as claim
from benchmark.storage import records
from benchmark.storage.record_kind import RecordKind
from benchmark.storage.records import Record

FIRST = "python -m benchmark run {name}"
"""What makes the record that it starts from."""


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
    force : bool
        Make anew what stands.
    kinds : sequence of RecordKind
        What the report will read besides the records.
    """

    plugins: Sequence[Plugin]
    dataset: Dataset
    resources: Resources
    folder: Path
    force: bool = False
    kinds: Sequence[RecordKind] = ()


def choose(folder: Path, names: Sequence[str], warn: Callable[[str], None]) -> list[Plugin]:
    """Return the estimators that have a winner: those named, or all that have a record of seed 0.

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
    if not records.is_intact(path, record):
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


class Desk(ABC):
    """One estimator's place: its record, what it is to do, and how far it is.

    Attributes
    ----------
    progress : Progress
        Set by who inherits.
    """

    progress: Progress

    def __init__(self, plan: Plan, name: str, observe: Observer) -> None:
        self.plan, self.name, self._observe = plan, name, observe
        self.record = standing(plan.folder, name)
        self.preset = preset_of(self.record)

    @abstractmethod
    def life(self, template: Job) -> Waves:
        """Do what is to be done with the winner, whose record is of today's plugin, and leave it on disk."""

    def say(self, text: str) -> None:
        """Tell the observer."""
        self._observe(self.progress, text)

    def fail(self, reason: str) -> None:
        """Be done for a reason that is the estimator's own."""
        self.progress.end("failed", reason)
        self.say(f"failed: {reason}")


def measured(job: Job, outcome: Outcome) -> dict[str, Any]:
    """Return how a job ended, at what cost and on what, under the names that all JSONs have for it."""
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "fit_seconds": outcome.fit_seconds,
        "predict_seconds": outcome.predict_seconds,
        "threads": job.task.threads,
        "device": outcome.device or job.task.device,
    }


def drive(plan: Plan, desk: Callable[[str], Desk], executor: Executor, stop: Stop) -> list[Progress]:
    """Drive a desk for each estimator of a plan, in a folder that is prepared; return every one's last state.

    Raises
    ------
    EngineError
        No job can be run, or nothing written, any more; the same command goes on from there.
    """
    with claim.os_errors_as_engine_errors(plan.folder):
        desks = [desk(plugin.name) for plugin in plan.plugins]
        lanes.drive(
            [Lane(desk.name, desk.progress, _lane(desk)) for desk in desks], executor, plan.resources.jobs, stop
        )
    return [desk.progress for desk in desks]


def _lane(desk: Desk) -> Waves:
    """One estimator's life; whatever goes wrong in it never ends the others'."""
    try:
        template = yield from _of_today(desk)
        if template is not None:
            yield from desk.life(template)
    except (EngineError, OSError):
        raise
    except Exception as error:
        desk.fail(in_words(error))


def _of_today(desk: Desk) -> Generator[list[Describe] | list[Job], list[Any], Job | None]:
    """See that the record is of today's plugin; return what its jobs have in common, or None if it is not."""
    plan, given = desk.plan, desk.plan.resources
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
        return None
    changed = stale(desk.record.fingerprint, fingerprint(plan.dataset.sha256, desk.preset, declared))
    if changed:
        desk.fail(f"its record is stale, {' and '.join(changed)} changed; first: {FIRST.format(name=desk.name)}")
        return None
    return Job(estimator=desk.name, params={}, task=task, preset=desk.preset, dataset=plan.dataset.sha256, rows=0)
