"""Tunes and evaluates many estimators and leaves their records on disk.

Each estimator is a lane (see lanes.py): describe, tune, refit once per seed, leave the records.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark import claim, evaluation, lanes, protocol, records, tuning
from benchmark.claim import TestReads
from benchmark.datasets.base import Dataset
from benchmark.environment import environment
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task
from benchmark.evaluation import Circumstances
from benchmark.executors import Executor
from benchmark.fingerprint import fingerprint, stale
from benchmark.jobs import Describe, Job, LostError, Outcome, describe_seconds, one_line
from benchmark.lanes import Lane, Stop, Waves
from benchmark.progress import Progress
from benchmark.protocol import Preset
from benchmark.registry import Plugin
from benchmark.resources import Resources
from benchmark.tuning import Tuned

Observer = Callable[[Progress, str], None]
"""Called with an estimator's state and one line of what has just happened."""


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
    """

    plugins: Sequence[Plugin]
    dataset: Dataset
    preset: Preset
    resources: Resources
    folder: Path
    force: bool = False


def run(plan: Plan, executor: Executor, observe: Observer, stop: Stop) -> list[Progress]:
    """Run the plan; return every estimator's last state.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data, cannot be written, or another run is writing to it.
    EngineError
        No job can be run, or no record written, any more; the same command goes on from there.
    """
    with claim.claimed(plan.folder):
        names = [plugin.name for plugin in plan.plugins]
        earlier = claim.prepare(plan.folder, plan.dataset, names, plan.preset.seeds, plan.force)
        running = [Lane(plugin.name, *_start(plan, plugin, earlier, observe)) for plugin in plan.plugins]
        lanes.drive(running, executor, plan.resources.jobs, stop)
        return [lane.progress for lane in running]


def _start(plan: Plan, plugin: Plugin, earlier: TestReads, observe: Observer) -> tuple[Progress, Waves]:
    parts = protocol.split(plan.dataset.train.y, plan.preset)
    final_rows = len(protocol.final_rows(plan.dataset.train.y, plan.preset))
    progress = Progress(plugin.name, plan.preset.trials, parts.rungs, plan.preset.seeds, final_rows)
    return progress, _lane(plan, plugin, parts, progress, earlier, observe)


def _lane(
    plan: Plan, plugin: Plugin, parts: protocol.Split, progress: Progress, earlier: TestReads, observe: Observer
) -> Waves:
    """One estimator's life: describe, tune, refit once per seed, leave the records."""
    task = Task(
        n_classes=len(plan.dataset.class_names),
        image_shape=plan.dataset.image_shape,
        seed=protocol.TUNING_SEED,
        threads=plan.resources.tuning_threads,
        device=plan.resources.device,
    )
    shared = Circumstances(
        name=plugin.name,
        origin=plugin.origin,
        estimator=None,
        fingerprint={},
        dataset=plan.dataset.name,
        dataset_sha256=plan.dataset.sha256,
        preset=plan.preset,
        environment=environment(),
        n_validation=len(parts.validation),
        tuning_threads=plan.resources.tuning_threads,
        tuning_parallel=plan.resources.jobs,
    )

    def keep(tuned: Tuned, outcome: Outcome, seed: int = 0, job: Job | None = None) -> None:
        reads = earlier.get((plugin.name, seed), 0)
        records.write(plan.folder, *evaluation.record(shared, tuned, seed, outcome, job, reads))

    def fail(tuned: Tuned, outcome: Outcome, seed: int = 0, job: Job | None = None) -> None:
        keep(tuned, outcome, seed, job)
        progress.end("failed", outcome.reason)
        observe(progress, f"failed: {outcome.reason}")

    limits = replace(plan.resources.tuning, seconds=describe_seconds(plan.resources.refit.seconds))
    (described,) = yield [Describe(plugin.name, task, limits)]
    try:
        if isinstance(described, BaseException):
            raise described
        declared = plugin.load()
    except Exception as error:
        reason = str(error) if isinstance(error, (BenchmarkError, LostError)) else one_line(error)
        fail(Tuned(None, ()), Outcome(error.status if isinstance(error, LostError) else "failed", reason))
        return
    prints = fingerprint(plan.dataset.sha256, plan.preset, declared, described)
    shared = replace(shared, estimator=declared, fingerprint=prints)
    progress.trials = plan.preset.trials if declared.space else 1

    seeds = [seed for seed in range(plan.preset.seeds) if not _stands(plan, plugin, seed, prints)]
    if not seeds:
        progress.end("kept")
        observe(progress, "its records stand; --force makes them anew")
        return

    template = Job(
        estimator=plugin.name,
        params={},
        task=task,
        preset=plan.preset,
        dataset=plan.dataset.sha256,
        rows=0,
        limits=plan.resources.tuning,
    )
    journal = claim.journal(plan.folder, plugin.name)
    study = tuning.open_study(journal, f"{plugin.name} {_name(prints)}", parts.rungs)
    if tuning.finished(study) and tuning.summary(study).best is None:
        # Every trial failed before; the plugin may have been mended since.
        journal.unlink()
        study = tuning.open_study(journal, f"{plugin.name} {_name(prints)}", parts.rungs)
    progress.trial = progress.earlier_trials = len(tuning.finished(study))
    progress.phase = "tuning"
    waves = tuning.tune(study, declared.space, described, plan.preset, parts.rungs, template)
    tuned = yield from _tune(waves, study, progress, observe)
    if tuned.best is None:
        fail(tuned, tuned.failure)
        return
    progress.phase = "tuned"
    observe(progress, f"tuned: validation accuracy {tuned.best.rungs[-1].accuracy:.4f} in trial {tuned.best.number}")

    for seed in seeds:
        progress.phase, progress.seed, progress.rows = "refit", seed + 1, progress.final_rows
        job = evaluation.refit_job(
            template, tuned.best.params, progress.final_rows, seed, plan.resources.threads, plan.resources.refit
        )
        (outcome,) = yield [job]
        if outcome.status != "ok":
            fail(tuned, outcome, seed, job)
            return
        keep(tuned, outcome, seed, job)
        observe(
            progress,
            f"seed {seed}: fitted in {outcome.fit_seconds:.1f} s, predicted in {outcome.predict_seconds:.1f} s",
        )
    progress.end("done")
    observe(progress, "done")


