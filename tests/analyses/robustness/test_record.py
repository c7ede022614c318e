"""Answers to corrupted images: what is kept on disk, and what the report makes of it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark import report
from benchmark.analyses.robustness import figures as drawn
from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.robustness.record import Held
from benchmark.datasets.corruptions import CORRUPTIONS
from benchmark.engine import protocol
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from tests import synthetic_results as synthetic
from tests.report.test_report import cells, page

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


def held(folder: Path, name: str = "svm") -> Held:
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
    "of more images than there are": (edited(images=801), "of 801 images, where there are 800"),
    "a corruption twice": (edited(corruptions=["invert", "invert"]), "stands there twice"),
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


def section(text: str) -> str:
    return text.split("## How it breaks\n\n")[1].split("\n## ")[0]


def test_the_section_says_whether_the_ranking_survives(folder: Path) -> None:
    report.write(folder)
    assert report.check(folder) == []
    text = (folder / "leaderboard.md").read_text()
    assert section(text).startswith(
        "**The family ranking does not survive everything.** The best classical pipeline is *SVM*, the best CNN *NET*: "
        "on the leaderboard the classical pipeline is ahead by 5.0 points; on noisy (by 12.5 points) images the "
        "classical pipeline stays ahead; on shifted (by 25.0 points) images the CNN is ahead; on rotated, blurred, "
        "low-contrast, occluded and inverted images they cannot be told apart.\n\n"
        "*SVM*, first of these on the leaderboard, is the best, or cannot be told from it, on rotated, noisy, blurred, "
        "low-contrast, occluded and inverted images; on shifted ones *NET* is better (0.750 against 0.500). "
    )
    # 0.05 of 0.95, and of 0.9.
    assert "5.4 % of the accuracy is kept on inverted images, which cost most" in text
    assert "This is of 400 of the 800 test images, a stratified sample, the same for every estimator" in text
    accuracies, kept, leads, mirrored = (cells(section(text), place) for place in range(4))
    assert accuracies["SVM"][:4] == ["**0.950**", "0.500", "**0.900**", "**0.250**"]
    assert accuracies["NET"][:4] == ["0.900", "**0.750**", "**0.900**", "0.125"]
    assert kept["SVM"][0] == "52.6 %"
    assert leads["Shifted (1, 2 and 3 px)"][:2] == ["0.500", "0.750"]
    assert leads["Shifted (1, 2 and 3 px)"][2].startswith("**25.0 (")
    assert leads["Blurred (0.5, 1 and 2 px)"][2].startswith("−0.50 (")
    assert mirrored["NET"] == ["0.900", "**1.000**", "**1.000**"]
    assert "python -m benchmark robustness --dataset PATH --images 400\n" in text
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
        ({"none": 40}, "The family ranking is never turned round, but does not show everywhere."),
        (dict.fromkeys(ONE, 399), "The family ranking survives every kind of corruption."),
        ({}, "The family ranking does not survive."),
    ],
    ids=["some tied", "all the same", "all turned round"],
)
def test_each_verdict(folder: Path, wrong: dict[str, int], verdict: str) -> None:
    others = ONE if verdict.endswith("where.") else {}
    synthetic.write_robustness(folder, "net", {**others, **wrong, **({"noise": 399} if others else {})}, IMAGES)
    assert section(page(folder)).startswith(f"**{verdict}**")


@pytest.mark.parametrize(
    "missed", [41, 36], ids=["no lead", "a lead that its interval sees and McNemar's test does not"]
)
def test_where_the_leaderboard_cannot_tell_them_apart(folder: Path, missed: int) -> None:
    y = np.arange(800) % 4
    test_set = records.read_test_set(folder)
    assert test_set is not None
    for name, family, wrong in (("svm", "classical", missed), ("net", "cnn", 41)):
        predicted = np.where(np.arange(800) < wrong, (y + 1) % 4, y)
        synthetic.write_predictions(folder, test_set, name, predicted, title=name, family=family, fit_rows=1_000)
    assert "**Which family is better depends on what is done to the images.**" in page(folder)
    synthetic.write_robustness(folder, "net", ONE, IMAGES)
    assert "**Neither family breaks before the other.**" in page(folder)
    synthetic.write_robustness(folder, "net", {**ONE, "blur": 399}, IMAGES)
    assert "**Under corruption the classical pipeline gets ahead.**" in page(folder)


def test_without_answers_the_report_is_what_it_was(folder: Path) -> None:
    report.write(folder)
    for path in folder.glob("records/*/robustness.*"):
        path.unlink()
    gone = {"leaderboard.md", "leaderboard.html", "robustness.csv", "figures/robustness.png", "figures/corruptions.png"}
    assert set(report.check(folder)) == gone
    report.write(folder)
    assert report.check(folder) == []
    text = (folder / "leaderboard.md").read_text()
    assert "breaks" not in text
    assert "robustness" not in text
    assert not (folder / "robustness.csv").exists()


def test_a_file_of_that_name_that_is_not_ours_is_left_alone(folder: Path) -> None:
    for path in folder.glob("records/*/robustness.*"):
        path.unlink()
    (folder / "robustness.csv").write_text("mine")
    report.write(folder)
    assert (folder / "robustness.csv").read_text() == "mine"
    assert report.check(folder) == []


def test_answers_that_do_not_count_are_named_with_the_reason(folder: Path) -> None:
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == "net")
    records.write(folder, dataclasses.replace(record, params={"lr": 0.5}), results.proba["net", 0])
    text = page(folder)
    assert "**The question is open: no CNN has been shown corrupted images here.**" in text
    assert "The answers of *NET* are left out: they are of another record (winner changed)." in text
    assert "`python -m benchmark robustness net`" in text
    assert list(cells(section(text), 0)) == ["SVM"]
    synthetic.write_robustness(folder, "net", {}, IMAGES, status="failed", reason="ValueError: a|b")
    assert "The answers of *NET* are left out: it failed: ValueError: a\\|b." in page(folder)
    synthetic.write_robustness(folder, "net", {}, 100)
    text = page(folder)
    assert "The answers of *SVM*" not in text  # of as many estimators, the one that was asked about more images
    assert "The answers of *NET* are left out: it was asked about 100 images and not 400." in text
    path_of(folder, "net").unlink()
    path_of(folder, "svm").unlink()
    assert "How it breaks" not in page(folder)


def test_other_corruptions_are_other_answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.datasets.corruptions.VERSION", 2)
    assert "The answers of *SVM* are left out: they are of another record (corruptions changed)." in page(folder)


def test_the_rules_say_what_was_done_and_how_far_the_fits_strayed(folder: Path) -> None:
    text = page(folder)
    assert "predicts 400 test images, the same for each, as they are and under 20 corruptions" in text
    images = np.array(protocol.corrupted_images(np.arange(800) % 4, IMAGES))
    strayed = int(((np.arange(IMAGES) < 90) != (images < 80)).sum())
    synthetic.write_robustness(folder, "net", {"none": 90}, IMAGES, test_reads=3)
    text = page(folder)
    assert 40 < strayed < 60
    assert f"up to {strayed} of 400 are answered otherwise (*NET*)" in text
    assert "it was done up to 3 times" in text
    for name, on_record in (("svm", 40), ("net", 80)):
        synthetic.write_robustness(folder, name, {"none": int((images < on_record).sum())}, IMAGES)
    assert "answer images as they are in the same way, each and every one" in page(folder)


def test_one_of_every_image_and_of_no_other_family(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.arange(100) % 4, ["a", "b", "c", "d"], dataset="toy")
    synthetic.write_predictions(tmp_path, test_set, "svm", np.zeros(100, int), title="SVM")
    synthetic.write_robustness(tmp_path, "svm", dict.fromkeys(["none", *ONE], 100))
    text = page(tmp_path)
    assert "This is of all 100 test images" in text
    assert "nan" not in section(text).lower().split()
    assert cells(section(text), 1)["SVM"] == ["—"] * 8
    report.write(tmp_path)
    assert report.check(tmp_path) == []


@pytest.mark.parametrize(
    ("nets", "said"), [(0, "squares"), (1, "is the CNN."), (2, "is the best CNN, and grey squares")]
)
def test_the_caption_says_which_lines_are_nets(nets: int, said: str) -> None:
    lines = [drawn.Line(f"E{place}", "cnn" if place < nets else "classical", ()) for place in range(3)]
    assert (said in drawn.caption(drawn.Data((), tuple(lines), 0.1))) == (nets > 0)
