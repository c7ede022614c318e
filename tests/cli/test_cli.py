"""The program as a person runs it: real processes, real signals, real data."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark import datasets
from benchmark.cli import main as cli
from benchmark.engine import preflight
from benchmark.engine.protocol import PRESETS
from benchmark.storage import records
from tests import CHECKOUT
from tests.in_process import benchmark
from tests.plugin_lab import models
from tests.running import ALONE, SMOKE, on_a_terminal


def test_a_run_leaves_leaderboard_figures_records_and_a_study(smoke_results: Path) -> None:
    folder = smoke_results / "digits"
    assert (folder / "leaderboard.md").read_text().count("| SVM on PCA") >= 2
    names = {path.stem for path in (folder / "figures").glob("*.png")}
    assert {"accuracy-fit-time", "per-class-f1", "confusion-matrices", "hardest-flow", "reliability"} <= names
    kinds = ("seed-0", "curve", "robustness")
    assert {path.name for path in folder.glob("records/svm_pca/*")} == {
        f"{kind}.{end}" for kind in kinds for end in ("json", "npz")
    }
    assert (folder / "studies" / "svm_pca.journal").stat().st_size > 0


def test_a_study_opens_with_optuna_alone(smoke_results: Path) -> None:
    import optuna

    backend = optuna.storages.journal.JournalFileBackend(str(smoke_results / "digits" / "studies" / "svm_pca.journal"))
    (study,) = optuna.get_all_study_summaries(optuna.storages.JournalStorage(backend))
    assert study.n_trials == 2


def test_the_record_says_what_it_depends_on(smoke_results: Path) -> None:
    record = records.read_record(records.record_path(smoke_results / "digits", "svm_pca", 0))
    assert record.status == "ok"
    assert record.test_reads == 1
    assert record.trials[0].number == 0
    assert record.fit_rows == 500
    assert {"dataset", "protocol", "space", "defaults"} <= set(record.fingerprint)
    assert record.environment["scikit-learn"]


def test_the_same_command_again_keeps_every_record_byte_for_byte(smoke_results: Path) -> None:
    paths = sorted(smoke_results.rglob("seed-0.*"))
    before = [path.read_bytes() for path in paths]
    ran = benchmark("run", "svm_pca", *SMOKE, "--results", str(smoke_results))
    assert ran.returncode == 0
    assert "its records are up to date" in ran.stdout
    assert [path.read_bytes() for path in paths] == before


def test_force_makes_them_anew_with_the_same_predictions(smoke_results: Path) -> None:
    path = records.record_path(smoke_results / "digits", "svm_pca", 0)
    before = path.read_bytes(), path.with_suffix(".npz").read_bytes()
    assert benchmark("run", "svm_pca", *SMOKE, "--results", str(smoke_results), "--force").returncode == 0
    assert path.read_bytes() != before[0]  # its times
    assert records.read_record(path).test_reads == json.loads(before[0])["test_reads"] + 1
    assert path.with_suffix(".npz").read_bytes() == before[1]


def test_force_forgets_results_but_not_the_reads_of_the_test_set(smoke_results: Path, tmp_path: Path) -> None:
    shutil.copytree(smoke_results, tmp_path / "results")
    folder = tmp_path / "results" / "digits"
    path = records.record_path(folder, "svm_pca", 0)
    reads = records.read_record(path).test_reads
    preflight.for_run(folder, datasets.load("digits"), ["svm_pca"], PRESETS["smoke"], force=True)  # and killed at once
    assert records.read_record(path).status == "failed"
    assert (
        preflight.for_run(folder, datasets.load("digits"), ["svm_pca"], PRESETS["smoke"], force=False)["svm_pca", 0]
        == reads
    )
    assert not list(folder.glob("studies/svm_pca*"))


def test_what_the_loader_said_and_the_copies_are_stored_when_a_run_starts(tmp_path: Path) -> None:
    """Without an audit, and in a folder of an earlier version, too; the pages' pictures stay."""
    digits = datasets.load("digits")
    test = replace(digits.test, X=np.concatenate([digits.train.X[:3], digits.test.X[3:]]))
    dataset = replace(digits, test=test, read_as="9 pictures", remarks=("1 is left out",))

    def start(dataset: datasets.Dataset) -> records.TestSet:
        preflight.for_run(tmp_path, dataset, ["svm_pca"], PRESETS["smoke"], force=False)
        found = records.read_test_set(tmp_path)
        assert found is not None
        return found

    first = start(dataset)
    assert first.copies.tolist()[:3] == [0, 1, 2]
    assert (first.read_as, first.remarks) == ("9 pictures", ("1 is left out",))
    earlier = replace(
        first, copies=first.copies[:0], read_as="", remarks=(), example_index=np.array([1]), example_images=test.X[1:2]
    )
    records.write_test_set(tmp_path, earlier)
    again = start(dataset)
    assert (again.copies.tolist(), again.remarks) == (first.copies.tolist(), first.remarks)
    assert again.example_index.tolist() == [1]


