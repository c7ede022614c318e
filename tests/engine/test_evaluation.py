"""From a refit's outcome to a record."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmark.engine.evaluation import to_float16
from benchmark.engine.jobs import RefitJob
from benchmark.storage import records
from benchmark.storage.records import Record
from tests.kept_models import LOGISTIC, run

OF_TUNING = (
    "params trials tuning_seconds tuning_threads tuning_parallel fingerprint"
    " validation_accuracy validation_fit_rows validation_rows"
)


def of_tuning(record: Record) -> dict:
    return {name: value for name, value in asdict(record).items() if name in OF_TUNING.split()}


def test_more_seeds_are_refits_of_the_parameters_on_record_and_nothing_is_tuned_again(tmp_path: Path) -> None:
    run(tmp_path, keep=False)
    shutil.rmtree(tmp_path / "studies")  # as in a clone: studies are not committed
    jobs, _ = run(tmp_path, keep=False, seeds=3)
    assert [(type(job), job.task.seed) for job in jobs] == [(RefitJob, 1), (RefitJob, 2)]
    held = records.read(tmp_path)
    assert [record.seed for record in held.records] == [0, 1, 2]
    first, *others = held.records
    for other in others:
        assert of_tuning(other) == of_tuning(first)
        assert other.test_reads == 1
        assert np.array_equal(held.validation[LOGISTIC, 0].proba, held.validation[LOGISTIC, other.seed].proba)
    assert not list(tmp_path.rglob("*.journal"))


def test_rounding_to_float16_never_changes_a_prediction() -> None:
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(10), 5_000).astype(np.float32)
    close = np.tile(np.float32([0.2, 0.25, 0.25001, 0.29999]), (3, 1))  # the last two tie once rounded
    close[1] = [0.30001, 0.30002, 0.2, 0.2]
    close[2] = [0.25, 0.25, 0.25, 0.25]
    for rows in (proba, close):
        rounded = to_float16(rows)
        assert rounded.dtype == np.float16
        assert (rounded.argmax(axis=1) == rows.argmax(axis=1)).all()
        assert np.abs(rounded.astype(np.float32) - rows).max() < 1e-3
