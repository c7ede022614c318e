"""What a plugin may answer and declare: obeyed by a run, judged alike by `check` and `run`, kept if it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from optuna.distributions import CategoricalDistribution
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, LinearSVC

from benchmark import datasets
from benchmark.datasets import memmap
from benchmark.datasets.dataset import Dataset
from benchmark.engine import contract, declaration, pipelines, worker_job
from benchmark.engine.jobs import CorruptionJob, Describe, Outcome, RefitJob, TuningJob
from benchmark.engine.protocol import PRESETS
from benchmark.engine.registry import Plugin
from benchmark.engine.saved_models import find_models
from benchmark.engine.saved_models.load import load
from benchmark.errors import BenchmarkError
from benchmark.estimator import Estimator, Task
from benchmark.storage import records
from tests import kept_models
from tests.in_process import Result, benchmark
from tests.kept_models import KNN
from tests.plugin_lab import models
from tests.running import SMOKE

DIGITS = datasets.load("digits")


def blobs(n_classes: int, of_a_class: int, name: str = "blobs") -> Dataset:
    """Return pictures of 8 by 8 pixels, each class around a picture of its own; ten test images of each."""
    rng = np.random.default_rng(0)
    centres = rng.integers(0, 256, (n_classes, 64))

    def part(each: int) -> dict[str, npt.NDArray[Any]]:
        y = rng.permutation(np.repeat(np.arange(n_classes), each)).astype(np.int64)
        return {"X": np.clip(centres[y] + rng.normal(0, 45, (len(y), 64)), 0, 255).astype(np.uint8), "y": y}

    train, test = part(of_a_class), part(10)
    return replace(
        DIGITS,
        name=name,
        class_names=tuple(str(label) for label in range(n_classes)),
        train=replace(DIGITS.train, **train),
        test=replace(DIGITS.test, **test),
    )


TWELVE = blobs(12, 60)


class Words(ClassifierMixin, BaseEstimator):
    """Asks a library that wants words; `classes_` says which column is whose: 0, 1, 10, 11, 2, ..."""

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> Words:
        self.inner_ = GaussianNB(var_smoothing=0.1).fit(X, np.asarray(y).astype(str))
        self.classes_ = self.inner_.classes_.astype(int)
        return self

    def predict(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.inner_.predict(X).astype(int)

    def predict_proba(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.inner_.predict_proba(X)


class Swapped(GaussianNB):
    """Says nothing of it, but gives the scores of two classes in each other's columns."""

    def predict_proba(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        proba = super().predict_proba(X)
        proba[:, [0, 1]] = proba[:, [1, 0]]
        return proba

    def predict(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.classes_[super().predict_proba(X).argmax(axis=1)]


class SaysClasses(GaussianNB):
    """Is right in all but what its `classes_` says."""

    def __init__(self, says: Callable[[npt.NDArray[Any]], object] = lambda classes: classes) -> None:
        super().__init__(var_smoothing=0.1)
        self.says = says

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> SaysClasses:
        super().fit(X, y)
        self.right_ = self.classes_
        self.classes_ = self.says(self.classes_)
        return self

    def predict_proba(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        self.classes_ = self.right_
        proba = super().predict_proba(X)
        self.classes_ = self.says(self.classes_)
        return proba

    def predict(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.right_[self.predict_proba(X).argmax(axis=1)]


class LastClassFirst(ClassifierMixin, BaseEstimator):
    """Has a decision function of one column for two classes; that is of the class that it names last: 0."""

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> LastClassFirst:
        self.inner_ = LinearSVC().fit(X / 255, y)
        self.classes_ = self.inner_.classes_[::-1]
        return self

    def predict(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.inner_.predict(X / 255)

    def decision_function(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        values = self.inner_.decision_function(X / 255)
        return -values if values.ndim == 1 else values[:, ::-1]


FORMS: dict[str, Callable[[npt.NDArray[Any]], Any]] = {
    "a column": lambda labels: labels.reshape(-1, 1),
    "floats": lambda labels: labels.astype(float),
    "a column of floats": lambda labels: labels.reshape(-1, 1).astype(np.float32),
    "objects": lambda labels: labels.astype(object),
    "a list": lambda labels: labels.tolist(),
    "booleans": lambda labels: labels == 1,
    "three wrong": lambda labels: np.where(np.arange(len(labels)) < 3, (labels + 1) % 10, labels),
    "digits as text": lambda labels: labels.astype(str),
    "halves": lambda labels: labels + 0.5,
    "NaN": lambda labels: np.where(labels == 0, np.nan, labels),
    "a column a class": lambda labels: np.eye(12)[labels],
    "one too few": lambda labels: labels[:-1],
}


class Answers(GaussianNB):
    """Gives its right labels in another form."""

    def __init__(self, form: str = "") -> None:
        super().__init__(var_smoothing=0.1)
        self.form = form

    def predict(self, X: npt.NDArray[Any]) -> object:
        return FORMS[self.form](super().predict(X))


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let every name be that of a plugin whose pipeline is these steps."""

    def declare(*steps: Callable[[], Any], space: dict[str, Any] | None = None) -> None:
        def build(task: Task) -> Pipeline:
            return Pipeline([(f"step{number}", step()) for number, step in enumerate(steps)])

        monkeypatch.setattr(Plugin, "load", lambda plugin: Estimator("Test", "classical", build, space=space or {}))
        worker_job._warm_up.cache_clear()

    return declare


def job(dataset: Dataset, rows: int, kind: type[TuningJob | RefitJob] = TuningJob, **more: object) -> Any:
    memmap.materialise(dataset)
    task = Task(n_classes=len(dataset.class_names), image_shape=dataset.image_shape)
    return kind(KNN, {}, task, PRESETS["smoke"], dataset.sha256, rows=rows, **more)


def run(dataset: Dataset, rows: int = 400) -> Outcome:
    return worker_job.run(job(dataset, rows))


def broken() -> dict[str, str]:
    """Return the clauses that `check` says are broken, with the reasons."""
    return {clause.text: clause.detail for clause in contract.clauses(KNN) if not clause.holds}


def detail(text: str) -> str:
    """Return what `check` adds to the clause that begins with this text."""
    (found,) = [clause.detail for clause in contract.clauses(KNN) if clause.text.startswith(text)]
    return found


# --- the columns of the scores


def test_the_columns_of_scores_are_those_of_classes_everywhere(declare: Callable[..., None], tmp_path: Path) -> None:
    """The classes are in the order 0, 1, 10, 11, 2, ...; by position, 2 of 12 would be right."""
    declare(Words)
    assert broken() == {}
    assert run(TWELVE).accuracy == 1.0

    images = tuple(range(50))
    corrupted = worker_job.run(job(TWELVE, 400, CorruptionJob, corruptions=("noise-20",), images=images))
    assert corrupted.predicted is not None
    assert (corrupted.predicted == TWELVE.test.y[:50]).all()

    kept_models.run(tmp_path / "blobs", [KNN], dataset=TWELVE)
    results = records.read(tmp_path / "blobs")
    assert (results.proba[KNN, 0].argmax(axis=1) == TWELVE.test.y).all()
    (model,) = find_models(tmp_path / "blobs", pytest.fail)
    assert model.test_accuracy == 1.0
    load.cache_clear()
    proba, _ = load(model.path, 1).predict(TWELVE.test.X)
    np.testing.assert_allclose(proba, results.proba[KNN, 0], atol=1e-3)


def test_a_class_that_is_missing_shifts_no_column_of_a_classifier_with_an_order_of_its_own() -> None:
    present = TWELVE.train.y != 3
    pipeline = Pipeline([("words", Words())])
    classes = pipelines.fit(pipeline, TWELVE.train.X[present], TWELVE.train.y[present])
    proba = pipelines.predict(pipeline, TWELVE.test.X, classes, 12)
    others = TWELVE.test.y != 3
    assert not proba[:, 3].any()
    assert (proba.argmax(axis=1)[others] == TWELVE.test.y[others]).all()


def test_a_decision_function_of_two_classes_is_that_of_the_class_named_last(declare: Callable[..., None]) -> None:
    two = blobs(2, 200)
    declare(LastClassFirst)
    assert run(two, 200).accuracy == 1.0
    assert broken() == {}


NO_PERMUTATION = {
    "words": lambda classes: classes.astype(str),
    "one more": lambda classes: np.append(classes, len(classes)),
    "one twice": lambda classes: np.where(classes == 2, 1, classes),
    "from one": lambda classes: classes + 1,
    "two-dimensional": lambda classes: [classes],
}


@pytest.mark.parametrize("says", NO_PERMUTATION.values(), ids=list(NO_PERMUTATION))
def test_classes_that_are_no_permutation_are_refused(declare: Callable[..., None], says: Callable[..., Any]) -> None:
    declare(lambda: SaysClasses(says))
    outcome = run(TWELVE)
    assert outcome.status == "failed"
    assert "classes_ are no permutation of the 12 classes" in outcome.reason
    assert any("classes_ are no permutation of the 12 classes" in reason for reason in broken().values())


@pytest.mark.parametrize("says", [list, lambda classes: classes.astype(float), lambda classes: classes.astype(object)])
def test_classes_may_have_any_type_of_number(declare: Callable[..., None], says: Callable[..., Any]) -> None:
    declare(lambda: SaysClasses(says))
    assert run(TWELVE).accuracy == 1.0


@pytest.mark.parametrize(
    ("step", "dataset"),
    [(Swapped, TWELVE), (lambda: SVC(decision_function_shape="ovo"), blobs(3, 100))],
    ids=["two columns swapped", "three pairs of three classes"],
)
def test_scores_in_the_columns_of_other_classes_are_refused(
    declare: Callable[..., None], step: Callable[[], Any], dataset: Dataset
) -> None:
    declare(step)
    outcome = run(dataset, 250)
    assert outcome.status == "failed"
    assert "predict differs from the highest score" in outcome.reason
    assert broken()


def test_columns_that_sorted_test_images_would_hide_are_compared(declare: Callable[..., None]) -> None:
    """The first 120 of 480 images are all of classes whose columns are right."""
    order = np.repeat(np.argsort(-TWELVE.test.y, kind="stable"), 4)
    test = replace(TWELVE.test, X=TWELVE.test.X[order], y=TWELVE.test.y[order])
    declare(Swapped)
    outcome = worker_job.run(job(replace(TWELVE, test=test), 400, RefitJob))
    assert "of class 0 among them" in outcome.reason


def test_scores_of_many_classes_in_the_wrong_columns_are_refused_with_one_image_of_each() -> None:
    many = blobs(62, 30)
    pipeline = Pipeline([("bayes", GaussianNB(var_smoothing=0.1))])
    classes = pipelines.fit(pipeline, many.train.X, many.train.y)
    _, first = np.unique(many.test.y, return_index=True)
    proba = pipelines.predict(pipeline, many.test.X[first], classes, 62)
    assert pipelines.check_labels(pipeline, many.test.X[first], classes, proba) == ""
    with pytest.raises(ValueError, match=r"for 62 of 62 images; column i of its scores must be that of classes_\[i\]"):
        pipelines.check_labels(pipeline, many.test.X[first], classes, np.roll(proba, 1, axis=1))


def test_a_few_labels_that_differ_from_the_scores_are_told_and_cost_nothing(declare: Callable[..., None]) -> None:
    declare(lambda: Answers("three wrong"))
    outcome = worker_job.run(job(TWELVE, 400, RefitJob))
    assert (outcome.status, outcome.notes) == ("ok", ("predict differs from the highest score for 3 of 120 images",))
    assert detail("predict returns the class with the highest score").startswith("predict differs from the highest")


# --- the warm-up


NEED_ROWS = {
    "inner folds": [lambda: CalibratedClassifierCV(GaussianNB(var_smoothing=0.1), cv=5)],
    "more components than rows": [lambda: PCA(64), lambda: KNeighborsClassifier(3)],
    "more neighbours than rows": [lambda: KNeighborsClassifier(60, weights="distance")],
    "stopped early": [lambda: HistGradientBoostingClassifier(max_iter=5, early_stopping=True)],
}


@pytest.mark.parametrize("steps", NEED_ROWS.values(), ids=list(NEED_ROWS))
def test_an_estimator_that_needs_more_rows_than_a_warm_up_has_is_not_failed_by_it(
    declare: Callable[..., None], steps: Sequence[Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = blobs(62, 30)
    monkeypatch.setattr(worker_job, "WARM_UP_ROWS_OF_A_CLASS", 0)
    monkeypatch.setattr(worker_job, "WARM_UP_ROWS", 50)
    declare(*steps)
    outcome = run(many, 1_000)
    assert (outcome.status, outcome.reason) == ("ok", "")
    assert outcome.accuracy is not None
    assert outcome.accuracy > 0.3


@pytest.mark.parametrize(("n_classes", "rows"), [(10, 200), (62, 620), (300, 2_000)])
def test_a_warm_up_has_rows_enough_of_each_class(
    declare: Callable[..., None], n_classes: int, rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[npt.NDArray[Any]] = []

    class Notes(GaussianNB):
        def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> Notes:
            seen.append(y)
            return super().fit(X, y)

    data = blobs(n_classes, 15)
    declare(Notes)
    memmap.materialise(data)
    worker_job._warm_up(KNN, Task(n_classes, (8, 8, 1)), data.sha256, "")
    (y,) = seen
    assert len(y) == min(rows, len(data.train.y))
    assert "failed" not in capsys.readouterr().out


@pytest.mark.parametrize("error", [ValueError("too few rows"), SystemExit(3), MemoryError()])
def test_what_only_the_warm_up_raises_costs_nothing(
    declare: Callable[..., None], error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    class Refuses(GaussianNB):
        def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> Refuses:
            if len(y) == worker_job.WARM_UP_ROWS:
                raise error
            return super().fit(X, y)

    declare(lambda: Refuses(var_smoothing=0.1))
    assert run(TWELVE).accuracy == 1.0
    assert "the warm-up on 200 rows failed, which costs nothing: " in capsys.readouterr().out


# --- labels


@pytest.mark.parametrize("form", ["a column", "floats", "a column of floats", "objects", "a list"])
def test_labels_may_be_a_column_and_any_type_of_number(declare: Callable[..., None], form: str) -> None:
    declare(lambda: Answers(form))
    assert broken() == {}
    assert run(TWELVE).accuracy == 1.0


def test_labels_of_two_classes_may_be_booleans() -> None:
    two = blobs(2, 50)
    pipeline = Pipeline([("answers", Answers("booleans"))])
    classes = pipelines.fit(pipeline, two.train.X, two.train.y)
    proba = pipelines.predict(pipeline, two.test.X, classes, 2)
    assert pipelines.check_labels(pipeline, two.test.X, classes, proba) == ""


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("digits as text", "which does not exist"),
        ("halves", ".5, which does not exist"),
        ("NaN", "the label nan, which does not exist"),
        ("a column a class", "predict has shape (120, 12), expected (120,)"),
        ("one too few", "predict has shape (119,), expected (120,)"),
    ],
)
def test_check_and_run_refuse_labels_in_the_same_words(declare: Callable[..., None], form: str, reason: str) -> None:
    declare(lambda: Answers(form))
    assert reason in run(TWELVE).reason
    in_general = reason.split("(")[0]
    assert any(in_general in why for why in broken().values())


# --- choices


class Takes(GaussianNB):
    """Keeps the last choice that it was given when it was fitted."""

    given: object = None

    def __init__(self, choice: object = None, var_smoothing: float = 0.1) -> None:
        super().__init__(var_smoothing=var_smoothing)
        self.choice = choice

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> Takes:
        Takes.given = self.choice
        return super().fit(X, y)


CHOICES: dict[str, tuple[list[Any], list[Any]]] = {
    "tuples": ([(64,), (32, 32)], ["(64,)", "(32, 32)"]),
    "tuples of tuples": ([((1, 2), (0.5, None)), ()], ["((1, 2), (0.5, None))", "()"]),
    "tuples of NumPy's numbers": ([(np.int64(3), np.float64(0.5)), None], ["(3, 0.5)", None]),
    "lists": ([[1, 2], [3]], ["[1, 2]", "[3]"]),
    "dicts": ([{0: 1.0, 1: np.float64(2.0)}, "balanced"], ["{0: 1.0, 1: 2.0}", "balanced"]),
    "NumPy's integers": (list(np.array([10, 30])), [10, 30]),
    "NumPy's floats": (list(np.array([0.5, 0.25], np.float32)), [0.5, 0.25]),
    "NumPy's booleans": (list(np.array([True, False])), [True, False]),
    "NumPy's text": (list(np.array(["a", "b"])), ["a", "b"]),
}


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
@pytest.mark.parametrize(("choices", "plain"), CHOICES.values(), ids=list(CHOICES))
def test_a_plugin_gets_the_choice_that_it_declared(
    declare: Callable[..., None], tmp_path: Path, choices: list[Any], plain: list[Any]
) -> None:
    declare(lambda: Takes(choices[0]), space={"step0__choice": CategoricalDistribution(choices)})
    assert broken() == {}
    described = declaration.describe(Describe(KNN, Task(12, (8, 8, 1))))
    assert list(described.space["step0__choice"].choices) == plain  # type: ignore[attr-defined]
    assert [type(choice) for choice in described.space["step0__choice"].choices] == list(map(type, plain))  # type: ignore[attr-defined]
    assert described.defaults == {"step0__choice": plain[0]}

    kept_models.run(tmp_path / "blobs", [KNN], dataset=TWELVE)
    (record,) = records.read(tmp_path / "blobs").records
    chosen = record.params["step0__choice"]
    assert (record.status, chosen in plain) == ("ok", True)
    expected = choices[plain.index(chosen)]
    assert Takes.given == expected
    assert type(Takes.given) is type(expected)
    (model,) = find_models(tmp_path / "blobs", pytest.fail)
    load.cache_clear()
    assert load(model.path, 1).pipeline["step0"].choice == expected


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
@pytest.mark.parametrize(
    "choice", [GaussianNB(), len, np.arange(2), (1, len)], ids=["object", "function", "array", "in"]
)
def test_check_and_run_refuse_a_choice_in_the_same_words(declare: Callable[..., None], choice: object) -> None:
    declare(Takes, space={"step0__choice": CategoricalDistribution([None, choice])})
    with pytest.raises(BenchmarkError, match=r"its space has among the choices for step0__choice a .*; give numbers"):
        declaration.describe(Describe(KNN, Task(12, (8, 8, 1))))
    (reason,) = broken().values()
    assert "its space has among the choices for step0__choice a " in reason


def test_check_and_run_refuse_a_default_in_the_same_words(declare: Callable[..., None]) -> None:
    declare(lambda: Takes((1,)), space={"step0__choice": CategoricalDistribution(["a", "b"])})
    with pytest.raises(BenchmarkError, match=r"the default of step0__choice is '\(1,\)', outside"):
        declaration.describe(Describe(KNN, Task(12, (8, 8, 1))))
    (reason,) = broken().values()
    assert "the default of step0__choice is '(1,)', outside" in reason


# --- a model that cannot be kept

KEPT = """import os, signal, sys, time

from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator


class State:
    def __getstate__(self):
        saves = "skops" in str(sys._getframe(1).f_globals.get("__name__"))
        if {when}:
            {does}
        return {{}}


class Step(GaussianNB):
    def fit(self, X, y):
        self.state_ = State()
        return super().fit(X, y)


def build(task):
    return Pipeline([("bayes", Step(var_smoothing=0.1))])


ESTIMATOR = Estimator("Test", "classical", build)
"""

DEATHS = {
    "exits_past_python": ("saves", "os._exit(3)", "its worker process died with exit code 3"),
    "crashes": ("saves", "os.kill(os.getpid(), signal.SIGSEGV)", "its worker process died of SIGSEGV"),
    "is_killed": ("saves", "os.kill(os.getpid(), signal.SIGKILL)", "its worker process died of SIGKILL"),
    "leaves": ("saves", "sys.exit(5)", "cannot be kept: SystemExit: 5"),
    "raises": ("saves", "raise RuntimeError('no state')", "(RuntimeError: no state)"),
    "raises_when_pickled": ("not saves", "raise TypeError('no pickle')", ""),
    "dies_when_pickled": ("True", "os._exit(4)", "its worker process died with exit code 4"),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plugins = {stem: KEPT.format(when=when, does=does) for stem, (when, does, _) in DEATHS.items()}
    return models(tmp_path_factory.mktemp("lab"), **plugins)


@pytest.fixture(scope="module")
def kept(lab: Path) -> Result:
    return benchmark("run", *DEATHS, *SMOKE, "--keep", "--results", str(lab / "results"), cwd=lab, workers=True)


@pytest.mark.slow
@pytest.mark.parametrize("stem", DEATHS)
def test_keeping_a_model_never_costs_its_row(lab: Path, kept: Result, stem: str) -> None:
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert "Traceback" not in kept.stdout + kept.stderr
    results = records.read(lab / "results" / "digits")
    (record,) = [record for record in results.records if record.estimator == stem]
    assert (record.status, record.reason) == ("ok", "")
    assert (results.proba[stem, 0].argmax(axis=1) == results.test_set.y).mean() > 0.8
    lines = [line for line in kept.stdout.splitlines() if f" {stem} " in line]
    reason = DEATHS[stem][2]
    if reason:
        assert any("cannot be kept: " in line and reason in line for line in lines), lines
    measured = "when_pickled" not in stem
    assert (record.model_bytes > 0) == measured
    assert any("the size of its model is unknown: " in line for line in lines) != measured


@pytest.mark.slow
def test_a_size_that_is_unknown_is_no_smallest_file(lab: Path, kept: Result) -> None:
    page = (lab / "results" / "digits" / "leaderboard.md").read_text(encoding="utf-8")
    assert "0 B" not in page
    assert kept.returncode == 0


def test_a_refit_outlives_the_worker_that_dies_while_it_keeps_the_model(lab: Path) -> None:
    results = lab / "one"
    found = benchmark(
        "run", "is_killed", *SMOKE, "--keep", "--no-report", "--results", str(results), cwd=lab, workers=True
    )
    (record,) = records.read(results / "digits").records
    assert (found.returncode, record.status) == (0, "ok")
    assert "cannot be kept: its worker process died of SIGKILL" in found.stdout
    assert list((results / "digits" / "models").iterdir()) == []


@pytest.mark.parametrize("stem", ["exits_past_python", "dies_when_pickled"])
def test_check_says_which_clause_ended_its_process(lab: Path, stem: str) -> None:
    found = benchmark("check", stem, cwd=lab, workers=True)
    code, reason = DEATHS[stem][1][-2], DEATHS[stem][2]
    last = next(line for line in found.stdout.splitlines() if reason in line)
    if code == "3":
        assert found.returncode == 0, found.stdout
        assert last.startswith(
            "ok     can be saved and loaded with the same predictions, or says why not: cannot be kept: "
        )
    else:
        assert found.returncode == 1
        assert last.startswith("BROKEN can be pickled when fitted")
    assert "ok     can be fitted with the smoke parameters" in found.stdout
