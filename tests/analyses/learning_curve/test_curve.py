"""Learning curves as the program makes them: resumed, interrupted, recomputed."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path

import pytest

from benchmark import datasets, report
from benchmark.analyses.analysis import record_kinds
from benchmark.analyses.learning_curve import ANALYSIS
from benchmark.analyses.learning_curve import measure as curve
from benchmark.analyses.learning_curve import record as curve_record
from benchmark.engine import preflight as prepare
from benchmark.engine import protocol, refits, worker_job
from benchmark.engine.jobs import Outcome, RefitJob
from benchmark.engine.protocol import PRESETS
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.storage import records
from tests import again
from tests import synthetic_results as synthetic
from tests.again import LOGISTIC, changed, killed_after
from tests.analyses.learning_curve.test_record import held
from tests.golden import SEEDS, Golden
from tests.in_process import Inline, benchmark, on_a_terminal
from tests.pages import section_of
from tests.plugin_lab import models
from tests.report.test_report import page
from tests.running import ALONE, SMOKE, WAITS, Program, eventually

# --- the program


FEW = SEEDS
POINTS = [(100, 0), (100, 1), (300, 0), (300, 1)]
"""Of a smoke record, which has 500 rows."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An estimator that waits to be told, among those of models/."""
    return models(tmp_path_factory.mktemp("lab"), waits=WAITS)


