"""Saved models: written with their record or after it, read back strictly, called by many threads at once."""

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
from benchmark.engine.saved_models import SavedModel, find_models, formats
from benchmark.errors import BenchmarkError
from benchmark.serving.model_pool import ModelPool
from benchmark.storage import records, serialization
from models import logistic_regression as plugin
from tests.again import killed_after
from tests.conftest import three_clusters
from tests.kept_models import KNN, LOGISTIC, run
from tests.running import eventually


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two saved models, for the tests that change nothing."""
    folder = tmp_path_factory.mktemp("results") / "digits"
    _, told = run(folder, [LOGISTIC, KNN])
    assert sum(text.startswith("its model is saved") for text in told) == 2
    return folder


@pytest.fixture
def standing(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the results, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "digits"))


def the(folder: Path, name: str = LOGISTIC) -> SavedModel:
    return next(model for model in find_models(folder, pytest.fail) if model.name == name)


# --- saving


def test_the_saved_model_is_the_records_own_refit(finished: Path) -> None:
    results = records.read(finished)
    for model in find_models(finished, pytest.fail):
        predicted = results.proba[model.name, 0].argmax(axis=1)
        assert model.test_accuracy == (predicted == results.test_set.y).mean()
        assert (model.stale, model.refit, model.seed) == ("", "own", 0)
        assert model.formats == ("skops",)
        assert model.class_names == tuple("0123456789")
        assert model.size == sum((model.path / file).stat().st_size for file in model.files)
    assert [model.name for model in find_models(finished)] == [KNN, LOGISTIC]
    assert not list((finished / "models").glob(".*"))


def test_an_existing_record_gets_its_model_without_tuning_or_reading_the_test_images(standing: Path) -> None:
    first = the(standing)
    shutil.rmtree(standing / "models")
    path = records.record_path(standing, LOGISTIC, 0)
    before = path.read_bytes()
    (job,), told = run(standing)
    assert (type(job), job.rows, job.task.seed) == (SaveJob, 500, 0)
    assert worker_job.run(dataclasses.replace(job, save_to="")).proba is None
    assert any(text.startswith("its model is saved") for text in told)
    assert path.read_bytes() == before
    again = the(standing)
    assert (again.refit, again.test_accuracy, again.stale) == ("again", first.test_accuracy, "")
    assert run(standing)[0] == []
    (again.path / next(iter(again.files))).write_bytes(b"cut off")
    assert len(run(standing)[0]) == 1


def test_without_keep_nothing_is_saved(tmp_path: Path) -> None:
    jobs, _ = run(tmp_path / "digits", keep=False)
    assert [job.save_to for job in jobs if isinstance(job, RefitJob)] == [""]
    assert not (tmp_path / "digits" / "models").exists()


@pytest.mark.parametrize("writes", range(3))
def test_a_kill_before_any_write_leaves_the_old_model_or_a_whole_new_one(
    standing: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    old = the(standing)
    shutil.rmtree(standing / "records" / LOGISTIC)
    killed_after(writes, monkeypatch, lambda: run(standing))
    (left,) = [model for model in find_models(standing, pytest.fail) if model.name == LOGISTIC]
    assert left.files == old.files
    run(standing)
    assert the(standing).stale == ""
    assert not list((standing / "models").glob(".*"))


def test_a_cluster_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", LOGISTIC, "--keep", "--cluster", "tcp://localhost:1"]) == 2
    assert "--keep writes models to this machine's disk" in capsys.readouterr().err


# --- compared with the record


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"params": {"logistic__C": 1e-3, "scale__power": 0.25}}, "the best parameters changed"),
        ({"fingerprint": {"defaults": "another"}}, "changed"),
    ],
)
def test_a_model_is_stale_if_its_record_has_changed(standing: Path, changes: dict[str, Any], why: str) -> None:
    results = records.read(standing)
    record = next(record for record in results.records if record.estimator == LOGISTIC)
    records.write(standing, dataclasses.replace(record, **changes), results.proba[LOGISTIC, 0])
    assert why in the(standing).stale
    assert the(standing).test_accuracy is None
    assert the(standing, KNN).stale == ""


def test_a_model_is_stale_if_its_record_was_recomputed_or_is_gone(standing: Path) -> None:
    results = records.read(standing)
    record = next(record for record in results.records if record.estimator == LOGISTIC)
    records.write(standing, record, np.flip(results.proba[LOGISTIC, 0], axis=1))
    assert the(standing).stale == "its record was recomputed"
    shutil.rmtree(standing / "records" / LOGISTIC)
    assert the(standing).stale == "it has no record"
    shutil.rmtree(standing / "records")
    assert the(standing).stale == "this folder has no records"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", 2),
        ("name", "knn"),
        ("files", {"../../records/test-set.json": "0" * 64}),
        ("files", {"step-0.skops": "short"}),
        ("files", {"step-0.pkl": "0" * 64}),
        ("image_shape", [8]),
        ("image_shape", [10**9, 10**9, 1]),
        ("classes", [3, 1]),
        ("classes", [10]),
        ("preparation", "rm -rf"),
        ("class_names", "0123456789"),
        ("extra", 1),
    ],
)
def test_a_damaged_or_hostile_model_card_is_skipped_with_one_line(standing: Path, field: str, value: object) -> None:
    path = the(standing).path / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    told: list[str] = []
    assert [model.name for model in find_models(standing, told.append)] == [KNN]
    (line,) = told
    assert str(path) in line
    assert "\n" not in line


# --- predicting


def test_many_threads_get_the_predictions_of_the_record(finished: Path) -> None:
    images, results = datasets.load("digits").test.X, records.read(finished)
    with ModelPool(find_models(finished)) as models, ThreadPoolExecutor(50) as crowd:
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
    """Return our worker processes: forks of the server that we started, which is not one of them."""
    return {
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE
        and "forkserver" in " ".join(process.cmdline())
        and process.ppid() != os.getpid()
    }


def test_a_damaged_model_or_a_changed_plugin_is_refused(
    standing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.engine.saved_models import load as loading

    def error() -> str:
        loading.load.cache_clear()
        with pytest.raises(BenchmarkError) as caught:
            loading.predict(model, 1, np.zeros((1, 64), np.uint8))
        assert "run logistic_regression --keep" in str(caught.value)
        return str(caught.value)

    model = the(standing)
    card = model.path / "model.json"
    whole = json.loads(card.read_text())
    assert loading.predict(model, 1, np.zeros((1, 64), np.uint8))[0].shape == (1, 10)
    card.write_text(json.dumps({**whole, "params": {**whole["params"], "scale": "passthrough"}}))
    assert "'scale', which is not tuned" in error()
    card.write_text(json.dumps({**whole, "environment": {"scikit-learn": "0.1"}}))
    assert "fitted with scikit-learn 0.1, but " in error()
    card.write_text(json.dumps(whole))
    file = model.path / "step-1.skops"
    file.write_bytes(file.read_bytes()[:-1])
    assert "step-1.skops is damaged" in error()
    file.unlink()
    assert "step-1.skops cannot be read" in error()
    changed = dataclasses.replace(plugin.ESTIMATOR, build=lambda task: plugin.build(task).set_params(logistic__tol=0.5))
    monkeypatch.setattr(plugin, "ESTIMATOR", changed)
    assert "the plugin is different now: settings changed" in error()


# --- files


class Strange:
    """A class that no library knows."""


class Keeps(TransformerMixin, BaseEstimator):
    """A third party's transformer, which sets an attribute when it is fitted."""

    def __init__(self, left: Any = None) -> None:
        self.left = left

    def fit(self, X: np.ndarray, y: object = None) -> Keeps:
        self.fitted_ = self.left() if isinstance(self.left, type) else self.left
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return X


