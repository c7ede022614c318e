"""One small results folder of real estimators, made once in a test run, of which each test that asks gets a copy."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tests.in_process import benchmark
from tests.plugin_lab import GOOD, models
from tests.running import SMOKE

SEEDS = ("--seeds", "2")
"""Of its learning curves."""
IMAGES = ("--images", "200")
"""Of its robustness."""

NET = GOOD.replace('family="classical"', 'family="cnn"')
"""A quick estimator that says it is a CNN."""

COMMANDS = {
    "run": ("run", "logistic_regression", "svm_pca", "net", *SMOKE),
    "curve": ("curve", *SEEDS, *SMOKE),
    "robustness": ("robustness", *IMAGES, *SMOKE),
}
"""What it is made by, in this order."""


@dataclass(frozen=True)
class Golden:
    """Where it is, and what the commands printed that made it.

    Attributes
    ----------
    results : Path
        Holds ``digits``. For looking at only: `smoke_results` is a copy.
    lab : Path
        A folder whose ``models`` has the estimator ``net``, too.
    printed : dict of str to str
        By command.
    """

    results: Path
    lab: Path
    printed: dict[str, str]


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Golden:
    """Make it, or wait until another process of this test run has."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "golden"
    made = Golden(place / "results", place / "lab", {})
    with FileLock(f"{place}.lock"):
        if not (place / "printed.json").exists():
            shutil.rmtree(place, ignore_errors=True)
            models(made.lab, net=NET)
            printed = {name: _output(made, arguments) for name, arguments in COMMANDS.items()}
            (place / "printed.json").write_text(json.dumps(printed), encoding="utf-8")
    made.printed.update(json.loads((place / "printed.json").read_text(encoding="utf-8")))
    return made


def _output(made: Golden, arguments: tuple[str, ...]) -> str:
    pages = () if arguments[0] == "robustness" else ("--no-report",)  # the last one's has all that there is
    before = {path: path.read_bytes() for path in made.results.rglob("seed-0.*")}
    done = benchmark(*arguments, *pages, "--results", str(made.results), cwd=made.lab)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: path.read_bytes() for path in before} == before, f"{arguments[0]} changed a record"
    return done.stdout


@pytest.fixture
def smoke_results(golden: Golden, tmp_path: Path) -> Path:
    """Return a copy of its results, to be changed."""
    return Path(shutil.copytree(golden.results, tmp_path / "smoke-results"))
