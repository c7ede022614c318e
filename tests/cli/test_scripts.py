"""The two scripts whose output closing notes cite."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests import CHECKOUT, overhead
from tests.conftest import COLLECTED
from tests.faults import COUNT
from tests.overhead import Span


def test_every_fault_has_a_test(request: pytest.FixtureRequest) -> None:
    tests = request.config.stash[COLLECTED]
    if not set((CHECKOUT / "tests").rglob("test_*.py")) <= {test.path for test in tests}:
        pytest.skip("only part of the suite was collected")
    assert {mark.args[0] for test in tests for mark in test.iter_markers("fault")} == set(range(1, COUNT + 1))


def test_the_table_has_a_line_for_every_fault() -> None:
    command = [sys.executable, "-m", "tests.faults", "--collect-only", "tests/engine/test_faults_plugins.py"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120)
    assert f"0 of {COUNT} survived" in listed.stdout, listed.stdout + listed.stderr  # none was run
    assert listed.returncode == 1
    lines = {int(number): line for number, line in re.findall(r"^([1-9]\d*) +(.*)", listed.stdout, re.MULTILINE)}
    assert set(lines) == set(range(1, COUNT + 1))
    assert {number for number, line in lines.items() if "has no test" not in line} == set(range(9, 21))


def test_the_overhead_is_what_is_left_of_workers_times_wall(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spans = [
        Span("a", refit=False, fresh=True, begin=10, end=40, useful=24),
        Span("b", refit=False, fresh=True, begin=10, end=50, useful=36),
        Span("a", refit=False, fresh=False, begin=40, end=48, useful=6),
        Span("a", refit=True, fresh=True, begin=50, end=90, useful=38),
    ]
    monkeypatch.setattr(overhead.Stopwatch, "spans", spans)
    share = overhead._print(wall=100, seats=2)
    assert share == pytest.approx(1 - (24 + 36 + 6 + 2 * 38) / 200)
    printed = capsys.readouterr().out
    seconds = [float(line.split()[0]) for line in printed.splitlines()[1:9]]
    assert seconds == [66, 76, 10, 2, 4, 2, 0, 40]
    assert sum(seconds) == 200


def test_the_stopwatch_runs_in_a_process_that_has_loaded_nothing() -> None:
    code = "import sys, tests.overhead; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT).returncode == 0
