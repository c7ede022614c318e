"""A locked folder made ready: is there room, is it of these data, is what lies there whole, what was read for it."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmark.datasets.dataset import Dataset
from benchmark.engine.protocol import Preset
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from benchmark.storage.lock import journal_path, record_files, refuse_other_data, unwritable_error
from benchmark.storage.record_kind import RecordKind
from benchmark.storage.schema import TestSet

TestReads = dict[tuple[str, int], int]
"""(estimator, seed) to how often the test images have been predicted for it."""

RECORD_BYTES, REPORT_BYTES, AUDIT_BYTES, EXPLORE_BYTES = 200_000, 4_000_000, 1_000_000, 2_000_000
"""Room for a record beside its predictions, journal included, for the pages and figures (3.1 MB of twelve estimators
with all that there is), for an audit beside its labels, and for explore.md with its figures; on the safe side."""

SCORE_BYTES = 2
"""Of a stored score, before it is packed."""


def for_run(
    folder: Path, dataset: Dataset, names: list[str], preset: Preset, force: bool, kinds: Sequence[RecordKind] = ()
) -> TestReads:
    """Make a locked folder ready; return how often the test images were read for the records in it.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    names : list of str
        Estimators that will be run.
    preset : Preset
    force : bool
        Forget their records and studies.
    kinds : sequence of RecordKind
        What the report will read besides the records.

    Raises
    ------
    BenchmarkError
        It holds results on other data, or cannot be written, or there is no room for what will be
        written, or another estimator's record is damaged.
    """
    predicted = len(dataset.test.y) + min(len(dataset.train.y), preset.max_validation_rows)
    scores = SCORE_BYTES * predicted * len(dataset.class_names)
    with _room(folder, len(names) * preset.seeds * (RECORD_BYTES + scores)):
        there = records.read_test_set(folder)
        if force and there is not None and there.sha256 != dataset.sha256:
            shutil.rmtree(folder / "records")  # of other data, so their reads do not count
        there = _test_set(folder, dataset, ", or --force to replace them")
        earlier = _survey(folder, names)
        _check_derived(folder, there, kinds)
        for name in names if force else ():
            _forget(folder, name, preset)
        journal_path(folder, "any").parent.mkdir(exist_ok=True)
    return earlier


def for_derived(
    folder: Path,
    dataset: Dataset,
    names: Sequence[str],
    stem: str,
    bytes_each: int,
    kinds: Sequence[RecordKind] = (),
) -> None:
    """Look, in a locked folder, for what would spoil what is made from records, or the report after it.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    names : sequence of str
        Estimators for which it will be made; where theirs is damaged it will be made anew.
    stem : str
        Of the file that will be made for each.
    bytes_each : int
        Of one estimator's predictions.
    kinds : sequence of RecordKind
        What the report will read besides the records.

    Raises
    ------
    BenchmarkError
        It holds results on other data, there is no room for what will be written, or a record or
        what was made from another one is damaged.
    """
    with _room(folder, len(names) * (RECORD_BYTES + bytes_each)):
        there = refuse_other_data(folder, records.read_test_set(folder), dataset.sha256)
        _survey(folder, [])
        _check_derived(folder, there, kinds, stem, names)


def for_audit(folder: Path, dataset: Dataset, kinds: Sequence[RecordKind] = ()) -> None:
    """Look, in a locked folder, for what would spoil an audit or the report after it; a new one gets its labels.

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
        It holds results on other data, there is no room for what will be written, or a record or a
        learning curve is damaged; an audit that is damaged will be made anew.
    """
    with _room(folder, AUDIT_BYTES + len(dataset.train.y)):
        there = _test_set(folder, dataset)
        _survey(folder, [])
        _check_derived(folder, there, kinds, "audit")


def for_explore(folder: Path, dataset: Dataset) -> None:
    """Look, in a locked folder, for what speaks against a page on these data there; one on other data is replaced.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset

    Raises
    ------
    BenchmarkError
        It holds results on other data, or there is no room.
    """
    with _room(folder, EXPLORE_BYTES):
        there = records.read_test_set(folder)
        if there is not None:
            refuse_other_data(folder, there, dataset.sha256)


def _test_set(folder: Path, dataset: Dataset, mend: str = "") -> TestSet:
    """Return the folder's test set, written where there is none; refuse another one's."""
    there = records.read_test_set(folder)
    if there is None:
        there = test_set(dataset)
        records.write_test_set(folder, there)
    return refuse_other_data(folder, there, dataset.sha256, mend)


@contextmanager
def _room(folder: Path, need: int) -> Iterator[None]:
    """Refuse to start where these bytes, and a report beside them, will not fit, or nothing can be written at all."""
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


def _survey(folder: Path, names: list[str]) -> TestReads:
    """Return the test reads of all records; one that is damaged is an error, unless it will be made anew."""
    earlier = {}
    for path in record_files(folder):
        try:
            held = records.read_record(path)
        except BenchmarkError:
            if path.parent.name not in names:  # the report would stumble over it after all the training
                raise
            continue
        if path.parent.name not in names and not records.is_intact(path, held):
            raise BenchmarkError(
                f"{path}: its predictions are not the ones it was written with; make it anew with: "
                f"python -m benchmark run {path.parent.name} (or delete it)"
            )
        earlier[held.estimator, held.seed] = held.test_reads
    return earlier


def _check_derived(
    folder: Path, test_set: TestSet, kinds: Sequence[RecordKind], stem: str = "", names: Sequence[str] = ()
) -> None:
    """Read every derived file except those about to be remade: the report would stop at a damaged one."""
    for kind in kinds:
        for path in kind.paths(folder):
            if kind.stem != stem or (kind.per_estimator and path.parent.name not in names):
                kind.read(path, test_set)


def _forget(folder: Path, name: str, preset: Preset) -> None:
    """Let an estimator's results go, but not how often the test images were read for them."""
    for path in sorted((folder / "records" / name).glob("seed-*.json")):
        try:
            held = records.read_record(path)
        except BenchmarkError:
            held = None
        if held is not None and held.seed < preset.seeds:
            reason = "forgotten by --force, and not made anew yet"
            stub = dataclasses.replace(held, status="failed", reason=reason, preset=dataclasses.asdict(preset))
            records.write(folder, stub, None)
        else:
            path.unlink()
            path.with_suffix(".npz").unlink(missing_ok=True)
    journal_path(folder, name).unlink(missing_ok=True)


def test_set(dataset: Dataset) -> TestSet:
    """Return what records of this data set are scored against, with no pictures yet."""
    return TestSet(
        dataset=dataset.name,
        sha256=dataset.sha256,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        n_train=len(dataset.train.y),
        y=dataset.test.y,
        example_index=np.zeros(0, dtype=np.int64),
        example_images=np.zeros((0, dataset.test.X.shape[1]), dtype=np.uint8),
    )
