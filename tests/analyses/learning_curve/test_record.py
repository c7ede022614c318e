"""Learning curves: what is stored on disk, and what the report makes of it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from benchmark import load, report
from benchmark.analyses.learning_curve import ANALYSIS
from benchmark.analyses.learning_curve import record as curve_record
from benchmark.analyses.learning_curve.crossover import crossovers, stretches
from benchmark.analyses.learning_curve.record import CurveData
from benchmark.errors import BenchmarkError
from benchmark.render.document import Bullets
from benchmark.storage import derived, records
from tests import synthetic_results as synthetic
from tests.pages import bold, scores_of, section_of, tables, texts, values

pytestmark = pytest.mark.usefixtures("drawn_once")

# --- on disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two estimators with curves: a classical one that is better at first, and a CNN that is so in the end."""
    folder = tmp_path / "results" / "toy"
    y = np.arange(400) % 4
    test_set = synthetic.write_test_set(folder, y, ["a", "b", "c", "d"], n_train=1_000, dataset="toy")

    def answers(wrong: int) -> np.ndarray:
        return np.where(np.arange(400) < wrong, (y + 1) % 4, y)

    for name, family, points, last in (
        ("svm", "classical", {100: [answers(80), answers(88)], 300: [answers(60)]}, 40),
        ("net", "cnn", {100: [answers(160), answers(168)], 300: [answers(100)]}, 10),
    ):
        synthetic.write_predictions(
            folder, test_set, name, answers(last), title=name.upper(), family=family, fit_rows=1_000, fit_seconds=60.0
        )
        synthetic.write_curve(folder, name, points, seconds_per_row=0.01 if name == "svm" else 0.05)
    return folder


def held(folder: Path, name: str = "svm") -> CurveData:
    test_set = records.read_test_set(folder)
    assert test_set is not None
    return curve_record.read(curve_record.path_of(folder, name), test_set)


def test_what_is_written_is_read_back(folder: Path) -> None:
    found = held(folder)
    assert [(point.rows, point.seed) for point in found.curve.points] == [(100, 0), (100, 1), (300, 0)]
    assert found.predicted.dtype == np.uint8
    assert found.predicted.shape == (3, 400)
    path = curve_record.path_of(folder, "svm")
    before = path.read_bytes(), path.with_suffix(".npz").read_bytes()
    curve_record.write(folder, found)
    assert (path.read_bytes(), path.with_suffix(".npz").read_bytes()) == before
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
        assert file.files == ["predicted"]


def test_more_than_256_classes_take_two_bytes() -> None:
    record = synthetic.make_record("x")
    point = dataclasses.replace(point_of(0, 0), status="ok")
    wide = curve_record.added(curve_record.empty(record, 3, 300), point, {}, np.array([299, 0, 1]))
    assert wide.predicted.dtype == np.uint16
    assert wide.predicted.tolist() == [[299, 0, 1]]
    assert wide.curve.points[0].predicted_sha256 == derived.digest(np.array([299, 0, 1]))


def point_of(rows: int, seed: int) -> curve_record.Point:
    stub = {**derived.INVALIDATED, "fit_seconds": 0.0, "predict_seconds": 0.0, "threads": 1, "device": "cpu"}
    return curve_record.Point(rows, seed, test_reads=1, **stub)


def test_a_row_whose_point_was_never_written_is_no_damage(folder: Path) -> None:
    found = held(folder)
    arrays = curve_record.path_of(folder, "svm").with_suffix(".npz")
    np.savez_compressed(arrays, predicted=np.vstack([found.predicted, found.predicted[:1]]))
    assert (held(folder).predicted == found.predicted).all()


def edited(**changes: object) -> Callable[[Path], None]:
    return lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def point_edited(**changes: object) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        data = json.loads(path.read_text())
        data["points"][0].update(changes)
        path.write_text(json.dumps(data))

    return edit


def saved(make: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        with np.load(path.with_suffix(".npz")) as file:
            predicted = file["predicted"]
        np.savez_compressed(path.with_suffix(".npz"), predicted=make(predicted))

    return save


class Bomb:
    def __reduce__(self) -> tuple:
        return (pytest.fail, ("unpickled",))


def pickled(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), predicted=np.array([Bomb()], dtype=object), allow_pickle=True)


