"""The numbers of the hardest class's page, against scikit-learn and against values that were worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
)

from benchmark.analyses.hardest_class import hits, one_vs_rest, thresholds, upper_bounds
from benchmark.analyses.hardest_class.confusable_classes import labels_among
from benchmark.analyses.hardest_class.scores import confusable_classes
from benchmark.metrics.scores import confusion_matrix, hardest_class, per_class, predicted_labels


@pytest.fixture
def scores() -> tuple[np.ndarray, np.ndarray]:
    """Four classes and scores that are right more often than not, rounded so that some are equal."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 600)
    raw = rng.random((600, 4)) + 0.8 * np.eye(4)[y] * rng.random((600, 1))
    return y, np.round(raw / raw.sum(axis=1, keepdims=True), 2).astype(np.float16)


def test_the_hardest_class_has_images() -> None:
    f1 = np.array([[0.9, 0.2, 0.0], [0.1, 0.4, 0.0]])
    assert hardest_class(np.repeat([0, 1], 20), f1) == 1


def test_images_are_grouped_by_who_classifies_them_correctly() -> None:
    y = np.array([1, 1, 1, 1, 1, 0])
    wrong, right = [0.9, 0.1], [0.2, 0.8]
    sure = [0.0, 1.0]
    a = np.array([[wrong, right, wrong, right, right, right]], dtype=np.float16)
    b = np.array([[[0.8, 0.2], wrong, wrong, right, wrong, right]], dtype=np.float16)
    seeds = [[wrong, wrong, right, wrong, wrong, right], [[0.6, 0.4], wrong, wrong, wrong, wrong, right]]
    cnn = np.array(seeds, dtype=np.float16)
    matrix = hits.hit_matrix(y, [a, b, cnn], [False, False, True])
    assert matrix.hit_rate[:, :3].tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0.5]]
    assert matrix.true_class_score[2, 0] == pytest.approx((0.1 + 0.4) / 2, abs=1e-3)
    categories = hits.error_categories(matrix, y == 1)
    # Both other estimators are right on 3, one is on 1 and 4 with the same score: the lower index comes first.
    assert categories.always_wrong.tolist() == [0]
    assert categories.only_cnn_correct.tolist() == [2]
    assert categories.only_others_correct.tolist() == [3, 1, 4]
    a[0, 4] = sure
    matrix = hits.hit_matrix(y, [a, b, cnn], [False, False, True])
    assert hits.error_categories(matrix, y == 1).only_others_correct.tolist() == [3, 4, 1]


def test_the_lowest_score_of_the_true_class_comes_first() -> None:
    y = np.zeros(3, dtype=np.int64)
    proba = np.array([[[0.3, 0.7], [0.1, 0.9], [0.2, 0.8]]], dtype=np.float16)
    categories = hits.error_categories(hits.hit_matrix(y, [proba], [False]), y == 0)
    assert categories.always_wrong.tolist() == [1, 2, 0]
    assert categories.only_cnn_correct.tolist() == categories.only_others_correct.tolist() == []


def test_most_common_labels() -> None:
    answers = np.array([[1, 2, 0], [1, 3, 3], [1, 2, 3], [0, 3, 3]])
    labels, votes = hits.most_common_labels(answers)
    assert labels.tolist() == [1, 2, 3]  # of two equal, the lower label
    assert votes.tolist() == [3, 2, 3]
    assert hits.most_common_labels(answers[:, :0])[0].shape == (0,)


def test_ranking_is_that_of_scikit_learn(scores: tuple[np.ndarray, np.ndarray]) -> None:
    y, proba = scores
    of_class, values = y == 2, proba[:, 2]
    found = one_vs_rest.ranking(of_class, values)
    assert found.auc == pytest.approx(roc_auc_score(of_class, values))
    assert found.average_precision == pytest.approx(average_precision_score(of_class, values))
    reached = [
        recall_score(of_class, values >= threshold)
        for threshold in np.unique(values)
        if precision_score(of_class, values >= threshold) >= 0.9
    ]
    assert found.recall_at_precision == pytest.approx(max(reached, default=0))
    assert np.isnan(one_vs_rest.ranking(np.ones(600, dtype=bool), values).auc)


def test_curves_have_points_that_a_threshold_reaches(scores: tuple[np.ndarray, np.ndarray]) -> None:
    y, proba = scores
    of_class, values = y == 2, proba[:, 2].astype(np.float64)
    places = np.linspace(0, 1, 41)
    found = one_vs_rest.curves(of_class, values, places, places)
    thresholds = np.append(np.unique(values), np.inf)
    positive = values >= thresholds[:, None]
    false_rate, true_rate = positive[:, ~of_class].mean(axis=1), positive[:, of_class].mean(axis=1)
    assert found.recall.tolist() == [max(true_rate[false_rate <= place]) for place in places]
    precision, recall, _ = precision_recall_curve(of_class, values)
    assert found.precision.tolist() == [max(precision[recall >= place]) for place in places]


def test_a_factor_multiplies_one_score(scores: tuple[np.ndarray, np.ndarray]) -> None:
    y, proba = scores
    assert 1.0 in thresholds.FACTORS
    assert (thresholds.scaled_labels(proba, 2, 1.0) == predicted_labels(proba)).all()
    positive = [(thresholds.scaled_labels(proba, 2, factor) == 2).sum() for factor in thresholds.FACTORS]
    assert positive == sorted(positive)
    assert positive[0] < positive[40] < positive[-1]
    counts = thresholds.confusion_by_factor(y, proba, 2)
    for place in (0, 25, 40, 80):
        answers = thresholds.scaled_labels(proba, 2, thresholds.FACTORS[place])
        assert (counts[place] == confusion_matrix(y, answers, 4)).all()


