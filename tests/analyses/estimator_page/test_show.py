"""The page of one estimator: exact numbers from known records, hostile names, and a report that is left alone."""

from __future__ import annotations

import dataclasses
import math
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import markdown_it
import numpy as np
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from pytest_regressions.file_regression import FileRegressionFixture
from sklearn.metrics import classification_report

from benchmark import datasets, report
from benchmark.analyses.estimator_page import inputs, page, scores, tuning, write
from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator, Pictures, Space
from benchmark.analyses.estimator_page.figures import FIGURES, history, images, matrix, training
from benchmark.analyses.estimator_page.importance import Importance, importance
from benchmark.analyses.estimator_page.predictions import confident_mistakes, confusions, correct_sample
from benchmark.cli import main as cli
from benchmark.engine import declaration, preflight
from benchmark.engine.fingerprint import fingerprint
from benchmark.engine.jobs import Describe
from benchmark.engine.protocol import PRESETS
from benchmark.estimator import Task
from benchmark.render import style
from benchmark.render.document import Table
from benchmark.render.figure import plan
from benchmark.storage import records
from benchmark.storage.records import RungResult, TrialResult
from tests import synthetic_results as synthetic
from tests.report.test_faults_names import NASTY, Elements

UNKNOWN = Space({}, "it was not asked")


def evaluated(folder: Path, name: str, seed: int = 0, space: Space = UNKNOWN) -> EvaluatedEstimator:
    """Return a record with what its page needs; pictures are those stored with the records."""
    results = records.read(folder)
    record = next(each for each in results.records if (each.estimator, each.seed) == (name, seed))
    test_set = results.test_set
    pictures = Pictures(test_set.example_index, test_set.example_images, "not at hand")
    return EvaluatedEstimator(record, test_set, results.proba[name, seed], (seed,), pictures, space)


def trial(number: int, params: Mapping[str, Any], *accuracy: float, state: Any = "complete") -> TrialResult:
    """Return a trial with these scores on rungs of 100, 400 and 1,600 rows, 10 seconds each."""
    rungs = tuple(RungResult(100 * 4**place, score, 9.0, 1.0) for place, score in enumerate(accuracy))
    return TrialResult(number, state, params, rungs)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """60 images of three classes, all stored: 0 to 9 are predicted as mid, 20 to 24 as right; the rest is correct."""
    y = np.repeat([0, 1, 2], 20)
    synthetic.write_test_set(tmp_path, y, ["left", "mid", "right"], n_train=600, examples=range(60))
    predicted = y.copy()
    predicted[:10], predicted[20:25] = 1, 2
    proba = np.full((60, 3), 0.05, dtype=np.float16)
    proba[np.arange(60), predicted] = np.linspace(0.5, 0.9, 60)
    records.write(tmp_path, synthetic.make_record("a", fit_rows=600), proba)
    return tmp_path


# --- what is counted and chosen


def test_the_report_is_scikit_learns(known: Path) -> None:
    estimator = evaluated(known, "a")
    y, names = estimator.test_set.y, estimator.test_set.class_names
    whole = classification_report(y, estimator.predicted, target_names=names, digits=3).split("\n")
    theirs = {line[:13].strip(): line[13:].split() for line in whole[2:] if line.strip()}
    rows = scores.report_table(estimator).rows
    ours = {str(name.value).replace("average", "avg"): [cell.text for cell in row] for name, *row in rows}
    assert ours["mid"] == theirs["mid"] == ["0.600", "0.750", "0.667", "20"]
    (mid,) = (row for row in rows if row[0].value == "mid")
    assert [cell.value for cell in mid[1:]] == pytest.approx([0.6, 0.75, 2 / 3, 20])
    assert list(ours) == list(theirs)
    for name in ours:
        assert [cell for cell in ours[name] if cell != "—"] == theirs[name]


