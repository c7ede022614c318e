"""Checks of a locked results folder before any work: free space, the same data, undamaged files."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmark.datasets import split
from benchmark.datasets.dataset import Dataset
from benchmark.engine.protocol import Preset
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from benchmark.storage.lock import journal_path, record_files, refuse_other_data, unwritable_error
from benchmark.storage.record_kind import RecordKind
from benchmark.storage.schema import TestSet

TestReadCounts = dict[tuple[str, int], int]
"""(estimator, seed) to how often the test images have been predicted for that record."""

RECORD_BYTES, REPORT_BYTES, AUDIT_BYTES, EXPLORE_BYTES = 200_000, 4_000_000, 1_000_000, 2_000_000
"""Upper estimates of disk space: of a record without its predictions but with its journal; of pages and figures (3.1 MB
for twelve estimators with every analysis); of an audit without its labels; of explore.md with its figures."""

SCORE_BYTES = 2
"""Bytes of a stored score before compression."""


def for_run(
    folder: Path, dataset: Dataset, names: list[str], preset: Preset, force: bool, kinds: Sequence[RecordKind] = ()
) -> TestReadCounts:
    """Prepare a locked folder for a run; return how often the test images were read for the records in it.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    names : list of str
        Estimators that will be run.
    preset : Preset
    force : bool
        Delete their records and studies.
    kinds : sequence of RecordKind
        What the report will read besides the records.

    Raises
    ------
    BenchmarkError
        The folder holds results on other data or cannot be written, the disk has too little free space, or the record
        of another estimator is damaged.
    """
    predicted = len(dataset.test.y) + min(len(dataset.train.y), preset.max_validation_rows)
    scores = SCORE_BYTES * predicted * len(dataset.class_names)
    refits = preset.seeds * max(1, dataset.folds)
    with _space(folder, len(names) * refits * (RECORD_BYTES + scores)):
        test_set = records.read_test_set(folder)
        if force and test_set is not None and test_set.sha256 != dataset.sha256:
            shutil.rmtree(folder / "records")  # their test reads were of other data
        test_set = _test_set(folder, dataset, ", or --force to replace them")
        test_reads = _check_records(folder, names)
        _check_derived(folder, test_set, kinds)
        for name in names if force else ():
            _invalidate(folder, name, preset, refits)
        journal_path(folder, "any").parent.mkdir(exist_ok=True)
    return test_reads


def for_derived(
    folder: Path,
    dataset: Dataset,
    names: Sequence[str],
    stem: str,
    bytes_each: int,
    kinds: Sequence[RecordKind] = (),
) -> None:
    """Check a locked folder before an analysis of its records writes to it.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    names : sequence of str
        Estimators that will be analysed. A damaged file of theirs will be written again.
    stem : str
        Stem of the file that is written for each.
    bytes_each : int
        Size of one estimator's predictions.
    kinds : sequence of RecordKind
        What the report will read besides the records.

    Raises
    ------
    BenchmarkError
        The folder holds results on other data, the disk has too little free space, or a record or another derived
        file is damaged.
    """
    with _space(folder, len(names) * (RECORD_BYTES + bytes_each)):
        test_set = refuse_other_data(folder, records.read_test_set(folder), dataset.sha256)
        _check_records(folder, [])
        _check_derived(folder, test_set, kinds, stem, names)


def for_audit(folder: Path, dataset: Dataset, kinds: Sequence[RecordKind] = ()) -> None:
    """Check a locked folder before an audit writes to it; a new folder gets its test set.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    kinds : sequence of RecordKind
        What the report will read besides the records.

    Raises
    ------
    BenchmarkError
        The folder holds results on other data, the disk has too little free space, or a record or a derived file is
        damaged. A damaged audit will be written again.
    """
    with _space(folder, AUDIT_BYTES + len(dataset.train.y)):
        test_set = _test_set(folder, dataset)
        _check_records(folder, [])
        _check_derived(folder, test_set, kinds, "audit")


def for_explore(folder: Path, dataset: Dataset) -> None:
    """Check a locked folder before the exploration of a data set writes to it; one of other data is replaced.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset

    Raises
    ------
    BenchmarkError
        The folder holds results on other data, or the disk has too little free space.
    """
    with _space(folder, EXPLORE_BYTES):
        test_set = records.read_test_set(folder)
        if test_set is not None:
            refuse_other_data(folder, test_set, dataset.sha256)


def _test_set(folder: Path, dataset: Dataset, advice: str = "") -> TestSet:
    """Return the folder's test set, which is written if it is missing; refuse one of other data."""
    found, today = records.read_test_set(folder), test_set_of(dataset)
    if found is None:
        records.write_test_set(folder, today)
        return today
    other = f"; it was made with --folds {found.folds}" if found.folds != dataset.folds else ""
    refuse_other_data(folder, found, dataset.sha256, f"{advice}{other}")
    told = dataclasses.replace(
        found,
        names=today.names,
        given=today.given,
        group=today.group,
        read_as=today.read_as,
        remarks=today.remarks,
        copies=today.copies,
        asked_folds=today.asked_folds,
    )
    if _said(told) != _said(found):
        # Written by an earlier version, files were renamed, or the same images are read in another form.
        records.write_test_set(folder, told)
    return told


