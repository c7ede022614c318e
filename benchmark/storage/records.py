"""Records on disk, one per (data set, estimator, seed), and the test labels that they are scored against.

::

    results/<dataset>/records/test-set.json, test-set.npz      the test labels and some pictures
    results/<dataset>/records/<estimator>/seed-<n>.json        everything but the predictions
    results/<dataset>/records/<estimator>/seed-<n>.npz         proba, (n test images, n classes), float16, and the
                                                               same of the winner's validation rows

Of a cross-validation each fold is such a record, and `rows` in its ``.npz`` says which images it predicted; `read` puts
the folds of a repeat together.

Files are written to a temporary name, synced and renamed. The JSON is written last and holds the checksum of its
``.npz``, so an incomplete record is recognised. Nothing is ever unpickled. `benchmark.load` is for notebooks, `read`
for the report.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError
from benchmark.storage import folds, serialization
from benchmark.storage.schema import (
    SCHEMA,
    FoldNumber,
    Record,
    Results,
    RungResult,
    Status,
    TestSet,
    TestSetHeader,
    TrialResult,
    Validation,
    is_safe_name,
)

__all__ = [
    "SCHEMA",
    "FoldNumber",
    "Record",
    "Results",
    "RungResult",
    "Status",
    "TestSet",
    "TrialResult",
    "Validation",
    "is_intact",
    "read",
    "read_record",
    "read_test_set",
    "record_path",
    "write",
    "write_test_set",
]

TEST_SET = "test-set"

NPZ_LIMIT = 2**30
"""Largest unpacked size of the test set's ``.npz`` that is read, in bytes."""

NPY_HEADER = 2**12
"""Upper limit of the bytes that an array in an ``.npz`` takes besides its numbers."""


def record_path(folder: Path, estimator: str, seed: int) -> Path:
    """Return the path of a record's JSON; its ``.npz`` is in the same folder.

    Raises
    ------
    BenchmarkError
        The name is not a valid estimator name.
    """
    if not is_safe_name(estimator):
        raise BenchmarkError(f"{estimator!r} is no estimator's name; use letters, digits, _ and - only")
    return folder / "records" / estimator / f"seed-{seed}.json"


def write(
    folder: Path,
    record: Record,
    proba: npt.NDArray[np.float16] | None,
    validation: Validation | None = None,
    rows: npt.NDArray[np.int64] | None = None,
) -> Record:
    """Write one record atomically; an earlier one stays complete until it is replaced.

    The predictions are written first and the JSON with their checksum second, so the checksum of a record whose
    writing was interrupted differs (see `is_intact`).

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    record : Record
        Its `proba_sha256` is filled in.
    proba : ndarray of float16, (n_test, n_classes), or None
        None for a failed estimator.
    validation : Validation, optional
    rows : ndarray of int64, (n_test,), optional
        Which images `proba` is of, in a cross-validation.

    Returns
    -------
    Record
        As written.
    """
    path = record_path(folder, record.estimator, record.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = path.with_suffix(".npz")
    content: dict[str, npt.NDArray[Any]] = {} if proba is None else {"proba": proba}
    if proba is not None and validation is not None:
        content |= {"validation": validation.proba, "validation_y": validation.y}
    if proba is not None and rows is not None:
        content["rows"] = rows
    blob = serialization.to_npz(**content) if content else None
    record = dataclasses.replace(record, proba_sha256="" if blob is None else hashlib.sha256(blob).hexdigest())
    if blob is not None:
        serialization.write_atomically(arrays, blob)
    fields = dataclasses.asdict(record)
    for name in ("fold", "time"):  # a record that has none is as it was before there were any
        if fields[name] is None:
            del fields[name]
    serialization.write_atomically(path, serialization.to_json(fields))
    if blob is None:
        arrays.unlink(missing_ok=True)
    return record


def is_intact(path: Path, record: Record) -> bool:
    """Return whether a record's predictions have the checksum in its JSON.

    Parameters
    ----------
    path : Path
        The record's JSON.
    record : Record
        The record read from `path`.
    """
    try:
        return record.status != "ok" or serialization.sha256(path.with_suffix(".npz")) == record.proba_sha256
    except OSError:
        return False


def write_test_set(folder: Path, test_set: TestSet) -> None:
    """Write the test labels and the example pictures to ``records/`` of a results folder.

    What has its default is left out, so a published data set's files are those of earlier versions.
    """
    path = folder / "records" / f"{TEST_SET}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, npt.NDArray[Any]] = {
        "y": test_set.y,
        "example_index": test_set.example_index,
        "example_images": test_set.example_images,
    }
    if test_set.names:
        arrays["names"] = serialization.pack_texts(test_set.names)
    if len(test_set.copies):
        arrays["copies"] = test_set.copies
    serialization.write_atomically(path.with_suffix(".npz"), serialization.to_npz(**arrays))
    fields = [(field.name, getattr(test_set, field.name), field.default) for field in dataclasses.fields(TestSetHeader)]
    header = {name: value for name, value, default in fields if value != default}
    serialization.write_atomically(path, serialization.to_json({"schema": SCHEMA, **header}))