def test_two_classes_of_one_name_and_one_that_is_never_the_answer(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, [0, 0, 1, 2], ["same", "same", "none"])
    synthetic.write_predictions(tmp_path, test_set, "a", [0, 1, 1, 0])
    estimator = evaluated(tmp_path, "a")
    first, second, third, accuracy, *_ = scores.report(estimator)
    assert (first.name, second.name) == ("same", "same")
    assert first.scores == pytest.approx((0.5, 0.5, 0.5))
    assert second.scores == pytest.approx((0.5, 1.0, 2 / 3))
    assert third.scores == pytest.approx((np.nan, 0, 0), nan_ok=True)
    assert (accuracy.scores[2], accuracy.images, accuracy.is_total) == (0.5, 4, True)
    rows = scores.report_table(estimator).rows
    assert [cell.text for cell in rows[2][1:]] == ["—", "0.000", "0.000", "1"]
    assert [cell.text for cell in rows[3][1:]] == ["—", "—", "0.500", "4"]


@pytest.mark.parametrize(("images", "named"), [(20, True), (19, False)])
def test_a_class_of_few_test_images_is_not_called_the_hardest(tmp_path: Path, images: int, named: bool) -> None:
    y = np.repeat([0, 1], [images, images])
    test_set = synthetic.write_test_set(tmp_path, y, ["left", "right"], n_train=600)
    synthetic.write_predictions(tmp_path, test_set, "a", np.where(np.arange(len(y)) < 3, 1, y), fit_rows=600)
    text, *_ = page.opening(evaluated(tmp_path, "a"))
    assert ("The hardest class is left" in text) == named
    assert ("hardest" in text) == named


def test_confident_mistakes_come_first_and_correct_ones_are_a_stratified_sample(known: Path) -> None:
    estimator = evaluated(known, "a")
    assert confident_mistakes(estimator, 7).tolist() == [24, 23, 22, 21, 20, 9, 8]
    right = correct_sample(estimator, 9)
    assert (estimator.predicted[right] == estimator.test_set.y[right]).all()
    assert np.bincount(estimator.test_set.y[right]).tolist() == [2, 3, 4]  # of 10, 15 and 20
    some = dataclasses.replace(
        estimator, pictures=Pictures(np.array([3, 21, 50]), estimator.pictures.pixels[[3, 21, 50]])
    )
    assert confident_mistakes(some, 7).tolist() == [21, 3]
    assert correct_sample(some, 7).tolist() == [50]
    assert (some.pixels(np.array([50])) == estimator.pixels(np.array([50]))).all()


def test_of_equally_confident_mistakes_the_lowest_score_of_the_label_comes_first(known: Path) -> None:
    estimator = evaluated(known, "a")
    proba = estimator.proba.copy()
    proba[:10, 1], proba[20:25] = 1.0, (0.0, 1.0, 0.0)
    proba[7, 0] = 0.0
    again = dataclasses.replace(estimator, proba=proba)
    assert confident_mistakes(again, 3).tolist() == [7, 0, 1]


def test_the_most_frequent_confusions(known: Path) -> None:
    estimator = evaluated(known, "a")
    assert confusions(estimator.confusion, 5) == [(0, 1, 10), (1, 2, 5)]
    _, table = page._confusions(estimator)
    assert isinstance(table, Table)
    assert [cell.text for cell in table.rows[0]] == ["left", "mid", "10", "50.0 %", "66.7 %"]
    assert [cell.value for cell in table.rows[0]] == ["left", "mid", 10, 0.5, pytest.approx(2 / 3)]


def test_the_page(known: Path, file_regression: FileRegressionFixture) -> None:
    estimator = evaluated(known, "a")
    file_regression.check(page.page(estimator, plan(FIGURES, estimator, "a")), extension=".md", encoding="utf-8")


def test_an_estimator_without_mistakes(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, [0, 1] * 10, ["a", "b"])
    synthetic.write_predictions(tmp_path, test_set, "a", [0, 1] * 10, scores="decision_function")
    estimator = evaluated(tmp_path, "a")
    assert confusions(estimator.confusion, 5) == []
    assert estimator.softmax
    text = page.page(estimator, {})
    assert page.SOFTMAX in text
    assert "nan" not in text
    data = images.data(estimator)
    assert data is not None
    assert data.softmax
    assert "not a probability" in images.caption(data)
    assert images.WRONG_MARK not in images.caption(data)


