"""Had tuning stopped earlier: what would have been chosen, computed from logs written by hand."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from benchmark import report
from benchmark.analyses.tuning_budget import ANALYSIS, early_stopping
from benchmark.analyses.tuning_budget import measure as budget_verb
from benchmark.analyses.tuning_budget import record as budget_record
from benchmark.analyses.tuning_budget.record import BudgetData, Refit
from benchmark.engine.jobs import Outcome
from benchmark.storage import records
from benchmark.storage.derived import INVALIDATED
from benchmark.storage.records import RungResult, TrialResult
from tests import synthetic_results as synthetic
from tests.again import LOGISTIC, Inline, changed, make
from tests.in_process import benchmark
from tests.pages import scores_of, section_of, tables, texts, values
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
    found = early_stopping.best_at(RECORD, seconds)
    if number is None:
        assert found is None
        return
    assert found is not None
    assert (found.trial.number, found.rung.rows, found.is_final) == (number, rows, number == 4)


def test_each_early_winner_is_named_once() -> None:
    assert [trial.number for trial in early_stopping.early_winners(RECORD)] == [
        1
    ]  # after 1 min; after 5 the final choice leads
    record = dataclasses.replace(RECORD, trials=tuple(slower(one, 6) for one in TRIALS))
    assert [trial.number for trial in early_stopping.early_winners(record)] == [0, 1]
    assert early_stopping.early_winners(dataclasses.replace(record, trials=())) == ()


def slower(one: TrialResult, factor: float) -> TrialResult:
    rungs = (
        dataclasses.replace(rung, fit_seconds=factor * rung.fit_seconds, predict_seconds=factor * rung.predict_seconds)
        for rung in one.rungs
    )
    return dataclasses.replace(one, rungs=tuple(rungs))


TUNED = {"trials": TRIALS, "params": {"x": 4}, "tuning_seconds": 130.0}


def test_an_early_winner_has_its_test_accuracy_once_it_is_refitted(tmp_path: Path) -> None:
    y = np.arange(200) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b"])
    synthetic.write_predictions(tmp_path, test_set, "late", y, title="Late", **TUNED)
    record = records.read_record(records.record_path(tmp_path, "late", 0))
    empty = budget_record.empty(record, 200, 2)
    stub = Refit(1, {}, **INVALIDATED, fit_seconds=0.0, predict_seconds=0.0, threads=1, device="cpu", test_reads=1)
    budget_record.write(tmp_path, budget_record.added(empty, stub, None))
    (row,), scores = scores_of(ANALYSIS, tmp_path).rows, scores_of(ANALYSIS, tmp_path)
    (early,) = row.early
    assert scores.budgets == (60.0,)
    assert (early.choice.trial.number, early.choice.is_final, early.accuracy, early.gain) == (1, False, None, None)
    assert (row.accuracy, row.tuning_seconds, row.several_seeds) == (1.0, 130.0, False)
    assert (scores.final(0), scores.changed(0), scores.gains(0)) == (0, 1, [])
    section = section_of(ANALYSIS, tmp_path)
    assert texts(tables(section)[0]) == {"Late": ["(0.8200 on 100)", "1.0000", "2.2 min"]}
    assert section.reproduce == []
    right = dataclasses.replace(stub, status="ok", reason="")
    wrong = np.where(np.arange(200) < 30, 1 - y, y)
    budget_record.write(tmp_path, budget_record.added(budget_record.added(empty, stub, None), right, wrong))
    scores, section = scores_of(ANALYSIS, tmp_path), section_of(ANALYSIS, tmp_path)
    assert values(tables(section)[0]) == {"Late": [0.85, 1.0, 130.0]}
    pick = scores.pick(0)
    assert (pick.title, pick.early.accuracy) == ("Late", 0.85)
    # 30 of 200 images, half an image added to each of four cells: 14.85 points in the middle of the interval.
    ((_, gain),) = scores.gains(0)
    assert gain.estimate == pytest.approx(0.15)
    assert (gain.low + gain.high) / 2 == pytest.approx(30 / 202)
    assert section.reproduce == ["python -m benchmark budget"]
    # Another record: the numbers of its trials mean something else.
    other = {**TUNED, "trials": (*TRIALS, trial(5, (100, 0.1, 2)))}
    synthetic.write_predictions(tmp_path, test_set, "late", y, title="Late", **other)
    assert texts(tables(section_of(ANALYSIS, tmp_path))[0]) == {"Late": ["(0.8200 on 100)", "1.0000", "2.2 min"]}
    assert scores_of(ANALYSIS, tmp_path).refitted == frozenset()


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """One estimator that a minute of tuning leaves at another trial, and one that has found its own by then."""
    y = np.arange(200) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b"], dataset="toy")
    wrong = np.where(np.arange(200) < 20, 1 - y, y)
    synthetic.write_predictions(tmp_path, test_set, "late", wrong, title="Late", **TUNED)
    synthetic.write_predictions(tmp_path, test_set, "early", wrong, title="Early", **{**TUNED, "params": {"x": 1}})
    return tmp_path


def test_test_accuracy_is_given_only_of_what_was_refitted(two: Path) -> None:
    scores, (table,) = scores_of(ANALYSIS, two), tables(section_of(ANALYSIS, two))
    assert scores.budgets == (60.0,)
    assert (scores.final(0), scores.changed(0)) == (1, 1)
    assert values(table) == {"Early": [0.9, 0.9, 130.0], "Late": [0.82, 0.9, 130.0]}
    assert texts(table)["Late"][0] == "(0.8200 on 100)"
    assert [row.early[0].accuracy for row in scores.rows] == [0.9, None]
    assert scores.pick(0).early.choice.rung.accuracy == 0.82


def test_the_page(two: Path, file_regression: FileRegressionFixture) -> None:
    """Two estimators; then the early winner of one of them is refitted."""
    pages = [report.texts(two)["tuning-budget.md"].decode()]
    y, record = np.arange(200) % 2, records.read_record(records.record_path(two, "late", 0))
    refit = Refit(
        trial=1, environment={}, status="ok", reason="", fit_seconds=1.0, predict_seconds=1.0, threads=1, device="cpu",
        test_reads=1,
    )  # fmt: skip
    wrong = np.where(np.arange(200) < 30, 1 - y, y)
    budget_record.write(two, budget_record.added(budget_record.empty(record, 200, 2), refit, wrong))
    pages.append(report.texts(two)["tuning-budget.md"].decode())
    file_regression.check("\n".join(pages), extension=".md", encoding="utf-8")


def test_no_shorter_tuning_is_examined_where_tuning_took_seconds(tmp_path: Path) -> None:
    test_set = synthetic.write_test_set(tmp_path, np.arange(20) % 2, ["a", "b"])
    synthetic.write_predictions(tmp_path, test_set, "x", np.arange(20) % 2, tuning_seconds=3.0)
    scores = scores_of(ANALYSIS, tmp_path)
    assert scores.budgets == ()
    assert section_of(ANALYSIS, tmp_path) is None


# --- the verb, on real records whose tuning took longer


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a small run in which, by the log, a trial that was not chosen in the end led for ten minutes."""
    results = tmp_path_factory.mktemp("results")
    ran = benchmark("run", LOGISTIC, *ALONE, "--no-report", "--results", str(results))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    folder = results / "digits"
    record = records.read_record(records.record_path(folder, LOGISTIC, 0))
    winner = TrialResult(1, "complete", dict(record.params), (RungResult(400, 0.9, 600.0, 1.0),))
    loser = TrialResult(0, "complete", {**record.params, "logistic__C": 1e-3}, (RungResult(400, 0.5, 50.0, 1.0),))
    changed(folder, trials=(loser, winner), tuning_seconds=652.0)
    return folder


