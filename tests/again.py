"""What `curve` and `robustness` are tested with: the winners' jobs run in this process, with a hand on every one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmark import datasets
from benchmark.datasets import memmap
from benchmark.engine import refits
from benchmark.engine.jobs import Limits, RefitJob
from benchmark.engine.refits import RefitPlan
from benchmark.engine.resources import Resources
from benchmark.engine.scheduler import StopRequest
from benchmark.storage import records, serialization
from tests.in_process import Inline

LOGISTIC = "logistic_regression"


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
    assert all(isinstance(job, RefitJob) for job in executor.jobs)  # nothing is tuned
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
