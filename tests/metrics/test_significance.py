"""Resampled intervals and compared pairs, against closed forms, libraries and values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from benchmark.metrics import significance
from benchmark.metrics.scores import Interval, paired_difference, wilson_interval
from benchmark.metrics.significance import Pair


def right_on(y: np.ndarray, n: int) -> np.ndarray:
    """Answers, of one seed, right on the first `n` images."""
    return np.where(np.arange(len(y)) < n, y, (y + 1) % 3)[None]


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 3, 1_000)


def test_the_interval_of_an_accuracy_is_the_binomial_one(y: np.ndarray) -> None:
    found = significance.resample(y, [right_on(y, 850)], 3)
    (interval,) = found.accuracy
    low, high = stats.binom(1_000, 0.85).interval(0.95)
    assert interval.estimate == 0.85
    assert (interval.low, interval.high) == pytest.approx((low / 1_000, high / 1_000), abs=0.002)
    assert found.accuracy_by_images == found.accuracy  # of one seed


def test_f1_of_the_resamples_is_scikit_learns(y: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    predicted = np.where(rng.random(len(y)) < 0.3, rng.integers(0, 3, len(y)), y)
    found = significance.resample(y, [predicted[None]], 3)
    rows = np.random.default_rng(2).integers(0, len(y), (300, len(y)))
    scores = np.array([f1_score(y[row], predicted[row], average=None) for row in rows])
    np.testing.assert_allclose(
        [found.f1_low[0], found.f1_high[0]], np.quantile(scores, [0.025, 0.975], axis=0), atol=0.012
    )
    ends = np.quantile(scores.mean(axis=1), [0.025, 0.975])
    assert (found.macro_f1[0].low, found.macro_f1[0].high) == pytest.approx(tuple(ends), abs=0.006)
    assert found.macro_f1[0].estimate == pytest.approx(f1_score(y, predicted, average="macro"))


def test_seeds_widen_the_interval_and_images_do_not_know_of_them(y: np.ndarray) -> None:
    steady = np.vstack([right_on(y, 850)] * 3)
    unsteady = np.vstack([right_on(y, n) for n in (750, 850, 950)])
    found = significance.resample(y, [steady, unsteady], 3)
    widths = [interval.high - interval.low for interval in found.accuracy]
    assert widths[1] > 2 * widths[0]
    one, two = found.accuracy_by_images
    assert two.high - two.low < one.high - one.low  # the mean of three seeds, as they are
    assert significance.seed_interval([0.85]) is None
    again = significance.seed_interval([0.75, 0.85, 0.95])
    assert again is not None
    half = stats.t(2).ppf(0.975) * 0.1 / math.sqrt(3)
    assert (again.low, again.high) == pytest.approx((0.85 - half, min(1.0, 0.85 + half)))


def test_a_class_that_is_nowhere_has_no_interval_and_is_no_part_of_the_mean(y: np.ndarray) -> None:
    found = significance.resample(y, [right_on(y, 900)], 4)
    assert np.isnan(found.f1_low[0]).tolist() == [False, False, False, True]
    assert not np.isnan(found.macro_f1[0]).any()


def test_all_right_is_not_always_right(y: np.ndarray) -> None:
    few, answers = y[:20], right_on(y[:20], 20)
    found = significance.resample(few, [answers, answers], 4)
    assert found.accuracy[0] == found.accuracy_by_images[0] == wilson_interval(1.0, 20)
    assert found.accuracy[0].low == pytest.approx(0.839, abs=0.001)
    images = np.bincount(few, minlength=4)
    assert found.f1_low[0, :3] == pytest.approx([wilson_interval(1.0, int(n)).low for n in images[:3]])
    assert np.isnan(found.f1_low[0, 3])
    assert found.f1_high[0, :3] == pytest.approx(1)
    assert found.macro_f1[0] == pytest.approx((1.0, found.f1_low[0, :3].mean(), 1.0))
    (pair,) = significance.compare(few, [answers, answers], found.draws)
    assert pair.difference.estimate == 0
    assert -0.2 < pair.difference.low < 0 < pair.difference.high < 0.2
    (wrong,) = significance.resample(few, [right_on(few, 0)], 3).accuracy
    assert wrong == wilson_interval(0.0, 20)


def test_the_same_answers_give_the_same_numbers(y: np.ndarray) -> None:
    rows = [right_on(y, 900), right_on(y, 850)]
    one = significance.resample(y, rows, 3)
    significance._resample.cache_clear()
    two = significance.resample(y, rows, 3)
    assert one is not two
    assert (one.draws == two.draws).all()


def test_mcnemar_and_holm(y: np.ndarray) -> None:
    answers = [right_on(y, 900), right_on(y, 897), right_on(y, 800)]
    answers[1][0, :5] = (y[:5] + 1) % 3  # right only under the first: 5 and 3
    pairs = significance.compare(y, answers, significance.resample(y, answers, 3).draws)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 2), (1, 2)]
    assert [(pair.only_first, pair.only_second) for pair in pairs] == [(8, 0), (100, 0), (97, 5)]
    raw = [stats.binomtest(a, a + b).pvalue for a, b in ((8, 0), (100, 0), (97, 5))]
    assert [pair.p for pair in pairs] == pytest.approx(raw)
    assert [pair.p_holm for pair in pairs] == pytest.approx([raw[0], 3 * raw[1], 2 * raw[2]])
    assert pairs[0].difference.estimate == pytest.approx(0.008)
    assert pairs[1].significant
    back = pairs[1].reversed
    assert (back.first, back.second, back.only_first, back.only_second) == (2, 0, 0, 100)
    assert back.difference == pytest.approx(Interval(-0.1, -pairs[1].difference.high, -pairs[1].difference.low))


def test_two_that_answer_alike_are_not_told_apart(y: np.ndarray) -> None:
    answers = [right_on(y, 900), right_on(y, 900)]
    (pair,) = significance.compare(y, answers, significance.resample(y, answers, 3).draws)
    assert (pair.p, pair.p_holm, pair.significant) == (1.0, 1.0, False)
    assert pair.difference.contains_zero


def test_the_paired_interval_is_the_closed_form_one(y: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    a, b = (np.where(rng.random(len(y)) < wrong, (y + 1) % 3, y)[None] for wrong in (0.10, 0.14))
    (pair,) = significance.compare(y, [a, b], significance.resample(y, [a, b], 3).draws)
    closed = paired_difference((a[0] == y).astype(float), (b[0] == y).astype(float))
    assert pair.difference == pytest.approx(closed, abs=0.003)


def pair(first: int, second: int, apart: bool) -> Pair:
    return Pair(first, second, Interval(0.1, 0.05, 0.15), 9, 1, 0.001, 0.001 if apart else 0.5)


@pytest.mark.parametrize(
    ("same", "ranks"),
    [
        (set(), [1, 2, 3, 4]),
        ({(0, 1)}, [1, 1, 3, 4]),
        ({(0, 1), (1, 2)}, [1, 1, 1, 4]),  # the first and the third differ, but neither from the second
        ({(0, 2)}, [1, 1, 1, 4]),  # what lies between two that share a rank shares it
        ({(0, 1), (2, 3)}, [1, 1, 3, 3]),
        ({(0, 3)}, [1, 1, 1, 1]),
    ],
)
def test_rank_groups(same: set[tuple[int, int]], ranks: list[int]) -> None:
    places = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    assert significance.rank_groups(4, [pair(a, b, (a, b) not in same) for a, b in places]) == ranks


@pytest.mark.parametrize(
    ("same", "groups"),
    [
        (set(), []),
        ({(0, 1)}, [(0, 1)]),
        ({(0, 1), (1, 2)}, [(0, 1), (1, 2)]),
        ({(0, 1), (1, 2), (0, 2)}, [(0, 1, 2)]),
        ({(0, 2)}, [(0, 2)]),
        ({(0, 1), (0, 2), (1, 3), (2, 3)}, [(0, 1), (0, 2), (1, 3), (2, 3)]),  # a ring
    ],
)
def test_two_rows_are_in_one_group_if_and_only_if_they_are_alike(
    same: set[tuple[int, int]], groups: list[tuple[int, ...]]
) -> None:
    places = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    assert significance.compact_letter_display(4, [pair(a, b, (a, b) not in same) for a, b in places]) == groups


def test_groups_of_alike_rows_whatever_the_ties() -> None:
    random = np.random.default_rng(0)
    for m in range(8):
        places = [(a, b) for a in range(m) for b in range(a + 1, m)]
        same = {place for place in places if random.random() < 0.4}
        groups = significance.compact_letter_display(m, [pair(a, b, (a, b) not in same) for a, b in places])
        assert {place for place in places if any(set(place) <= set(group) for group in groups)} == same
        assert not any(set(one) < set(other) for one in groups for other in groups)


def test_rank_groups_of_one_and_none() -> None:
    assert significance.rank_groups(1, []) == [1]
    assert significance.rank_groups(0, []) == []
    assert significance.compare(np.zeros(3, dtype=np.int64), [np.zeros((1, 3), dtype=np.int64)], np.zeros((1, 1))) == ()


def test_two_proportions_are_compared_by_fishers_exact_test() -> None:
    # The lady tasting tea (Fisher 1935): 3 of 4 against 1 of 4.
    assert significance.two_proportions(0.75, 4, 0.25, 4) == pytest.approx(34 / 70)
    assert significance.two_proportions(0.78, 400, 0.56, 400) < 1e-9
    # A mean over seeds is no whole number of images.
    assert significance.two_proportions(0.7501, 4, 0.25, 4) == pytest.approx(34 / 70)


def test_holms_correction_is_by_hand() -> None:
    assert significance.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert significance.holm([]) == []


# --- cross-validation


def test_the_corrected_interval_and_p_are_those_worked_out_by_hand() -> None:
    # Five folds: mean 0.8, variance (0.01 + 0.0025 + 0 + 0.0025 + 0.01) / 4 = 0.00625. With n_test/n_train = 1/4 the
    # variance of the mean is (1/5 + 1/4) · 0.00625 = 0.0028125, its root 0.0530330. Student's t for 4 degrees of
    # freedom at 97.5 % is 2.776445 (tables), so half the width is 0.147243.
    values = np.array([0.7, 0.75, 0.8, 0.85, 0.9])
    found = significance.corrected_interval(0.8, values, 0.25)
    assert tuple(found) == pytest.approx((0.8, 0.8 - 0.147243, 0.8 + 0.147243), abs=2e-6)
    # t = 0.1 / 0.0530330 = 1.885618; with 4 degrees of freedom P(|t| > 1.885618) = 0.132401.
    assert significance.corrected_p(0.1, values, 0.25) == pytest.approx(2 * stats.t.sf(1.885618, 4), abs=1e-6)
    # Student's interval, which takes the folds for independent, would be less than three quarters as wide.
    student = stats.t.interval(0.95, 4, 0.8, math.sqrt(0.00625 / 5))
    assert found.high - found.low > 1.49 * (student[1] - student[0])


def test_rows_of_a_cross_validation_are_compared_fold_by_fold() -> None:
    y = np.zeros(20, dtype=np.int64)
    folds = np.arange(20) % 5
    a, b = y.copy(), y.copy()
    a[[0, 1]] = 1  # folds 0 and 1: 0.75; the others 1
    b[[0, 2, 5, 7]] = 1  # folds 0 and 2: 0.5
    rows = [significance.Folds.of(y, each[None], [folds], [0]) for each in (a, b)]
    assert rows[0].accuracy.tolist() == [0.75, 0.75, 1, 1, 1]
    assert rows[1].accuracy.tolist() == [0.5, 1, 0.5, 1, 1]
    draws = significance.resample(y, [a[None], b[None]], 2).draws
    (pair,) = significance.compare(y, [a[None], b[None]], draws, rows)
    differences = np.array([0.25, -0.25, 0.5, 0, 0])
    error = math.sqrt((1 / 5 + 1 / 4) * differences.var(ddof=1))
    assert tuple(pair.difference) == pytest.approx((0.1, *stats.t.interval(0.95, 4, 0.1, error)))
    assert pair.p == pytest.approx(2 * stats.t.sf(0.1 / error, 4))
    assert (pair.only_first, pair.only_second) == (3, 1)


def test_only_repeats_that_both_rows_have_are_compared() -> None:
    y, random = np.zeros(40, dtype=np.int64), np.random.default_rng(0)
    folds = [random.permutation(np.arange(40) % 4) for _ in range(3)]
    answers = (random.random((3, 40)) < 0.3).astype(np.int64)
    three = significance.Folds.of(y, answers, folds, [0, 1, 2])
    one = significance.Folds.of(y, answers[1:2], folds[1:2], [1])
    assert three.differences(one).tolist() == [0, 0, 0, 0]
    assert len(three.accuracy) == 12


def test_folds_that_all_say_the_same_have_no_variance_so_the_interval_is_that_of_the_images() -> None:
    y = np.zeros(50, dtype=np.int64)
    right, wrong = significance.Folds(np.ones(5), np.zeros(5, dtype=np.int64), 5), np.where(np.arange(50) < 5, 1, 0)
    assert significance.accuracy_over_folds(1.0, right, 50) == wilson_interval(1.0, 50)
    each = significance.Folds.of(y, wrong[None], [np.arange(50) % 5], [0])  # one of ten wrong in every fold
    draws = significance.resample(y, [y[None], wrong[None]], 2).draws
    (pair,) = significance.compare(y, [y[None], wrong[None]], draws, [right, each])
    (plain,) = significance.compare(y, [y[None], wrong[None]], draws)
    assert pair == plain
    assert pair.p == pytest.approx(2 * 0.5**5)