def no_such_class(path: Path) -> None:
    saved(lambda found: np.where(found == 3, 4, found).astype(np.uint8))(path)
    with np.load(path.with_suffix(".npz")) as file:
        point_edited(predicted_sha256=derived.digest(file["predicted"][0]))(path)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "torn": (lambda path: path.write_text(path.read_text()[:200]), r"curve\.json: cannot be read"),
    "another schema": (edited(schema=99), "schema 99, this version reads schema 1"),
    "an unknown field": (edited(surprise=1), "unknown field 'surprise'"),
    "a missing field": (edited(points=[{"rows": 1}]), r"missing required field `status` - at `\$\.points\[0\]`"),
    "another's": (edited(estimator="net"), "it says that it is of 'net'"),
    "of other data": (edited(dataset_sha256="0" * 64), "made on other data"),
    "an environment that it lacks": (point_edited(environment=7), "environment 7"),
    "no rows": (point_edited(rows=0), "0 rows"),
    "a point twice": (point_edited(seed=1), "two points are of one size"),
    "seconds that are a text": (point_edited(fit_seconds="=1"), r"got `str` - at `\$\.points\[0\]\.fit_seconds`"),
    "no predictions": (lambda path: path.with_suffix(".npz").unlink(), r"curve\.npz: cannot be read"),
    "other predictions": (saved(lambda found: found[::-1]), "row 0 of `predicted` is not the one"),
    "a row too few": (saved(lambda found: found[:2]), "has shape"),
    "rows too many": (saved(lambda found: np.vstack([found] * 2)), "unpacks to|has shape"),
    "rows too short": (saved(lambda found: found[:, :7]), "has shape"),
    "another type": (saved(lambda found: found.astype(np.int8)), "no array `predicted` of rows of uint8"),
    "a class that is not": (no_such_class, "row 0 of `predicted` is not the one"),
    "a bomb": (saved(lambda found: np.zeros(2**27, np.uint8)), "unpacks to"),
    "a pickle": (pickled, "allow_pickle|unpacks to"),
}


@pytest.mark.parametrize(("damage", "found"), DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_curve_is_refused_with_its_name(folder: Path, damage: Callable[[Path], object], found: str) -> None:
    damage(curve_record.path_of(folder, "svm"))
    with pytest.raises(BenchmarkError, match=found) as refused:
        report.check(folder)
    assert "svm/curve." in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(load(folder)) == 2  # the table for notebooks needs no curve


# --- the report


def test_the_page(folder: Path, file_regression: FileRegressionFixture) -> None:
    file_regression.check(report.texts(folder)["learning-curves.md"].decode(), extension=".md", encoding="utf-8")


def test_which_family_leads_where_and_each_size_in_its_table(folder: Path) -> None:
    scores, section = scores_of(ANALYSIS, folder), section_of(ANALYSIS, folder)
    # 0.79 against 0.59, 0.85 against 0.75, 0.9 against 0.975.
    leaders = [
        (one.leader, scores.by_rows[one.first].at, scores.by_rows[one.last].at) for one in stretches(scores.by_rows)
    ]
    assert leaders == [("classical", 100, 300), ("cnn", 1_000, 1_000)]
    (crossover,) = crossovers(scores.by_rows)
    assert crossover.at == pytest.approx(600, rel=0.02)
    assert [one.lead.estimate for one in scores.by_rows] == pytest.approx([-0.2, -0.1, 0.075])
    (crossover,) = crossovers(scores.by_seconds)
    assert scores.by_seconds[crossover.before.last].at == 15
    assert (crossover.after.leader, scores.by_seconds[crossover.after.first].at) == ("cnn", 60)
    accuracies, seconds, _ = tables(section)
    assert values(accuracies) == {
        "NET": pytest.approx([0.59, 0.75, 0.975]),
        "SVM": pytest.approx([0.79, 0.85, 0.9]),
    }
    assert bold(accuracies) == {"NET": [False, False, True], "SVM": [True, True, False]}
    assert [curve.at(100).deviation for curve in scores.curves] == pytest.approx([0.01414, 0.01414], rel=1e-3)
    assert [curve.at(300).deviation for curve in scores.curves] == [None, None]
    assert values(seconds) == {"NET": [5.0, 15.0, 60.0], "SVM": [1.0, 3.0, 60.0]}
    assert section.reproduce == ["python -m benchmark curve --dataset PATH --seeds 2"]
    assert len(section.method) == 1


def test_the_report_has_the_page_the_csv_and_the_figure(folder: Path) -> None:
    report.write(folder)
    assert report.check(folder) == []
    text = (folder / "learning-curves.md").read_text()
    assert "![Test accuracy against training images and fit time. From 100 to 1,000 images: NET 0.590 to 0.975;" in text
    assert "(learning-curves.md)" in (folder / "leaderboard.md").read_text()
    rows = list(csv.DictReader(io.StringIO((folder / "learning-curve.csv").read_text())))
    assert [(row["estimator"], row["rows"], row["seed"]) for row in rows[:5]] == [
        ("net", "100", "0"),
        ("net", "100", "1"),
        ("net", "300", "0"),
        ("net", "1000", "0"),
        ("svm", "100", "0"),
    ]
    assert [float(row["test_accuracy"]) for row in rows[:4]] == [0.6, 0.58, 0.75, 0.975]
    assert float(rows[3]["fit_seconds"]) == 60


def test_without_curves_the_report_is_what_it_was(folder: Path) -> None:
    report.write(folder)
    figures = {path.name: path.read_bytes() for path in (folder / "figures").iterdir()}
    for path in folder.glob("records/*/curve.*"):
        path.unlink()
    assert set(report.check(folder)) == {
        "leaderboard.md",
        "leaderboard.html",
        "method.md",
        "learning-curves.md",
        "learning-curve.csv",
        "figures/learning-curve.png",
    }
    report.write(folder)
    assert report.check(folder) == []
    assert "curve" not in (folder / "leaderboard.md").read_text() + (folder / "method.md").read_text()
    assert not (folder / "learning-curve.csv").exists()
    assert not (folder / "learning-curves.md").exists()
    del figures["learning-curve.png"]
    assert {path.name: path.read_bytes() for path in (folder / "figures").iterdir()} == figures


def test_a_file_of_that_name_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_failure(tmp_path, "cnn")
    (tmp_path / "learning-curve.csv").write_text("mine")
    report.write(tmp_path)
    assert (tmp_path / "learning-curve.csv").read_text() == "mine"
    assert report.check(tmp_path) == []


def test_a_curve_of_another_record_is_left_out_by_name(folder: Path) -> None:
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == "net")
    records.write(folder, dataclasses.replace(record, params={"lr": 0.5}), results.proba["net", 0])
    scores, section = scores_of(ANALYSIS, folder), section_of(ANALYSIS, folder)
    assert scores.outdated == (("NET", ("winner",)),)
    assert [curve.title for curve in scores.curves] == ["SVM"]
    assert scores.by_rows == scores.by_seconds == ()
    assert list(values(tables(section)[0])) == ["SVM"]
    assert "no CNN has a learning curve" in section.blocks[0]
    assert "`python -m benchmark curve net --dataset PATH`" in section.blocks[1]
    curve_record.path_of(folder, "svm").unlink()
    section = section_of(ANALYSIS, folder)
    (text,) = section.blocks
    assert "*NET*" in text
    assert "*SVM*" in text
    assert "`python -m benchmark curve --dataset PATH`" in text
    assert section.csv is None
    assert "learning-curve.csv" not in report.texts(folder)


