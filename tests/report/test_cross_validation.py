"""What the pages say of a cross-validation: how the numbers came about, and nothing of a test part."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmark import load, report
from benchmark.leaderboard import cautions
from benchmark.leaderboard.summary import summarise
from benchmark.storage import records
from tests import synthetic_results as synthetic

N, FOLDS = 120, 4

Y = np.arange(N) % 3

REMARK = "there is no test part and a fifth would be 24 pictures only"


def folds(repeats: int = 2) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.stack([random.permutation(np.arange(N) % FOLDS) for _ in range(repeats)])


def answers(share: float, seed: int, repeats: int = 2) -> np.ndarray:
    wrong = np.random.default_rng(seed).random((repeats, N)) > share
    return np.where(wrong, (Y + 1) % 3, Y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("results") / "few"
    found.mkdir()
    test_set = synthetic.cross_validated(found, Y, ["left", "mid", "right"], FOLDS)
    test_set = dataclasses.replace(test_set, given="PATH/few", remarks=(REMARK,), read_as="120 pictures")
    records.write_test_set(found, test_set)
    fields = {"preset": {**synthetic.PRESET, "seeds": 2}, "validation_accuracy": 0.99, "validation_rows": 2_000}
    synthetic.write_folds(found, test_set, "svm", answers(0.9, 1), folds(), title="SVM", **fields)
    synthetic.write_folds(found, test_set, "net", answers(0.6, 2), folds(), title="Net", family="cnn", **fields)
    third = synthetic.write_folds(found, test_set, "knn", answers(0.8, 3), folds(), title="KNN", **fields)
    records.record_path(found, "knn", third[-1].seed).unlink()
    return found


@pytest.fixture(scope="module")
def texts(folder: Path) -> dict[str, str]:
    return {name: blob.decode() for name, blob in report.texts(folder).items()}


def test_the_first_sentence_says_how_the_numbers_came_about(texts: dict[str, str]) -> None:
    first = texts["leaderboard.md"].splitlines()[2]
    assert first == (
        "There is no test part, so these numbers are of a 4-fold cross-validation, repeated twice: each of the 120 "
        "images is a test image twice, predicted by models that were tuned and fitted without it. Intervals allow for "
        "models that share training images (Nadeau and Bengio 2003)."
    )
    assert "preview" not in texts["leaderboard.md"]
    assert "120 images, cross-validated in 4 folds, 8 by 8 pixels, grey." in texts["leaderboard.md"]
    assert REMARK in texts["leaderboard.md"]


def test_a_rows_interval_is_the_corrected_one(folder: Path) -> None:
    frame = load(folder).set_index("estimator")
    accuracies = [
        (answers(0.9, 1)[repeat] == Y)[its == number].mean()
        for repeat, its in enumerate(folds())
        for number in range(FOLDS)
    ]
    error = np.sqrt((1 / 8 + 1 / 3) * np.var(accuracies, ddof=1))
    low, high = stats.t.interval(0.95, 7, np.mean(accuracies), error)
    assert frame.loc["svm", "test_accuracy"] == pytest.approx(np.mean(accuracies))
    assert frame.loc["svm", "test_accuracy_low"] == pytest.approx(low)
    assert frame.loc["svm", "test_accuracy_high"] == pytest.approx(min(1, high))
    assert (frame.loc["svm", "seeds"], frame.loc["knn", "seeds"]) == (2, 1)


def test_pairs_are_tested_fold_by_fold(texts: dict[str, str]) -> None:
    rows = {(row["first"], row["second"]): row for row in csv.DictReader(io.StringIO(texts["pairs.csv"]))}
    assert set(rows) == {("svm", "knn"), ("svm", "net"), ("knn", "net")}
    differences = [
        ((answers(0.9, 1)[repeat] == Y)[its == number].mean() - (answers(0.6, 2)[repeat] == Y)[its == number].mean())
        for repeat, its in enumerate(folds())
        for number in range(FOLDS)
    ]
    t = np.mean(differences) / np.sqrt((1 / 8 + 1 / 3) * np.var(differences, ddof=1))
    assert float(rows["svm", "net"]["corrected_t_p"]) == pytest.approx(2 * stats.t.sf(t, 7), rel=1e-4)
    assert "Corrected t-test's p" in texts["significance.md"]
    assert not any("McNemar" in text for name, text in texts.items() if name not in ("method.md",))


def test_the_method_page_says_what_was_done_and_how_to_do_it_again(texts: dict[str, str]) -> None:
    page = texts["method.md"]
    assert "**Cross-validation**: the images are parted into 4 folds" in page
    assert "fitted on them (on 90 rows on average)" in page
    assert "the variance of their mean is taken to be (1/J + 1/3) times theirs" in page
    assert "the accuracies of J = 8 folds" in page
    assert " --dataset PATH/few --preset standard\n" in page
    assert "--folds" not in page.split("To reproduce it")[1]
    assert "training and" not in page.split("**Tuning**")[0]


def test_what_was_asked_for_is_in_the_commands(folder: Path) -> None:
    test_set = records.read_test_set(folder)
    assert test_set is not None
    records.write_test_set(folder, dataclasses.replace(test_set, asked_folds=FOLDS))
    try:
        page = report.texts(folder)["method.md"].decode()
    finally:
        records.write_test_set(folder, test_set)
    assert "--dataset PATH/few --folds 4 --preset standard\n" in page


def test_validation_and_test_are_of_the_same_images_so_their_gap_is_no_news(
    folder: Path, texts: dict[str, str]
) -> None:
    summary = summarise(records.read(folder))
    assert min(row.gap or 0 for row in summary.scored) < -0.3
    assert cautions.drift(summary) is None
    held_out = dataclasses.replace(summary, test_set=dataclasses.replace(summary.test_set, folds=0))
    assert cautions.drift(held_out) is not None
    assert "differ from the training images" not in texts["leaderboard.md"]


def test_a_repeat_that_is_not_whole_has_its_footnote(texts: dict[str, str]) -> None:
    note = (
        "Repeat 2 does not count here: it ended as failed: only 3 of 4 folds are there yet; the same run continues it."
    )
    assert note in texts["leaderboard.md"]
    assert "1 repeat; other rows have up to 2." in texts["method.md"]


def test_no_page_needs_a_test_part(texts: dict[str, str]) -> None:
    assert set(texts) == {
        *("leaderboard.md", "significance.md", "calibration.md", "method.md", "leaderboard.csv", "pairs.csv"),
        *(name for name in texts if name in ("left.md", "mid.md", "right.md")),
    }


def test_fewer_rows_than_the_folds_have_are_a_preview(tmp_path: Path) -> None:
    test_set = synthetic.cross_validated(tmp_path, Y, ["left", "mid", "right"], FOLDS)
    synthetic.write_folds(tmp_path, test_set, "svm", answers(0.9, 1, 1), folds(1), fit_rows=40)
    page = report.texts(tmp_path)["leaderboard.md"].decode()
    assert "**A preview, not the result**: trained on 40 of the 90 rows" in page
    assert "of a 4-fold cross-validation: each of the 120 images is a test image once" in page


def test_show_says_that_the_predictions_are_out_of_fold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmark.cli.main import main

    assert main(["show", "svm", "--results", str(folder.parent), "--dataset", "few", "--seed", "1"]) == 0
    assert "SVM, repeat 2 (--seed 1), on 120 test images of few" in capsys.readouterr().out
    page = (folder / "estimators" / "svm.md").read_text()
    assert "These are the predictions of repeat 2 of a cross-validation: for each of 4 folds a model was tuned" in page
    assert "Each fold is tuned and fitted by itself. This is the first fold of the repeat." in page
    assert "There are records of repeats 0 and 1, counted from 0; `--seed` shows another one." in page
    assert "the records of the folds of repeat 2, the first of which is seed-4" in page