def read(folder: Path) -> Results:
    """Read all records of a data set strictly: anything unexpected is an error that names the file.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.

    Returns
    -------
    Results

    Raises
    ------
    BenchmarkError
        No records, an unknown schema, a missing or unknown field, a checksum that differs,
        probabilities of the wrong shape or not finite.
    """
    test_set = read_test_set(folder)
    if test_set is None:
        raise BenchmarkError(f"{folder}: no records here; make some with: python -m benchmark run --all")
    records, proba, validation, rows = [], {}, {}, {}
    for path in sorted((folder / "records").glob("*/seed-*.json")):
        record = read_record(path)
        if record.dataset_sha256 != test_set.sha256:
            raise BenchmarkError(
                f"{path}: made on other data than {TEST_SET}.json of the same folder; run {record.estimator} again"
            )
        if (0 if record.fold is None else record.fold.count) != test_set.folds:
            raise BenchmarkError(f"{path}: not of {test_set.folds} folds, as {TEST_SET}.json has it; delete it")
        if record.status == "ok":
            key = record.estimator, record.seed
            arrays = _read_arrays(path, record, test_set)
            proba[key] = arrays.proba
            if arrays.validation is not None:
                validation[key] = arrays.validation
            if arrays.rows is not None:
                rows[key] = arrays.rows
        records.append(record)
    if test_set.folds:
        return folds.assemble(folder, test_set, records, proba, rows)
    records.sort(key=lambda record: (record.estimator, record.seed))
    return Results(folder, test_set, tuple(records), proba, validation)


def read_record(path: Path) -> Record:
    """Read one record's JSON strictly.

    Raises
    ------
    BenchmarkError
        The file is unreadable; a field is missing, unknown, of another type or out of range; or the record's estimator
        and seed are not those of its path.
    """
    data = serialization.read_json(path, SCHEMA)
    try:
        record = serialization.from_json(data, Record)
        if (record.estimator, f"seed-{record.seed}") != (path.parent.name, path.stem):
            raise ValueError(f"it says that it is of {record.estimator!r}, seed {record.seed}")
        fold = record.fold
        if fold is not None and not (
            fold.number < fold.count and record.seed == fold.repeat * fold.count + fold.number
        ):
            raise ValueError(f"it says that it is of {fold}")
    except ValueError as error:
        raise BenchmarkError(f"{path}: not a record of schema {SCHEMA} ({error}); delete it and run again") from error
    return record


def read_validation(folder: Path, record: Record) -> Validation | None:
    """Read the winner's validation predictions of a record, or return None if they were not stored.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``, with its test set.
    record : Record
        Read from that folder, with status "ok".

    Raises
    ------
    BenchmarkError
        See `read`.
    """
    test_set = read_test_set(folder)
    if test_set is None:
        return None
    return _read_arrays(record_path(folder, record.estimator, record.seed), record, test_set).validation


def read_test_set(folder: Path) -> TestSet | None:
    """Read the test labels and pictures of a results folder, or return None if it has none.

    Raises
    ------
    BenchmarkError
        A file is unreadable, or a field or array is missing, unknown, of another type or out of range.
    """
    path = folder / "records" / f"{TEST_SET}.json"
    if not path.exists():
        return None
    data = serialization.read_json(path, SCHEMA)
    arrays = serialization.read_npz(path.with_suffix(".npz"), NPZ_LIMIT)
    try:
        fields = serialization.with_channels({name: data[name] for name in data if name != "schema"})
        header = serialization.from_json(fields, TestSetHeader)
        labels, index, images = (arrays[name] for name in ("y", "example_index", "example_images"))
        copies = arrays.get("copies", np.zeros(0, dtype=np.int64))  # earlier versions did not look for them
        whole = all(numbers.dtype.kind in "iu" for numbers in (labels, index, copies))
        _require(whole, "labels that are not whole numbers")
        test_set = TestSet(
            **vars(header),
            y=labels.astype(np.int64),
            example_index=index.astype(np.int64),
            example_images=images,
            names=serialization.unpack_texts(arrays["names"]) if "names" in arrays else (),
            copies=copies.astype(np.int64),
        )
        _check_test_set(test_set)
    except KeyError as error:
        raise BenchmarkError(f"{path}: array {error} is missing; delete the folder and run again") from error
    except ValueError as error:
        raise BenchmarkError(f"{path}: not a test set ({error}); delete the folder and run again") from error
    return test_set