def test_a_plugin_that_breaks_later_does_not_cost_its_record(smoke_results: Path, tmp_path: Path) -> None:
    shutil.copytree(smoke_results, tmp_path / "results")
    path = records.record_path(tmp_path / "results" / "digits", "svm_pca", 0)
    before = path.read_bytes()
    lab = models(tmp_path / "lab", alone=True, svm_pca="import no_such_library")
    ran = benchmark("run", "svm_pca", *SMOKE, "--results", str(tmp_path / "results"), cwd=lab)
    assert ran.returncode == 1
    assert "no_such_library" in ran.stdout
    assert "its earlier record is kept" in ran.stdout
    assert path.read_bytes() == before
    assert path.with_suffix(".npz").exists()


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    places = tmp_path / "one", tmp_path / "two"
    for place, jobs in zip(places, "12", strict=True):
        asked = ("run", "svm_pca", *SMOKE, "--jobs", jobs, "--results", str(place), "--no-report")
        ran = benchmark(*asked, workers=True)
        assert ran.returncode == 0, ran.stderr
        assert f"wait for: python -m benchmark report --results {place}" in ran.stdout
        assert not (place / "digits" / "leaderboard.md").exists()
    one, two = (records.read_record(records.record_path(place / "digits", "svm_pca", 0)) for place in places)
    assert (one.tuning_parallel, two.tuning_parallel) == (1, 2)
    assert one.params == two.params
    assert one.validation_accuracy == two.validation_accuracy
    first, second = (records.read(place / "digits") for place in places)
    np.testing.assert_array_equal(first.proba["svm_pca", 0], second.proba["svm_pca", 0])
    # One worker has the threads of two, whose sums come in another order: a vote on the edge may fall otherwise.
    said = [results.validation["svm_pca", 0].proba for results in (first, second)]
    assert np.isclose(*said, atol=1e-3).all(axis=1).mean() >= 0.99


def test_report_check_passes_on_what_run_wrote_and_fails_on_an_edit(smoke_results: Path, tmp_path: Path) -> None:
    copy = tmp_path / "results"
    shutil.copytree(smoke_results, copy)
    assert benchmark("report", "--check", "--results", str(copy)).returncode == 0
    page = copy / "digits" / "leaderboard.md"
    good = page.read_bytes()
    page.write_bytes(good.replace(b"SVM", b"MVS", 1))
    found = benchmark("report", "--check", "--results", str(copy))
    assert found.returncode == 1
    assert "leaderboard.md" in found.stdout
    assert benchmark("report", "--results", str(copy)).returncode == 0
    assert page.read_bytes() == good


def source_of(name: str) -> str:
    return (CHECKOUT / "models" / f"{name}.py").read_text(encoding="utf-8")


def test_list_says_what_stands_recorded_and_what_is_stale(smoke_results: Path, tmp_path: Path) -> None:
    lab = models(tmp_path / "today", alone=True, **{name: source_of(name) for name in ("svm_pca", "knn")})
    listed = benchmark("list", "--results", str(smoke_results), cwd=lab).stdout
    assert re.search(r"svm_pca .*models/svm_pca\.py .*ok .*digits seed 0 \(smoke\) *$", listed, re.M)
    assert re.search(r"knn .* nothing *$", listed, re.M)
    changed = source_of("svm_pca").replace("C=10.0", "C=11.0")
    lab = models(tmp_path / "lab", alone=True, svm_pca=changed)
    stale = benchmark("list", "--results", str(smoke_results), cwd=lab).stdout
    assert "stale, defaults changed" in stale
    fixed = source_of("svm_pca").replace("covariance_eigh", "full")
    lab = models(tmp_path / "other", alone=True, svm_pca=fixed)
    stale = benchmark("list", "--results", str(smoke_results), cwd=lab).stdout
    assert "stale, settings changed" in stale


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_a_smaller_preset_never_overwrites_a_larger_ones_results(
    smoke_results: Path, tmp_path: Path, force: list[str]
) -> None:
    shutil.copytree(smoke_results, tmp_path / "results")
    path = records.record_path(tmp_path / "results" / "digits", "svm_pca", 0)
    data = json.loads(path.read_text())
    data["preset"]["name"] = "standard"
    path.write_text(json.dumps(data))
    before = path.read_bytes()
    ran = benchmark("run", "svm_pca", *ALONE, "--results", str(tmp_path / "results"), *force)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "results" / "digits-smoke" / "leaderboard.md").exists()
    assert path.read_bytes() == before


