"""A run in folds: what its jobs may see, what it leaves, and how it goes on after an interruption."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmark import datasets
from benchmark.app import models as app_models
from benchmark.cli import listing
from benchmark.cli.main import main
from benchmark.datasets import memmap
from benchmark.engine import protocol, worker_job
from benchmark.engine.jobs import Outcome, RefitJob, SaveJob, TuningJob
from benchmark.engine.protocol import PRESETS
from benchmark.engine.saved_models import find_models
from benchmark.engine.saved_models.card import read_card
from benchmark.storage import records
from tests.drawn import draw, picture
from tests.in_process import Inline, Job, benchmark

NAMES = ("logistic_regression", "knn")

FOLDS, REPEATS = 3, 2


class Watched(Inline):
    """Notes, in order, what is submitted and which workers are stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[tuple[str, str]] = []

    def submit(self, job: Job) -> Future[Outcome]:
        self.order.append((job.estimator, job.part))
        return super().submit(job)

    def retire(self, estimator: str) -> None:
        self.order.append((estimator, "retired"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("pictures") / "mine", size=(12, 12), circle=14, square=13)


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BENCHMARK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def command(folder: Path, results: Path, *names: str) -> list[str]:
    flags = ["--dataset", str(folder), "--folds", str(FOLDS), "--preset", "smoke", "--results", str(results)]
    return ["run", *(names or NAMES), *flags, "--no-report"]


@pytest.fixture(scope="module")
def ran(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Watched]:
    results, executor = tmp_path_factory.mktemp("results"), Watched()
    assert main(command(folder, results), executor=lambda _: executor) == 0
    return results / "mine", executor


def test_every_fold_of_every_repeat_is_tuned_and_refitted_by_itself(ran: tuple[Path, Watched]) -> None:
    results, executor = ran
    for name in NAMES:
        its = [records.read_record(records.record_path(results, name, seed)) for seed in range(FOLDS * REPEATS)]
        assert [(each.fold.repeat, each.fold.number) for each in its if each.fold] == [
            (repeat, number) for repeat in range(REPEATS) for number in range(FOLDS)
        ]
        assert {(len(each.trials), each.test_reads, each.fit_rows, each.status) for each in its} == {(2, 1, 18, "ok")}
        assert len({each.fingerprint["fold"] for each in its}) == FOLDS * REPEATS
        refits = [job for job in executor.jobs if isinstance(job, RefitJob) and job.estimator == name]
        assert [job.task.seed for job in refits] == [each.seed for each in its]
        assert [job.params for job in refits] == [each.params for each in its]
    found = records.read(results)
    assert [(each.estimator, each.seed) for each in found.records] == [(n, s) for n in sorted(NAMES) for s in (0, 1)]
    assert {proba.shape for proba in found.proba.values()} == {(27, 2)}


def test_no_test_image_of_a_fold_is_among_its_fit_or_validation_rows(folder: Path, ran: tuple[Path, Watched]) -> None:
    _, executor = ran
    dataset = datasets.load(str(folder), folds=FOLDS)
    # Images are told apart by their pixels: all are different.
    every = {image.tobytes(): row for row, image in enumerate(dataset.train.X)}
    assert len(every) == 27
    tested: dict[tuple[str, str], set[int]] = {}
    for job in executor.jobs:
        part = memmap.training(job.dataset, job.part)
        split = protocol.split(part.y, job.preset)
        seen = [part.images(rows) for rows in (np.arange(len(part.y)), split.fit, split.validation)]
        images = memmap.images_to_predict(job.dataset, job.part)
        rows = {every[image.tobytes()] for image in images}
        for trained in seen:
            assert rows.isdisjoint(every[image.tobytes()] for image in trained)
        assert len(rows) + len(part.y) == 27
        labels = [dataset.train.y[every[image.tobytes()]] for image in seen[0]]
        assert labels == part.y.tolist()
        tested.setdefault((job.estimator, job.part), rows)
    assert len({key[1] for key in tested}) == FOLDS * REPEATS
    for name in NAMES:
        for repeat in range(REPEATS):
            parts = [tested[name, f"{FOLDS}-{repeat}-{number}"] for number in range(FOLDS)]
            assert sorted(row for part in parts for row in part) == list(range(27))
    assert all(tested[NAMES[0], part] == rows for (_, part), rows in tested.items())


def test_the_files_of_a_fold_hold_no_label_of_a_test_image(folder: Path, ran: tuple[Path, Watched]) -> None:
    dataset = datasets.load(str(folder), folds=FOLDS)
    files = memmap.array_files(dataset.sha256)
    assert sorted(path.name for path in files.train_X.parent.iterdir()) == ["parts", "train_X.npy"]
    for part in sorted((files.train_X.parent / "parts").iterdir()):
        train, test = (np.load(part / f"{name}_rows.npy") for name in ("train", "test"))
        assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(27))
        assert np.array_equal(np.load(part / "train_y.npy"), dataset.train.y[train])
        assert sorted(path.stem for path in part.iterdir()) == ["test_rows", "train_groups", "train_rows", "train_y"]


