"""A run's claim on its results folder: alone in it, and able to write."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.errors import BenchmarkError, EngineError
from benchmark.storage.schema import TestSet


@contextmanager
def locked(folder: Path) -> Iterator[None]:
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
        raise unwritable_error(folder, error) from error
    try:
        with os_errors_as_engine_errors(folder):
            yield
    finally:
        lock.release()


@contextmanager
def os_errors_as_engine_errors(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses (the disk is full, say) into one clear line.

    Raises
    ------
    EngineError
    """
    try:
        yield
    except OSError as error:
        raise EngineError(f"{error.filename or folder}: {error.strerror or error}; make room or mend it") from error


def refuse_other_data(folder: Path, held: TestSet | None, sha256: str, mend: str = "") -> TestSet:
    """Return a folder's test set, or refuse one that is not of the data with this checksum.

    Raises
    ------
    BenchmarkError
    """
    if held is None or held.sha256 != sha256:
        raise BenchmarkError(
            f"{folder} holds results on other data of the same name; give --results another folder{mend}"
        )
    return held


def journal_path(folder: Path, name: str) -> Path:
    """Return the file of an estimator's study."""
    return folder / "studies" / f"{name}.journal"


def record_files(folder: Path) -> list[Path]:
    """Return the JSON of every record there."""
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


def unwritable_error(folder: Path, error: OSError) -> BenchmarkError:
    """Return what to raise where nothing can be written at all."""
    return BenchmarkError(f"{folder} cannot be written ({error.strerror}); give --results another folder")