# --- the figures


def test_right_and_wrong_differ_by_mark_and_frame(known: Path) -> None:
    data = images.data(evaluated(known, "a"))
    assert data is not None
    assert data.is_wrong == [True] * 14 + [False] * 14
    with style.applied():
        drawn = images.draw(data)
    frames = [axes.spines["left"].get_linestyle() for axes in drawn.axes]
    assert len(set(frames[:14])) == len(set(frames[14:])) == 1
    assert frames[0] != frames[14] == "-"
    texts = [text.get_text() for text in drawn.texts]
    assert sum(text in ("✗ mid", "✗ right") for text in texts) == 14
    assert sum(text in ("✓ left", "✓ mid", "✓ right") for text in texts) == 14
    assert {"#24", "0.663"} <= set(texts)


def test_the_matrix_shows_counts_and_fanova(known: Path) -> None:
    data = matrix.data(evaluated(known, "a"))
    with style.applied():
        texts = [text.get_text() for text in matrix.draw(data).axes[0].texts]
    assert sorted(texts) == sorted(["10", "50.0 %", "10", "50.0 %", "15", "75.0 %", "5", "25.0 %", "20", "100.0 %"])
    assert matrix.alt(data).endswith("Most frequent error: left predicted as mid.")


TRIALS = (
    trial(0, {"c": 1.0}, 0.5, 0.6, 0.70),
    trial(1, {"c": 2.0}, 0.4, state="pruned"),
    trial(2, {"c": 3.0}, state="oom"),
    trial(3, {"c": 4.0}, 0.6, 0.7, 0.65),
    trial(4, {"c": 5.0}, 0.7, 0.8, 0.75),
)


def test_the_history_of_tuning(known: Path) -> None:
    estimator = evaluated(known, "a")
    params = {"params": {"c": 5.0}, "validation_accuracy": 0.75, "validation_fit_rows": 1600, "tuning_parallel": 2}
    estimator = dataclasses.replace(estimator, record=dataclasses.replace(estimator.record, trials=TRIALS, **params))
    data = history.data(estimator)
    assert data is not None
    assert data.rungs == (100, 400, 1600)
    assert data.best.tolist() == [0.7, 0.7, 0.7, 0.7, 0.75]
    # A batch of four climbs together: three fits, two, two; then trial 4 alone.
    assert data.seconds.tolist() == [60.0, 100.0]
    assert data.best_then.tolist() == [0.7, 0.75]
    assert (data.ends.tolist(), data.ended_trial.tolist()) == (
        [10.0 * n for n in range(1, 11)],
        [0, 1, 3, 0, 3, 0, 3, 4, 4, 4],
    )
    with style.applied():
        left = history.draw(data).axes[0]
    hollow = [line for line in left.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata()[0] for line in hollow] == [1]
    failed = [line.get_xdata() for line in left.lines if line.get_marker() == "X"]
    assert [list(x) for x in failed] == [[2]]
    text = tuning.history(estimator)
    assert "5 trials (3 complete, 1 pruned and 1 out of memory)" in text
    assert "4 were fitted on 100 rows, 3 were fitted on 400 rows and 3 were fitted on 1,600 rows" in text
    _, table = tuning.trials(estimator)
    assert isinstance(table, Table)
    assert [(row[0].value, row[1].value) for row in table.rows] == [
        (4, "complete"),
        (0, "complete"),
        (3, "complete"),
        (1, "pruned"),
        (2, "out of memory"),
    ]
    assert [cell.value for cell in table.rows[0]] == [4, "complete", 0.7, 0.8, 0.75, 30, 5]
    assert [cell.text for cell in table.rows[0]] == ["**4**", "complete", "0.7000", "0.8000", "0.7500", "30 s", "5"]
    assert [row[0].text for row in table.rows[1:]] == ["0", "3", "1", "2"]  # only the best is bold


