"""Predictions of corrupted images: what is stored on disk, and what the report makes of it."""

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

from benchmark import report
from benchmark.analyses.robustness import ANALYSIS, scores
from benchmark.analyses.robustness import figures as drawn
from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.robustness.record import RobustnessData
from benchmark.analyses.robustness.scores import RobustnessScores
from benchmark.datasets.corruptions import CORRUPTIONS
from benchmark.engine import protocol
from benchmark.errors import BenchmarkError
from benchmark.report.assemble import assemble
from benchmark.storage import records
from tests import synthetic_results as synthetic
from tests.pages import bold, scores_of, section_of, tables, texts, values

pytestmark = pytest.mark.usefixtures("drawn_once")

IMAGES = 400

ONE = {"none": 20, "shift": 200, "noise": 300, "invert": 380, "contrast": 30, "rotate": 40, "blur": 40, "occlude": 40}
"""Wrong answers of 400."""

# --- on disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A classical pipeline and a CNN of 800 images, 400 of which they were asked about."""
    folder = tmp_path / "results" / "toy"
    y = np.arange(800) % 4
    test_set = synthetic.write_test_set(folder, y, ["a", "b", "c", "d"], n_train=1_000, dataset="toy")
    for name, family, wrong in (("svm", "classical", 40), ("net", "cnn", 80)):
        predicted = np.where(np.arange(800) < wrong, (y + 1) % 4, y)
        synthetic.write_predictions(
            folder, test_set, name, predicted, title=name.upper(), family=family, fit_rows=1_000
        )
    synthetic.write_robustness(folder, "svm", ONE, IMAGES)
    synthetic.write_robustness(folder, "net", {**ONE, "none": 40, "shift": 100, "noise": 350, "blur": 42}, IMAGES)
    return folder


def path_of(folder: Path, name: str = "svm") -> Path:
    return robustness_record.path_of(folder, name)


def held(folder: Path, name: str = "svm") -> RobustnessData:
    test_set = records.read_test_set(folder)
    assert test_set is not None
    return robustness_record.read(path_of(folder, name), test_set)


def test_what_is_written_is_read_back(folder: Path) -> None:
    found = held(folder)
    assert found.predicted is not None
    assert found.predicted.shape == (1 + len(CORRUPTIONS), IMAGES)
    assert found.predicted.dtype == np.uint8
    path = path_of(folder)
    before = path.read_bytes(), path.with_suffix(".npz").read_bytes()
    robustness_record.write(folder, found)
    assert (path.read_bytes(), path.with_suffix(".npz").read_bytes()) == before


def test_the_sample_is_stratified_and_the_same_for_everyone() -> None:
    y = np.repeat(np.arange(4), [400, 200, 100, 100])
    sample = protocol.corrupted_images(y, 80)
    assert list(sample) == sorted(set(sample))
    assert np.bincount(y[list(sample)]).tolist() == [40, 20, 10, 10]
    assert protocol.corrupted_images(y, 9_999) == tuple(range(800))


def edited(**changes: object) -> Callable[[Path], None]:
    return lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def saved(**changes: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        with np.load(path.with_suffix(".npz")) as file:
            arrays = {name: changes.get(name, np.asarray)(file[name]) for name in file.files}
        np.savez_compressed(path.with_suffix(".npz"), **arrays)

    return save


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "torn": (lambda path: path.write_text(path.read_text()[:200]), r"robustness\.json: cannot be read"),
    "another schema": (edited(schema=99), "schema 99, this version reads schema 1"),
    "an unknown field": (edited(surprise=1), "unknown field 'surprise'"),
    "another's": (edited(estimator="net"), "it says that it is of 'net'"),
    "of other data": (edited(dataset_sha256="0" * 64), "made on other data"),
    "of no images": (edited(images=0), "of 0 images"),
    "of more images than there are": (edited(images=801), "of 801 images, but there are 800"),
    "a corruption twice": (edited(corruptions=["invert", "invert"]), "names a corruption twice"),
    "no predictions": (lambda path: path.with_suffix(".npz").unlink(), r"robustness\.npz: cannot be read"),
    "other predictions": (saved(predicted=lambda found: found[::-1]), "its SHA-256 is not the one in robustness.json"),
    "a row too few": (saved(predicted=lambda found: found[1:]), "no array `predicted` of uint8 of shape"),
    "another type": (saved(predicted=lambda found: found.astype(np.int8)), "no array `predicted` of uint8"),
    "another picture": (saved(picture=lambda found: found[1:]), "no array `picture` of 64 bytes"),
    "a bomb": (saved(picture=lambda found: np.zeros(2**27, np.uint8)), "unpacks to"),
}


