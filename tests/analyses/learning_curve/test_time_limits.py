"""What a time limit would have reached, from fits whose times are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.analyses.learning_curve.scores import Fit, LearningCurve
from benchmark.analyses.learning_curve.time_limits import MINUTES, replay


def curve(title: str, family: str, *fits: tuple[int, float, float]) -> LearningCurve:
    """Return a curve of (rows, seconds of fit and prediction together, accuracy)."""
    return LearningCurve(
        title,
        title,
        family,
        tuple(
            Fit(rows, seed, "ok", "", 0.75 * seconds, 0.25 * seconds, {}, 1, np.arange(100) < round(100 * accuracy))
            for rows, seconds, accuracy in fits
            for seed in (0, 1)
        ),
        (),
    )


def test_each_estimator_gets_the_most_rows_that_its_part_is_enough_for() -> None:
    found = replay(
        [
            curve("fast", "classical", (100, 1.0, 0.6), (1_000, 20.0, 0.7), (10_000, 50.0, 0.8)),
            curve("slow", "cnn", (100, 40.0, 0.65), (1_000, 200.0, 0.9)),
        ]
    )
    assert [within.minutes for within in found] == list(MINUTES)
    assert [within.seconds for within in found] == [30, 60, 150, 300, 900]
    rows = [tuple(each and each.fit.rows for each in (within.classical, within.cnn)) for within in found]
    # 1,000 rows after 100 take 21 s, and 10,000 after 1,000 take 70 s: more than 60, less than 150.
    assert rows == [(1_000, None), (1_000, 100), (10_000, 100), (10_000, 1_000), (10_000, 1_000)]
    assert [within.answered for within in found] == [1, 2, 2, 2, 2]
    assert found[-1].cnn is not None
    assert found[-1].cnn.fit.accuracy == pytest.approx(0.9)


def test_the_best_of_a_family_stands_for_it() -> None:
    (first, *_) = replay(
        [
            curve("good", "classical", (100, 1.0, 0.6)),
            curve("better", "classical", (100, 2.0, 0.7)),
            curve("late", "classical", (100, 21.0, 0.9)),
        ]
    )
    assert first.classical is not None
    assert first.classical.title == "better"
    assert first.cnn is None
