"""Models on disk: saved with their record or after it, read back strictly, asked by many at once."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import skops.io
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from benchmark import datasets
from benchmark.cli import main as cli
from benchmark.engine import evaluation, worker_job
from benchmark.engine.jobs import Limits, RefitJob, SaveJob
from benchmark.engine.saved_models import SavedModel, find, formats
from benchmark.errors import BenchmarkError
from benchmark.serving.model_pool import Models
from benchmark.storage import records, serialization
from models import logistic_regression as plugin
from tests.again import killed_after
from tests.conftest import three_clusters
from tests.kept_models import KNN, LOGISTIC, run
from tests.running import eventually


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two saved models, for the tests that only look."""
    folder = tmp_path_factory.mktemp("results") / "digits"
    _, told = run(folder, [LOGISTIC, KNN])
    assert sum(text.startswith("its model is saved") for text in told) == 2
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the results, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "digits"))


def the(folder: Path, name: str = LOGISTIC) -> SavedModel:
    return next(kept for kept in find(folder, pytest.fail) if kept.name == name)


# --- saved


def test_what_is_saved_is_the_records_own_refit(finished: Path) -> None:
    results = records.read(finished)
    for kept in find(finished, pytest.fail):
        predicted = results.proba[kept.name, 0].argmax(axis=1)
        assert kept.test_accuracy == (predicted == results.test_set.y).mean()
        assert (kept.stale, kept.refit, kept.seed) == ("", "own", 0)
        assert kept.formats == ("skops",)
        assert kept.class_names == tuple("0123456789")
        assert kept.size == sum((kept.path / file).stat().st_size for file in kept.files)
    assert [kept.name for kept in find(finished)] == [KNN, LOGISTIC]
    assert not list((finished / "models").glob(".*"))


def test_an_existing_record_gets_its_model_without_tuning_or_a_look_at_the_test_images(copied: Path) -> None:
    first = the(copied)
    shutil.rmtree(copied / "models")
    path = records.record_path(copied, LOGISTIC, 0)
    before = path.read_bytes()
    (job,), told = run(copied)
    assert (type(job), job.rows, job.task.seed) == (SaveJob, 500, 0)
    assert worker_job.run(dataclasses.replace(job, save_to="")).proba is None
    assert any(text.startswith("its model is saved") for text in told)
    assert path.read_bytes() == before
    again = the(copied)
    assert (again.refit, again.test_accuracy, again.stale) == ("again", first.test_accuracy, "")
    assert run(copied)[0] == []
    (again.path / next(iter(again.files))).write_bytes(b"cut off")
    assert len(run(copied)[0]) == 1


def test_without_keep_nothing_is_saved(tmp_path: Path) -> None:
    jobs, _ = run(tmp_path / "digits", keep=False)
    assert [job.save_to for job in jobs if isinstance(job, RefitJob)] == [""]
    assert not (tmp_path / "digits" / "models").exists()


@pytest.mark.parametrize("writes", range(3))
def test_killed_before_any_write_there_is_the_old_model_or_a_whole_one(
    copied: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    old = the(copied)
    shutil.rmtree(copied / "records" / LOGISTIC)
    killed_after(writes, monkeypatch, lambda: run(copied))
    (left,) = [kept for kept in find(copied, pytest.fail) if kept.name == LOGISTIC]
    assert left.files == old.files
    run(copied)
    assert the(copied).stale == ""
    assert not list((copied / "models").glob(".*"))


def test_a_cluster_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", LOGISTIC, "--keep", "--cluster", "tcp://localhost:1"]) == 2
    assert "--keep writes models to this machine's disk" in capsys.readouterr().err


# --- as its record says


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"params": {"logistic__C": 1e-3, "scale__power": 0.25}}, "the tuned parameters changed"),
        ({"fingerprint": {"defaults": "another"}}, "changed"),
    ],
)
def test_a_model_that_is_no_longer_its_records_is_stale(copied: Path, changes: dict[str, Any], why: str) -> None:
    results = records.read(copied)
    record = next(record for record in results.records if record.estimator == LOGISTIC)
    records.write(copied, dataclasses.replace(record, **changes), results.proba[LOGISTIC, 0])
    assert why in the(copied).stale
    assert the(copied).test_accuracy is None
    assert the(copied, KNN).stale == ""