@pytest.mark.parametrize(("damage", "found"), DAMAGE.values(), ids=list(DAMAGE))
def test_what_is_damaged_is_refused_with_its_name(folder: Path, damage: Callable[[Path], object], found: str) -> None:
    damage(path_of(folder))
    with pytest.raises(BenchmarkError, match=found) as refused:
        report.check(folder)
    assert "svm/robustness." in str(refused.value)
    assert "\n" not in str(refused.value)


# --- the report


def leaders(folder: Path) -> dict[str, list[str]]:
    """Return the kinds of corruption by the family that leads under them."""
    ranking = scores_of(ANALYSIS, folder).ranking
    return {family: [one.kind.name for one in kinds] for family, kinds in ranking.kinds.items()}


def test_the_page(folder: Path, file_regression: FileRegressionFixture) -> None:
    file_regression.check(report.texts(folder)["robustness.md"].decode(), extension=".md", encoding="utf-8")


def test_the_scores_say_which_family_leads_where(folder: Path) -> None:
    found: RobustnessScores = scores_of(ANALYSIS, folder)
    ranking = found.ranking
    assert ranking is not None
    assert (ranking.classical.title, ranking.cnn.title) == ("SVM", "NET")
    assert (ranking.leader, ranking.verdict) == ("classical", "partly reversed")
    assert ranking.lead.estimate == pytest.approx(-0.05)
    assert leaders(folder) == {
        "classical": ["noise"],
        "cnn": ["shift"],
        "": ["rotate", "blur", "contrast", "occlude", "invert"],
    }
    leads = {one.kind.name: one.lead.estimate for one in found.comparisons if one.lead}
    assert (leads["noise"], leads["shift"], leads["blur"]) == pytest.approx((-0.125, 0.25, -0.005))
    assert {one.kind.name: [row.title for row in one.best] for one in found.comparisons} == {
        "shift": ["NET"],
        "rotate": ["SVM", "NET"],
        "noise": ["SVM"],
        "blur": ["SVM", "NET"],
        "contrast": ["SVM", "NET"],
        "occlude": ["SVM", "NET"],
        "invert": ["SVM", "NET"],
    }
    # 0.05 of 0.95, and of 0.9.
    assert min(found.relative_accuracy.items(), key=lambda item: item[1]) == ("invert", pytest.approx(0.0541, abs=1e-4))
    assert [row.n_images for row in found.rows] == [400, 400]


def test_the_example_is_named_by_its_file(folder: Path) -> None:
    test_set = records.read_test_set(folder)
    assert test_set is not None
    index = protocol.corrupted_images(test_set.y, IMAGES)[0]
    path = f"thumbnails/test-{index}.png"
    assert path not in assemble(folder).thumbnails  # a data set without files
    names = tuple(f"test/{'abcd'[label]}/photo {row}.jpg" for row, label in enumerate(test_set.y))
    records.write_test_set(folder, dataclasses.replace(test_set, names=names))
    assert assemble(folder).thumbnails[path].name == names[index]
    assert f"Files: #{index} [{names[index]}]({path})." in report.texts(folder)["robustness.md"].decode()


def test_the_tables_hold_the_values(folder: Path) -> None:
    section = section_of(ANALYSIS, folder)
    accuracies, kept, leads, mirrored = tables(section)
    assert values(accuracies)["SVM"][:4] == pytest.approx([0.95, 0.5, 0.9, 0.25])
    assert bold(accuracies)["SVM"][:4] == [True, False, True, True]
    assert values(accuracies)["NET"][:4] == pytest.approx([0.9, 0.75, 0.9, 0.125])
    assert bold(accuracies)["NET"][:4] == [False, True, True, False]
    assert values(kept)["SVM"][0] == pytest.approx(0.5 / 0.95)
    assert len(values(kept)["SVM"]) == 8
    assert values(leads)["shifted"] == pytest.approx([0.5, 0.75, 0.25])
    assert values(leads)["blurred"][2] == pytest.approx(-0.005)
    assert bold(leads)["shifted"][2]
    assert not bold(leads)["blurred"][2]
    (shifted, *_) = leads.rows
    low, high = shifted[3].interval
    assert low < 0.25 < high
    assert values(mirrored)["NET"] == pytest.approx([0.9, 1.0, 1.0])
    assert bold(mirrored)["NET"] == [False, True, True]
    assert section.reproduce == ["python -m benchmark robustness --dataset PATH --images 400"]


