"""Winners kept by a run whose jobs are done in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark import datasets
from benchmark.datasets import memmap
from benchmark.datasets.dataset import Dataset
from benchmark.engine import registry, runner
from benchmark.engine.jobs import Limits, RefitJob, TuningJob
from benchmark.engine.protocol import PRESETS
from benchmark.engine.resources import Resources
from benchmark.engine.scheduler import StopRequest
from tests.in_process import Inline

LOGISTIC, KNN = "logistic_regression", "knn"


def run(
    folder: Path,
    names: Sequence[str] = (LOGISTIC,),
    keep: bool = True,
    seeds: int = 1,
    dataset: Dataset | None = None,
) -> tuple[list[TuningJob | RefitJob], list[str]]:
    """Run estimators on the digits, or another data set, at `smoke`; return the jobs and all that was told."""
    dataset = dataset or datasets.load("digits")
    memmap.materialise(dataset)
    folder.mkdir(parents=True, exist_ok=True)
    plan = runner.Plan(
        plugins=[registry.get(name) for name in names],
        dataset=dataset,
        preset=PRESETS["smoke"].replace(seeds=seeds),
        resources=Resources(jobs=1, threads=1, tuning_threads=1, tuning=Limits(), refit=Limits()),
        folder=folder,
        keep=keep,
    )
    executor, told = Inline(), []
    states = runner.run(plan, executor, lambda _, text: told.append(text), StopRequest())
    assert [state.phase for state in states if state.phase not in ("done", "unchanged")] == []
    return executor.jobs, told