def test_a_record_with_other_predictions_or_none_makes_it_stale(copied: Path) -> None:
    results = records.read(copied)
    record = next(record for record in results.records if record.estimator == LOGISTIC)
    records.write(copied, record, np.flip(results.proba[LOGISTIC, 0], axis=1))
    assert the(copied).stale == "its record was written again"
    shutil.rmtree(copied / "records" / LOGISTIC)
    assert the(copied).stale == "it has no record"
    shutil.rmtree(copied / "records")
    assert the(copied).stale == "there are no records for it"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", 2),
        ("name", "knn"),
        ("files", {"../../records/test-set.json": "0" * 64}),
        ("files", {"step-0.skops": "short"}),
        ("files", {"step-0.pkl": "0" * 64}),
        ("image_shape", [8]),
        ("image_shape", [10**9, 10**9]),
        ("classes", [3, 1]),
        ("classes", [10]),
        ("preparation", "rm -rf"),
        ("class_names", "0123456789"),
        ("extra", 1),
    ],
)
def test_a_damaged_or_hostile_description_is_left_out_in_one_line(copied: Path, field: str, value: object) -> None:
    path = the(copied).path / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    told: list[str] = []
    assert [kept.name for kept in find(copied, told.append)] == [KNN]
    (line,) = told
    assert str(path) in line
    assert "\n" not in line


# --- asked


def test_its_answers_are_the_records_whoever_asks(finished: Path) -> None:
    images, results = datasets.load("digits").test.X, records.read(finished)
    with Models(find(finished)) as models, ThreadPoolExecutor(50) as crowd:
        whole = models.predict(images)
        for name, answer in whole.items():
            assert answer.proba is not None, answer.error
            assert (answer.proba.dtype, answer.proba.shape) == (np.float32, (len(images), 10))
            assert answer.seconds > 0
            stored = results.proba[name, 0]
            assert (evaluation.to_float16(answer.proba) == stored).all()
        workers = children()
        assert len(workers) == 2
        for row, one in enumerate(crowd.map(lambda row: models.predict(images[row : row + 1]), range(50))):
            for name, answer in one.items():
                assert answer.proba is not None, answer.error
                np.testing.assert_allclose(answer.proba[0], whole[name].proba[row], atol=1e-6)
        assert children() == workers

        (mistaken,) = models.predict(images[:, :5], [KNN]).values()
        assert "64 pixels" in mistaken.error
        with pytest.raises(BenchmarkError, match="'nobody'; there are: knn, logistic_regression"):
            models.predict(images, ["nobody"])

        slow = crowd.submit(models.predict, np.repeat(images, 1_000, axis=0), [KNN])
        assert eventually(lambda: models._executor._busy)
        for process in workers:
            process.kill()
        (lost,) = slow.result().values()
        assert lost.proba is None
        assert lost.error.startswith("its worker process ")
        for name, answer in models.predict(images[:1], [KNN]).items():
            assert answer.proba is not None, answer.error
            assert answer.proba[0].argmax() == results.proba[name, 0][0].argmax()
    with pytest.raises(BenchmarkError, match="closed"):
        models.predict(images)
    assert eventually(lambda: not children())


def children() -> set[psutil.Process]:
    """Return our worker processes, without multiprocessing's resource tracker."""
    return {
        process
        for process in psutil.Process().children()
        if process.status() != psutil.STATUS_ZOMBIE and "spawn_main" in " ".join(process.cmdline())
    }