def test_training_curves_are_drawn_where_the_record_has_them(known: Path) -> None:
    estimator = evaluated(known, "a")
    assert training.data(estimator) is None
    assert "`python -m benchmark run a --force --preset standard`" in page.training(estimator)
    none = dataclasses.replace(estimator, record=dataclasses.replace(estimator.record, history={}))
    assert "`Estimator.history`" in page.training(none)
    reported = {
        "train_loss": (0.9, 0.5, 0.3),
        "valid_loss": (1.0, 0.7),
        "train_accuracy": (0.5, 0.8, 0.9),
        "rate": (0.1,),
    }
    record = dataclasses.replace(estimator.record, history={**reported, "empty": ()})
    data = training.data(dataclasses.replace(estimator, record=record))
    assert data is not None
    assert [(panel.measure, [line.name for line in panel.lines]) for panel in data.panels] == [
        ("loss", ["train", "valid"]),
        ("accuracy", ["train"]),
        ("rate", ["rate"]),
    ]
    with style.applied():
        drawn = training.draw(data)
    assert [list(line.get_xdata()) for line in drawn.axes[0].lines] == [[1, 2, 3], [1, 2]]
    assert "train loss from 0.9 to 0.3 in 3" in training.alt(data)
    many = {f"s{number}_m{number % 6}": (1.0,) for number in range(60)}
    data = training.data(dataclasses.replace(estimator, record=dataclasses.replace(estimator.record, history=many)))
    assert data is not None
    assert data.hidden == 36
    assert "36 more series are not drawn." in training.caption(data)


# --- parameter importance


SPACE: dict[str, BaseDistribution] = {
    "c": FloatDistribution(0.01, 100.0, log=True),
    "depth": IntDistribution(1, 8),
    "kind": CategoricalDistribution(["flat", "steep"]),
    "fixed": FloatDistribution(1.0, 1.0),
}


