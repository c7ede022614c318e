"""Calibration scores against scikit-learn and by hand; the temperature against the one that was put in."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from benchmark.metrics import calibration


def drawn(n: int, k: int, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels that follow them."""
    rng = np.random.default_rng(0)
    logits = sharpness * rng.normal(size=(n, k))
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.array([rng.choice(k, p=row) for row in proba]), proba


def test_scores_agree_with_scikit_learn() -> None:
    y, proba = drawn(2_000, 5)
    found = calibration.quality(y, calibration.log_probabilities(proba))
    assert found.log_loss == pytest.approx(log_loss(y, proba), rel=1e-4)
    assert found.brier == pytest.approx(brier_score_loss(y, proba, scale_by_half=False))


def test_expected_calibration_error_by_hand() -> None:
    # Eight answers of confidence 0.8, six of them right; two of 0.6, none right.
    proba = np.array([[0.8, 0.2]] * 8 + [[0.4, 0.6]] * 2)
    y = np.array([0] * 6 + [1] * 2 + [0] * 2)
    found = calibration.quality(y, calibration.log_probabilities(proba))
    assert found.ece == pytest.approx(0.8 * abs(0.8 - 0.75) + 0.2 * 0.6)
    bins = calibration.reliability(y, calibration.log_probabilities(proba))
    held = bins.share > 0
    assert bins.share[held].tolist() == [0.2, 0.8]
    assert bins.confidence[held] == pytest.approx([0.6, 0.8])
    assert bins.accuracy[held].tolist() == [0.0, 0.75]


def test_certainty_is_in_the_last_bin_and_a_zero_costs_a_bounded_sum() -> None:
    proba = np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float16)
    found = calibration.quality(np.array([0, 1]), calibration.log_probabilities(proba))
    assert found.log_loss == pytest.approx(16.6 / 2, abs=0.1)
    assert calibration.reliability(np.array([0, 1]), calibration.log_probabilities(proba)).share[-1] == 1.0


@pytest.mark.parametrize("put_in", [0.4, 1.0, 2.5])
def test_the_temperature_that_was_put_in_is_found(put_in: float) -> None:
    y, proba = drawn(20_000, 5, sharpness=1.0)
    distorted = np.exp(np.log(proba) / put_in)
    distorted /= distorted.sum(axis=1, keepdims=True)
    logs = calibration.log_probabilities(distorted)
    found = calibration.fit_temperature(y, logs)
    assert found == pytest.approx(1 / put_in, rel=0.05)
    scaled = calibration.quality(y, calibration.temperature_scaled(logs, found))
    assert scaled.log_loss <= calibration.quality(y, calibration.log_probabilities(distorted)).log_loss + 1e-9
    assert scaled.ece < 0.02
    assert (calibration.temperature_scaled(logs, found).argmax(axis=1) == distorted.argmax(axis=1)).all()


def test_rows_that_do_not_sum_to_one_are_taken_as_shares() -> None:
    one = calibration.log_probabilities(np.array([[0.2, 0.3]]))
    assert np.exp(one).tolist()[0] == pytest.approx([0.4, 0.6])