def test_on_a_terminal_there_is_a_live_table(tmp_path: Path) -> None:
    command = ("run", "logistic_regression", *ALONE, "--no-report", "--results", str(tmp_path))
    status, seen = on_a_terminal(*command, env={"COLUMNS": "120", "LINES": "40"})
    assert status == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    for word in ("estimator", "trial", "rung", "best so far", "elapsed", "left", "2/2", "logistic_regression"):
        assert word in text
    assert "Traceback" not in text


MISTAKES = {
    "nothing named": (["run"], "name the estimators to run, or give --all"),
    "named and --all": (["run", "cnn", "--all"], "not both"),
    "a curve of nothing": (["curve", *SMOKE, "--results", "/nonexistent"], "first: python -m benchmark run --all"),
    "a curve of no record": (["curve", "cnn", "--results", "/nonexistent"], "first: python -m benchmark run cnn"),
    "a curve of what is not": (["curve", "cnnn", *SMOKE], "did you mean cnn"),
    "how nothing breaks": (["robustness", *SMOKE, "--results", "/nonexistent"], "first: python -m benchmark run --all"),
    "how what is not breaks": (["robustness", "cnnn", *SMOKE], "did you mean cnn"),
    "no images": (["robustness", "--images", "0"], "is not a whole number of at least 1"),
    "unknown estimator": (["run", "xgbost", *SMOKE], "did you mean xgboost"),
    "unknown data set": (["run", "cnn", "--dataset", "fashon-mnist"], "did you mean fashion-mnist"),
    "unknown to check": (["check", "cnnn"], "did you mean cnn"),
    "no trials": (["run", "cnn", "--trials", "0"], "not a whole number of at least 1"),
    "no such device": (["run", "cnn", *SMOKE, "--device", "cuda"], "torch finds no CUDA device"),
    "escapes in a path": (["data", "--dataset", "/nonexistent/\x1b[31mred.npz"], "red.npz"),
    "no results": (["report", "--results", "/nonexistent"], "no results here"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_gets_one_clear_line(arguments: list[str], message: str) -> None:
    found = benchmark(*arguments)
    assert found.returncode == 2
    assert message in found.stderr
    assert "Traceback" not in found.stderr
    assert "\x1b" not in found.stderr


def test_a_results_folder_that_cannot_be_written_is_refused_before_training(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    found = benchmark("run", "svm_pca", *SMOKE, "--results", str(blocked))
    assert found.returncode == 2
    assert "cannot be written" in found.stderr
    assert "rows:" not in found.stdout


@pytest.mark.parametrize("verb", ["", "run", "curve", "robustness", "explore", "list", "check", "report", "data"])
def test_help_says_what_every_flag_does(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*verb.split(), "--help"])
    assert stopped.value.code == 0
    flags = re.findall(r"^  (--?\S+).*$", capsys.readouterr().out, re.M)
    assert flags


def test_data_prints_shape_counts_and_checksum() -> None:
    printed = benchmark("data", "--dataset", "digits").stdout
    assert "8 by 8 pixels, grey" in printed
    assert re.search(r"SHA-256 +[0-9a-f]{64}", printed)
    assert re.search(r"^9 +\d+ +\d+", printed, re.M)


def test_nothing_numerical_is_loaded_with_the_command_line() -> None:
    # A worker process imports the main script again before its thread counts are set.
    code = "import sys, benchmark.cli.main; sys.exit(bool({'numpy', 'optuna', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT).returncode == 0


def test_the_parent_never_loads_two_openmp_runtimes() -> None:
    code = (
        "import sys, benchmark.cli.main, benchmark.engine.runner, benchmark.engine.tuning, benchmark.report;"
        "print([name for name in ('torch', 'xgboost', 'lightgbm') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
