"""What the report says of few test images in uneven classes: a folder of someone's own photos, say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark import load, report
from benchmark.leaderboard.summary import summarise
from benchmark.leaderboard.verdict import decide
from benchmark.metrics import scores
from benchmark.storage import records
from tests import synthetic_results as synthetic

Y = np.repeat([0, 1, 2], [14, 8, 1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One estimator that is always right, and eleven that always answer with the largest class."""
    folder = tmp_path_factory.mktemp("few")
    classes = ["circle", "square", "triangle", "hexagon"]  # of the last there is no test image
    test_set = synthetic.write_test_set(folder, Y, classes, n_train=93, dataset="my_photos")
    synthetic.write_predictions(folder, test_set, "right", Y, title="Right", fit_rows=93)
    for number in range(11):
        changes = {"title": f"Circle {number}", "family": "classical" if number else "cnn", "fit_rows": 93}
        synthetic.write_predictions(folder, test_set, f"circle{number}", np.zeros_like(Y), **changes)
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return report.texts(folder)["leaderboard.md"].decode()  # no figure is drawn


def test_a_large_lead_on_few_images_is_no_tie_to_be_settled_by_cost(folder: Path) -> None:
    verdict = decide(summarise(records.read(folder)))
    assert verdict.outcome == "undecided"
    assert verdict.classical.name == "right"
    assert verdict.lead.difference.estimate == pytest.approx(9 / 23)
    assert verdict.cheapest is None or verdict.cheapest.row.name != "right"  # a large lead is no tie
    assert verdict.cheapest_of_best is None


def test_what_always_answering_the_largest_class_would_score_is_said_with_the_verdict(page: str) -> None:
    opening = page.split("\n## ")[0]
    assert f"a model that always answers “circle” has an accuracy of {14 / 23:.4f} here" in opening


def test_no_interval_is_a_point(folder: Path, page: str) -> None:
    table = load(folder).set_index("estimator")
    low = scores.wilson_interval(1.0, 23).low
    assert table.loc["right", "test_accuracy_low"] == pytest.approx(low)
    assert f"1.0000 ({low:.3f}–1.000)" in page
    assert table.loc["right", "f1_triangle_low"] == pytest.approx(scores.wilson_interval(1.0, 1).low)
    assert "Classes have 1 to 14 test images" in page
    assert "±0.000" not in page
    assert "0.00 (0.00 to 0.00)" not in page
    assert "has Wilson's interval" in report.texts(folder)["method.md"].decode()


def test_a_class_without_a_test_image_has_no_score(page: str) -> None:
    assert "| Right | **1.000** | **1.000** | **1.000** | — |" in page


def test_two_that_are_right_equally_often_have_no_leader(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, Y, ["circle", "square", "triangle"], n_train=93)
    for family in ("classical", "cnn"):
        synthetic.write_predictions(tmp_path, test_set, family, Y, title=family, family=family, fit_rows=93)
    verdict = decide(summarise(records.read(tmp_path)))
    assert (verdict.outcome, verdict.lead.difference.estimate) == ("too few", 0.0)
    assert verdict.lead.difference.low < 0 < verdict.lead.difference.high
    text = report.texts(tmp_path)["leaderboard.md"].decode()
    assert (
        "with 23 test images.** Both are equally accurate on them, but the 95 % interval of the difference is −" in text
    )