def test_from_the_command_line_to_the_leaderboard(finished: Path) -> None:
    before = {path: path.read_bytes() for path in finished.glob("records/*/seed-0.*")}
    command = ["budget", *SMOKE, "--results", str(finished.parent)]
    assert benchmark(*command).returncode == 0
    assert {path: path.read_bytes() for path in before} == before
    found = refits_of(finished)
    (refit,) = found.budget.refits
    assert (refit.trial, refit.status, refit.test_reads) == (0, "ok", 1)
    y = datasets_test_set(finished).y
    accuracy = (found.predicted[0] == y).mean()
    winner = (records.read(finished).proba[LOGISTIC, 0].argmax(axis=1) == y).mean()
    assert 0.3 < accuracy < winner  # another C, as it was fitted
    (table,) = tables(section_of(ANALYSIS, finished))
    assert values(table) == {"Logistic regression": [accuracy, accuracy, winner, 652.0]}
    assert "(tuning-budget.md)" in (finished / "leaderboard.md").read_text()
    assert "\npython -m benchmark budget --dataset digits --preset smoke\n" in (finished / "method.md").read_text()
    assert report.check(finished) == []
    stamp = budget_record.path_of(finished, LOGISTIC).read_bytes()
    assert benchmark(*command).returncode == 0  # kept
    assert budget_record.path_of(finished, LOGISTIC).read_bytes() == stamp


def datasets_test_set(folder: Path) -> records.TestSet:
    found = records.read_test_set(folder)
    assert found is not None
    return found


def refits_of(folder: Path) -> BudgetData:
    return budget_record.read(budget_record.path_of(folder, LOGISTIC), datasets_test_set(folder))


def test_it_is_recomputed_where_it_is_stale_or_damaged_and_reads_are_counted(finished: Path, tmp_path: Path) -> None:
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
    assert texts(tables(section_of(ANALYSIS, folder))[0])["Logistic regression"][0] == "(0.5000 on 400)"
    changed(folder, trials=())
    assert make(budget_verb, folder, Inline()) == {LOGISTIC: "unchanged"}  # nothing would have been chosen
