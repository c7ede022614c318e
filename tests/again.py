"""What the analyses that refit are tested with: their jobs run in this process, and a test controls each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmark import datasets
from benchmark.datasets import memmap
from benchmark.engine import declaration, refits, worker_job
from benchmark.engine.jobs import Describe, Limits, Outcome, RefitJob
from benchmark.engine.refits import RefitPlan
from benchmark.engine.resources import Resources
from benchmark.engine.scheduler import StopRequest
from benchmark.errors import EngineError
from benchmark.storage import records, serialization

LOGISTIC = "logistic_regression"


class Inline:
    """An executor that runs jobs here and now, and notes what it was asked for."""

    def __init__(self, answer: Callable[[RefitJob], Outcome] = worker_job.run) -> None:
        self.asked: list[tuple[int, int]] = []
        self._answer = answer

    def describe(self, job: Describe) -> Future:
        future: Future = Future()
        future.set_result(declaration.describe(job))
        return future

    def submit(self, job: RefitJob) -> Future:
        assert isinstance(job, RefitJob)
        self.asked.append((job.rows, job.draw))
        future: Future = Future()
        try:
            future.set_result(self._answer(job))
        except EngineError as error:
            future.set_exception(error)
        return future

    def retire(self, estimator: str) -> None: ...
    def close(self) -> None: ...
    def kill(self) -> None: ...


def make(
    verb: ModuleType, folder: Path, executor: Inline, names: Sequence[str] = (LOGISTIC,), **asked: Any
) -> dict[str, str]:
    """Do what an analysis that refits winners does, on the digits; return what became of each estimator."""
    digits = datasets.load("digits")
    memmap.materialise(digits)
    plan = getattr(verb, "Plan", RefitPlan)(
        plugins=refits.choose(folder, names, warn=pytest.fail),
        dataset=digits,
        resources=Resources(jobs=1, threads=1, tuning_threads=1, tuning=Limits(), refit=Limits()),
        folder=folder,
        **asked,
    )
    told: list[str] = []
    states = verb.run(plan, executor, lambda _, text: told.append(text), StopRequest())
    assert told
    return {state.estimator: state.reason or state.phase for state in states}


def changed(folder: Path, **changes: object) -> None:
    """Replace fields of the logistic regression's record."""
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == LOGISTIC)
    records.write(folder, dataclasses.replace(record, **changes), results.proba[LOGISTIC, 0])


class Killed(BaseException):
    """What no code catches."""


def killed_after(writes: int, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Do something that dies in place of the write after so many."""
    real, left = serialization.write_atomically, [writes]

    def dying(path: Path, blob: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        real(path, blob)

    with monkeypatch.context() as patched:
        patched.setattr(serialization, "write_atomically", dying)
        with pytest.raises(Killed):
            work()
