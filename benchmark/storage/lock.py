"""The lock on a results folder, so that one run at a time writes to it."""

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
    """Hold the lock on a folder; errors of the file system become an `EngineError` with one clear line.

    The operating system releases the lock when its process ends, so a dead run leaves none.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``; it is created if it does not exist.

    Raises
    ------
    BenchmarkError
        Another run is writing to the folder (the message names its process and host), or it is not writable.
    EngineError
        Writing failed later, for example because the disk is full.
    """
    path = folder / ".lock"
    # On a file system without locks, filelock would use a marker file, which outlives a killed run.
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        path.write_text(json.dumps({"process": os.getpid(), "host": socket.gethostname()}), encoding="utf-8")
        _remove_temporary_files(folder)
    except Timeout as error:
        raise BenchmarkError(
            f"{folder}: another run is writing to it ({_holder(path)}); wait for it, or give --results another folder"
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSYS:
            raise BenchmarkError(
                f"{folder}: its file system has no locks (flock), so two runs could write to it at once; "
                "give --results a folder on another file system"
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
    """Turn an OSError, for example of a full disk, into an `EngineError` with one clear line.

    Raises
    ------
    EngineError
        Names the file, or the folder if the error names none.
    """
    try:
        yield
    except OSError as error:
        raise EngineError(
            f"{error.filename or folder}: {error.strerror or error}; free some space or check the file system"
        ) from error


def refuse_other_data(folder: Path, test_set: TestSet | None, sha256: str, remedy: str = "") -> TestSet:
    """Return a folder's test set, or raise if it belongs to another data set.

    Parameters
    ----------
    folder : Path
        For the message.
    test_set : TestSet or None
        The one in the folder.
    sha256 : str
        `Dataset.sha256` of the data that are asked for.
    remedy : str
        What else the user can do; appended to the message.

    Raises
    ------
    BenchmarkError
        The checksums differ, or the folder has no test set.
    """
    if test_set is None or test_set.sha256 != sha256:
        raise BenchmarkError(
            f"{folder} holds results on other data of the same name; give --results another folder{remedy}"
        )
    return test_set


def journal_path(folder: Path, name: str) -> Path:
    """Return the journal file of an estimator's Optuna study."""
    return folder / "studies" / f"{name}.journal"


def record_files(folder: Path) -> list[Path]:
    """Return the JSON files of all records in a results folder."""
    return sorted((folder / "records").glob("*/seed-*.json"))


def _remove_temporary_files(folder: Path) -> None:
    """Remove the half-written files of killed runs."""
    folders = ("", "figures/", "explore/", "estimators/", "estimators/*/", "records/", "records/*/")
    for pattern in (f"{folder}.*.tmp" for folder in folders):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _holder(lock: Path) -> str:
    try:
        holder = json.loads(lock.read_text(encoding="utf-8"))
        return f"process {holder['process']} on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its process is not known yet"


def unwritable_error(folder: Path, error: OSError) -> BenchmarkError:
    """Return the error to raise if a folder is not writable."""
    return BenchmarkError(f"{folder} cannot be written ({error.strerror}); give --results another folder")