def test_the_report_has_the_page_the_csv_and_the_figures(folder: Path) -> None:
    report.write(folder)
    assert report.check(folder) == []
    text = (folder / "robustness.md").read_text()
    for name in ("robustness", "corruptions"):
        assert f"(figures/{name}.png)" in text
        assert (folder / "figures" / f"{name}.png").stat().st_size > 20_000
    rows = list(csv.DictReader(io.StringIO((folder / "robustness.csv").read_text())))
    assert len(rows) == 2 * (1 + len(CORRUPTIONS))
    assert [(row["estimator"], row["corruption"], row["severity"]) for row in rows[:3]] == [
        ("svm", "none", "0"),
        ("svm", "shift-1", "1"),
        ("svm", "shift-2", "2"),
    ]
    assert [float(row["accuracy"]) for row in rows[:2]] == [0.95, 0.5]
    assert float(rows[1]["accuracy_kept"]) == pytest.approx(0.5 / 0.95)


@pytest.mark.parametrize(
    ("wrong", "verdict"),
    [
        ({**ONE, "none": 40, "noise": 399}, "not reversed"),
        (dict.fromkeys(ONE, 399), "holds"),
        ({}, "reversed"),
    ],
    ids=["some not significant", "all the same", "all reversed"],
)
def test_each_verdict_where_a_family_leads_on_the_leaderboard(
    folder: Path, wrong: dict[str, int], verdict: scores.Verdict
) -> None:
    synthetic.write_robustness(folder, "net", wrong, IMAGES)
    assert scores_of(ANALYSIS, folder).ranking.verdict == verdict


@pytest.mark.parametrize(
    "missed", [41, 36], ids=["no lead", "a lead that its interval sees and McNemar's test does not"]
)
def test_each_verdict_where_no_family_leads_on_the_leaderboard(folder: Path, missed: int) -> None:
    y = np.arange(800) % 4
    test_set = records.read_test_set(folder)
    assert test_set is not None
    for name, family, wrong in (("svm", "classical", missed), ("net", "cnn", 41)):
        predicted = np.where(np.arange(800) < wrong, (y + 1) % 4, y)
        synthetic.write_predictions(folder, test_set, name, predicted, title=name, family=family, fit_rows=1_000)
    assert scores_of(ANALYSIS, folder).ranking.leader == ""
    assert scores_of(ANALYSIS, folder).ranking.verdict == "depends"
    synthetic.write_robustness(folder, "net", ONE, IMAGES)
    assert scores_of(ANALYSIS, folder).ranking.verdict == "no difference"
    synthetic.write_robustness(folder, "net", {**ONE, "blur": 399}, IMAGES)
    assert scores_of(ANALYSIS, folder).ranking.verdict == "one family leads"
    assert leaders(folder)["classical"] == ["blur"]


def test_without_results_the_report_is_what_it_was(folder: Path) -> None:
    report.write(folder)
    for path in folder.glob("records/*/robustness.*"):
        path.unlink()
    pages = {"leaderboard.md", "leaderboard.html", "method.md"}
    gone = {"robustness.md", "robustness.csv", "figures/robustness.png", "figures/corruptions.png"}
    assert set(report.check(folder)) == pages | gone
    report.write(folder)
    assert report.check(folder) == []
    assert "robust" not in (folder / "leaderboard.md").read_text() + (folder / "method.md").read_text()
    for name in gone:
        assert not (folder / name).exists()


def test_a_file_of_that_name_that_is_not_ours_is_left_alone(folder: Path) -> None:
    for path in folder.glob("records/*/robustness.*"):
        path.unlink()
    (folder / "robustness.csv").write_text("mine")
    report.write(folder)
    assert (folder / "robustness.csv").read_text() == "mine"
    assert report.check(folder) == []