def test_times_of_zero_are_not_compared(folder: Path) -> None:
    for name in ("svm", "net"):
        data = json.loads(curve_record.path_of(folder, name).read_text())
        edited(points=[{**point, "fit_seconds": 0} for point in data["points"]])(curve_record.path_of(folder, name))
    assert [(one.at, one.leader) for one in scores_of(ANALYSIS, folder).by_seconds] == [(60, "cnn")]
    results = records.read(folder)
    for record in results.records:
        nothing = dataclasses.replace(record, fit_seconds=0.0)
        records.write(folder, nothing, results.proba[record.estimator, 0])
    scores = scores_of(ANALYSIS, folder)
    assert scores.by_seconds == ()
    assert len(scores.by_rows) == 3
    assert "figures/learning-curve.png" not in report.render(folder)


def test_fits_that_failed_are_listed_and_do_not_count(folder: Path) -> None:
    y = np.arange(400) % 4
    synthetic.write_curve(folder, "net", {100: [y, "ValueError: a|b"], 300: ["ValueError: a|b"]})
    section = section_of(ANALYSIS, folder)
    accuracies = tables(section)[0]
    assert values(accuracies)["NET"] == [1.0, None, 0.975]
    assert texts(accuracies)["NET"] == ["**1.000**", "failed", "**0.975**"]
    (failures,) = (block for block in section.blocks if isinstance(block, Bullets))
    assert failures.items == ("*NET* at 100 (seed 1) and 300 (seed 0) **failed**: ValueError: a\\|b",)
    rows = list(csv.DictReader(io.StringIO(report.texts(folder)["learning-curve.csv"].decode())))
    assert [(row["status"], row["test_accuracy"], row["fit_seconds"]) for row in rows[1:3]] == [("failed", "", "")] * 2


def test_times_of_two_machines_are_not_compared_in_silence(folder: Path) -> None:
    environment = {**synthetic.ENVIRONMENT, "processor": "Big|CPU"}
    path = curve_record.path_of(folder, "net")
    edited(environments=[environment])(path)
    assert "(processor Big\\|CPU and Some CPU)" in section_of(ANALYSIS, folder).blocks[1]


def test_a_realistic_curve_is_drawn(tmp_path: Path) -> None:
    synthetic.write_realistic(tmp_path, seeds=2)
    synthetic.write_realistic_curves(tmp_path)
    report.write(tmp_path)
    assert (tmp_path / "figures" / "learning-curve.png").stat().st_size > 20_000
    assert "nan" not in (tmp_path / "learning-curves.md").read_text().lower().split()
    assert len(tables(section_of(ANALYSIS, tmp_path))[0].rows) == 5
    assert report.check(tmp_path) == []