def _said(test_set: TestSet) -> tuple[object, ...]:
    """Return what is known of images in addition to their pixels and labels."""
    said = test_set.names, test_set.given, test_set.group, test_set.read_as, test_set.remarks, test_set.copies.tolist()
    return *said, test_set.asked_folds


@contextmanager
def _space(folder: Path, need: int) -> Iterator[None]:
    """Refuse to start if this many bytes and a report do not fit on the disk, or nothing can be written at all."""
    try:
        free, need = shutil.disk_usage(folder).free, need + REPORT_BYTES
        if free < need:
            raise BenchmarkError(
                f"{folder}: {free / 1e6:.1f} MB are free there, about {need / 1e6:.1f} MB will be needed; "
                "make room, or give --results another folder"
            )
        yield
    except OSError as error:
        raise unwritable_error(folder, error) from error


def _check_records(folder: Path, names: list[str]) -> TestReadCounts:
    """Return the test reads of all records; refuse a damaged one, unless its estimator is named and will be run."""
    test_reads = {}
    for path in record_files(folder):
        try:
            record = records.read_record(path)
        except BenchmarkError:
            if path.parent.name not in names:  # the report would fail on it after all the training
                raise
            continue
        if path.parent.name not in names and not records.is_intact(path, record):
            raise BenchmarkError(
                f"{path}: its predictions are not the ones it was written with; run it again with: "
                f"python -m benchmark run {path.parent.name} (or delete it)"
            )
        test_reads[record.estimator, record.seed] = record.test_reads
    return test_reads


def _check_derived(
    folder: Path, test_set: TestSet, kinds: Sequence[RecordKind], stem: str = "", names: Sequence[str] = ()
) -> None:
    """Validate every derived file except those about to be rewritten: the report would fail on a damaged one."""
    for kind in kinds:
        for path in kind.paths(folder):
            if kind.stem != stem or (kind.per_estimator and path.parent.name not in names):
                kind.read(path, test_set)


def _invalidate(folder: Path, name: str, preset: Preset, refits: int) -> None:
    """Invalidate an estimator's results, but keep how often the test images were read for them."""
    for path in sorted((folder / "records" / name).glob("seed-*.json")):
        try:
            record = records.read_record(path)
        except BenchmarkError:
            record = None
        if record is not None and record.seed < refits:
            reason = "invalidated by --force; not recomputed yet"
            stub = dataclasses.replace(record, status="failed", reason=reason, preset=dataclasses.asdict(preset))
            records.write(folder, stub, None)
        else:
            path.unlink()
            path.with_suffix(".npz").unlink(missing_ok=True)
    journal_path(folder, name).unlink(missing_ok=True)


def test_set_of(dataset: Dataset) -> TestSet:
    """Return what records of a data set are scored against, without example images."""
    return TestSet(
        dataset=dataset.name,
        sha256=dataset.sha256,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        n_train=len(dataset.train.y),
        y=dataset.test.y,
        example_index=np.zeros(0, dtype=np.int64),
        example_images=np.zeros((0, dataset.test.X.shape[1]), dtype=np.uint8),
        names=dataset.test.names,
        given=dataset.given,
        group=dataset.group,
        read_as=dataset.read_as,
        remarks=dataset.remarks,
        # The copies of an image are in its fold, so a model that is tested on it has not seen them.
        copies=split.copied_tests(dataset.train.X, dataset.test.X)
        if not dataset.folds
        else np.zeros(0, dtype=np.int64),
        folds=dataset.folds,
        asked_folds=dataset.asked_folds,
    )