def pipeline(left: object = None) -> Pipeline:
    """Return a pipeline with every kind of step, among them one that is skipped and one that fits its parameters."""
    scales = FeatureUnion([("unit", MinMaxScaler()), ("standard", StandardScaler())])
    return Pipeline([("nothing", "passthrough"), ("keeps", Keeps(left)), ("scales", scales), ("bayes", GaussianNB())])


def test_a_third_partys_pipeline_is_loaded_unchanged(tmp_path: Path) -> None:
    X, y = three_clusters()
    fitted = pipeline({"a": [1, (np.float32(2), None)], 3: Keeps(np.arange(3)).fit(X)}).fit(X, y)
    files = formats.save(fitted, tmp_path)
    assert sorted(files) == ["step-1.skops", "step-2.skops", "step-3.skops"]
    again = formats.load(pipeline(), tmp_path, files, 3)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(again["keeps"].fitted_[3].fitted_, np.arange(3))
    assert again["keeps"].left is None  # a parameter, which only the plugin sets


@pytest.mark.parametrize(
    "left", [Strange, functools.partial(os.getcwd), os.getcwd], ids=["object", "partial", "function"]
)
def test_a_class_that_skops_does_not_trust_is_a_reason_and_not_a_failure(tmp_path: Path, left: object) -> None:
    X, y = three_clusters()
    fitted = pipeline(left).fit(X, y)
    saved = worker_job.save(tmp_path, fitted, pipeline, X, np.arange(3))
    assert "step 'keeps'" in saved.reason
    assert "ntrusted" in saved.reason or "safe format" in saved.reason
    assert "\n" not in saved.reason
    assert saved.files == {}


