"""Had tuning stopped earlier: what would have been chosen, worked out from logs made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark import records
from benchmark.records import RungResult, TrialResult
from benchmark.report import budget
from benchmark.report.summary import summarise
from tests import synthetic_results as synthetic


def trial(number: int, *rungs: tuple[int, float, float]) -> TrialResult:
    """Return a trial of rungs of (rows, accuracy, seconds)."""
    found = tuple(RungResult(rows, accuracy, seconds - 1, 1.0) for rows, accuracy, seconds in rungs)
    return TrialResult(number, "complete" if len(found) == 2 else "pruned", {"x": number}, found)


TRIALS = (
    trial(0, (100, 0.80, 10), (400, 0.85, 40)),
    trial(1, (100, 0.82, 10)),
    trial(2, (100, 0.70, 10)),
    trial(3, (100, 0.60, 10)),
    trial(4, (100, 0.81, 10), (400, 0.90, 40)),  # the second batch
)
RECORD = synthetic.make_record("x", trials=TRIALS, params={"x": 4}, tuning_seconds=130.0)


@pytest.mark.parametrize(
    ("seconds", "number", "rows"),
    [(5, None, 0), (10, 0, 100), (19, 0, 100), (20, 1, 100), (79, 1, 100), (80, 0, 400), (129, 0, 400), (130, 4, 400)],
)
def test_what_would_have_been_chosen(seconds: float, number: int | None, rows: int) -> None:
    """The first batch's lowest rung takes 40 s, its upper one 40 more; more rows count before more accuracy."""
    found = budget.choice(RECORD, seconds)
    if number is None:
        assert found is None
        return
    assert found is not None
    assert (found.trial.number, found.rung.rows, found.refitted) == (number, rows, number == 4)


def test_the_section_gives_test_accuracy_only_of_what_was_refitted(tmp_path: Path) -> None:
    y = np.arange(200) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b"])
    wrong = np.where(np.arange(200) < 20, 1 - y, y)
    changes = {"trials": TRIALS, "params": {"x": 4}, "tuning_seconds": 130.0}
    synthetic.write_predictions(tmp_path, test_set, "late", wrong, title="Late", **changes)
    early = {**changes, "params": {"x": 0}}
    synthetic.write_predictions(tmp_path, test_set, "early", wrong, title="Early", **early)
    text, table, sentence = budget.section(summarise(records.read(tmp_path)))
    assert "| Estimator | After 1 min | After all trials |" in table
    assert "| Late | (0.8200 on 100) | 0.9000 in 2.2 min |" in table
    assert "After 1 min validation is highest for" in sentence
    assert "the test images are not read for trials that lost" in text


def test_nothing_is_said_where_tuning_was_over_at_once(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.arange(20) % 2, ["a", "b"])
    synthetic.write_predictions(tmp_path, test_set, "x", np.arange(20) % 2, tuning_seconds=3.0)
    assert budget.section(summarise(records.read(tmp_path))) == []