def test_a_worker_that_was_fitted_on_one_fold_is_stopped_before_the_next(ran: tuple[Path, Watched]) -> None:
    for name in NAMES:
        its = [part for estimator, part in ran[1].order if estimator == name]
        changes = [(a, b) for a, b in pairwise(its) if a != b]
        assert not [(a, b) for a, b in changes if "retired" not in (a, b)]
        assert len([a for a, b in changes if b == "retired"]) >= 2 * FOLDS * REPEATS - 1


def test_a_plugin_that_remembers_labels_gains_nothing(folder: Path, ran: tuple[Path, Watched]) -> None:
    """What a worker of a fold could remember are the labels of its training part, and no test image is among these."""
    dataset = datasets.load(str(folder), folds=FOLDS)
    for fold in protocol.folds(dataset.train.y, FOLDS, REPEATS, None):
        part = memmap.training(dataset.sha256, fold.part)
        remembered = {image.tobytes(): label for image, label in zip(part.images(np.arange(18)), part.y, strict=True)}
        images = memmap.images_to_predict(dataset.sha256, fold.part)
        assert not any(image.tobytes() in remembered for image in images)


def test_what_is_missing_after_an_interruption_is_done_and_nothing_else(
    folder: Path, ran: tuple[Path, Watched]
) -> None:
    results, _ = ran
    before = records.read(results)
    kept = {path: path.read_bytes() for path in results.glob("records/*/seed-*")}
    lost = records.record_path(results, "knn", 4)
    lost.unlink()
    (record,) = (each for each in records.read(results).records if (each.estimator, each.seed) == ("knn", 1))
    assert record.reason == "only 2 of 3 folds are there yet; the same run continues it"
    again = Watched()
    assert main(command(folder, results.parent), executor=lambda _: again) == 0
    # Its study is still there: one job asks the best trial again for its validation scores, then comes the refit.
    assert [(type(job), job.estimator, job.part) for job in again.jobs] == [
        (TuningJob, "knn", "3-1-1"),
        (RefitJob, "knn", "3-1-1"),
    ]
    assert all(path.read_bytes() == blob for path, blob in kept.items() if path.with_suffix(".json") != lost)
    assert np.array_equal(records.read(results).proba["knn", 1], before.proba["knn", 1])


def test_a_fold_that_fails_is_the_row_and_the_others_are_kept(folder: Path, tmp_path: Path) -> None:
    def answer(job: Job) -> Outcome:
        bad = job.part == "3-0-1" and isinstance(job, RefitJob)
        return Outcome("failed", "ValueError: no") if bad else worker_job.run(job)

    ran = main(command(folder, tmp_path, "knn"), executor=lambda _: Inline(answer))
    assert ran == 1
    (record,) = records.read(tmp_path / "mine").records
    assert (record.status, record.reason) == ("failed", "fold 2 of 3: ValueError: no")
    again = Inline()
    assert main(command(folder, tmp_path, "knn"), executor=lambda _: again) == 0
    assert "3-0-0" not in {job.part for job in again.jobs}
    assert {record.status for record in records.read(tmp_path / "mine").records} == {"ok"}


def test_more_seeds_are_more_repeats_and_force_keeps_the_counts(folder: Path, tmp_path: Path) -> None:
    assert main([*command(folder, tmp_path, "knn"), "--seeds", "1"], executor=lambda _: Inline()) == 0
    more = Inline()
    assert main([*command(folder, tmp_path, "knn"), "--seeds", "2"], executor=lambda _: more) == 0
    assert {job.part[:3] for job in more.jobs} == {"3-1"}
    forced = Inline()
    assert main([*command(folder, tmp_path, "knn"), "--force"], executor=lambda _: forced) == 0
    assert len({job.part for job in forced.jobs}) == FOLDS * REPEATS
    assert {record.test_reads for record in records.read(tmp_path / "mine").records} == {2}


def test_the_model_that_is_kept_is_fitted_on_all_images_with_the_first_folds_parameters(
    folder: Path, ran: tuple[Path, Watched]
) -> None:
    results, _ = ran
    keeping = Watched()
    assert main([*command(folder, results.parent, "knn"), "--keep"], executor=lambda _: keeping) == 0
    (job,) = keeping.jobs
    first = records.read_record(records.record_path(results, "knn", 0))
    assert isinstance(job, SaveJob)
    assert (job.part, job.rows, job.params) == ("all", 27, first.params)
    (model,) = find_models(results)
    found = records.read(results)
    accuracy = float((found.proba["knn", 0].argmax(axis=1) == found.test_set.y).mean())
    assert (model.refit, model.stale, model.test_accuracy) == ("whole", "", accuracy)
    told = (
        f"test accuracy {accuracy:.4f} (of the cross-validation; this model is fitted on all images, those of the data"
    )
    assert app_models._note(model).startswith(told)
    again = Watched()
    assert main([*command(folder, results.parent, "knn"), "--keep"], executor=lambda _: again) == 0
    assert again.jobs == []


