"""Plugins are found by being there: a file in models/, or an entry point of an installed package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from benchmark.engine import registry
from benchmark.errors import BenchmarkError
from tests import CHECKOUT
from tests.in_process import benchmark
from tests.plugin_lab import GOOD, checkout, models
from tests.running import ALONE, started


def test_files_are_found_and_shared_code_is_not() -> None:
    found = registry.plugins()
    assert found["cnn"].origin == "models/cnn.py"
    assert not any(name.startswith("_") for name in found)


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(BenchmarkError, match="did you mean lightgbm"):
        registry.get("lightgmb")


@pytest.mark.parametrize("theirs", ["models.py", "models/__init__.py", "models/net.py"])
def test_a_users_own_models_are_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: str) -> None:
    (tmp_path / theirs).parent.mkdir(exist_ok=True)
    (tmp_path / theirs).write_text("class Net: pass")
    for name in [name for name in sys.modules if name.split(".")[0] == "models"]:
        monkeypatch.delitem(sys.modules, name)
    # A finder of an editable install comes after the path, so that a folder without __init__.py is found first.
    monkeypatch.setattr(sys, "path", [str(tmp_path), *(path for path in sys.path if Path(path or ".") != CHECKOUT)])
    importlib.invalidate_caches()
    theirs_found = importlib.import_module("models")
    assert "knn" in registry.plugins()
    assert "net" not in registry.plugins()
    assert registry.get("knn").load().title == "k nearest neighbours"
    assert sys.modules["models"] is not theirs_found
    assert Path(sys.modules["models"].__file__ or "").parent == CHECKOUT / "models"


def test_a_sixth_estimator_is_one_file_and_no_other_edit(tmp_path: Path) -> None:
    lab = checkout(tmp_path / "lab", bayes=GOOD)  # the whole program, started as a user starts it
    for command in (["check", "bayes"], ["run", "bayes", *ALONE]):
        done = started(*command, cwd=lab)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "| Naive Bayes |" in (lab / "results/digits/leaderboard.md").read_text()


def _installed(site: Path, key: str, source: str) -> dict[str, str]:
    """Lay out a package as pip leaves it, and return the environment that sees it."""
    info = site / "someone_elses-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someone-elses\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[benchmark.estimators]\n{key} = someone_elses:ESTIMATOR\n")
    (site / "someone_elses.py").write_text(source)
    return {"PYTHONPATH": str(site)}


def test_another_package_brings_an_estimator_through_its_entry_point(tmp_path: Path) -> None:
    env = _installed(tmp_path / "site", "theirs", GOOD)
    lab = models(tmp_path / "lab", alone=True)
    listed = benchmark("list", "--results", str(tmp_path), cwd=lab, env=env).stdout
    (row,) = [line for line in listed.splitlines() if line.startswith("theirs")]
    assert "entry point of someone-elses 1.2" in row
    assert " ok " in row
    checked = benchmark("check", "theirs", cwd=lab, env=env)
    assert checked.returncode == 0, checked.stdout


def test_a_package_that_cannot_be_imported_is_listed_with_the_reason(tmp_path: Path) -> None:
    env = _installed(tmp_path / "site", "theirs", "raise RuntimeError('no licence')")
    lab = models(tmp_path / "lab", alone=True, bayes=GOOD)
    listed = benchmark("list", "--results", str(tmp_path), cwd=lab, env=env).stdout
    assert "RuntimeError: no licence" in listed
    assert "Naive Bayes" in listed