def test_results_that_do_not_count_are_named_with_the_reason(folder: Path) -> None:
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == "net")
    records.write(folder, dataclasses.replace(record, params={"lr": 0.5}), results.proba["net", 0])
    found, section = scores_of(ANALYSIS, folder), section_of(ANALYSIS, folder)
    assert found.unusable == (("NET", "they were made from another record (winner changed)"),)
    assert found.ranking is None
    assert "no CNN has predicted corrupted images" in section.blocks[0]
    assert "`python -m benchmark robustness net --dataset PATH`" in section.blocks[3]
    assert list(values(tables(section)[0])) == ["SVM"]
    synthetic.write_robustness(folder, "net", {}, IMAGES, status="failed", reason="ValueError: a|b")
    assert scores_of(ANALYSIS, folder).unusable == (("NET", "it failed: ValueError: a|b"),)
    assert "*NET* are left out: it failed: ValueError: a\\|b." in section_of(ANALYSIS, folder).blocks[3]
    synthetic.write_robustness(folder, "net", {}, 100)
    # Of as many estimators, the one with more images counts.
    assert scores_of(ANALYSIS, folder).unusable == (("NET", "it predicted 100 images and not 400"),)
    path_of(folder, "net").unlink()
    path_of(folder, "svm").unlink()
    assert scores_of(ANALYSIS, folder) is None


def test_other_corruptions_are_other_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.datasets.corruptions.VERSION", 2)
    reason = "they were made from another record (corruptions changed)"
    assert scores_of(ANALYSIS, folder).unusable == (("SVM", reason), ("NET", reason))


def test_the_method_says_how_far_the_refits_differ_from_the_records(folder: Path) -> None:
    (text,) = section_of(ANALYSIS, folder).method
    assert "400 test images, clean and under 20 corruptions" in text
    images = np.array(protocol.corrupted_images(np.arange(800) % 4, IMAGES))
    differing = int(((np.arange(IMAGES) < 90) != (images < 80)).sum())
    synthetic.write_robustness(folder, "net", {"none": 90}, IMAGES, test_reads=3)
    assert 40 < differing < 60
    row = scores_of(ANALYSIS, folder).rows[1]
    assert (row.title, row.n_differing, row.test_reads) == ("NET", differing, 3)
    (text,) = section_of(ANALYSIS, folder).method
    assert f"up to {differing} of 400 clean images (*NET*)" in text
    assert "up to 3 times" in text
    for name, on_record in (("svm", 40), ("net", 80)):
        synthetic.write_robustness(folder, name, {"none": int((images < on_record).sum())}, IMAGES)
    assert [row.n_differing for row in scores_of(ANALYSIS, folder).rows] == [0, 0]


def test_one_estimator_that_is_always_wrong(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.arange(100) % 4, ["a", "b", "c", "d"], dataset="toy")
    synthetic.write_predictions(tmp_path, test_set, "svm", np.zeros(100, int), title="SVM")
    synthetic.write_robustness(tmp_path, "svm", dict.fromkeys(["none", *ONE], 100))
    found, section = scores_of(ANALYSIS, tmp_path), section_of(ANALYSIS, tmp_path)
    assert (found.rows[0].n_images, found.relative_accuracy, found.half_widths) == (100, {}, [])
    assert "all 100 test images" in section.blocks[2]
    assert "nan" not in report.texts(tmp_path)["robustness.md"].decode().lower().split()
    assert values(tables(section)[1])["SVM"] == [None] * 8
    assert texts(tables(section)[1])["SVM"] == ["—"] * 8
    report.write(tmp_path)
    assert report.check(tmp_path) == []


@pytest.mark.parametrize(
    ("nets", "said"), [(0, "squares"), (1, "is the CNN."), (2, "is the best CNN, and grey squares")]
)
def test_the_caption_says_which_lines_are_nets(nets: int, said: str) -> None:
    lines = [drawn.Line(f"E{place}", "cnn" if place < nets else "classical", ()) for place in range(3)]
    assert (said in drawn.caption(drawn.Data((), tuple(lines), 0.1))) == (nets > 0)
