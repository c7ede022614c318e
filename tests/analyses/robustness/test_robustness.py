"""Corrupted test images as the program shows them to tuned estimators: resumed, interrupted, recomputed."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path

import pytest

from benchmark import datasets, report
from benchmark.analyses.analysis import record_kinds
from benchmark.analyses.robustness import ANALYSIS
from benchmark.analyses.robustness import measure as robustness
from benchmark.analyses.robustness import record as record_of
from benchmark.datasets import corruptions, memmap
from benchmark.datasets.corruptions import CORRUPTIONS
from benchmark.engine import preflight as prepare
from benchmark.engine import protocol, worker_job
from benchmark.engine.jobs import CorruptionJob, Outcome, RefitJob
from benchmark.engine.protocol import PRESETS
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.storage import records
from tests import again, kept_models
from tests.again import LOGISTIC, changed, killed_after
from tests.analyses.robustness.test_record import held
from tests.golden import IMAGES, NET, Golden
from tests.in_process import Inline, benchmark, on_a_terminal
from tests.pages import scores_of, section_of
from tests.plugin_lab import models
from tests.report.test_report import page
from tests.running import ALONE, SMOKE, WAITS, Program, eventually

FEW = IMAGES


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quick estimator that says it is a CNN, and one that waits to be told, among those of models/."""
    return models(tmp_path_factory.mktemp("lab"), net=NET, waits=WAITS)


def test_it_says_whose_record_is_missing(golden: Golden, smoke_results: Path) -> None:
    shutil.rmtree(smoke_results / "digits" / "records" / "svm_pca")
    asked = ("robustness", *FEW, "--dataset", "digits", "--no-report", "--results", str(smoke_results))
    made = benchmark(*asked, cwd=golden.lab)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "python -m benchmark run svm_pca (left out)" in made.stdout


def test_from_the_command_line_to_the_leaderboard(golden: Golden) -> None:
    assert "0 of 200 predictions of uncorrupted images differ from its record's" in golden.printed["robustness"]
    folder = golden.results / "digits"
    for name in (LOGISTIC, "net"):
        found = held(folder, name).robustness
        record = records.read_record(records.record_path(folder, name, 0))
        assert (found.status, found.images, found.test_reads) == ("ok", 200, 1)
        assert found.environment == record.environment
        assert found.threads == record.threads
    assert (folder / "robustness.md").exists()
    command = f"python -m benchmark robustness --dataset digits --preset smoke {' '.join(FEW)}\n"
    assert command in (folder / "method.md").read_text()
    assert (folder / "figures" / "robustness.png").exists()
    assert (folder / "figures" / "corruptions.png").exists()
    assert (folder / "robustness.csv").read_text().count("\n") == 1 + 3 * (1 + len(CORRUPTIONS))
    checked = benchmark("report", "--check", "--results", str(golden.results))
    assert checked.returncode == 0, checked.stdout


def test_its_predictions_are_those_of_the_tuned_parameters_for_the_images_that_it_names(golden: Golden) -> None:
    from models import logistic_regression as plugin

    digits, found = datasets.load("digits"), held(golden.results / "digits", LOGISTIC)
    rows = protocol.final_rows(digits.train.y, PRESETS["smoke"])
    pipeline = plugin.build(Task(n_classes=10, image_shape=(8, 8, 1)))
    pipeline.set_params(**found.robustness.params, **plugin.ESTIMATOR.smoke)
    pipeline.fit(digits.train.X[rows], digits.train.y[rows])
    images = digits.test.X[list(protocol.corrupted_images(digits.test.y, 200))]
    assert found.predicted is not None
    assert found.picture is not None
    assert (found.picture == images[0]).all()
    assert (found.predicted[0] == pipeline.predict(images)).mean() > 0.99
    for name, answers in zip(found.robustness.corruptions, found.predicted[1:], strict=True):
        corrupted = corruptions.get(name).apply(images, (8, 8, 1))
        assert (answers == pipeline.predict(corrupted)).mean() > 0.99, name
    assert len({answers.tobytes() for answers in found.predicted}) > 15  # not the same thing again and again


# --- the same in this process, with a hand on every job and every write


@pytest.fixture
def standing(smoke_results: Path) -> Path:
    """Return a copy of the results, to be changed."""
    return smoke_results / "digits"


def make(folder: Path, executor: Inline, images: int | None = 200, force: bool = False) -> dict[str, str]:
    """Show corrupted images, and return what became of it."""
    return again.make(robustness, folder, executor, images=images, force=force)