def _tune(
    waves: Generator[list[Job], list[Outcome], Tuned],
    study: Any,
    progress: Progress,
    observe: Observer,
) -> Generator[list[Job], list[Outcome], Tuned]:
    """Pass the study's waves through and keep the progress up to date."""
    try:
        wave = next(waves)
        while True:
            progress.rows = wave[0].rows
            outcomes = yield wave
            for job, outcome in zip(wave, outcomes, strict=True):
                progress.saw(job.rows, outcome.accuracy, outcome.fit_seconds + outcome.predict_seconds)
                found = outcome.reason if outcome.accuracy is None else f"{outcome.accuracy:.4f}"
                observe(progress, f"{job.rows:,} rows: {found}")
            wave = waves.send(outcomes)
            progress.trial = len(tuning.finished(study))
    except StopIteration as stop:
        progress.trial = len(tuning.finished(study))
        result: Tuned = stop.value
        return result


def _stands(plan: Plan, plugin: Plugin, seed: int, prints: dict[str, str]) -> bool:
    path = records.record_path(plan.folder, plugin.name, seed)
    try:
        held = records.read_record(path)
    except BenchmarkError:  # none, or damaged: made anew
        return False
    ours = (held.estimator, held.seed, held.status) == (plugin.name, seed, "ok")
    return ours and not stale(held.fingerprint, prints) and records.intact(path, held)


def _name(prints: dict[str, str]) -> str:
    return "-".join(value[:6] for _, value in sorted(prints.items()))
