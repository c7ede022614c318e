"""Had tuning stopped earlier: what would have been chosen, worked out from logs made by hand."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmark import report
from benchmark.analyses.tuning_budget import early_stop as stopping
from benchmark.analyses.tuning_budget import measure as budget_verb
from benchmark.analyses.tuning_budget import record as budget_record
from benchmark.analyses.tuning_budget import section as budget
from benchmark.analyses.tuning_budget.record import Refit
from benchmark.cli.main import main
from benchmark.engine.jobs import Outcome
from benchmark.leaderboard.summary import summarise
from benchmark.storage import records
from benchmark.storage.derived import INVALIDATED
from benchmark.storage.records import RungResult, TrialResult
from tests import synthetic_results as synthetic
from tests.again import LOGISTIC, Inline, changed, make
from tests.running import ALONE, SMOKE


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
    found = stopping.choice(RECORD, seconds)
    if number is None:
        assert found is None
        return
    assert found is not None
    assert (found.trial.number, found.rung.rows, found.won) == (number, rows, number == 4)


def test_who_would_have_been_chosen_and_lost_is_named_once() -> None:
    assert [trial.number for trial in stopping.losers(RECORD)] == [1]  # after 1 min; after 5 the winner led
    record = dataclasses.replace(RECORD, trials=tuple(slower(one, 6) for one in TRIALS))
    assert [trial.number for trial in stopping.losers(record)] == [0, 1]
    assert stopping.losers(dataclasses.replace(record, trials=())) == ()


def slower(one: TrialResult, factor: float) -> TrialResult:
    rungs = (
        dataclasses.replace(rung, fit_seconds=factor * rung.fit_seconds, predict_seconds=factor * rung.predict_seconds)
        for rung in one.rungs
    )
    return dataclasses.replace(one, rungs=tuple(rungs))


def test_a_trial_that_lost_has_its_test_accuracy_once_it_is_refitted(tmp_path: Path) -> None:
    y = np.arange(200) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b"])
    changes = {"trials": TRIALS, "params": {"x": 4}, "tuning_seconds": 130.0}
    synthetic.write_predictions(tmp_path, test_set, "late", y, title="Late", **changes)
    record = records.read_record(records.record_path(tmp_path, "late", 0))
    held = budget_record.empty(record, 200, 2)
    stub = Refit(1, {}, **INVALIDATED, fit_seconds=0.0, predict_seconds=0.0, threads=1, device="cpu", test_reads=1)
    budget_record.write(tmp_path, budget_record.added(held, stub, None))

    def table() -> str:
        found = budget_record.read_all(tmp_path, test_set)
        return "\n".join(budget.section(summarise(records.read(tmp_path), budgets=found)))

    assert "| Late | (0.8200 on 100) | 1.0000 in 2.2 min |" in table()
    assert "tuning on" not in table()
    right = dataclasses.replace(stub, status="ok", reason="")
    wrong = np.where(np.arange(200) < 30, 1 - y, y)
    budget_record.write(tmp_path, budget_record.added(budget_record.added(held, stub, None), right, wrong))
    assert "| Late | 0.8500 | 1.0000 in 2.2 min |" in table()
    assert "whose test accuracy is 0.8500" in table()
    # 30 of 200 images, half an image added to each of four cells: 14.85 points in the middle of the interval.
    gain = re.search(r"changed test accuracy .*: \*Late\* \+15\.00 \(\+(\d+\.\d+) to \+(\d+\.\d+)\)\.", table())
    assert gain is not None
    assert sum(map(float, gain.groups())) / 2 == pytest.approx(30 / 202 * 100, abs=0.01)
    assert "benchmark budget" not in table()
    assert "first seed" not in table()
    # Another record: the numbers of its trials mean something else.
    other = {**changes, "trials": (*TRIALS, trial(5, (100, 0.1, 2)))}
    synthetic.write_predictions(tmp_path, test_set, "late", y, title="Late", **other)
    assert "| Late | (0.8200 on 100) | 1.0000 in 2.2 min |" in table()


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
    assert "is refitted by `python -m benchmark budget`" in text


def test_nothing_is_said_where_tuning_was_over_at_once(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.arange(20) % 2, ["a", "b"])
    synthetic.write_predictions(tmp_path, test_set, "x", np.arange(20) % 2, tuning_seconds=3.0)
    assert budget.section(summarise(records.read(tmp_path))) == []


# --- the verb, on real records whose tuning took longer


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a small run in which, by the log, the trial that lost led for ten minutes."""
    results = tmp_path_factory.mktemp("results")
    assert main(["run", LOGISTIC, *ALONE, "--no-report", "--results", str(results)]) == 0
    folder = results / "digits"
    record = records.read_record(records.record_path(folder, LOGISTIC, 0))
    winner = TrialResult(1, "complete", dict(record.params), (RungResult(400, 0.9, 600.0, 1.0),))
    loser = TrialResult(0, "complete", {**record.params, "logistic__C": 1e-3}, (RungResult(400, 0.5, 50.0, 1.0),))
    changed(folder, trials=(loser, winner), tuning_seconds=652.0)
    return folder


