"""Tunes and evaluates many estimators and leaves their records on disk.

Each estimator is a lane (see lanes.py): describe, tune, refit once per seed, leave the records.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from benchmark import evaluation, gallery, lanes, protocol, records, tuning
from benchmark.datasets.arrays import ArrayFiles
from benchmark.datasets.base import Dataset
from benchmark.environment import environment
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task
from benchmark.evaluation import Circumstances
from benchmark.executors import Executor
from benchmark.fingerprint import fingerprint, stale
from benchmark.jobs import Describe, Job, Outcome, one_line
from benchmark.lanes import Lane, Waves
from benchmark.progress import Progress
from benchmark.protocol import PRESETS, Preset
from benchmark.registry import Plugin
from benchmark.tuning import Tuned

Observer = Callable[[Progress, str], None]
"""Called with an estimator's state and one line of what has just happened."""


TestReads = dict[tuple[str, int], int]
"""(estimator, seed) to how often the test images have been predicted for it."""


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do.

    Attributes
    ----------
    plugins : sequence of Plugin
    dataset : Dataset
    arrays : ArrayFiles
        The same data as files for the workers.
    preset : Preset
    jobs : int
        Jobs at once while tuning.
    threads : int
        Threads of a refit; while tuning the workers share them.
    device : str
        "cpu" or "cuda".
    folder : Path
        ``results/<dataset>``.
    force : bool
        Forget the records and studies of these estimators first.
    """

    plugins: Sequence[Plugin]
    dataset: Dataset
    arrays: ArrayFiles
    preset: Preset
    jobs: int
    threads: int
    device: str
    folder: Path
    force: bool = False

    @property
    def tuning_threads(self) -> int:
        """Threads of each worker while tuning."""
        return max(1, self.threads // self.jobs)


def results_folder(results: Path, dataset: str, preset: Preset, force: bool) -> Path:
    """Return the folder of a run's results: ``<results>/<dataset>``, unless that would lose work.

    A folder holds one protocol. Where it holds records of a preset that takes more effort (the
    published `standard` results, say), a smaller run goes to ``<dataset>-<preset>`` beside it.
    """
    folder = results / dataset
    effort = list(PRESETS)
    for path in sorted((folder / "records").glob("*/seed-*.json")):
        held = records.read_record(path).preset.get("name")
        if not force and held in effort and effort.index(held) > effort.index(preset.name):
            return results / f"{dataset}-{preset.name}"
    return folder


def run(plan: Plan, executor: Executor, observe: Observer) -> list[Progress]:
    """Run the plan; return every estimator's last state.

    Raises
    ------
    BenchmarkError
        The folder holds records of other data, cannot be written, or another run is writing to it.
    """
    with _alone_in(plan.folder):
        earlier = _prepare(plan)
        return _run(plan, earlier, executor, observe)


def _run(plan: Plan, earlier: TestReads, executor: Executor, observe: Observer) -> list[Progress]:
    running = [Lane(plugin.name, *_start(plan, plugin, earlier, observe)) for plugin in plan.plugins]
    lanes.drive(running, executor, plan.jobs)
    return [lane.progress for lane in running]


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    # The operating system drops the lock with its process, so a killed run leaves none behind.
    lock = FileLock(folder / ".lock", blocking=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise BenchmarkError(
            f"{folder}: another run is writing to it; wait, or give --results another folder"
        ) from error
    except OSError as error:
        raise BenchmarkError(f"{folder} cannot be written ({error.strerror}); give --results another folder") from error
    try:
        yield
    finally:
        lock.release()


def _prepare(plan: Plan) -> TestReads:
    """Make the folder ready; return how often the test images were read for the records in it."""
    folder = plan.folder
    earlier = {}
    try:
        there = records.read_test_set(folder)
        if there is not None and there.sha256 != plan.dataset.sha256:
            if not plan.force:
                raise BenchmarkError(
                    f"{folder} holds results on other data of the same name; "
                    "give --results another folder, or --force to replace them"
                )
            shutil.rmtree(folder / "records")  # of other data, so their reads do not count
            there = None
        if there is None:
            records.write_test_set(folder, gallery.test_set(plan.dataset))
        for path in folder.glob("records/*/seed-*.json"):
            held = records.read_record(path)
            earlier[held.estimator, held.seed] = held.test_reads
        if plan.force:
            for plugin in plan.plugins:
                shutil.rmtree(folder / "records" / plugin.name, ignore_errors=True)
                _journal(plan, plugin).unlink(missing_ok=True)
    except OSError as error:
        raise BenchmarkError(f"{folder} cannot be written ({error.strerror}); give --results another folder") from error
    return earlier


def _journal(plan: Plan, plugin: Plugin) -> Path:
    return plan.folder / "studies" / f"{plugin.name}.journal"


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
        threads=plan.tuning_threads,
        device=plan.device,
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
        tuning_threads=plan.tuning_threads,
        tuning_parallel=plan.jobs,
    )

    def keep(tuned: Tuned, outcome: Outcome, seed: int = 0, job: Job | None = None) -> None:
        reads = earlier.get((plugin.name, seed), 0)
        records.write(plan.folder, *evaluation.record(shared, tuned, seed, outcome, job, reads))

    def fail(tuned: Tuned, outcome: Outcome, seed: int = 0, job: Job | None = None) -> None:
        keep(tuned, outcome, seed, job)
        progress.end("failed", outcome.reason)
        observe(progress, f"failed: {outcome.reason}")

    (described,) = yield [Describe(plugin.name, task)]
    try:
        if isinstance(described, BaseException):
            raise described
        declared = plugin.load()
    except Exception as error:
        reason = str(error) if isinstance(error, BenchmarkError) else one_line(error)
        fail(Tuned(None, ()), Outcome("failed", reason))
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
        train_X=plan.arrays.train_X,
        train_y=plan.arrays.train_y,
        rows=0,
    )
    study = tuning.open_study(_journal(plan, plugin), f"{plugin.name} {_name(prints)}", parts.rungs)
    if tuning.finished(study) and tuning.summary(study).best is None:
        # Every trial failed before; the plugin may have been mended since.
        _journal(plan, plugin).unlink()
        study = tuning.open_study(_journal(plan, plugin), f"{plugin.name} {_name(prints)}", parts.rungs)
    progress.trial = progress.earlier_trials = len(tuning.finished(study))
    progress.phase = "tuning"
    waves = tuning.tune(study, declared.space, described, plan.preset, parts.rungs, template)
    tuned = yield from _tune(waves, study, progress, observe)
    if tuned.best is None:
        fail(tuned, Outcome("failed", f"all trials failed; {tuned.reason}"))
        return
    progress.phase = "tuned"
    observe(progress, f"tuned: validation accuracy {tuned.best.rungs[-1].accuracy:.4f} in trial {tuned.best.number}")

    for seed in seeds:
        progress.phase, progress.seed, progress.rows = "refit", seed + 1, progress.final_rows
        job = evaluation.refit_job(
            template, tuned.best.params, progress.final_rows, seed, plan.threads, plan.arrays.test_X
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
    if not path.exists():
        return False
    held = records.read_record(path)
    return held.status == "ok" and not stale(held.fingerprint, prints)


def _name(prints: dict[str, str]) -> str:
    return "-".join(value[:6] for _, value in sorted(prints.items()))