def test_the_factor_is_the_best_and_the_nearest_to_one(scores: tuple[np.ndarray, np.ndarray]) -> None:
    y, proba = scores
    biased = (proba * np.array([1, 1, 0.4, 1])).astype(np.float16)
    counts = thresholds.confusion_by_factor(y, biased, 2)
    by_hand = [
        f1_score(y, thresholds.scaled_labels(biased, 2, f), labels=[2], average=None)[0] for f in thresholds.FACTORS
    ]
    factor = thresholds.best_factor(counts, lambda matrix: float(per_class(matrix).f1[2]))
    assert by_hand[thresholds.FACTORS.tolist().index(factor)] == max(by_hand)
    assert factor > 1.5
    assert thresholds.best_factor(counts, lambda _: 0.5) == 1.0
    assert thresholds.best_factor(counts, lambda _: float("nan")) == 1.0


def test_gain_of_f1() -> None:
    rng = np.random.default_rng(1)
    of_class = rng.random(4000) < 0.3
    before = np.stack([np.where(rng.random(4000) < 0.4, ~of_class, of_class) for _ in range(2)])
    after = np.where(rng.random((2, 4000)) < 0.3, of_class, before)
    gain = thresholds.f1_gain(of_class, before, after)
    by_hand = [f1_score(of_class, new) - f1_score(of_class, old) for old, new in zip(before, after, strict=True)]
    assert gain.estimate == pytest.approx(np.mean(by_hand))
    gains = []
    for _ in range(400):  # draws one image at a time, as the bootstrap is defined
        index = rng.integers(0, 4000, 4000)
        values = [
            per_class(confusion_matrix(of_class[index].astype(int), answers[index].astype(int), 2)).f1[1]
            for answers in (*after, *before)
        ]
        gains.append((sum(values[:2]) - sum(values[2:])) / 2)
    assert gain.low == pytest.approx(np.quantile(gains, 0.025), abs=0.005)
    assert gain.high == pytest.approx(np.quantile(gains, 0.975), abs=0.005)
    assert thresholds.f1_gain(of_class, before, before) == (0, 0, 0)


def test_confusable_classes_have_their_share_of_confusions() -> None:
    confusion = np.zeros((5, 5))
    confusion[1] = [30, 500, 20, 1, 0]
    confusion[:, 1] += [40, 0, 0, 3, 0]
    assert confusable_classes(confusion, 1) == (0, 2)  # 70 and 20 of 94; 4 is less than a twentieth
    assert confusable_classes(np.diag([1.0, 2.0]), 0) == ()


def test_only_classes_of_the_group_are_answered() -> None:
    proba = np.array([[[0.1, 0.2, 0.7, 0.0], [0.3, 0.3, 0.1, 0.3]]], dtype=np.float16)
    assert labels_among(proba, (0, 1, 3)).tolist() == [[1, 0]]


def test_upper_bounds_by_hand() -> None:
    #            of the class: all wrong, one right, same error   others: mistaken by all, by one
    y = np.array([1, 1, 1, 1, 0, 0, 2])
    a = np.array([0, 1, 0, 1, 1, 0, 1])
    b = np.array([0, 0, 0, 1, 1, 1, 1])
    c = np.array([2, 0, 0, 1, 1, 0, 0])
    oracle = upper_bounds.oracle(y, 1, np.stack([a, b, c]))
    # 0 and 2 of the class are missed; all call 4 a 1, and two of three call 6 a 1.
    assert (oracle.n_images, oracle.missed, oracle.mistaken) == (4, 2, 2)
    assert oracle.recall == 0.5
    assert oracle.f1 == pytest.approx(2 * 2 / (2 * 2 + 2 + 2))
    unanimous = upper_bounds.unanimous_errors(y, 1, np.stack([a, b, c]))
    assert (unanimous.missed, unanimous.mistaken) == (1, 1)
    perfect = upper_bounds.unanimous_errors(y, 1, y[None])
    assert (perfect.recall, perfect.f1) == (1.0, 1.0)


def test_shared_errors_beyond_chance() -> None:
    # a misses 40 of 100, b 30, both 25, only a 15, only b 5, neither 55; by chance they would share 15 * 5 / 55.
    y = np.repeat([1, 0], [100, 10])
    a, b = y.copy(), y.copy()
    a[:40], b[15:45] = 0, 0
    a[100:102], b[101:104] = 1, 1  # others mistaken for it: 1 by both, 1 and 2 by one, 6 by neither
    found = upper_bounds.shared_errors(y, 1, a, b)
    assert found.missed == pytest.approx(25 - 15 * 5 / 55)
    assert found.mistaken == pytest.approx(1 - 1 * 2 / 6)
    # Independent errors share no more than by chance: every error can be avoided.
    rng = np.random.default_rng(0)
    y = np.ones(100_000, dtype=np.int64)
    a, b = (np.where(rng.random(len(y)) < share, 0, 1) for share in (0.2, 0.3))
    assert upper_bounds.shared_errors(y, 1, a, b).missed / len(y) == pytest.approx(0, abs=0.005)
    assert upper_bounds.shared_errors(y, 1, 1 - y, 1 - y).missed == len(y)