def test_from_the_command_line_to_the_leaderboard(finished: Path) -> None:
    before = {path: path.read_bytes() for path in finished.glob("records/*/seed-0.*")}
    command = ["budget", *SMOKE, "--results", str(finished.parent)]
    assert main(command) == 0
    assert {path: path.read_bytes() for path in before} == before
    found = budget_record.read_all(finished, datasets_test_set(finished))[LOGISTIC]
    (refit,) = found.budget.refits
    assert (refit.trial, refit.status, refit.test_reads) == (0, "ok", 1)
    y = datasets_test_set(finished).y
    accuracy = (found.predicted[0] == y).mean()
    winner = (records.read(finished).proba[LOGISTIC, 0].argmax(axis=1) == y).mean()
    assert 0.3 < accuracy < winner  # another C, as it was fitted
    page = (finished / "leaderboard.md").read_text()
    assert f"| Logistic regression | {accuracy:.4f} | {accuracy:.4f} | {winner:.4f} in 11 min |" in page
    assert "\npython -m benchmark budget --dataset digits --preset smoke\n" in page
    assert report.check(finished) == []
    stamp = budget_record.path_of(finished, LOGISTIC).read_bytes()
    assert main(command) == 0  # kept
    assert budget_record.path_of(finished, LOGISTIC).read_bytes() == stamp


def datasets_test_set(folder: Path) -> records.TestSet:
    found = records.read_test_set(folder)
    assert found is not None
    return found


def test_it_is_made_anew_where_it_is_stale_or_damaged_and_reads_are_counted(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "digits"
    shutil.copytree(finished, folder)
    path = budget_record.path_of(folder, LOGISTIC)
    path.unlink(missing_ok=True)
    executor = Inline()
    assert make(budget_verb, folder, executor) == {LOGISTIC: "done"}
    assert make(budget_verb, folder, executor) == {LOGISTIC: "unchanged"}
    assert executor.asked == [(500, 0)]
    path.with_suffix(".npz").write_bytes(b"no zip")
    assert make(budget_verb, folder, executor) == {LOGISTIC: "done"}
    changed(folder, tuning_seconds=700.0, trials=records.read(folder).records[0].trials[:1])
    assert make(budget_verb, folder, executor) == {LOGISTIC: "done"}
    (refit,) = budget_record.read_budget(path).refits
    assert refit.test_reads == 3
    late = Inline(lambda job: Outcome("timeout", "past its deadline of 1 s"))
    assert "past its deadline" in make(budget_verb, folder, late, force=True)[LOGISTIC]
    assert "(0.5000 on 400)" in "\n".join(
        budget.section(
            summarise(records.read(folder), budgets=budget_record.read_all(folder, datasets_test_set(folder)))
        )
    )
    changed(folder, trials=())
    assert make(budget_verb, folder, Inline()) == {LOGISTIC: "unchanged"}  # nothing would have been chosen
