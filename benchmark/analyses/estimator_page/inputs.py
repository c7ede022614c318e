"""Finds what `show` needs: the results folder, the record, pixels of test images, and the search space."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np

from benchmark import datasets
from benchmark.analyses.estimator_page.evaluated import Pictures, Space
from benchmark.analyses.estimator_page.importance import why_unknown
from benchmark.datasets.dataset import Dataset
from benchmark.engine import refits, registry, results_folder
from benchmark.engine.executors.local import temporary_executor
from benchmark.engine.fingerprint import fingerprint
from benchmark.engine.jobs import Describe, one_line
from benchmark.engine.protocol import preset_named, task_rows
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task
from benchmark.storage import records
from benchmark.storage.schema import Record, Results, TestSet


def locate(
    results: Path,
    asked: str | None,
    preset: str | None,
    data_dir: Path | None,
    group: str = "",
    folds: int | None = None,
) -> tuple[Path, Dataset | None]:
    """Return the results folder that is asked for, and the data set if it had to be read to find the folder.

    Parameters
    ----------
    results : Path
        Holds one folder per data set.
    asked : str, optional
        A folder's name in `results`, or what `benchmark.datasets.load` takes. None: Fashion-MNIST, or the only one.
    preset : str, optional
        Whose results are meant, if they have a folder of their own.
    data_dir : Path, optional
        Searched first for Fashion-MNIST's files.
    group : str
    folds : int, optional
        See `benchmark.datasets.load`.

    Raises
    ------
    BenchmarkError
        The data set is ambiguous or unknown.
    """
    loaded = None
    there = sorted(path.parents[1].name for path in results.glob(f"*/records/{records.TEST_SET}.json"))
    if asked is None:
        name = datasets.NAMES[0]
        if name not in there and len(there) > 1:
            raise BenchmarkError(f"{results} holds results on {', '.join(there)}; name one with --dataset")
        name = there[0] if name not in there and there else name
    elif (name := asked.rstrip("/")) not in there and name not in datasets.NAMES:
        loaded = datasets.load(asked, data_dir, group=group, folds=folds)
        name = loaded.name
    folder = results_folder.results_folder(results, name, preset_named(preset)) if preset else results / name
    return folder, loaded


def record_of(results: Results, name: str, seed: int | None, flags: str) -> tuple[Record, tuple[int, ...]]:
    """Return an estimator's record and the seeds of all its finished records.

    Parameters
    ----------
    results : Results
    name : str
    seed : int, optional
        None: the lowest finished seed.
    flags : str
        Of the command that would make the record.

    Raises
    ------
    BenchmarkError
        There is no finished record of that name or seed.
    """
    its_records = [record for record in results.records if record.estimator == name]
    if not its_records:
        raise BenchmarkError(_unknown(results, name, flags))
    first = f"first: {refits.RUN_COMMAND.format(name=name)}{flags}"
    seeds = tuple(record.seed for record in its_records if record.status == "ok")
    wanted = seed if seed is not None else seeds[0] if seeds else its_records[0].seed
    record = next((record for record in its_records if record.seed == wanted), None)
    if record is None:
        there = ", ".join(str(each.seed) for each in its_records)
        raise BenchmarkError(f"{name} has no record of seed {wanted} in {results.folder}; there is seed {there}")
    if record.status != "ok":
        raise BenchmarkError(f"{name}'s record in {results.folder} says {record.status}: {record.reason}; {first}")
    return record, seeds


def pictures_of(
    test_set: TestSet, asked: str | None, data_dir: Path | None, loaded: Dataset | None, group: str = ""
) -> Pictures:
    """Return the pixels of all test images if the data are available, or of those stored with the records.

    Parameters
    ----------
    test_set : TestSet
    asked : str, optional
        What `benchmark.datasets.load` takes; if the record names a known data set, that is tried, too.
    data_dir : Path, optional
    loaded : Dataset, optional
        The data set that was asked for, if it has been read already.
    group : str
        What ``--group`` was given.
    """
    known = test_set.dataset if test_set.dataset in datasets.NAMES else None
    reason = "the record does not say where its images are; name them with --dataset"
    for name in dict.fromkeys(name for name in (asked, known) if name):
        try:
            given = group if name == asked else ""
            fits = loaded is not None and name == asked and loaded.folds == test_set.folds
            dataset = loaded if fits and loaded else datasets.load(name, data_dir, group=given, folds=test_set.folds)
        except BenchmarkError as error:
            reason = str(error)
            continue
        if dataset.sha256 == test_set.sha256:
            return Pictures(np.arange(len(test_set.y)), dataset.test.X, names=dataset.test.names)
        reason = f"{dataset.name} has changed since the record was made (its SHA-256 differs)"
    order = np.argsort(test_set.example_index, kind="stable")
    return Pictures(test_set.example_index[order], test_set.example_images[order], reason, test_set.names)


def space_of(record: Record, test_set: TestSet) -> Space:
    """Return the search space of a record, as its plugin declares it in a worker process.

    No worker is started if importance cannot be estimated anyway.
    """
    tuned = {name for trial in record.trials for name in trial.params}
    if reason := why_unknown(record.trials, len(tuned)):
        return Space({}, reason)
    if record.estimator not in registry.plugins():
        return Space({}, f"no estimator is called {record.estimator} any more, so its search space is unknown")
    try:
        preset = refits.preset_of(record)
        rows = task_rows(test_set.n_train, test_set.folds, preset)
        task = Task(n_classes=len(test_set.class_names), image_shape=test_set.image_shape, rows=rows)
        with temporary_executor() as executor:
            declared = executor.describe(Describe(record.estimator, task)).result()
        today = fingerprint(record.dataset_sha256, preset, declared)
    except Exception as error:  # a plugin may raise anything
        return Space({}, f"its plugin failed to declare its search space ({one_line(error)})")
    if today["space"] != record.fingerprint.get("space"):
        return Space({}, "its plugin's search space has changed since it was tuned")
    return Space(declared.space)


def _unknown(results: Results, name: str, flags: str) -> str:
    """Return what could be meant by the name of an estimator without a record."""
    there = list(dict.fromkeys(record.estimator for record in results.records))
    plugins = registry.plugins()
    if name in plugins:
        return f"{name} has no record in {results.folder}; first: {refits.RUN_COMMAND.format(name=name)}{flags}"
    if near := difflib.get_close_matches(name, there, n=1):
        return f"no estimator is called {name!r}; did you mean {near[0]}?"
    if near := difflib.get_close_matches(name, plugins, n=1):
        return f"no estimator is called {name!r}; did you mean {near[0]}, which has no record in {results.folder} yet?"
    listed = f"there are records of: {', '.join(there)}" if there else "there are no records of any"
    return f"no estimator is called {name!r}; {listed}"