def test_without_the_flag_seeds_are_at_least_two_repeats() -> None:
    assert [PRESETS[name].cross_validated.seeds for name in PRESETS] == [2, 2, 2, 5]


@pytest.mark.parametrize("verb", ["curve", "robustness", "budget", "audit"])
def test_what_needs_a_test_part_is_refused_in_one_line(verb: str, folder: Path, ran: tuple[Path, Watched]) -> None:
    found = benchmark(verb, "--dataset", str(folder), "--folds", str(FOLDS), "--results", str(ran[0].parent))
    assert found.returncode == 2
    assert found.stderr == (
        f"error: {verb}: mine is cross-validated, and {verb} needs a test part; give --folds 0 and another folder for "
        "--results, to `run` too\n"
    )


def test_groups_are_in_one_fold_and_validate_or_fit_as_a_whole(tmp_path: Path) -> None:
    """Ten hands a class make three folds of different numbers of rows; defaults follow one number."""
    random = np.random.default_rng(0)
    for label, kind in enumerate(("circle", "square")):
        (tmp_path / "mine" / kind).mkdir(parents=True)
        for hand in range(10):
            for number in range(3):
                name = f"hand{10 * label + hand:02d}_{number}.png"
                picture(kind, random, (12, 12)).save(tmp_path / "mine" / kind / name)
    executor = Watched()
    flags = ["--group", r"hand\d+", "--keep"]
    assert main([*command(tmp_path / "mine", tmp_path, "knn"), *flags], executor=lambda _: executor) == 0
    results = tmp_path / "mine-grouped"

    dataset = datasets.load(str(tmp_path / "mine"), group=r"hand\d+", folds=FOLDS)
    hands = np.asarray([Path(name).name[:6] for name in dataset.train.names])
    assert len(set(hands)) == len(set(dataset.train.groups.tolist())) == 20
    every = {image.tobytes(): row for row, image in enumerate(dataset.train.X)}
    assert len(every) == len(hands) == 60
    tested: dict[str, set[str]] = {}
    *of_folds, saving = executor.jobs
    for job in of_folds:
        part = memmap.training(job.dataset, job.part)
        found = protocol.split(part.y, job.preset, part.groups, part.validates)

        def hands_of(images: npt.NDArray[np.uint8]) -> set[str]:
            return {str(hands[every[image.tobytes()]]) for image in images}

        fit, validation = hands_of(part.images(found.fit)), hands_of(part.images(found.validation))
        test = hands_of(memmap.images_to_predict(job.dataset, job.part))
        assert min(map(len, (fit, validation, test))) > 0
        assert fit.isdisjoint(validation)
        assert test.isdisjoint(fit | validation)
        assert worker_job._split(job.dataset, job.part, job.preset).fit.tolist() == found.fit.tolist()
        tested[job.part] = test
    for repeat in range(REPEATS):
        folds = [tested[f"{FOLDS}-{repeat}-{number}"] for number in range(FOLDS)]
        assert sum(map(len, folds)) == len(set().union(*folds)) == 20

    paths = [records.record_path(results, "knn", seed) for seed in range(FOLDS * REPEATS)]
    assert len({records.read_record(path).fit_rows for path in paths}) > 1
    assert {job.task.rows for job in executor.jobs} == {40}
    # What compares a record with its plugin again asks for the same number.
    assert {task.rows for path in paths if (task := listing._task(path))} == {40}
    assert (saving.rows, read_card(results / "models" / "knn").task_rows) == (60, 40)


def test_a_cluster_and_results_of_a_hold_out_are_refused(folder: Path, ran: tuple[Path, Watched]) -> None:
    found = benchmark(*command(folder, ran[0].parent), "--cluster", "tcp://127.0.0.1:9")
    assert found.stderr.startswith("error: --cluster: a cross-validation runs on this machine only")
    other = [each if each != str(FOLDS) else "0" for each in command(folder, ran[0].parent)]
    found = benchmark(*other)
    assert found.returncode == 2
    assert "holds results on other data of the same name" in found.stderr
    assert found.stderr.rstrip().endswith("it was made with --folds 3")


def test_the_test_set_says_how_many_folds(ran: tuple[Path, Watched]) -> None:
    header = json.loads((ran[0] / "records" / "test-set.json").read_text())
    assert (header["folds"], header["asked_folds"], header["n_train"]) == (FOLDS, FOLDS, 27)
    found = records.read_test_set(ran[0])
    assert found is not None
    assert (len(found.y), found.copies.tolist(), found.most_fit_rows) == (27, [], 18)
