"""The script that compares us with the stock way: what it takes for the same, how it judges. No time is asserted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sklearn.pipeline import Pipeline

from benchmark.engine import registry
from benchmark.engine.executors.fork_server import THREAD_VARIABLES
from benchmark.environment import environment
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task
from benchmark.storage.records import record_path
from tests import CHECKOUT
from tests.speed import __main__ as command_line
from tests.speed import rows, session, stock
from tests.speed.harness import PRESET, Fold, Projection, Recorded, recorded
from tests.speed.measure import Measurement, Order, measure, trace
from tests.speed.rows import BARS, FAMILIES, judge, judge_whole
from tests.speed.session import Options, Session, fresh

pytestmark = pytest.mark.filterwarnings("ignore:lbfgs failed to converge")  # it is stopped on purpose

TASK = Task(10, (8, 8, 1))

LOGISTIC = Order("logistic_regression", "stock", "digits", rows=500, threads=1)


SMALL = [
    "--dataset",
    "digits",
    "--rows",
    "600",
    "--threads",
    "1",
    "--smoke",
    "--run-record",
    "nowhere",
    "--run-seconds",
    "60",
]


def ours(family: str, **params: object) -> Pipeline:
    return registry.get(family).load().build(TASK).set_params(**params)


def took(seconds: float, accuracy: float = 0.9, labels: tuple[int, ...] = ()) -> Measurement:
    return Measurement(50_000, seconds, predict_seconds=seconds / 2, accuracy=accuracy, labels=labels)


def test_the_stock_svm_has_our_parameters_and_else_the_librarys_defaults() -> None:
    from sklearn.svm import SVC

    made = stock.svm_pca(ours("svm_pca", svm__C=7.0, svm__gamma=0.5, pca__n_components=0.8), TASK)
    assert type(made[-1]) is SVC
    assert (made[-1].C, made[-1].gamma, made["pca"].n_components) == (7.0, 0.5, 0.8)
    assert (made[-1].cache_size, made[-1].tol) == (SVC().cache_size, SVC().tol)


def test_the_stock_logistic_regression_stopped_where_it_met_a_loss_meets_it_again() -> None:
    ended = trace(LOGISTIC, target=0.0)  # which it never meets
    assert not ended.reached
    met = trace(LOGISTIC, target=1.1 * ended.cross_entropy)
    assert met.reached
    there, before = (loss_after(met.iterations - back) for back in (0, 1))
    assert there == pytest.approx(met.cross_entropy, rel=1e-6)
    assert there <= 1.1 * ended.cross_entropy < before


def loss_after(iterations: int) -> float:
    loss = measure(replace(LOGISTIC, iterations=iterations)).cross_entropy
    assert loss is not None
    return loss


def test_a_ratio_is_one_of_medians_and_of_what_the_family_counts() -> None:
    row = judge("lightgbm", [took(8), took(9), took(100)], [took(2), took(2), took(1)])
    assert (row.stock, row.ours, row.ratio, row.verdict) == (9, 2, 4.5, "yes")
    row = judge("svm_pca", [took(8, labels=(1, 2))], [took(2, labels=(1, 2))])
    assert (row.stock, row.ours) == (12, 3)  # fit and predict
    assert judge("lightgbm", [took(7)], [took(2)]).verdict == "NO"


@pytest.mark.parametrize(("lost", "verdict"), [(-0.01, "yes"), (0.001, "yes"), (0.0011, "NO")])
def test_speed_at_the_cost_of_accuracy_is_no_speed(lost: float, verdict: str) -> None:
    assert judge("xgboost_column_draws", [took(9, accuracy=0.9)], [took(1, accuracy=0.9 - lost)]).verdict == verdict


@pytest.mark.parametrize(("differ", "verdict"), [(0, "yes"), (1, "yes"), (2, "NO")])
def test_an_svm_must_give_the_answers_of_libsvm(differ: int, verdict: str) -> None:
    labels = (1,) * 1_000
    row = judge("svm_pca", [took(9, labels=labels)], [took(1, labels=(2,) * differ + labels[differ:])])
    assert row.verdict == verdict


def test_the_plain_harness_is_ten_trials_of_three_folds_and_a_refit() -> None:
    folds = (Fold({}, 40_000, 20.0, 4.0, 0.9), Fold({"svm__C": 1.0}, 40_000, 30.0, 6.0, 0.9))
    assert Projection(folds).sampled_seconds == 60
    assert Projection(folds).seconds == PRESET.trials * 3 * 30 + 30


def test_a_recorded_run_is_read_family_by_family_and_one_that_is_missing_is_named(tmp_path: Path) -> None:
    known = recorded(CHECKOUT / "results" / "fashion-mnist", FAMILIES, "fashion-mnist")
    assert set(known) == set(FAMILIES)
    assert all(each.seconds > 1 and 0.5 < each.test_accuracy < 1 for each in known.values())
    with pytest.raises(BenchmarkError, match="no record of nothing"):
        recorded(CHECKOUT / "results" / "fashion-mnist", ["nothing"], "fashion-mnist")
    with pytest.raises(BenchmarkError, match="not on digits"):
        recorded(CHECKOUT / "results" / "fashion-mnist", FAMILIES, "digits")
    shutil.copytree(CHECKOUT / "results" / "fashion-mnist" / "records", tmp_path / "records")
    path = record_path(tmp_path, "svm_pca", 0)
    path.write_text(path.read_text().replace('"trials": 10,', '"trials": 1,'))
    with pytest.raises(BenchmarkError, match="svm_pca was recorded on fashion-mnist at standard with 1 trials, not"):
        recorded(tmp_path, FAMILIES, "fashion-mnist")


@pytest.mark.parametrize(
    ("rows", "processor", "verdict"), [(None, "", "yes"), (None, "another", "not judged"), (600, "", "not judged")]
)
def test_a_whole_run_is_judged_on_its_own_rows_and_machine(rows: int | None, processor: str, verdict: str) -> None:
    here = environment()
    known = {name: Recorded(10.0, 0.9, 0.9, {**here, "processor": processor or here["processor"]}) for name in FAMILIES}
    projections = {name: Projection((Fold({}, 40_000, 20.0, 4.0, 0.9),)) for name in FAMILIES}
    options = Options("digits", rows, 1, 1, False, 600, None, 1, Path("records"), None, None)
    row = judge_whole(Session(options, Console()), known, projections)
    assert (row.stock, row.ours, row.verdict) == (5 * (30 * 24 + 30), 50, verdict)


def look() -> dict[str, str]:
    return {name: os.environ[name] for name in THREAD_VARIABLES}


def fail() -> None:
    os.write(2, b"what a library says")
    raise ValueError("no")


def test_a_measuring_process_has_its_threads_and_says_why_it_failed() -> None:
    assert set(fresh(3, look).values()) == {"3"}
    with pytest.raises(BenchmarkError, match=r"ValueError: no\nwhat a library says"):
        fresh(1, fail)


def test_the_whole_run_is_projected_from_every_trial_that_was_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "fresh", lambda _, function, *arguments: function(*arguments))
    for module in (rows, command_line):
        monkeypatch.setattr(module, "FAMILIES", ("logistic_regression", "svm_pca"))  # two that may share a process
    log = tmp_path / "log.jsonl"
    assert command_line.main(["whole", *SMALL, *(f"--trials-sampled 2 --log {log}").split()]) == 0
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    folds = [entry for entry in entries if "fit_rows" in entry]
    assert [entry["fit_rows"] for entry in folds] == [400] * 6
    assert [entry["params"] == {} for entry in folds] == [True, False, False] * 2
    assert folds[1]["params"] != folds[2]["params"]
    assert entries[-1]["verdict"] == "not judged"  # so few rows say nothing about a whole run
    printed = capsys.readouterr().out
    assert "PROJECTED from 6 trials" in printed
    assert "plain: projected s" in printed


@pytest.mark.slow
def test_it_measures_every_family_in_processes_of_its_own_and_prints_its_row(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "tests.speed", *FAMILIES, *SMALL, "--log", str(log)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr  # a bar may well be missed on so few rows
    table = done.stdout[done.stdout.index("accuracy stock") : done.stdout.index("Met: ")]
    for name in FAMILIES:
        (line,) = [line for line in table.splitlines() if line.startswith(BARS[name].title)]
        assert "FAILED" not in line, done.stdout
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry["row"]["family"] for entry in entries if "row" in entry] == list(FAMILIES)


def test_what_others_take_of_the_machine_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        try:
            with session.Watched() as watched:
                time.sleep(1.0)
        finally:
            spinning.kill()
    assert watched.others > session.DISTURBED


def test_what_we_take_ourselves_is_not_what_others_take(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([(10.0, 5.0, 0.0), (14.0, 8.0, 2.0)])
    monkeypatch.setattr(session, "_busy_and_own", lambda: next(readings))
    monkeypatch.setattr(session.psutil, "cpu_count", lambda: 2)
    with session.Watched() as watched:
        pass
    assert watched.others == 0.25
