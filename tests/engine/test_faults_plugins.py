"""What a plugin can do wrong: all of it in one run, and each thing costs its own row and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from benchmark.storage import records
from tests.in_process import benchmark
from tests.plugin_lab import bad, models
from tests.running import Program, eventually

DEADLINE, MEMORY = 20, 1.5

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """A plugin that does one thing wrong, and what its record must say."""

    fault: int
    title: str
    source: str
    status: str
    reason: str


FIT = "    def fit(self, X, y):\n        self.classes_ = np.unique(y)\n"
PROBA = "    def predict_proba(self, X):\n        n, k = len(X), len(self.classes_)\n"

CHILDREN = (
    FIT
    + """        import subprocess
        wait = [sys.executable, "-c", "import time; time.sleep(600)"]
        start = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
        subprocess.Popen(wait)
        subprocess.Popen(wait, start_new_session=True)
        subprocess.run([sys.executable, "-c", start, *wait])  # and one whose own parent is gone
"""
)

CASES = {
    "raises_on_import": Case(
        9, "a plugin that raises on import", "raise ImportError('no such library')", "failed", "no such library"
    ),
    "raises_on_build": Case(
        10,
        "… that raises on build",
        bad("").replace('return Pipeline([("step", Step())])', "raise ValueError('build | broke')"),
        "failed",
        "build | broke",
    ),
    "default_out_of_range": Case(
        10,
        "… that raises on build",
        bad("    def __init__(self, kernel='c'):\n        self.kernel = kernel")
        .replace("import numpy", "from optuna.distributions import CategoricalDistribution as Among\nimport numpy")
        .replace("build=build)", "build=build, space={'step__kernel': Among(['a', 'b'])})"),
        "failed",
        "the default of step",
    ),
    "raises_on_fit": Case(
        11, "… that raises on fit", bad(FIT + "        raise RuntimeError('fit broke')"), "failed", "fit broke"
    ),
    "exits": Case(12, "… that calls sys.exit", bad(FIT + "        sys.exit(5)"), "failed", "SystemExit: 5"),
    "exits_on_import": Case(12, "… that calls sys.exit", "import sys\nsys.exit(0)", "failed", "SystemExit: 0"),
    "interrupts": Case(
        12, "… that calls sys.exit", bad(FIT + "        raise KeyboardInterrupt"), "failed", "KeyboardInterrupt"
    ),
    "exits_past_python": Case(
        12, "… that calls sys.exit", bad(FIT + "        os._exit(0)"), "failed", "ended without a result"
    ),
    "aborts": Case(13, "… that aborts the process", bad(FIT + "        os.abort()"), "failed", "SIGABRT"),
    "hangs": Case(
        14,
        "… that hangs and ignores SIGTERM",
        bad(
            FIT + "        import signal, time\n        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "        while True:\n            time.sleep(1)"
        ),
        "timeout",
        f"past its deadline of {DEADLINE} s",
    ),
    "eats_memory": Case(
        15,
        "… that eats memory without end",
        bad(FIT + "        held = []\n        while True:\n            held.append(np.ones(2**23))"),
        "oom",
        f"past its limit of {MEMORY} GiB",
    ),
    "eats_memory_in_a_child": Case(
        15,
        "… that eats memory without end",
        bad(
            FIT + "        import subprocess\n        eat = 'held = []\\nwhile True: held.append(bytearray(2**26))'\n"
            "        subprocess.run([sys.executable, '-c', eat])"
        ),
        "oom",
        f"past its limit of {MEMORY} GiB",
    ),
    "wrong_shape": Case(
        16,
        "… that returns probabilities of the wrong shape",
        bad(PROBA + "        return np.full((n, k + 1), 1 / (k + 1))"),
        "failed",
        "has shape",
    ),
    "not_a_number": Case(
        17, "… with NaN", bad(PROBA + "        return np.full((n, k), np.nan)"), "failed", "not finite"
    ),
    "unknown_label": Case(
        18,
        "… that predicts a label that does not exist",
        bad("    def predict(self, X):\n        return np.full(len(X), 10)"),
        "failed",
        "the label 10, which does not exist",
    ),
    "unknown_word": Case(
        18,
        "… that predicts a label that does not exist",
        bad("    def predict(self, X):\n        return np.full(len(X), 'shirt')"),
        "failed",
        "the label 'shirt', which does not exist",
    ),
    "prints": Case(
        19,
        "… that prints a gigabyte to stdout",
        bad(
            FIT + "        for _ in range(1024 if len(y) == 500 else 0):  # in the refit\n"
            "            print('x' * 2**20)\n        return self"
        ),
        "ok",
        "",
    ),
    "starts_children": Case(20, "… that starts children of its own", bad(CHILDREN + "        return self"), "ok", ""),
    "starts_children_and_dies": Case(
        20, "… that starts children of its own", bad(CHILDREN + "        os.abort()"), "failed", "SIGABRT"
    ),
}


@dataclass(frozen=True)
class Ended:
    """The run with all of them."""

    lab: Path
    status: int
    out: str
    errors: str
    left: list[psutil.Process]
    found: dict[str, records.Record]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    lab = models(tmp_path_factory.mktemp("lab"), **{stem: case.source for stem, case in CASES.items()})
    limits = ("--deadline", str(DEADLINE), "--memory", str(MEMORY))
    program = Program(lab / "results", *CASES, "logistic_regression", *limits, cwd=lab)
    status, out, errors = program.finish(400)
    eventually(lambda: not program.relatives(), 5)
    found = {record.estimator: record for record in records.read(lab / "results" / "digits").records}
    return Ended(lab, status, out, errors, program.relatives(), found)


def _cases() -> list[object]:
    return [
        pytest.param(stem, id=stem, marks=pytest.mark.fault(case.fault, case.title)) for stem, case in CASES.items()
    ]


@pytest.mark.parametrize("stem", _cases())
def test_it_costs_its_own_row_which_says_why(ended: Ended, stem: str) -> None:
    assert ended.status == 1, ended.out + ended.errors
    assert "Traceback" not in ended.out + ended.errors
    assert (ended.found[stem].status, ended.found["logistic_regression"].status) == (CASES[stem].status, "ok")
    assert CASES[stem].reason in ended.found[stem].reason
    page = (ended.lab / "results" / "digits" / "leaderboard.md").read_text()
    assert CASES[stem].reason.replace("|", "\\|") in page


@pytest.mark.fault(20, "… that starts children of its own")
def test_no_process_is_left(ended: Ended) -> None:
    assert not ended.left


@pytest.mark.fault(19, "… that prints a gigabyte to stdout")
def test_a_log_stays_small_and_nothing_reaches_the_terminal(ended: Ended) -> None:
    logs = list((Path(os.environ["BENCHMARK_CACHE"]) / "logs").glob("prints.log*"))
    assert logs
    assert sum(path.stat().st_size for path in logs) <= 2**23
    assert "xxxx" not in ended.out + ended.errors


def test_the_reports_stand(ended: Ended) -> None:
    assert benchmark("report", "--check", cwd=ended.lab).returncode == 0