def drawn(n: int) -> list[dict[str, Any]]:
    """Draw parameters at random."""
    rng = np.random.default_rng(0)
    return [
        {
            "c": float(10 ** rng.uniform(-2, 2)),
            "depth": int(rng.integers(1, 9)),
            "kind": str(rng.choice(["flat", "steep"])),
            "fixed": 1.0,
        }
        for _ in range(n)
    ]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use few small forests, for tests that are not about their results."""
    for name, few in (("TREES", 8), ("FORESTS", 2), ("FOLDS", 2), ("PERMUTATIONS", 2)):
        monkeypatch.setattr(f"benchmark.analyses.estimator_page.importance.{name}", few)


def test_the_parameter_that_matters_is_found_and_the_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.analyses.estimator_page.importance.TREES", 8)
    trials = [trial(n, params, 0.6 + 0.05 * np.log10(params["c"])) for n, params in enumerate(drawn(20))]
    found = importance(trials, SPACE)
    assert isinstance(found, Importance)
    assert found.parameters[0] == "c"
    assert set(found.parameters) == {"c", "depth", "kind"}
    assert found.above_chance == found.robust == ("c",)
    assert found.share[0] > 0.7  # of a logarithmic range on a plain scale it would be its last hundredth that counts
    assert (found.low <= found.share).all()
    assert (found.share <= found.high).all()
    text = tuning.conclusion(found)
    assert text.startswith("**`c` matters**")
    assert "20 trials of 3 parameters" in text


def test_nothing_in_noise_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.analyses.estimator_page.importance.TREES", 8)
    noise = np.random.default_rng(7).random(8)
    found = importance([trial(n, params, noise[n]) for n, params in enumerate(drawn(8))], SPACE)
    assert isinstance(found, Importance)
    assert found.above_chance == ()
    assert found.robust == ()
    text = tuning.conclusion(found)
    assert text.startswith("**No parameter matters more than by chance**")
    assert "8 trials of 3 parameters" in text


def test_trials_are_compared_on_the_rung_that_most_reached(quick: None) -> None:
    params = drawn(6)
    climbs = [(0.1, 0.9), (0.2, 0.8), (0.3,), (0.4,), (0.5,), ()]
    found = importance([trial(n, params[n], *climb) for n, climb in enumerate(climbs)], SPACE)
    assert isinstance(found, Importance)
    assert (found.rows, found.trials, found.all_trials, found.worst, found.best) == (100, 5, 6, 0.1, 0.5)
    all_climb = importance([trial(n, params[n], 0.1, 0.5 + n / 10) for n in range(4)], SPACE)
    assert isinstance(all_climb, Importance)
    assert (all_climb.rows, all_climb.best) == (400, 0.8)  # of equals the highest


@pytest.mark.parametrize(
    ("trials", "space", "reason"),
    [
        ([], {}, "nothing was tuned"),
        ([trial(n, {"c": n + 1.0}, n / 10) for n in range(8)], {"c": SPACE["c"]}, "only one parameter"),
        ([trial(n, params, 0.5 + n / 10) for n, params in enumerate(drawn(3))], SPACE, "3 of 3 trials have a score"),
        ([trial(n, params, state="failed") for n, params in enumerate(drawn(9))], SPACE, "0 of 9 trials"),
        ([trial(n, params, 0.5) for n, params in enumerate(drawn(9))], SPACE, "all 9 trials have the same score"),
        (
            [trial(n, drawn(1)[0], n / 10) for n in range(5)],
            SPACE,
            "trials with different scores have the same parameters",
        ),
        ([trial(n, {"c": -1.0}, n / 10) for n in range(5)], SPACE, "do not fit the search space"),
        ([trial(n, {**p, "depth": 99}, n / 10) for n, p in enumerate(drawn(5))], SPACE, "do not fit the search space"),
        ([trial(n, {**p, "c": "a"}, n / 10) for n, p in enumerate(drawn(5))], SPACE, "do not fit the search space"),
    ],
)
def test_where_importance_is_unknown_the_reason_is_given(
    trials: list[TrialResult], space: dict[str, BaseDistribution], reason: str
) -> None:
    found = importance(trials, space)
    assert isinstance(found, str)
    assert reason in found


# --- any data set, any name


@pytest.mark.parametrize(("n_classes", "shape"), [(2, (4, 9, 1)), (20, (8, 8, 3)), (50, (8, 8, 1)), (70, (1, 5, 1))])
def test_any_number_of_classes_and_shape_and_hostile_names(
    tmp_path: Path, quick: None, n_classes: int, shape: tuple[int, int, int]
) -> None:
    y = np.arange(3 * n_classes) % n_classes
    names = [NASTY if label == 0 else f"a|b{label}" for label in range(n_classes)]
    test_set = synthetic.write_test_set(tmp_path, y, names, examples=[], images=np.zeros((0, 64), dtype=np.uint8))
    index = np.arange(len(y))
    pixels = np.random.default_rng(0).integers(0, 256, (len(y), math.prod(shape)), dtype=np.uint8)
    test_set = dataclasses.replace(test_set, image_shape=shape, dataset=NASTY)
    params = [{f"{name}{NASTY}": value for name, value in each.items()} for each in drawn(6)]
    record = dataclasses.replace(
        synthetic.make_record("a", title=NASTY, augmentation=NASTY, device=NASTY, history={NASTY: (1.0, 2.0)}),
        trials=tuple(trial(n, each, 0.5 + n / 20) for n, each in enumerate(params)),
    )
    proba = np.full((len(y), n_classes), 0.1, dtype=np.float16)
    proba[index, np.where(index % 4 == 0, 0, y)] = 0.8
    space = Space({f"{name}{NASTY}": distribution for name, distribution in SPACE.items()})
    estimator = EvaluatedEstimator(record, test_set, proba, (0, 1), Pictures(index, pixels), space)
    assert isinstance(estimator.importance, Importance)
    if n_classes == 2:
        files = write.render(estimator)
        assert set(files) == {"a.md"} | {
            f"a/{name}" for name in (*(f"{p}.png" for p in plan(FIGURES, estimator, "a")), "confusion.csv")
        }
        assert len(files) == 7
        assert not re.search(r"(^|[,;])[=+@-]", files["a/confusion.csv"].decode(), re.M)
        text = files["a.md"].decode()
    else:
        with style.applied():
            matrix.draw(matrix.data(estimator)).draw_without_rendering()
        text = page.page(estimator, plan(FIGURES, estimator, "a"))
    assert_harmless(text)


def assert_harmless(text: str) -> None:
    """Assert that all markup, links and pictures of a page are ours, and that its tables are tables."""
    assert all(char.isprintable() or char in "\n\u2060" for char in text)
    html = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    elements = Elements()
    elements.feed(html)
    allowed = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "code", "blockquote"}
    for tag, attributes in elements.found:
        if tag == "a":
            assert attributes["href"] in ("a/confusion.csv", "../leaderboard.md")
        elif tag == "img":
            assert re.fullmatch(r"a/\w+\.png", attributes["src"] or "")
        else:
            assert tag in allowed, tag
    assert html.count("<table>") == len(re.findall(r"(?:^\|.*\n)+", text, flags=re.M)) >= 3


# --- the report


def test_the_report_leaves_the_page_alone(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, [0, 1, 2] * 20, ["a", "b", "c"])
    synthetic.write_predictions(tmp_path, test_set, "one", [0, 1, 1] * 20)
    written = write.write(tmp_path, evaluated(tmp_path, "one"))
    before = {path: path.read_bytes() for path in written}
    assert not set(before) & set(report.write(tmp_path))
    assert {path: path.read_bytes() for path in written} == before
    reported = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path not in written}
    # The same bytes again; a figure of ours that the page no longer has is removed, and another file stays.
    figures = write.page_path(tmp_path, "one").with_suffix("")
    (figures / "training.png").write_bytes((figures / "confusion.png").read_bytes())
    (figures / "mine.png").write_bytes(b"mine")
    write.write(tmp_path, evaluated(tmp_path, "one"))
    assert report.check(tmp_path) == []
    assert {path: path.read_bytes() for path in reported} == reported
    assert {path: path.read_bytes() for path in written} == before
    assert sorted(path.name for path in figures.glob("*.png")) == sorted(
        ["mine.png", *(path.name for path in written if path.suffix == ".png")]
    )


# --- the command


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results on the digits, without a run: k nearest neighbours with seven trials, a failed seed, a failed row."""
    results = tmp_path_factory.mktemp("results")
    folder, dataset = results / "digits", datasets.load("digits")
    test_set = preflight.test_set_of(dataset)
    records.write_test_set(folder, test_set)
    declared = declaration.describe(Describe("knn", Task(10, dataset.image_shape)))
    rng = np.random.default_rng(0)
    trials = []
    for number in range(7):
        params = {
            "knn__n_neighbors": int(rng.integers(1, 31)),
            "knn__weights": str(rng.choice(["uniform", "distance"])),
            "pca__n_components": float(rng.uniform(0.7, 0.95)),
            "scale__power": float(rng.uniform(0.25, 1.0)),
        }
        trials.append(trial(number, params, 0.9 - params["knn__n_neighbors"] / 100))
    made = fingerprint(dataset.sha256, PRESETS["standard"], declared)
    fields: dict[str, Any] = {"dataset_sha256": dataset.sha256, "fingerprint": made, "trials": tuple(trials)}
    predicted = np.where(np.arange(len(test_set.y)) % 9 == 0, (test_set.y + 1) % 10, test_set.y)
    synthetic.write_predictions(folder, test_set, "knn", predicted, seed=2, **fields)
    synthetic.write_failure(folder, "knn", dataset="digits", **{**fields, "seed": 0})
    synthetic.write_failure(folder, "xgboost", dataset="digits", dataset_sha256=dataset.sha256)
    return results


