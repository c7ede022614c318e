"""Calibration: known probabilities in, the scores of their page out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytest_regressions.file_regression import FileRegressionFixture
from scipy.special import softmax
from sklearn.metrics import log_loss

from benchmark import report
from benchmark.analyses.calibration import ANALYSIS
from benchmark.analyses.calibration.scores import CalibrationScores
from benchmark.storage import records
from benchmark.storage.records import Validation
from tests import synthetic_results as synthetic
from tests.pages import scores_of, section_of, tables, texts, values

IMAGES = 4_000


def drawn(seed: int, power: float, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, and float16 probabilities that without noise would be calibrated at a temperature of `power`."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(IMAGES, 4))
    y = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((IMAGES, 1))).sum(axis=1)
    return y, softmax(power * (logits + noise * rng.normal(size=logits.shape)), axis=1).astype(np.float16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four estimators that saw the same images: one calibrated, one overconfident, and two decision functions."""
    y, _ = drawn(0, 1.0)
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b", "c", "d"], dataset="toy")
    for name, power, noise, scores, validated in (
        ("calibrated", 1.0, 0.0, "predict_proba", False),
        ("overconfident", 2.0, 0.3, "predict_proba", True),
        ("decision", 0.5, 0.6, "decision_function", True),
        ("bare", 0.5, 0.6, "decision_function", False),
    ):
        proba = drawn(0, power, noise)[1]
        record = synthetic.make_record(name, dataset=test_set.dataset, scores=scores, validation_rows=IMAGES)
        records.write(tmp_path, record, proba, Validation(*drawn(1, power, noise)) if validated else None)
    return tmp_path


def test_the_scores_with_and_without_temperature_scaling(folder: Path) -> None:
    found: CalibrationScores = scores_of(ANALYSIS, folder)
    rows = {row.title: row for row in found.rows}
    assert set(rows) == {"Calibrated", "Overconfident", "Decision"}  # no probabilities can be had of the fourth
    y, proba = drawn(0, 2.0, 0.3)
    overconfident, decision, calibrated = rows["Overconfident"], rows["Decision"], rows["Calibrated"]
    assert overconfident.temperature == pytest.approx(2.0, rel=0.1)
    assert decision.temperature == pytest.approx(0.5, rel=0.2)
    assert overconfident.raw is not None
    assert overconfident.scaled is not None
    proba = proba.astype(np.float64)
    proba /= proba.sum(axis=1, keepdims=True)
    assert overconfident.raw.log_loss == pytest.approx(log_loss(y, proba), rel=1e-3)
    assert overconfident.scaled.log_loss < overconfident.raw.log_loss
    assert overconfident.raw.ece > 0.05
    assert overconfident.scaled.ece < 0.03
    assert decision.raw is None
    assert decision.raw_curve is None
    assert calibrated.temperature is None
    assert calibrated.scaled is None
    assert calibrated.raw is not None
    assert calibrated.raw.ece < 0.03
    assert [row.title for row in found.ece_range(scaled=False) or ()] == ["Calibrated", "Overconfident"]
    assert {row.title for row in found.ece_range(scaled=True) or ()} == {"Overconfident", "Decision"}
    assert found.best == (calibrated, calibrated.raw)


def test_the_table_holds_the_values(folder: Path) -> None:
    found, (table,) = scores_of(ANALYSIS, folder), tables(section_of(ANALYSIS, folder))
    rows = {row.title: row for row in found.rows}
    assert values(table)["Calibrated"][3:] == [None] * 4
    assert values(table)["Decision"][:3] == [None] * 3
    assert texts(table)["Decision"][:3] == ["—"] * 3
    overconfident = rows["Overconfident"]
    raw, scaled = overconfident.raw, overconfident.scaled
    assert values(table)["Overconfident"] == [
        *(raw.log_loss, raw.brier, raw.ece),
        overconfident.temperature,
        *(scaled.log_loss, scaled.brier, scaled.ece),
    ]


def test_the_page(folder: Path, file_regression: FileRegressionFixture) -> None:
    file_regression.check(report.texts(folder)["calibration.md"].decode(), extension=".md", encoding="utf-8")


def test_a_decision_function_without_validation_predictions_has_no_page(tmp_path: Path) -> None:
    y = np.arange(40) % 4
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b", "c", "d"])
    synthetic.write_predictions(tmp_path, test_set, "bare", y, scores="decision_function")
    assert scores_of(ANALYSIS, tmp_path) is None
    assert "calibration.md" not in report.texts(tmp_path)


def test_the_figure_has_a_line_without_scaling_and_one_with_it(folder: Path) -> None:
    (figure,) = ANALYSIS.figures() if ANALYSIS.figures else ()
    data = figure.data(scores_of(ANALYSIS, folder))
    lines = dict(zip(data.estimators, zip(data.raw, data.scaled, strict=True), strict=True))
    assert [line is not None for line in lines["Calibrated"]] == [True, False]
    assert [line is not None for line in lines["Decision"]] == [False, True]
    assert [line is not None for line in lines["Overconfident"]] == [True, True]
