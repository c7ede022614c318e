"""A run's claim on its results folder: alone in it, able to write, knowing what lies there."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark import audit_record, budget_record, curve_record, gallery, people_record, records, robustness_record
from benchmark.datasets.base import Dataset
from benchmark.errors import BenchmarkError, EngineError
from benchmark.protocol import PRESETS, Preset
from benchmark.records import TestSet

TestReads = dict[tuple[str, int], int]
"""(estimator, seed) to how often the test images have been predicted for it."""

DERIVED: dict[str, Callable[[Path, TestSet], object]] = {
    "budget": budget_record.read,
    "curve": curve_record.read,
    "robustness": robustness_record.read,
}
"""What is made from records and lies beside them, by the stem of its file, and what reads it."""

RECORD_BYTES, REPORT_BYTES, AUDIT_BYTES, EXPLORE_BYTES = 200_000, 4_000_000, 1_000_000, 2_000_000
"""Room for a record beside its predictions, journal included, for the pages and figures (3.1 MB of twelve estimators
with all that there is), for an audit beside its labels, and for explore.md with its figures; on the safe side."""

SCORE_BYTES = 2
"""Of a stored score, before it is packed."""


def results_folder(results: Path, dataset: str, preset: Preset) -> Path:
    """Return the folder of a run's results: ``<results>/<dataset>``, unless that would lose work.

    A folder holds one protocol. Where it holds records of a preset that takes more effort (the
    published `standard` results, say), a smaller run goes to ``<dataset>-<preset>`` beside it.
    """
    folder = results / dataset
    effort = list(PRESETS)
    for path in _record_files(folder):
        with suppress(BenchmarkError):  # one that cannot be read is dealt with once the folder is claimed
            held = records.read_record(path).preset.get("name")
            if held in effort and effort.index(held) > effort.index(preset.name):
                return results / f"{dataset}-{preset.name}"
    return folder


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Be the only run that writes to a folder; turn what the file system refuses into one clear line.

    The operating system drops the lock with its process, so that of a dead run is simply free.

    Raises
    ------
    BenchmarkError
        Another run is writing to it (process and host are named), or it cannot be written.
    EngineError
        Writing failed later on: the disk is full, say.
    """
    path = folder / ".lock"
    # A marker file in place of a lock, where the file system has none, would outlive a killed run.
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        path.write_text(json.dumps({"process": os.getpid(), "host": socket.gethostname()}), encoding="utf-8")
        _tidy(folder)
    except Timeout as error:
        raise BenchmarkError(
            f"{folder}: another run is writing to it ({_holder(path)}); wait for it, or give --results another folder"
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSYS:
            raise BenchmarkError(
                f"{folder}: its file system has no locks (flock), so two runs could not be kept apart; "
                "give --results a folder on another one"
            ) from error
        lock.release()
        raise _unwritable(folder, error) from error
    try:
        with clear_errors(folder):
            yield
    finally:
        lock.release()


@contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses (the disk is full, say) into one clear line.

    Raises
    ------
    EngineError
    """
    try:
        yield
    except OSError as error:
        raise EngineError(f"{error.filename or folder}: {error.strerror or error}; make room or mend it") from error


def prepare(folder: Path, dataset: Dataset, names: list[str], preset: Preset, force: bool) -> TestReads:
    """Make a claimed folder ready; return how often the test images were read for the records in it.

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

    Raises
    ------
    BenchmarkError
        It holds results on other data, or cannot be written, or there is no room for what will be
        written, or another estimator's record is damaged.
    """
    try:
        predicted = len(dataset.test.y) + min(len(dataset.train.y), preset.max_validation_rows)
        scores = SCORE_BYTES * predicted * len(dataset.class_names)
        _check_room(folder, len(names) * preset.seeds * (RECORD_BYTES + scores))
        there = records.read_test_set(folder)
        if there is not None and there.sha256 != dataset.sha256:
            if not force:
                raise BenchmarkError(
                    f"{folder} holds results on other data of the same name; "
                    "give --results another folder, or --force to replace them"
                )
            shutil.rmtree(folder / "records")  # of other data, so their reads do not count
            there = None
        if there is None:
            there = gallery.test_set(dataset)
            records.write_test_set(folder, there)
        earlier = _survey(folder, names)
        _check_derived(folder, there)
        for name in names if force else ():
            _forget(folder, name, preset)
        journal(folder, "any").parent.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return earlier


def prepare_derived(folder: Path, dataset: Dataset, names: Sequence[str], noun: str, bytes_each: int) -> None:
    """Look, in a claimed folder, for what would spoil what is made from records, or the report after it.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    names : sequence of str
        Estimators for which it will be made; where theirs is damaged it will be made anew.
    noun : str
        A key of `DERIVED`.
    bytes_each : int
        Of one estimator's predictions.

    Raises
    ------
    BenchmarkError
        It holds results on other data, there is no room for what will be written, or a record or
        what was made from another one is damaged.
    """
    try:
        _check_room(folder, len(names) * (RECORD_BYTES + bytes_each))
        there = _of_these_data(folder, dataset, records.read_test_set(folder))
        _survey(folder, [])
        _check_derived(folder, there, noun, names)
    except OSError as error:
        raise _unwritable(folder, error) from error


def prepare_audit(folder: Path, dataset: Dataset) -> None:
    """Look, in a claimed folder, for what would spoil an audit or the report after it; a new one gets its labels.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset

    Raises
    ------
    BenchmarkError
        It holds results on other data, there is no room for what will be written, or a record or a
        learning curve is damaged; an audit that is damaged will be made anew.
    """
    try:
        _check_room(folder, AUDIT_BYTES + len(dataset.train.y))
        there = records.read_test_set(folder)
        if there is None:
            there = gallery.test_set(dataset)
            records.write_test_set(folder, there)
        _of_these_data(folder, dataset, there)
        _survey(folder, [])
        _check_derived(folder, there, "audit")
    except OSError as error:
        raise _unwritable(folder, error) from error


def prepare_explore(folder: Path, dataset: Dataset) -> None:
    """Look, in a claimed folder, for what speaks against a page on these data there; one on other data is replaced.

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
    try:
        _check_room(folder, EXPLORE_BYTES)
        there = records.read_test_set(folder)
        if there is not None:
            _of_these_data(folder, dataset, there)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _of_these_data(folder: Path, dataset: Dataset, there: TestSet | None) -> TestSet:
    """Return the folder's test set, or refuse another one's."""
    if there is None or there.sha256 != dataset.sha256:
        raise BenchmarkError(f"{folder} holds results on other data of the same name; give --results another folder")
    return there


def journal(folder: Path, name: str) -> Path:
    """Return the file of an estimator's study."""
    return folder / "studies" / f"{name}.journal"


def _check_room(folder: Path, need: int) -> None:
    """Refuse to start where these bytes, and a report beside them, will not fit."""
    free, need = shutil.disk_usage(folder).free, need + REPORT_BYTES
    if free < need:
        raise BenchmarkError(
            f"{folder}: {free / 1e6:.1f} MB are free there, about {need / 1e6:.1f} MB will be needed; "
            "make room, or give --results another folder"
        )


def _survey(folder: Path, names: list[str]) -> TestReads:
    """Return the test reads of all records; one that is damaged is an error, unless it will be made anew."""
    earlier = {}
    for path in _record_files(folder):
        try:
            held = records.read_record(path)
        except BenchmarkError:
            if path.parent.name not in names:  # the report would stumble over it after all the training
                raise
            continue
        if path.parent.name not in names and not records.intact(path, held):
            raise BenchmarkError(
                f"{path}: its predictions are not the ones it was written with; make it anew with: "
                f"python -m benchmark run {path.parent.name} (or delete it)"
            )
        earlier[held.estimator, held.seed] = held.test_reads
    return earlier


def _check_derived(folder: Path, test_set: TestSet, noun: str = "", names: Sequence[str] = ()) -> None:
    """Read all that was made from records but what will be made anew: the report would stumble over a damaged one."""
    people_record.read(folder, test_set)
    if noun != "audit":
        audit_record.read(folder, test_set)
    for kind, read in DERIVED.items():
        for path in sorted((folder / "records").glob(f"*/{kind}.json")):
            if kind != noun or path.parent.name not in names:
                read(path, test_set)


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
    journal(folder, name).unlink(missing_ok=True)


def _record_files(folder: Path) -> list[Path]:
    return sorted((folder / "records").glob("*/seed-*.json"))


def _tidy(folder: Path) -> None:
    """Remove what runs that were killed left half-written."""
    folders = ("", "figures/", "explore/", "estimators/", "estimators/*/", "records/", "records/*/")
    for pattern in (f"{folder}.*.tmp" for folder in folders):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _holder(lock: Path) -> str:
    try:
        held = json.loads(lock.read_text(encoding="utf-8"))
        return f"process {held['process']} on {held['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its process is not known yet"


def _unwritable(folder: Path, error: OSError) -> BenchmarkError:
    return BenchmarkError(f"{folder} cannot be written ({error.strerror}); give --results another folder")