def _check_test_set(test_set: TestSet) -> None:
    y, index, images = test_set.y, test_set.example_index, test_set.example_images
    _require(y.ndim == 1 and len(y) > 0, f"labels of shape {y.shape}")
    _require(y.min() >= 0 and y.max() < len(test_set.class_names), f"labels from {y.min()} to {y.max()}")
    _require(
        index.ndim == 1 and bool(((index >= 0) & (index < len(y))).all()),
        "pictures of images that are not in the test set",
    )
    copies = test_set.copies
    _require(
        copies.ndim == 1 and bool(np.isin(copies, np.arange(len(y))).all() and (np.diff(copies) > 0).all()),
        "copies that are not in the test set",
    )
    shape = (len(index), math.prod(test_set.image_shape))
    _require(images.shape == shape and images.dtype == np.uint8, f"pictures of shape {images.shape}, not {shape}")
    _require(len(test_set.names) in (0, len(y)), f"{len(test_set.names)} file names of {len(y)} images")


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)


@dataclasses.dataclass(frozen=True)
class _Arrays:
    """What the ``.npz`` of a record holds."""

    proba: npt.NDArray[np.float16]
    validation: Validation | None = None
    rows: npt.NDArray[np.int64] | None = None


def _read_arrays(path: Path, record: Record, test_set: TestSet) -> _Arrays:
    arrays = path.with_suffix(".npz")
    try:
        checksum = serialization.sha256(arrays)
    except OSError as error:
        raise BenchmarkError(f"{arrays}: cannot be read ({error}); delete {path} and run again") from error
    if checksum != record.proba_sha256:
        raise BenchmarkError(f"{arrays}: its SHA-256 is not the one in {path.name}; delete both and run again")
    n_classes = len(test_set.class_names)
    bytes_a_row = 2 * n_classes  # a validation row takes 8 more for its label
    limit = (bytes_a_row + 8) * (len(test_set.y) + record.validation_rows) + 4 * NPY_HEADER
    content = serialization.read_npz(arrays, limit)
    tested = _tested(arrays, content, len(test_set.y)) if record.fold is not None else None
    proba = _scores(arrays, content, "proba", (len(test_set.y) if tested is None else len(tested), n_classes))
    if "validation" not in content:
        return _Arrays(proba, None, tested)
    rows = _scores(arrays, content, "validation", (record.validation_rows, n_classes))
    y = content.get("validation_y")
    if y is None or y.shape != (len(rows),) or y.dtype.kind not in "iu" or not _within(y, n_classes):
        raise BenchmarkError(f"{arrays}: no labels `validation_y` for its {len(rows)} rows; delete it and run again")
    return _Arrays(proba, Validation(y.astype(np.int64), rows), tested)


def _tested(arrays: Path, content: Mapping[str, npt.NDArray[Any]], n_test: int) -> npt.NDArray[np.int64]:
    """Return which images a fold predicted."""
    rows = content.get("rows")
    if rows is None or rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows) or not _within(rows, n_test):
        raise BenchmarkError(f"{arrays}: no array `rows` of the images that it predicted; delete it and run again")
    return rows.astype(np.int64)


def _scores(
    arrays: Path, content: Mapping[str, npt.NDArray[Any]], name: str, shape: tuple[int, int]
) -> npt.NDArray[np.float16]:
    scores = content.get(name)
    if scores is None or scores.shape != shape or scores.dtype != np.float16 or not np.isfinite(scores).all():
        raise BenchmarkError(f"{arrays}: no finite float16 array `{name}` of shape {shape}; delete it and run again")
    return scores


def _within(y: npt.NDArray[Any], n_classes: int) -> bool:
    return bool(((y >= 0) & (y < n_classes)).all())