def test_curve_says_whose_record_is_missing(golden: Golden, smoke_results: Path) -> None:
    shutil.rmtree(smoke_results / "digits" / "records" / "svm_pca")
    made = benchmark(
        "curve", *FEW, "--dataset", "digits", "--no-report", "--results", str(smoke_results), cwd=golden.lab
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "svm_pca has no record" in made.stdout
    assert "python -m benchmark run svm_pca (left out)" in made.stdout


def test_a_curve_from_the_command_line_ends_in_the_leaderboard(golden: Golden) -> None:
    folder = golden.results / "digits"
    for name in ("logistic_regression", "net"):
        found = held(folder, name)
        record = records.read_record(records.record_path(folder, name, 0))
        assert [(point.rows, point.seed) for point in found.curve.points] == POINTS
        assert {point.status for point in found.curve.points} == {"ok"}
        assert {point.test_reads for point in found.curve.points} == {1}
        assert {point.threads for point in found.curve.points} == {record.threads}
        assert list(found.curve.environments) == [record.environment]
        assert found.curve.params == record.params
        assert all(point.fit_seconds > 0 for point in found.curve.points)
        right = (found.predicted == records.read(folder).test_set.y).mean(axis=1)
        assert (right > 0.6).all()
        assert right[2:].mean() > right[:2].mean()
    assert "(figures/learning-curve.png)" in (folder / "learning-curves.md").read_text()
    assert (folder / "figures" / "learning-curve.png").exists()
    assert (folder / "learning-curve.csv").read_text().count("\n") == 1 + 3 * 5
    assert (
        f"python -m benchmark curve {' '.join(('--dataset', 'digits', '--preset', 'smoke', *FEW))}\n"
        in (folder / "method.md").read_text()
    )
    checked = benchmark("report", "--check", "--results", str(golden.results))
    assert checked.returncode == 0, checked.stdout


def test_a_point_is_what_the_tuned_parameters_predict_after_that_subset(golden: Golden) -> None:
    from models import logistic_regression as plugin

    digits, folder = datasets.load("digits"), golden.results / "digits"
    found = held(folder, "logistic_regression")
    rows = protocol.final_rows(digits.train.y, PRESETS["smoke"], 1)[:300]
    task = Task(n_classes=10, image_shape=(8, 8, 1), seed=1)
    pipeline = plugin.build(task).set_params(**found.curve.params, **plugin.ESTIMATOR.smoke)
    answers = pipeline.fit(digits.train.X[rows], digits.train.y[rows]).predict(digits.test.X)
    assert (found.predicted[POINTS.index((300, 1))] == answers).mean() > 0.99


def test_the_same_command_again_keeps_every_point(golden: Golden, smoke_results: Path) -> None:
    before = {path: path.read_bytes() for path in smoke_results.rglob("curve.*")}
    assert len(before) == 3 * 2
    ran = benchmark("curve", "net", *FEW, *SMOKE, "--results", str(smoke_results), cwd=golden.lab)
    assert ran.returncode == 0, ran.stderr
    assert "its curve is up to date" in ran.stdout
    assert {path: path.read_bytes() for path in before} == before


# --- the same in this process, with a hand on every job and every write


@pytest.fixture
def standing(smoke_results: Path) -> Path:
    """Return a copy of the results, to be changed."""
    return smoke_results / "digits"


def make(folder: Path, executor: Inline, seeds: int | None = 2, force: bool = False) -> dict[str, str]:
    """Make a curve, and return what became of it."""
    return again.make(curve, folder, executor, seeds=seeds, force=force)


def test_more_seeds_are_added_to_those_on_disk(standing: Path) -> None:
    before, executor = held(standing, LOGISTIC), Inline()
    assert make(standing, executor, seeds=3) == {LOGISTIC: "done"}
    after = held(standing, LOGISTIC)
    assert executor.asked == [(100, 2), (300, 2)]
    assert after.curve.points[:4] == before.curve.points
    assert (after.predicted[:4] == before.predicted).all()
    assert make(standing, executor, seeds=2) == {LOGISTIC: "unchanged"}  # fewer are wanted: none is lost
    assert len(held(standing, LOGISTIC).curve.points) == 6


def test_force_recomputes_it_with_the_same_answers_and_counts_the_reads(standing: Path) -> None:
    before, executor = held(standing, LOGISTIC), Inline()
    assert make(standing, executor, force=True) == {LOGISTIC: "done"}
    assert executor.asked == POINTS
    after = held(standing, LOGISTIC)
    assert (after.predicted == before.predicted).all()
    assert {point.test_reads for point in after.curve.points} == {2}
    assert "up to 2 times" in section_of(ANALYSIS, standing).method[0]


def test_a_curve_of_other_parameters_is_recomputed(standing: Path) -> None:
    before, executor = held(standing, LOGISTIC), Inline()
    params = {"logistic__C": 1e-3, "scale__power": 0.25}
    changed(standing, params=params)
    assert make(standing, executor) == {LOGISTIC: "done"}
    assert executor.asked == POINTS
    after = held(standing, LOGISTIC)
    assert after.curve.params == params
    assert {point.test_reads for point in after.curve.points} == {2}
    assert (after.predicted != before.predicted).any()


def test_a_stale_record_comes_first_and_its_curve_is_left_alone(standing: Path) -> None:
    record = records.read_record(records.record_path(standing, LOGISTIC, 0))
    changed(standing, fingerprint={**record.fingerprint, "defaults": "another"})
    before = curve_record.path_of(standing, LOGISTIC).read_bytes()
    executor = Inline()
    ended = make(standing, executor, force=True)
    assert ended[LOGISTIC].startswith("its record is stale, defaults changed; first: python -m benchmark run logistic")
    assert executor.asked == []
    assert curve_record.path_of(standing, LOGISTIC).read_bytes() == before


def test_a_point_that_fails_costs_itself_and_is_tried_again(standing: Path) -> None:
    def late(job: RefitJob) -> Outcome:
        return Outcome("timeout", "past its deadline of 1 s") if job.rows == 300 else worker_job.run(job)

    shutil.rmtree(standing / "records" / "net")
    curve_record.path_of(standing, LOGISTIC).unlink()
    ended = make(standing, Inline(late))
    assert ended == {LOGISTIC: "2 of 4 points, the first at 300 rows, seed 0: past its deadline of 1 s"}
    points = held(standing, LOGISTIC).curve.points
    assert [point.status for point in points] == ["ok", "ok", "timeout", "timeout"]
    text = page(standing, "learning-curves.md")
    assert "at 300 (seed 0) and 300 (seed 1) **ran out of time**: past its deadline of 1 s" in text
    executor = Inline()
    assert make(standing, executor) == {LOGISTIC: "done"}
    assert executor.asked == POINTS[2:]
    assert held(standing, LOGISTIC).curve.points[:2] == points[:2]


def test_when_no_job_can_be_run_the_points_so_far_are_kept(standing: Path) -> None:
    def gone(job: RefitJob) -> Outcome:
        if job.rows == 300:
            raise EngineError("the scheduler is gone")
        return worker_job.run(job)

    curve_record.path_of(standing, LOGISTIC).unlink()
    with pytest.raises(EngineError, match="gone"):
        make(standing, Inline(gone))
    assert [(point.rows, point.seed) for point in held(standing, LOGISTIC).curve.points] == POINTS[:2]


@pytest.mark.parametrize("force", [False, True], ids=["from nothing", "in place of one that stands"])
def test_killed_before_any_write_nothing_is_lost_or_damaged(
    standing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    whole = held(standing, LOGISTIC)
    for number in range(2 * len(POINTS) + force):
        folder = tmp_path / str(number) / "digits"
        shutil.copytree(standing, folder)
        if not force:
            curve_record.path_of(folder, LOGISTIC).unlink()
        first, then = Inline(), Inline()
        killed_after(number, monkeypatch, partial(make, folder, first, force=force))
        report.check(folder)  # which would raise
        stood = force and number == 0  # killed before the old one was invalidated
        assert make(folder, then) == {LOGISTIC: "unchanged" if stood else "done"}
        # Each point is made once, but that in whose writing it was killed.
        assert len(first.asked) + len(then.asked) == (0 if stood else len(POINTS) + 1)
        after = held(folder, LOGISTIC)
        assert [(point.rows, point.seed) for point in after.curve.points] == POINTS
        assert (after.predicted == whole.predicted).all()


def test_a_damaged_curve_is_repaired_by_curve_and_named_by_run(standing: Path) -> None:
    path = curve_record.path_of(standing, LOGISTIC)
    path.write_text("{")
    with pytest.raises(BenchmarkError, match=r"curve\.json: cannot be read"):
        prepare.for_run(
            standing, datasets.load("digits"), ["svm_pca"], PRESETS["smoke"], force=False, kinds=record_kinds()
        )
    with pytest.raises(BenchmarkError, match=r"curve\.json: cannot be read"):
        prepare.for_derived(standing, datasets.load("digits"), ["net"], "curve", 0, kinds=record_kinds())
    assert make(standing, Inline()) == {LOGISTIC: "done"}
    assert len(held(standing, LOGISTIC).curve.points) == 4


def test_a_record_that_did_not_end_well_has_no_curve(standing: Path) -> None:
    warned: list[str] = []
    synthetic.write_failure(standing, "svm_pca", dataset="digits")
    chosen = refits.choose(standing, [], warned.append)
    assert LOGISTIC in [plugin.name for plugin in chosen]
    assert any("says that it failed: ValueError: no; first: python -m benchmark run svm_pca" in text for text in warned)
    with pytest.raises(BenchmarkError, match="says that it failed"):
        refits.choose(standing, [LOGISTIC, "svm_pca"], warned.append)


# --- cut off


@pytest.fixture(scope="module")
def waited(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a run of the estimator that waits, and the folder where it waits."""
    top = tmp_path_factory.mktemp("waited")
    (top / "place").mkdir()
    for rows in (100, 400, 500):
        (top / "place" / f"go-{rows}").touch()
    env = {"WAITS_PLACE": str(top / "place")}
    ran = benchmark(
        "run", "waits", *ALONE, "--no-report", "--results", str(top / "results"), cwd=lab, env=env, workers=True
    )
    assert ran.returncode == 0, ran.stdout
    return top


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "interrupt"])
def test_interrupted_it_continues_where_it_was(lab: Path, waited: Path, tmp_path: Path, how: str) -> None:
    shutil.copytree(waited, tmp_path, dirs_exist_ok=True)
    place = tmp_path / "place"
    env = {"WAITS_PLACE": str(place)}
    program = Program(tmp_path / "results", "waits", *FEW, cwd=lab, env=env, verb="curve")
    assert eventually(lambda: list(place.glob("at-300-*")))
    folder = tmp_path / "results" / "digits"
    before = held(folder, "waits")
    assert [(point.rows, point.seed) for point in before.curve.points] == [(100, 0), (100, 1)]
    assert len({path.name for path in place.glob("at-100-*")}) <= 3  # two while tuning, one worker for the curve
    if how == "kill":
        program.kill()
    else:
        program.interrupt()
        program.await_line("stopping when the refit that is running is done")
        (place / "go-300").touch()
        status, _, errors = program.finish()
        assert status == 130
        assert "the same command goes on from here" in errors
        assert len(held(folder, "waits").curve.points) == 3  # a fit that is running is not thrown away
        assert (folder / "learning-curves.md").exists()
    assert eventually(lambda: not program.relatives(), 10)
    (place / "go-300").touch()
    resumed = Program(tmp_path / "results", "waits", *FEW, "--no-report", cwd=lab, env=env, verb="curve")
    status, out, errors = resumed.finish()
    assert status == 0, out + errors
    after = held(folder, "waits")
    assert [(point.rows, point.seed) for point in after.curve.points] == POINTS
    assert after.curve.points[:2] == before.curve.points
    assert (after.predicted[:2] == before.predicted).all()
    assert {point.test_reads for point in after.curve.points} == {1}


def test_on_a_terminal_there_is_a_live_table(standing: Path) -> None:
    curve_record.path_of(standing, LOGISTIC).unlink()
    command = ("curve", LOGISTIC, *FEW, *SMOKE, "--results", str(standing.parent))
    status, seen = on_a_terminal(*command, env={"COLUMNS": "120", "LINES": "40"})
    assert status == 0, seen
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    for word in ("estimator", "point", "size", "elapsed", "left", "4/4", "done", "training images"):
        assert word in text
    assert "best so far" not in text
    assert "Traceback" not in text