def test_the_command_writes_and_prints_and_imports_no_plugin(
    digits: Path, quick: None, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.modules.pop("models.knn", None)
    assert cli.main(["show", "knn", "--results", str(digits)]) == 0  # the only data set there
    assert "models.knn" not in sys.modules
    printed = capsys.readouterr().out
    assert "WARNING" not in printed
    assert re.search(r"macro average +0\.8\d\d", printed)
    assert re.search(r"knn__n_neighbors +\d\.\d+", printed)
    text = (digits / "digits" / "estimators" / "knn.md").read_text()
    assert "Seed 2 was fitted on" in text
    assert "It has 100 rows; all trials have a score there" in text
    figures = digits / "digits" / "estimators" / "knn"
    assert sorted(path.name for path in figures.iterdir()) == [
        "confusion.csv",
        "confusion.png",
        "images.png",
        "importance.png",
        "tuning.png",
    ]
    assert re.findall(r"!\[.+\]\((knn/\w+\.png)\)", text) == [
        f"knn/{name}.png" for name in ("confusion", "images", "tuning", "importance")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kn"], "no estimator is called 'kn'; did you mean knn?"),
        (["logistic_regresion"], "did you mean logistic_regression, which has no record in"),
        (["cnn"], r"cnn has no record in .*digits; first: python -m benchmark run cnn --dataset digits$"),
        (["zzzzzz"], "there are records of: knn, xgboost"),
        (["knn", "--seed", "7"], r"knn has no record of seed 7 in .*; there is seed 0, 2"),
        (["knn", "--seed", "0"], "says failed: ValueError: no; first: python -m benchmark run knn"),
        (["xgboost"], "says failed: ValueError: no; first: python -m benchmark run xgboost"),
        (["knn", "--preset", "quick"], "knn|no records here"),
    ],
)
def test_what_cannot_be_shown_is_one_clear_line(
    digits: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    before = sorted(digits.rglob("*"))
    status = cli.main(["show", *arguments, "--dataset", "digits", "--results", str(digits)])
    printed = capsys.readouterr()
    assert status == 2
    (line,) = printed.err.splitlines()
    assert re.search(message, line), line
    assert sorted(digits.rglob("*")) == before


def test_several_data_sets_need_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("mine", "yours"):
        synthetic.write_test_set(tmp_path / name, [0, 1], ["a", "b"], dataset=name)
    assert cli.main(["show", "knn", "--results", str(tmp_path)]) == 2
    assert "holds results on mine, yours; name one with --dataset" in capsys.readouterr().err
    assert cli.main(["show", "knn", "--results", str(tmp_path / "none")]) == 2
    assert "no records here; make some" in capsys.readouterr().err


def test_without_the_data_the_stored_pictures_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "digits"
    test_set = synthetic.write_test_set(folder, [0, 1] * 30, ["a", "b"], dataset="digits")
    synthetic.write_predictions(folder, test_set, "gone", [0, 1, 1] * 20, trials=())
    assert cli.main(["show", "gone", "--results", str(tmp_path)]) == 0
    assert "digits has changed since the record was made" in capsys.readouterr().out
    text = write.page_path(folder, "gone").read_text()
    assert "40 test images that are stored with the records" in text
    assert "Parameter importance is unknown: nothing was tuned." in text
    mine = dataclasses.replace(test_set, dataset="mine")
    assert "name them with --dataset" in inputs.pictures_of(mine, None, None, None).reason
    assert "no data set is called 'nowhere'" in inputs.pictures_of(mine, "nowhere", None, None).reason


def test_a_space_that_has_changed_or_gone_is_unknown(digits: Path) -> None:
    results = records.read(digits / "digits")
    record = next(each for each in results.records if each.status == "ok")
    stale = dataclasses.replace(record, fingerprint={**record.fingerprint, "space": "0" * 12})
    assert "has changed since it was tuned" in inputs.space_of(stale, results.test_set).reason
    gone = dataclasses.replace(record, estimator="gone")
    assert "no estimator is called gone any more" in inputs.space_of(gone, results.test_set).reason


def test_a_best_score_that_never_rose_is_not_said_to_rise() -> None:
    data = SimpleNamespace(
        numbers=(0, 1), rungs=(25,), seconds=np.array([0.1]), ends=np.array([0.1, 0.2]), best_then=np.array([1.0])
    )
    said = history.alt(data)  # type: ignore[arg-type]
    assert said == (
        "Tuning history of 2 trials: the best score on 25 rows is 1.0000 from the first trial that reached them, "
        "over 0.20 s."
    )
