"""What the reader makes of the folds of a repeat."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import BenchmarkError
from benchmark.storage import records
from benchmark.storage.records import TestSet
from tests import synthetic_results as synthetic

Y = np.arange(60) % 3

FOLDS = np.stack([np.arange(60) // 3 % 4, np.arange(60) // 15])


@pytest.fixture
def test_set(tmp_path: Path) -> TestSet:
    return synthetic.cross_validated(tmp_path, Y, ["a", "b", "c"], 4)


def answers(wrong: int) -> np.ndarray:
    first = np.where(np.arange(60) < wrong, (Y + 1) % 3, Y)
    return np.stack([first, Y])


def test_the_folds_of_a_repeat_are_one_record_with_a_prediction_of_every_image(
    tmp_path: Path, test_set: TestSet
) -> None:
    written = synthetic.write_folds(tmp_path, test_set, "svm", answers(10), FOLDS)
    for record, seconds in zip(written, (1, 2, 3, 6, 1, 1, 1, 1), strict=True):
        changed = dataclasses.replace(
            record,
            fit_seconds=seconds,
            predict_seconds=seconds,
            tuning_seconds=seconds,
            validation_accuracy=seconds / 10,
        )
        path = records.record_path(tmp_path, "svm", record.seed)
        fields = json.loads(path.read_text()) | {
            name: getattr(changed, name)
            for name in ("fit_seconds", "predict_seconds", "tuning_seconds", "validation_accuracy")
        }
        path.write_text(json.dumps(fields))
    found = records.read(tmp_path)
    assert [(record.seed, record.status, record.fold) for record in found.records] == [(0, "ok", None), (1, "ok", None)]
    first = found.records[0]
    assert (first.fit_seconds, first.predict_seconds, first.tuning_seconds) == (3, 12, 12)
    assert first.validation_accuracy == pytest.approx(0.3)
    assert first.fit_rows == test_set.most_fit_rows == 45
    for repeat in (0, 1):
        assert np.array_equal(found.proba["svm", repeat].argmax(axis=1), answers(10)[repeat])
        assert np.array_equal(found.folds[repeat], FOLDS[repeat])
    assert found.validation == {}


def test_a_repeat_whose_folds_are_not_all_there_or_not_all_ok_has_failed_and_says_why(
    tmp_path: Path, test_set: TestSet
) -> None:
    synthetic.write_folds(tmp_path, test_set, "svm", answers(10), FOLDS)
    for seed in (5, 6):
        records.record_path(tmp_path, "svm", seed).unlink()
    fold = records.FoldNumber(4, 0, 2)
    synthetic.write_failure(tmp_path, "svm", seed=2, fold=fold, dataset="few", status="oom", reason="out of memory")
    found = records.read(tmp_path)
    assert [(record.status, record.reason) for record in found.records] == [
        ("oom", "fold 3 of 4: out of memory"),
        ("failed", "only 2 of 4 folds are there yet; the same run continues it"),
    ]
    assert found.proba == {}


def test_a_difference_between_folds_of_one_repeat_is_named(tmp_path: Path, test_set: TestSet) -> None:
    synthetic.write_folds(tmp_path, test_set, "svm", answers(10)[:1], FOLDS[:1])
    path = records.record_path(tmp_path, "svm", 3)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"threads": 1, "augmentation": "mirrored"}))
    (record,) = records.read(tmp_path).records
    assert record.environment == {**synthetic.ENVIRONMENT, "threads of folds": "1 and 2"}
    assert record.augmentation == "not augmented (in 3 of 4 folds); mirrored (in 1 of 4 folds)"


def test_estimators_tested_on_other_folds_are_not_compared(tmp_path: Path, test_set: TestSet) -> None:
    synthetic.write_folds(tmp_path, test_set, "knn", answers(10)[:1], FOLDS[:1])
    synthetic.write_folds(tmp_path, test_set, "svm", answers(10)[:1], FOLDS[1:])
    with pytest.raises(BenchmarkError, match="svm was tested on other folds than other estimators; run it again with"):
        records.read(tmp_path)


def test_folds_that_do_not_make_up_all_images_are_refused(tmp_path: Path, test_set: TestSet) -> None:
    twice = FOLDS[:1].copy()
    first, *_ = synthetic.write_folds(tmp_path, test_set, "svm", answers(10)[:1], twice)
    proba = np.full((15, 3), 0.3, dtype=np.float16)
    records.write(tmp_path, first, proba, rows=np.flatnonzero(twice[0] == 1))
    with pytest.raises(BenchmarkError, match="the folds of svm do not make up all images"):
        records.read(tmp_path)


@pytest.mark.parametrize("rows", [None, np.array([0, 60]), np.array([[1, 2]]), np.array([0.5, 1.5])])
def test_a_fold_must_say_which_images_it_predicted(tmp_path: Path, test_set: TestSet, rows: np.ndarray | None) -> None:
    record = synthetic.make_record("svm", fold=records.FoldNumber(4, 0, 0), dataset="few")
    records.write(tmp_path, record, np.full((2, 3), 0.3, dtype=np.float16), rows=rows)
    with pytest.raises(BenchmarkError, match="no array `rows`"):
        records.read(tmp_path)


def test_records_of_folds_and_of_a_test_part_are_never_mixed(tmp_path: Path, test_set: TestSet) -> None:
    synthetic.write_predictions(tmp_path, test_set, "svm", Y)
    with pytest.raises(BenchmarkError, match="not of 4 folds"):
        records.read(tmp_path)


def test_a_fold_whose_number_is_not_its_files_is_refused(tmp_path: Path, test_set: TestSet) -> None:
    record = synthetic.make_record("svm", seed=3, fold=records.FoldNumber(4, 0, 2), dataset="few")
    records.write(tmp_path, record, np.full((2, 3), 0.3, dtype=np.float16), rows=np.array([0, 1]))
    with pytest.raises(BenchmarkError, match="it says that it is of FoldNumber"):
        records.read(tmp_path)


def test_a_record_of_a_test_part_is_written_as_before(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, Y, ["a", "b", "c"])
    synthetic.write_predictions(tmp_path, test_set, "svm", Y)
    assert "fold" not in json.loads(records.record_path(tmp_path, "svm", 0).read_text())
