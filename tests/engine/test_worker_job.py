"""One job, in this process: what goes in, what comes out, and what a bad estimator makes of it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from benchmark import datasets
from benchmark.datasets import memmap
from benchmark.datasets.memmap import materialise
from benchmark.engine import evaluation, pipelines, protocol, registry, worker_job
from benchmark.engine.jobs import CorruptionJob, Declaration, Limits, Outcome, RefitJob, SaveJob, TuningJob
from benchmark.engine.protocol import PRESETS
from benchmark.engine.registry import Plugin
from benchmark.estimator import Estimator, Task
from tests.conftest import CHECKOUT

DIGITS = datasets.load("digits")


@pytest.fixture
def job() -> TuningJob:
    materialise(DIGITS)
    task = Task(n_classes=10, image_shape=(8, 8, 1))
    return TuningJob("logistic_regression", {}, task, PRESETS["smoke"], DIGITS.sha256, rows=400)


def test_a_tuning_job_is_scored_on_the_validation_rows(job: TuningJob) -> None:
    outcome = worker_job.run(job)
    parts = protocol.split(DIGITS.train.y, job.preset)
    assert (outcome.status, outcome.reason) == ("ok", "")
    assert outcome.accuracy is not None
    assert (outcome.accuracy * len(parts.validation)) == pytest.approx(round(outcome.accuracy * len(parts.validation)))
    assert outcome.accuracy > 0.8
    assert outcome.proba is not None
    assert outcome.proba.shape == (len(parts.validation), 10)
    right = outcome.proba.argmax(axis=1) == DIGITS.train.y[parts.validation]
    assert outcome.accuracy == right.mean()
    assert outcome.fit_seconds > 0


def test_a_worker_splits_groups_and_a_validation_part_as_the_run_does(job: TuningJob) -> None:
    train, n = DIGITS.train, len(DIGITS.train.y)
    for how in ({"groups": np.arange(n) // 4}, {"validates": np.arange(n) % 4 == 0}):
        data = replace(DIGITS, train=replace(train, **how))
        assert data.sha256 != DIGITS.sha256
        materialise(data)
        outcome = worker_job.run(replace(job, dataset=data.sha256))
        parts = protocol.split(train.y, job.preset, data.train.groups, data.train.validates)
        usual = protocol.split(train.y, job.preset)
        assert set(parts.validation) != set(usual.validation)
        assert outcome.proba is not None
        assert outcome.accuracy == (outcome.proba.argmax(axis=1) == train.y[parts.validation]).mean()


def test_a_refit_predicts_every_test_image_and_scores_nothing(job: TuningJob) -> None:
    outcome = worker_job.run(RefitJob(**vars(job)))
    assert outcome.accuracy is None
    assert outcome.proba is not None
    assert outcome.proba.shape == (len(DIGITS.test.y), 10)
    assert (outcome.proba.argmax(axis=1) == DIGITS.test.y).mean() > 0.8
    assert outcome.model_bytes > 1_000
    assert outcome.peak_memory_bytes > 10_000_000
    assert outcome.scores == "predict_proba"


@pytest.mark.parametrize(("name", "device"), [("cnn", "cuda"), ("xgboost", "cuda"), ("knn", "cpu"), ("hog_svm", "cpu")])
def test_a_pipeline_that_has_no_use_for_a_gpu_says_so(name: str, device: str) -> None:
    build = registry.get(name).load().build
    assert pipelines.device_of(build(Task(10, (28, 28, 1), device="cuda"))) == device
    assert pipelines.device_of(build(Task(10, (28, 28, 1)))) == "cpu"


def test_an_effort_sets_its_parameters_and_no_other() -> None:
    made = Estimator(
        "Dummy", "classical", build=lambda task: Pipeline([]), smoke={"a": 1, "b": 1}, thorough={"b": 2, "c": 2}
    )
    task, params = Task(10, (8, 8, 1)), {"a": 0, "c": 0}
    found = {name: pipelines.parameters(made, task, preset, params) for name, preset in PRESETS.items()}
    tuned = {"a": 0, "c": 0}
    assert found == {
        "smoke": {"a": 1, "b": 1, "c": 0},
        "quick": tuned,
        "standard": tuned,
        "thorough": {"a": 0, "b": 2, "c": 0},
    }


def test_same_job_same_outcome(job: TuningJob) -> None:
    assert worker_job.run(job).accuracy == worker_job.run(job).accuracy


def test_what_an_estimator_raises_becomes_a_reason(job: TuningJob) -> None:
    outcome = worker_job.run(replace(job, params={"logistic__C": -1.0}))
    assert outcome.status == "failed"
    assert "'C' parameter" in outcome.reason
    assert "\n" not in outcome.reason


def test_trials_share_a_memory_and_refits_have_none(job: TuningJob, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Task] = []

    def build(task: Task) -> Pipeline:
        told.append(task)
        return Pipeline([("dummy", DummyClassifier())])

    monkeypatch.setattr(Plugin, "load", lambda plugin: Estimator("Dummy", "classical", build))
    for kind, shared in ((TuningJob, True), (RefitJob, False), (TuningJob, True)):
        worker_job.run(kind(**vars(job)))
        assert (told[-1].memory is not None) == shared
    first, last = (task.memory for task in told if task.memory is not None)
    assert first is last


class Returns(DummyClassifier):
    """Answers what it is told to."""

    def __init__(self, rows: object = None) -> None:
        super().__init__()
        self.rows = rows

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        if isinstance(self.rows, BaseException):
            raise self.rows
        return self.rows(len(X), len(self.classes_))


def rows_of(value: float, columns: int = 0):
    return lambda n, k: np.full((n, k + columns), value)


BAD = {
    "wrong shape": (rows_of(0.1, columns=1), "shape"),
    "NaN": (rows_of(np.nan), "not finite"),
    "not summing to one": (rows_of(0.5), "summing to one"),
    "negative": (lambda n, k: np.tile([1.1, -0.1] + [0.0] * (k - 2), (n, 1)), "negative"),
    "sys.exit": (SystemExit(3), "SystemExit: 3"),
    "memory": (MemoryError(), "out of memory"),
}


@pytest.mark.parametrize(("rows", "reason"), BAD.values(), ids=list(BAD))
def test_bad_predictions_are_a_failure_with_a_reason(
    job: TuningJob, monkeypatch: pytest.MonkeyPatch, rows: object, reason: str
) -> None:
    bad = Estimator("Bad", "classical", build=lambda task: Pipeline([("bad", Returns(rows))]))
    monkeypatch.setattr(Plugin, "load", lambda self: bad)
    worker_job._warm_up.cache_clear()
    outcome = worker_job.run(job)
    assert outcome.status in ("failed", "oom")
    assert reason in outcome.reason


def test_a_missing_class_leaves_its_column_empty_and_the_others_in_place() -> None:
    X, y = DIGITS.train.X, DIGITS.train.y
    keep = y != 4
    pipeline = Pipeline([("svm", SVC(gamma="scale"))])
    classes = pipelines.fit(pipeline, X[keep], y[keep])
    proba = pipelines.predict(pipeline, DIGITS.test.X, classes, 10)
    others = DIGITS.test.y != 4
    assert not proba[:, 4].any()
    assert (proba.argmax(axis=1)[others] == DIGITS.test.y[others]).mean() > 0.9


def test_a_decision_function_of_two_classes_becomes_two_columns() -> None:
    X, y = DIGITS.train.X, DIGITS.train.y
    two = y < 2
    pipeline = Pipeline([("svm", SVC(gamma="scale"))])
    proba = pipelines.predict(pipeline, X[two], pipelines.fit(pipeline, X[two], y[two]), 2)
    assert proba.shape == (two.sum(), 2)
    assert proba.sum(axis=1) == pytest.approx(1)
    assert (proba.argmax(axis=1) == pipeline.predict(X[two])).all()


def test_rows_of_one_class_give_that_class() -> None:
    pipeline = Pipeline([("svm", SVC(gamma="scale"))])
    X, y = DIGITS.train.X[:20], np.full(20, 7)
    classes = pipelines.fit(pipeline, X, y)
    proba = pipelines.predict(pipeline, DIGITS.test.X, classes, 10)
    assert proba.shape == (len(DIGITS.test.X), 10)
    assert (proba == np.eye(10)[7]).all()
    assert pipelines.check_labels(pipeline, DIGITS.test.X, classes, proba) == ""


def historic(**series: list) -> Estimator:
    return Estimator("Test", "cnn", lambda task: Pipeline([]), history=lambda pipeline: series)


def test_a_history_is_what_the_plugin_reads_off_and_no_more_than_a_record_can_hold() -> None:
    assert pipelines.history(Estimator("Test", "cnn", lambda task: Pipeline([])), Pipeline([])) == {}
    told = historic(loss=[np.float32(0.5), 0.25], likelihood=[-3], gone=[1.0, float("inf")], odd=[float("nan")])
    assert pipelines.history(told, Pipeline([])) == {"loss": (0.5, 0.25), "likelihood": (-3.0,)}
    with pytest.raises(ValueError, match="more than the 10,000"):
        pipelines.history(historic(loss=[0.0] * 10_001), Pipeline([]))
    with pytest.raises(ValueError, match="could not convert"):
        pipelines.history(historic(loss=["a"]), Pipeline([]))


def test_a_pipeline_that_chose_its_augmentation_says_so_and_the_record_keeps_it() -> None:
    plain = Estimator("Test", "cnn", lambda task: Pipeline([]), augmentation="mirrored")
    assert pipelines.augmentation(plain, Pipeline([])) is None
    chose = replace(plain, augmented=lambda pipeline: f"{len(pipeline.steps)} steps")
    assert pipelines.augmentation(chose, Pipeline([("svm", SVC())])) == "1 steps"
    declared = Declaration("Test", "cnn", "mirrored", {}, {}, {})
    said = [evaluation.augmentation(declared, Outcome("ok", augmentation=text)) for text in (None, "", "shifted")]
    assert said == ["mirrored", "", "shifted"]


def test_a_tuning_job_has_no_field_that_could_name_a_test_image() -> None:
    assert {field.name for field in fields(TuningJob)} == {
        *("estimator", "params", "task", "preset", "dataset", "rows", "limits", "part")
    }
    assert not issubclass(TuningJob, RefitJob)


@pytest.mark.parametrize("kind", [TuningJob, RefitJob, SaveJob, CorruptionJob])
def test_a_job_travels_to_a_worker_whole(job: TuningJob, kind: type) -> None:
    sent = kind(**{**vars(job), "limits": Limits(60, 2**30)})
    assert pickle.loads(pickle.dumps(sent)) == sent


def test_a_save_job_reads_no_test_image(job: TuningJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = memmap.array_files(job.dataset)
    hidden = replace(found, test_X=tmp_path / "hidden.npy")
    monkeypatch.setattr(worker_job.memmap, "array_files", lambda sha256: hidden)
    assert worker_job.run(RefitJob(**vars(job))).status == "failed"
    folder = tmp_path / "model"
    folder.mkdir()
    outcome = worker_job.run(SaveJob(**vars(job), save_to=str(folder)))
    assert (outcome.status, outcome.proba) == ("ok", None)
    assert outcome.saved is not None
    assert outcome.saved.reason == ""
    assert outcome.saved.classes == tuple(range(10))


def test_a_worker_loads_neither_an_analysis_nor_what_only_corruptions_need() -> None:
    code = (
        "import sys, benchmark.engine.worker_job;"
        "print([name for name in sys.modules if name.startswith(('benchmark.analyses', 'scipy.ndimage'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