def test_a_record_is_written_even_if_its_model_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(task: Any) -> Pipeline:
        steps = plugin.build(task).steps
        return Pipeline([("keeps", Keeps(Strange)), *steps])

    monkeypatch.setattr(plugin, "ESTIMATOR", dataclasses.replace(plugin.ESTIMATOR, build=build))
    _, told = run(tmp_path / "digits")
    (line,) = [text for text in told if text.startswith("cannot be kept")]
    assert "Strange" in line
    assert records.read(tmp_path / "digits").records[0].status == "ok"
    assert find_models(tmp_path / "digits", pytest.fail) == []
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
        (with_state({"theta_": formats.BoosterFile("-0/../../x.ubj")}), "names the file"),
        (with_state({"predict": np.exp}), "replaces the method predict"),
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
    files["step-3.skops"] = serialization.sha256(path)  # whoever can write the file can write its checksum
    with pytest.raises(BenchmarkError, match=reason):
        formats.load(pipeline(), tmp_path, files, 3)


def test_a_prediction_has_a_deadline(finished: Path) -> None:
    with ModelPool([the(finished)], limits=Limits(seconds=0.01)) as models:
        (late,) = models.predict(np.zeros((1, 64), np.uint8)).values()
    assert "past its deadline" in late.error


def test_a_boosters_placeholder_has_the_class_name_of_older_files(tmp_path: Path) -> None:
    skops.io.dump({"booster": formats.BoosterFile("-0.txt")}, tmp_path / "step-0.skops")
    with zipfile.ZipFile(tmp_path / "step-0.skops") as archive:
        schema = json.loads(archive.read("schema.json"))
    written = schema["content"]["booster"]
    assert (written["__module__"], written["__class__"]) == ("benchmark.formats", "Part")


@pytest.mark.parametrize("changed", ["left_child", "right_child", "feature", "cycle", "node_count"])
def test_a_tree_with_an_index_out_of_range_is_refused(tmp_path: Path, changed: str) -> None:
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
        field, value = ("right_child", 0) if changed == "cycle" else (changed, 10**6)
        state["nodes"][field][0] = value
    tree.__setstate__(state)
    if changed == "node_count":  # numpy would read past the end of its arrays
        with pytest.raises(ValueError, match="more nodes than its arrays"):
            formats._check_tree(tree, X.shape[1])
        return
    files = formats.save(fitted, tmp_path)
    with pytest.raises(BenchmarkError, match="a tree has a child or column out of range"):
        formats.load(unfitted(), tmp_path, files, 3)
