"""Scores, intervals and comparisons against values worked out by hand, and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from benchmark.metrics import scores


@pytest.fixture
def labels() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 6, 500)
    return y, np.where(rng.random(500) < 0.3, rng.integers(0, 6, 500), y)


def test_predict_takes_the_first_of_equals() -> None:
    proba = np.array([[0.2, 0.4, 0.4], [0.5, 0.5, 0.0], [0.1, 0.2, 0.7]], dtype=np.float16)
    assert scores.predicted_labels(proba).tolist() == [1, 0, 2]
    assert scores.predicted_labels(proba).dtype == np.int64


def test_scores_agree_with_scikit_learn(labels: tuple[np.ndarray, np.ndarray]) -> None:
    y, predicted = labels
    counts = scores.confusion_matrix(y, predicted, 6)
    assert (counts == confusion_matrix(y, predicted)).all()
    precision, recall, f1, _ = precision_recall_fscore_support(y, predicted)
    found = scores.per_class(counts)
    np.testing.assert_allclose(found.precision, precision)
    np.testing.assert_allclose(found.recall, recall)
    np.testing.assert_allclose(found.f1, f1)
    assert scores.accuracy(y, predicted) == accuracy_score(y, predicted)
    assert scores.macro_f1(counts) == pytest.approx(f1_score(y, predicted, average="macro"))


def test_scores_by_hand() -> None:
    counts = scores.confusion_matrix(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0]), 2)
    assert counts.tolist() == [[2, 1], [1, 1]]
    found = scores.per_class(counts)
    assert found.precision.tolist() == [2 / 3, 1 / 2]
    assert found.recall.tolist() == [2 / 3, 1 / 2]
    assert scores.macro_f1(counts) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_class_without_images_or_answers_has_no_score() -> None:
    y, predicted = np.array([0, 0, 1]), np.array([0, 0, 0])
    found = scores.per_class(scores.confusion_matrix(y, predicted, 3))
    assert np.isnan(found.precision).tolist() == [False, True, True]  # 1 and 2 are never predicted
    assert np.isnan(found.recall).tolist() == [False, False, True]  # 2 has no images
    assert found.f1[1] == 0
    assert np.isnan(found.f1[2])
    assert scores.macro_f1(scores.confusion_matrix(y, predicted, 3)) == pytest.approx(
        f1_score(y, predicted, average="macro")
    )


def test_correctness_is_the_share_of_seeds() -> None:
    y = np.array([0, 1, 2])
    predicted = np.array([[0, 1, 0], [0, 0, 0]])
    assert scores.correctness(y, predicted).tolist() == [1.0, 0.5, 0.0]


def test_wilson_solves_the_equation_that_defines_it() -> None:
    low, high = scores.wilson_interval(0.93, 10_000)[1:]
    for end in (low, high):  # |share - p| = z * sqrt(p (1 - p) / n) at both ends (Wilson 1927)
        assert abs(0.93 - end) == pytest.approx(scores.Z * math.sqrt(end * (1 - end) / 10_000))
    assert (round(low, 4), round(high, 4)) == (0.9248, 0.9348)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_wilson_at_the_ends(share: float) -> None:
    estimate, low, high = scores.wilson_interval(share, 50)
    assert 0 <= low <= estimate <= high <= 1
    assert high - low == pytest.approx(scores.Z**2 / (50 + scores.Z**2))


def test_paired_difference_by_hand() -> None:
    # 100 images: both right on 70, both wrong on 10, only a right on 15, only b right on 5.
    a = np.array([1.0] * 70 + [0.0] * 10 + [1.0] * 15 + [0.0] * 5)
    b = np.array([1.0] * 70 + [0.0] * 10 + [0.0] * 15 + [1.0] * 5)
    found = scores.paired_difference(a, b)
    # Agresti and Min (2005): half an image in each cell, then Wald.
    centre = (15.5 - 5.5) / 102
    half = scores.Z * math.sqrt((15.5 + 5.5) - (15.5 - 5.5) ** 2 / 102) / 102
    assert found.estimate == pytest.approx(0.10)
    assert (found.low, found.high) == (pytest.approx(centre - half), pytest.approx(centre + half))
    assert not found.contains_zero
    back = scores.paired_difference(b, a)
    assert (back.low, back.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_paired_difference_never_claims_certainty() -> None:
    same = np.ones(30)
    found = scores.paired_difference(same, same)
    assert found.estimate == 0
    assert found.low < 0 < found.high


def test_paired_difference_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        shared = rng.random(800)
        a, b = (shared < 0.88).astype(float), (np.where(rng.random(800) < 0.1, rng.random(800), shared) < 0.86)
        found = scores.paired_difference(a, b.astype(float))
        held += found.low <= 0.02 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_pareto_front() -> None:
    cost = np.array([1.0, 2.0, 3.0, 3.0, 2.0])
    score = np.array([0.8, 0.9, 0.9, 0.95, 0.9])
    assert scores.pareto_front(cost, score).tolist() == [True, True, False, True, True]


def test_the_hardest_class_has_images_enough_to_be_one() -> None:
    f1 = np.array([[0.9, 0.1, 0.5], [0.9, 0.3, 0.7]])
    assert scores.HARDEST_IMAGES == 20
    assert scores.hardest_class(np.repeat([0, 1, 2], [20, 20, 20]), f1) == 1
    assert scores.hardest_class(np.repeat([0, 1, 2], [20, 19, 20]), f1) == 2
    assert scores.hardest_class(np.repeat([0, 1, 2], [19, 19, 19]), f1) is None
    y = np.repeat([0, 1], 20)
    assert scores.hardest_class(y, np.ones((2, 2))) is None  # nothing is ever mistaken
    assert scores.hardest_class(y, np.zeros((2, 2))) is None
    assert scores.hardest_class(y, np.array([[1.0, 0.9], [1.0, 1.0]])) == 1
