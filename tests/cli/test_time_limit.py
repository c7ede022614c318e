"""`run --time`: what it prints, records and repeats; and, with real processes, that it keeps its time."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.leaderboard.commands import effort_flag
from benchmark.storage import records
from tests.drawn import draw
from tests.in_process import benchmark
from tests.plugin_lab import GOOD, bad, checkout
from tests.running import eventually, started

DIGITS = ("--dataset", "digits")

SLEEPS = bad("""
    def fit(self, X, y):
        import time
        time.sleep(10_000)
""")


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Three estimators with a minute: their results, and what was printed."""
    results = tmp_path_factory.mktemp("timed")
    ran = benchmark("run", "svm_pca", "knn", "logistic_regression", *DIGITS, "--time", "60s", "--results", str(results))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return results, ran.stdout


def test_the_first_line_says_what_each_estimator_has(timed: tuple[Path, str]) -> None:
    assert re.match(r"1:00 for 3 estimators: 0:1\d each\n", timed[1])


def test_every_record_holds_the_plan_that_the_clock_chose(timed: tuple[Path, str]) -> None:
    folder = timed[0] / "digits-1m"
    for name in ("svm_pca", "knn", "logistic_regression"):
        record = records.read_record(records.record_path(folder, name, 0))
        assert record.time is not None
        assert record.time.trials <= len(record.trials)
        assert record.time.rungs == tuple(rung.rows for rung in record.trials[0].rungs)
        assert record.test_reads == 1
    assert not (folder / ".time").exists()
    (command,) = re.findall(r"^python -m benchmark run .*$", (folder / "method.md").read_text(), re.MULTILINE)
    assert command.endswith(" --dataset digits --time 1m")


def test_a_replay_without_a_clock_predicts_the_same(timed: tuple[Path, str]) -> None:
    results = timed[0]
    ran = benchmark("run", "--all", *DIGITS, "--time", "1m", "--replay", "--no-report", "--results", str(results))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 of 3 rows predict exactly what was recorded" in ran.stdout
    record = records.read_record(records.record_path(results / "digits-1m-replayed", "knn", 0))
    assert record.time == records.read_record(records.record_path(results / "digits-1m", "knn", 0)).time


def test_the_same_command_again_keeps_what_is_there(timed: tuple[Path, str]) -> None:
    paths = sorted((timed[0] / "digits-1m" / "records").rglob("seed-0.*"))
    before = [path.read_bytes() for path in paths]
    ran = benchmark("run", "knn", "svm_pca", *DIGITS, "--time", "60s", "--results", str(timed[0]))
    assert "its records are up to date" in ran.stdout
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--time", "10m", "--preset", "quick"), "leave out --preset"),
        (("--replay",), "add the --time or --time-each that it had"),
        (("--time", "10m", "--time-each", "1m"), "not allowed with argument"),
        (("--time", "ten minutes"), "is not a time such as 90s, 10m or 1h30m"),
        (("--time", "3h", "--replay"), "no record"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(flags: tuple[str, ...], said: str, tmp_path: Path) -> None:
    ran = benchmark("run", "knn", *DIGITS, *flags, "--results", str(tmp_path))
    assert ran.returncode == 2
    assert said in ran.stderr


def test_a_time_names_results_as_a_preset_does(timed: tuple[Path, str]) -> None:
    ran = benchmark("show", "knn", *DIGITS, "--preset", "1m", "--results", str(timed[0]))
    assert ran.returncode == 0, ran.stderr
    assert benchmark("show", "knn", *DIGITS, "--preset", "60s", "--results", str(timed[0])).returncode == 2


def test_a_record_says_which_flag_made_it() -> None:
    assert effort_flag("quick") == "--preset quick"
    assert effort_flag("1h30m") == "--time 1h30m"
    assert effort_flag("1m-each") == "--time-each 1m"


def test_of_a_cross_validation_each_fold_has_a_part_of_the_time(tmp_path: Path) -> None:
    pictures = draw(tmp_path / "pictures", size=(12, 12), circle=14, square=13)
    flags = ("--folds", "3", "--seeds", "1", "--time-each", "20s", "--no-report", "--results", str(tmp_path))
    ran = benchmark("run", "knn", "--dataset", str(pictures), *flags)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = [records.read_record(path) for path in sorted(tmp_path.glob("pictures-20s-each/records/knn/seed-*.json"))]
    assert len(found) == 3
    assert all(record.time is not None and record.time.seconds == pytest.approx(20 / 3, abs=0.1) for record in found)


@pytest.mark.slow
def test_a_plugin_that_hangs_costs_its_own_time_alone(tmp_path: Path) -> None:
    hangs = f"import time\ntime.sleep(10_000)\n{GOOD}"
    folder = checkout(tmp_path / "lab", alone=True, sleeps=SLEEPS, hangs=hangs, bayes=GOOD)
    start = time.monotonic()
    ran = started("run", "--all", *DIGITS, "--time", "40s", "--results", str(tmp_path / "results"), cwd=folder)
    took = time.monotonic() - start
    assert took <= 50, ran.stdout + ran.stderr
    assert ran.returncode == 1
    read = {
        path.parent.name: json.loads(path.read_text())
        for path in (tmp_path / "results" / "digits-40s" / "records").rglob("seed-0.json")
    }
    assert read["bayes"]["status"] == "ok"
    assert read["sleeps"]["status"] == read["hangs"]["status"] == "timeout"
    assert "takes longer than its" in read["sleeps"]["reason"]


@pytest.mark.slow
def test_a_killed_run_goes_on_within_what_was_left(tmp_path: Path) -> None:
    folder, results = checkout(tmp_path / "lab", alone=True, sleeps=SLEEPS, bayes=GOOD), tmp_path / "results"
    command = ("run", "--all", *DIGITS, "--time", "1m", "--results", str(results))
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmark", *command], cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True
    )
    assert eventually((results / "digits-1m" / "records" / "bayes" / "seed-0.json").exists)
    before = float((results / "digits-1m" / ".time").read_text())
    process.send_signal(signal.SIGKILL)
    process.wait()
    start = time.monotonic()
    ran = started(*command, cwd=folder)
    assert ran.returncode == 1
    assert "its records are up to date" in ran.stdout
    assert time.monotonic() - start <= 60 - before + 10
    assert not (results / "digits-1m" / ".time").exists()