def test_results_on_disk_are_kept_to_the_byte(standing: Path) -> None:
    before = {path: path.read_bytes() for path in standing.rglob("robustness.*")}
    executor = Inline()
    assert make(standing, executor) == {LOGISTIC: "unchanged"}
    assert executor.asked == []
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("why", ["force", "other images", "another winner", "other corruptions", "damage"])
def test_it_is_recomputed_and_the_reads_are_counted(standing: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    before, executor, asked = held(standing, LOGISTIC), Inline(), {}
    if why == "force":
        asked["force"] = True
    elif why == "other images":
        asked["images"] = 100
    elif why == "another winner":
        changed(standing, params={"logistic__C": 1e-3, "scale__power": 0.25})
    elif why == "other corruptions":
        monkeypatch.setattr(corruptions, "VERSION", 2)
    else:
        record_of.path_of(standing, LOGISTIC).with_suffix(".npz").write_bytes(b"no zip")
    assert make(standing, executor, **asked) == {LOGISTIC: "done"}
    assert executor.asked == [(500, 0)]  # one fit
    after = held(standing, LOGISTIC)
    assert after.robustness.test_reads == 2
    assert after.predicted is not None
    assert after.predicted.shape[1] == asked.get("images", 200)
    if why in ("force", "damage", "other corruptions"):
        assert (after.predicted == before.predicted).all()
    assert make(standing, executor, images=asked.get("images", 200)) == {LOGISTIC: "unchanged"}


def test_a_stale_record_comes_first_and_its_results_are_left_alone(standing: Path) -> None:
    record = records.read_record(records.record_path(standing, LOGISTIC, 0))
    changed(standing, fingerprint={**record.fingerprint, "defaults": "another"})
    before = record_of.path_of(standing, LOGISTIC).read_bytes()
    executor = Inline()
    ended = make(standing, executor, force=True)
    assert ended[LOGISTIC].startswith("its record is stale, defaults changed; first: python -m benchmark run logistic")
    assert executor.asked == []
    assert record_of.path_of(standing, LOGISTIC).read_bytes() == before


def test_a_failure_is_reported_and_tried_again(standing: Path) -> None:
    late = Inline(lambda job: Outcome("timeout", "past its deadline of 1 s"))
    assert make(standing, late, force=True) == {LOGISTIC: "past its deadline of 1 s"}
    reason = "it ran out of time: past its deadline of 1 s"
    assert scores_of(ANALYSIS, standing).unusable == (("Logistic regression", reason),)
    assert make(standing, Inline()) == {LOGISTIC: "done"}
    assert held(standing, LOGISTIC).robustness.test_reads == 3


def test_when_no_job_can_be_run_what_was_there_is_no_damage(standing: Path) -> None:
    def gone(job: CorruptionJob) -> Outcome:
        raise EngineError("the scheduler is gone")

    with pytest.raises(EngineError, match="gone"):
        make(standing, Inline(gone), force=True)
    assert "invalidated; not recomputed yet" in page(standing, "robustness.md")
    assert make(standing, Inline()) == {LOGISTIC: "done"}


@pytest.mark.parametrize("force", [False, True], ids=["from nothing", "in place of one that stands"])
def test_killed_before_any_write_nothing_is_lost_or_damaged(
    standing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    whole = held(standing, LOGISTIC)
    for number in range(2 + force):
        folder = tmp_path / str(number) / "digits"
        shutil.copytree(standing, folder)
        if not force:
            record_of.path_of(folder, LOGISTIC).unlink()
        killed_after(number, monkeypatch, partial(make, folder, Inline(), force=force))
        report.check(folder)  # which would raise
        stood = force and number == 0  # killed before the old one was invalidated
        assert make(folder, Inline()) == {LOGISTIC: "unchanged" if stood else "done"}
        assert (held(folder, LOGISTIC).predicted == whole.predicted).all()


def test_damage_is_named_by_the_other_commands(standing: Path) -> None:
    record_of.path_of(standing, LOGISTIC).write_text("{")
    digits = datasets.load("digits")
    with pytest.raises(BenchmarkError, match=r"robustness\.json: cannot be read"):
        prepare.for_run(standing, digits, ["svm_pca"], PRESETS["smoke"], force=False, kinds=record_kinds())
    with pytest.raises(BenchmarkError, match=r"robustness\.json: cannot be read"):
        prepare.for_derived(standing, digits, [LOGISTIC], "curve", 0, kinds=record_kinds())


def test_a_worker_corrupts_the_images_that_a_job_names(golden: Golden) -> None:
    digits = datasets.load("digits")
    memmap.materialise(digits)
    job = RefitJob(LOGISTIC, {}, Task(10, (8, 8, 1)), PRESETS["smoke"], digits.sha256, 500)
    outcome = worker_job.run(CorruptionJob(**vars(job), corruptions=("invert", "shift-2"), images=(3, 5, 8)))
    assert outcome.status == "ok", outcome.reason
    assert outcome.proba is None
    assert outcome.predicted is not None
    assert outcome.predicted.shape == (3, 3)
    whole = worker_job.run(job)
    assert whole.predicted is None
    assert whole.proba is not None
    assert (outcome.predicted[0] == whole.proba[[3, 5, 8]].argmax(axis=1)).all()


# --- cut off


@pytest.fixture(scope="module")
def waited(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a run of an estimator and then one that waits, and the folder where it will wait again."""
    top = tmp_path_factory.mktemp("waited")
    place = top / "place"
    place.mkdir()
    for rows in (100, 400, 500):
        (place / f"go-{rows}").touch()
    env = {"WAITS_PLACE": str(place)}
    ran = benchmark(
        "run", "net", "waits", *ALONE, "--no-report", "--results", str(top / "results"), cwd=lab, env=env, workers=True
    )
    assert ran.returncode == 0, ran.stdout
    for path in [*place.glob("at-*"), place / "go-500"]:
        path.unlink()
    return top


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "interrupt"])
def test_interrupted_it_continues_with_the_estimator_that_it_was_at(
    lab: Path, waited: Path, tmp_path: Path, how: str
) -> None:
    shutil.copytree(waited, tmp_path, dirs_exist_ok=True)
    place, results = tmp_path / "place", tmp_path / "results"
    env = {"WAITS_PLACE": str(place)}
    program = Program(results, "net", "waits", cwd=lab, env=env, verb="robustness")
    assert eventually(lambda: list(place.glob("at-500-*")), 60)
    folder = results / "digits"
    before = record_of.path_of(folder, "net").read_bytes()
    assert not record_of.path_of(folder, "waits").exists()
    if how == "kill":
        program.kill()
    else:
        program.interrupt()
        program.await_line("stopping when the refit that is running is done")
        (place / "go-500").touch()
        status, _, errors = program.finish()
        assert status == 130
        assert "the same command goes on from here" in errors
        assert held(folder, "waits").robustness.status == "ok"  # a fit that is running is not thrown away
        assert (folder / "robustness.md").exists()
    assert eventually(lambda: not program.relatives(), 10)
    (place / "go-500").touch()
    resumed = Program(results, "net", "waits", "--no-report", cwd=lab, env=env, verb="robustness")
    status, out, errors = resumed.finish()
    assert status == 0, out + errors
    assert record_of.path_of(folder, "net").read_bytes() == before
    assert held(folder, "waits").robustness.test_reads == 1


def test_on_a_terminal_there_is_a_live_table(standing: Path) -> None:
    command = ("robustness", LOGISTIC, "--force", *FEW, *SMOKE, "--results", str(standing.parent))
    status, seen = on_a_terminal(*command, env={"COLUMNS": "120", "LINES": "40"})
    assert status == 0, seen
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    for word in ("estimator", "refit", "size", "elapsed", "left", "1/1", "done", "robustness: a refit"):
        assert word in text
    assert "best so far" not in text
    assert "Traceback" not in text


# --- kept models


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return the results of a run that kept its winner."""
    folder = tmp_path / "results" / "digits"
    kept_models.run(folder)
    return folder


def test_a_saved_model_is_used_and_nothing_is_fitted(kept: Path) -> None:
    jobs: list[CorruptionJob] = []

    def noting(job: CorruptionJob) -> Outcome:
        jobs.append(job)
        return worker_job.run(job)

    assert make(kept, Inline(noting)) == {LOGISTIC: "done"}
    (job,) = jobs
    assert Path(job.saved_model) == (kept / "models" / LOGISTIC).resolve()
    found, results = held(kept, LOGISTIC), records.read(kept)
    assert (found.robustness.winner, found.robustness.fit_seconds, found.robustness.test_reads) == ("stored", 0, 1)
    assert found.predicted is not None
    images = list(protocol.corrupted_images(results.test_set.y, 200))
    assert (found.predicted[0] == results.proba[LOGISTIC, 0].argmax(axis=1)[images]).all()
    assert [row.is_saved_model for row in scores_of(ANALYSIS, kept).rows] == [True]
    assert "saved model is used (*Logistic regression*)" in section_of(ANALYSIS, kept).method[0]
    shutil.rmtree(kept / "models")
    assert make(kept, Inline()) == {LOGISTIC: "unchanged"}
    assert make(kept, Inline(), force=True) == {LOGISTIC: "done"}
    fitted = held(kept, LOGISTIC)
    assert (fitted.robustness.winner, fitted.robustness.test_reads) == ("refitted", 2)
    assert fitted.predicted is not None
    assert (fitted.predicted == found.predicted).mean() > 0.99
    assert [row.is_saved_model for row in scores_of(ANALYSIS, kept).rows] == [False]
    assert "saved model" not in section_of(ANALYSIS, kept).method[0]


@pytest.mark.parametrize("why", ["damaged", "another record's", "on another machine's disk"])
def test_where_a_saved_model_cannot_be_used_the_parameters_are_refitted(kept: Path, why: str) -> None:
    asked, tried = {}, 1
    if why == "damaged":
        (file,) = (kept / "models" / LOGISTIC).glob("step-1*")
        blob = bytearray(file.read_bytes())
        blob[len(blob) // 2] ^= 1  # of the same size, so that only its checksum tells
        file.write_bytes(blob)
        tried = 2
    elif why == "another record's":
        changed(kept, params={"logistic__C": 1e-3, "scale__power": 0.25})
    else:
        asked["stored"] = False
    executor = Inline()
    assert again.make(robustness, kept, executor, images=200, **asked) == {LOGISTIC: "done"}
    assert executor.asked == [(500, 0)] * tried
    found = held(kept, LOGISTIC).robustness
    assert (found.status, found.winner, found.test_reads) == ("ok", "refitted", tried)
    assert found.fit_seconds > 0