def test_a_damaged_model_or_another_plugin_costs_its_own_answers(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.engine.saved_models import load

    def error() -> str:
        load.load.cache_clear()
        with pytest.raises(BenchmarkError) as caught:
            load.predict(kept, 1, np.zeros((1, 64), np.uint8))
        assert "run logistic_regression --keep" in str(caught.value)
        return str(caught.value)

    kept = the(copied)
    card = kept.path / "model.json"
    whole = json.loads(card.read_text())
    assert load.predict(kept, 1, np.zeros((1, 64), np.uint8))[0].shape == (1, 10)
    card.write_text(json.dumps({**whole, "params": {**whole["params"], "scale": "passthrough"}}))
    assert "'scale', which is not tuned" in error()
    card.write_text(json.dumps({**whole, "environment": {"scikit-learn": "0.1"}}))
    assert "fitted with scikit-learn 0.1" in error()
    card.write_text(json.dumps(whole))
    file = kept.path / "step-1.skops"
    file.write_bytes(file.read_bytes()[:-1])
    assert "step-1.skops is damaged" in error()
    file.unlink()
    assert "step-1.skops cannot be read" in error()
    changed = dataclasses.replace(plugin.ESTIMATOR, build=lambda task: plugin.build(task).set_params(logistic__tol=0.5))
    monkeypatch.setattr(plugin, "ESTIMATOR", changed)
    assert "its plugin has changed: settings" in error()


# --- files


class Strange:
    """What no library knows."""


class Keeps(TransformerMixin, BaseEstimator):
    """A stranger's transformer, which leaves something behind when it is fitted."""

    def __init__(self, left: Any = None) -> None:
        self.left = left

    def fit(self, X: np.ndarray, y: object = None) -> Keeps:
        self.fitted_ = self.left() if isinstance(self.left, type) else self.left
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return X


def pipeline(left: object = None) -> Pipeline:
    """Return a pipeline of all that a step may be: one that is left out, one that fits its own parameters."""
    scales = FeatureUnion([("unit", MinMaxScaler()), ("standard", StandardScaler())])
    return Pipeline([("nothing", "passthrough"), ("keeps", Keeps(left)), ("scales", scales), ("bayes", GaussianNB())])


def test_a_strangers_pipeline_comes_back_the_same(tmp_path: Path) -> None:
    X, y = three_clusters()
    fitted = pipeline({"a": [1, (np.float32(2), None)], 3: Keeps(np.arange(3)).fit(X)}).fit(X, y)
    files = formats.save(fitted, tmp_path)
    assert sorted(files) == ["step-1.skops", "step-2.skops", "step-3.skops"]
    again = formats.load(pipeline(), tmp_path, files, 3)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(again["keeps"].fitted_[3].fitted_, np.arange(3))
    assert again["keeps"].left is None  # a parameter, which is the plugin's to set


@pytest.mark.parametrize(
    "left", [Strange, functools.partial(os.getcwd), os.getcwd], ids=["object", "partial", "function"]
)
def test_what_skops_does_not_trust_is_a_reason_and_no_failure(tmp_path: Path, left: object) -> None:
    X, y = three_clusters()
    fitted = pipeline(left).fit(X, y)
    saved = worker_job.save(tmp_path, fitted, pipeline, X, np.arange(3))
    assert "step 'keeps'" in saved.reason
    assert "ntrusted" in saved.reason or "safe format" in saved.reason
    assert "\n" not in saved.reason
    assert saved.files == {}


def test_a_row_whose_model_cannot_be_saved_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(task: Any) -> Pipeline:
        steps = plugin.build(task).steps
        return Pipeline([("keeps", Keeps(Strange)), *steps])

    monkeypatch.setattr(plugin, "ESTIMATOR", dataclasses.replace(plugin.ESTIMATOR, build=build))
    _, told = run(tmp_path / "digits")
    (line,) = [text for text in told if text.startswith("cannot be saved")]
    assert "Strange" in line
    assert records.read(tmp_path / "digits").records[0].status == "ok"
    assert find(tmp_path / "digits", pytest.fail) == []
    assert list((tmp_path / "digits" / "models").iterdir()) == []


def with_state(state: object) -> Callable[[Path], None]:
    return lambda path: skops.io.dump(state, path)


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"theta_": functools.partial(os.getcwd)}))


def compressed(path: Path) -> None:
    skops.io.dump({"theta_": np.zeros(1_000)}, path, compression=zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (with_state({"theta_": functools.partial(os.path.join)}), "ntrusted"),
        (with_state({"theta_": Strange()}), "ntrusted"),
        (with_state({"theta_": formats.Part("-0/../../x.ubj")}), "names a file"),
        (with_state({"predict": np.exp}), "in place of the method predict"),
        (with_state([1, 2]), "it holds a list"),
        (pickled, "not a zip file"),
        (compressed, "it is compressed"),
    ],
    ids=["a function", "a class", "a path", "a method", "no state", "a pickle", "a bomb"],
)
def test_a_hostile_file_is_refused(tmp_path: Path, hostile: Callable[[Path], None], reason: str) -> None:
    X, y = three_clusters()
    files = formats.save(pipeline().fit(X, y), tmp_path)
    path = tmp_path / "step-3.skops"
    hostile(path)
    files["step-3.skops"] = serialization.sha256(path)  # whoever writes the one can write the other
    with pytest.raises(BenchmarkError, match=reason):
        formats.load(pipeline(), tmp_path, files, 3)


def test_deadline_of_an_answer_is_kept(finished: Path) -> None:
    with Models([the(finished)], limits=Limits(seconds=0.01)) as models:
        (late,) = models.predict(np.zeros((1, 64), np.uint8)).values()
    assert "past its deadline" in late.error


@pytest.mark.parametrize("changed", ["left_child", "right_child", "feature", "round", "node_count"])
def test_a_tree_that_leads_elsewhere_is_refused(tmp_path: Path, changed: str) -> None:
    def unfitted() -> Pipeline:
        return Pipeline([("trees", RandomForestClassifier(3, random_state=0))])

    X, y = three_clusters()
    fitted = unfitted().fit(X, y)
    files = formats.save(fitted, tmp_path)
    again = formats.load(unfitted(), tmp_path, files, 3)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))

    tree = fitted["trees"].estimators_[1].tree_
    state = tree.__getstate__()
    if changed == "node_count":
        state["node_count"] = 10**6
    else:
        field, value = ("right_child", 0) if changed == "round" else (changed, 10**6)
        state["nodes"][field][0] = value
    tree.__setstate__(state)
    if changed == "node_count":  # which numpy would read out of the tree
        with pytest.raises(ValueError, match="more nodes than there are"):
            formats._check_tree(tree, X.shape[1])
        return
    files = formats.save(fitted, tmp_path)
    with pytest.raises(BenchmarkError, match="a tree leads out of its nodes or columns"):
        formats.load(unfitted(), tmp_path, files, 3)
