"""Data of 81 classes: the ten worst on the page, all in a CSV, and figures of a size to be read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from benchmark import report
from benchmark.app import results as app_results
from benchmark.leaderboard import per_class
from benchmark.leaderboard.figures import FIGURES
from benchmark.leaderboard.summary import Summary, summarise
from benchmark.render.figure import plan
from benchmark.storage import records
from tests import synthetic_results as synthetic

N = 81
CLASSES = tuple(f"grocery {label}" for label in range(N))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lower the label, the more of its twenty images are missed; none of class 3 is found; 80 has no test image."""
    folder = tmp_path_factory.mktemp("many")
    y = np.arange(20 * (N - 1)) % (N - 1)
    place = np.arange(len(y)) // (N - 1)
    test_set = synthetic.write_test_set(folder, y, CLASSES, dataset="groceries")
    for name, family, more in (("svm", "classical", 0), ("cnn", "cnn", 1)):
        wrong = (place // 2 < 9 - y // 9 + more) | (y == 3)
        synthetic.write_predictions(folder, test_set, name, np.where(wrong, N - 1, y), family=family)
    return folder


@pytest.fixture(scope="module")
def summary(folder: Path) -> Summary:
    return summarise(records.read(folder))


def test_the_page_has_the_ten_worst_classes_and_the_csv_all(folder: Path, summary: Summary) -> None:
    means = np.mean([row.f1 for row in summary.scored], axis=0)
    worst = per_class.shown(summary)
    assert summary.hardest == worst[0] == 3
    assert worst == sorted(worst, key=lambda label: (means[label], label))
    assert len(worst) == per_class.WORST
    assert max(means[worst]) <= min(means[label] for label in range(N - 1) if label not in worst)
    (text, _) = per_class.blocks(summary)
    assert isinstance(text, str)
    assert text.startswith("These are the 10 of 81 classes with the lowest F1")
    assert "[per-class.csv](per-class.csv)" in text
    assert len(per_class.table(summary).columns) == 1 + per_class.WORST
    files = report.texts(folder)
    rows = list(csv.DictReader(io.StringIO(files["per-class.csv"].decode())))
    assert tuple(rows[0]) == per_class.COLUMNS
    assert [(row["class"], row["estimator"]) for row in rows] == [
        (name, row.name) for name in CLASSES for row in summary.scored
    ]
    by_name = {row.name: row for row in summary.scored}
    for row in rows[:-2]:
        assert float(row["f1"]) == pytest.approx(by_name[row["estimator"]].f1[CLASSES.index(row["class"])], rel=1e-5)
    lines = [line for name in files if name.endswith(".md") for line in files[name].decode().splitlines()]
    assert max(line.count(" | ") for line in lines if line.startswith("|")) < 20


def test_zero_is_never_the_best(summary: Summary) -> None:
    rows = per_class.table(summary).rows
    assert [row[1].text for row in rows] == ["0.000", "0.000"]
    assert any(cell.text.startswith("**") for row in rows for cell in row[2:])


def test_figures_of_many_classes_are_of_a_size_to_be_read(summary: Summary) -> None:
    planned = plan(FIGURES, summary)
    f1 = planned["per-class-f1"]
    assert f1.data.classes == tuple(CLASSES[label] for label in per_class.shown(summary))
    assert "grocery 3" in f1.alt
    for name in ("per-class-f1", "confusion-matrices"):
        width, height = planned[name].figure.draw(planned[name].data).get_size_inches()
        assert max(width, height) <= 12
    assert "in the order of their labels" in planned["confusion-matrices"].caption


def test_the_app_shows_the_same_table(summary: Summary) -> None:
    html = app_results.leaderboard(summary)
    assert "grocery 3</th>" in html
    assert "grocery 70</th>" not in html


def test_few_classes_have_no_csv_and_an_old_one_goes(tmp_path: Path, folder: Path) -> None:
    y = np.arange(60) % 3
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b", "c"])
    synthetic.write_predictions(tmp_path, test_set, "x", np.where(np.arange(60) < 9, 0, y))
    (tmp_path / "per-class.csv").write_bytes(report.texts(folder)["per-class.csv"])
    assert "per-class.csv" not in report.texts(tmp_path)
    assert "per-class.csv" in report.check(tmp_path)
