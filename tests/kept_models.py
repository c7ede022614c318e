"""Models saved by a run whose jobs are done in this process."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from benchmark import datasets
from benchmark.datasets import memmap
from benchmark.engine import declaration, registry, runner, worker_job
from benchmark.engine.jobs import Describe, Limits, RefitJob, TuningJob
from benchmark.engine.protocol import PRESETS
from benchmark.engine.resources import Resources
from benchmark.engine.scheduler import StopRequest

LOGISTIC, KNN = "logistic_regression", "knn"


class Here:
    """An executor that runs jobs here and now, and notes what it was asked for."""

    def __init__(self) -> None:
        self.jobs: list[TuningJob | RefitJob] = []

    def describe(self, job: Describe) -> Future:
        future: Future = Future()
        future.set_result(declaration.describe(job))
        return future

    def submit(self, job: TuningJob | RefitJob) -> Future:
        self.jobs.append(job)
        future: Future = Future()
        future.set_result(worker_job.run(job))
        return future

    def retire(self, estimator: str) -> None: ...
    def close(self) -> None: ...
    def kill(self) -> None: ...


def run(
    folder: Path, names: Sequence[str] = (LOGISTIC,), keep: bool = True, seeds: int = 1
) -> tuple[list[TuningJob | RefitJob], list[str]]:
    """Run estimators on the digits, at `smoke`; return the jobs and all that was told."""
    digits = datasets.load("digits")
    memmap.materialise(digits)
    folder.mkdir(parents=True, exist_ok=True)
    plan = runner.Plan(
        plugins=[registry.get(name) for name in names],
        dataset=digits,
        preset=PRESETS["smoke"].replace(seeds=seeds),
        resources=Resources(jobs=1, threads=1, tuning_threads=1, tuning=Limits(), refit=Limits()),
        folder=folder,
        keep=keep,
    )
    executor, told = Here(), []
    states = runner.run(plan, executor, lambda _, text: told.append(text), StopRequest())
    assert [state.phase for state in states if state.phase not in ("done", "unchanged")] == []
    return executor.jobs, told
