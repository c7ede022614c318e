"""What is on disk: one record per (data set, estimator, seed), and the labels it is scored against.

::

    results/<dataset>/records/test-set.json, test-set.npz      the test labels and some pictures
    results/<dataset>/records/<estimator>/seed-<n>.json        everything known but the predictions
    results/<dataset>/records/<estimator>/seed-<n>.npz         proba, (n test images, n classes), float16

Files are written to a temporary name, synced, and moved into place; the JSON comes last and
holds the checksum of its ``.npz``, so a record is whole or known not to be. Nothing here is
ever unpickled. `load` is for notebooks; `read` is for the report.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
"""Raised when a field changes its meaning; a record of another schema is refused by name."""

TEST_SET = "test-set"

JSON_LIMIT, NPZ_LIMIT = 2**26, 2**30
"""Bytes of a JSON, and that an ``.npz`` may unpack to: what is read may come from a stranger."""

_NPY_HEADER = 2**12
"""Bytes, at most, that an array takes in an ``.npz`` beside its numbers."""

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_LARGEST = 10**15
"""No count, size or time in a record is larger, or below zero; beyond it axes and columns overflow."""

Status = Literal["ok", "failed", "timeout", "oom"]


@dataclass(frozen=True)
class RungResult:
    """One fit of a trial: `rows` training rows, accuracy on the validation rows, seconds."""

    rows: int
    accuracy: float
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True)
class TrialResult:
    """One trial of the study: what was tried, how far it climbed, why it stopped."""

    number: int
    state: Literal["complete", "pruned", "failed", "timeout", "oom"]
    params: Mapping[str, Any]
    rungs: tuple[RungResult, ...]
    reason: str = ""


@dataclass(frozen=True)
class Record:
    """Everything known about one (data set, estimator, seed).

    Attributes
    ----------
    schema : int
        `SCHEMA` when written.
    dataset, dataset_sha256 : str
    estimator, title, family, augmentation : str
        As declared by the plugin; `estimator` is its name.
    origin : str
        The plugin's file within the project, or "entry point PACKAGE VERSION".
    seed : int
    status : {"ok", "failed", "timeout", "oom"}
        Anything but "ok" has a `reason` and no predictions.
    reason : str
        One line.
    fingerprint : mapping of str to str
        Short hashes of what the result depends on (dataset, protocol, space, defaults): a
        record whose fingerprint differs from today's is stale.
    preset : mapping
        The `benchmark.protocol.Preset`'s fields.
    scores : {"predict_proba", "decision_function", ""}
        Where the stored rows come from; a decision function went through a softmax, which
        keeps the ranking but is no probability.
    params : mapping
        The winner's tuned parameters.
    validation_accuracy : float or None
        Of the winner, at the top rung it was chosen on (`validation_fit_rows` rows fitted).
    validation_fit_rows, validation_rows : int
    trials : tuple of TrialResult
    tuning_seconds : float
        Fit and predict seconds of all trials, added up over the workers.
    tuning_threads : int
        Threads per worker while tuning.
    tuning_parallel : int
        Workers that shared the machine while tuning.
    fit_rows : int
        Rows of the refit.
    fit_seconds, predict_seconds : float
        Measured alone on the machine, after a warm-up. `predict_seconds` is for all test images.
    threads : int
        Of the refit and the prediction.
    device : str
    peak_memory_bytes : int
        Peak resident memory of the worker that refitted and predicted, libraries included.
    model_bytes : int
        Size of the fitted pipeline, pickled.
    test_reads : int
        How often the test images have been predicted for this estimator and seed, counting the
        records that this one replaced.
    proba_sha256 : str
        Checksum of the ``.npz``; empty without predictions.
    environment : mapping of str to str
        Machine and versions.
    """

    schema: int
    dataset: str
    dataset_sha256: str
    estimator: str
    title: str
    family: str
    augmentation: str
    origin: str
    seed: int
    status: Status
    reason: str
    fingerprint: Mapping[str, str]
    preset: Mapping[str, Any]
    scores: str
    params: Mapping[str, Any]
    validation_accuracy: float | None
    validation_fit_rows: int
    validation_rows: int
    trials: tuple[TrialResult, ...]
    tuning_seconds: float
    tuning_threads: int
    tuning_parallel: int
    fit_rows: int
    fit_seconds: float
    predict_seconds: float
    threads: int
    device: str
    peak_memory_bytes: int
    model_bytes: int
    test_reads: int
    proba_sha256: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class TestSet:
    """What every record is scored against.

    Attributes
    ----------
    dataset, sha256 : str
    class_names : tuple of str
    image_shape : tuple of int
    n_train : int
        Rows of the training part.
    y : ndarray of int64, (n_test,)
    example_index : ndarray of int64, (k,)
        Test images whose pixels are kept for the report's pictures.
    example_images : ndarray of uint8, (k, pixels)
    """

    __test__ = False  # not a test, whatever pytest makes of the name

    dataset: str
    sha256: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]
    n_train: int
    y: npt.NDArray[np.int64]
    example_index: npt.NDArray[np.int64]
    example_images: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Results:
    """One data set's folder, read and verified.

    Attributes
    ----------
    folder : Path
        ``results/<dataset>``.
    test_set : TestSet
    records : tuple of Record
        Sorted by estimator and seed, failed ones included.
    proba : mapping of (estimator, seed) to ndarray of float16, (n_test, n_classes)
        Of the records whose status is "ok".
    """

    folder: Path
    test_set: TestSet
    records: tuple[Record, ...]
    proba: Mapping[tuple[str, int], npt.NDArray[np.float16]]


def safe_name(estimator: str) -> bool:
    """Tell whether a name will do for an estimator: as a folder's, in a table's cell, never as a path."""
    return _SAFE_NAME.fullmatch(estimator) is not None


def record_path(folder: Path, estimator: str, seed: int) -> Path:
    """Return where the record's JSON lies; its ``.npz`` lies beside it.

    Raises
    ------
    BenchmarkError
        The name is not safe as a folder's.
    """
    if not safe_name(estimator):
        raise BenchmarkError(f"{estimator!r} is no estimator's name; use letters, digits, _ and - only")
    return folder / "records" / estimator / f"seed-{seed}.json"


def write(folder: Path, record: Record, proba: npt.NDArray[np.float16] | None) -> Record:
    """Write one record atomically: what was there stays whole until the new one is.

    The predictions come first and the JSON with their checksum after them, so that a record
    whose writing was cut off is one whose checksum differs (see `intact`).

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    record : Record
        Its `proba_sha256` is filled in.
    proba : ndarray of float16, (n_test, n_classes), or None
        None for a failed estimator.

    Returns
    -------
    Record
        As written.
    """
    path = record_path(folder, record.estimator, record.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = path.with_suffix(".npz")
    blob = None if proba is None else _npz(proba=proba)
    record = dataclasses.replace(record, proba_sha256="" if blob is None else hashlib.sha256(blob).hexdigest())
    if blob is not None:
        write_atomically(arrays, blob)
    write_atomically(path, _json(dataclasses.asdict(record)))
    if blob is None:
        arrays.unlink(missing_ok=True)
    return record


def intact(path: Path, record: Record) -> bool:
    """Tell whether a record's predictions are the ones it was written with.

    Parameters
    ----------
    path : Path
        Its JSON.
    record : Record
        As read from there.
    """
    try:
        return record.status != "ok" or _sha256(path.with_suffix(".npz")) == record.proba_sha256
    except OSError:
        return False


def write_test_set(folder: Path, test_set: TestSet) -> None:
    """Write the labels and the kept pictures beside the records."""
    path = folder / "records" / f"{TEST_SET}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    blob = _npz(y=test_set.y, example_index=test_set.example_index, example_images=test_set.example_images)
    write_atomically(path.with_suffix(".npz"), blob)
    meta = {
        "schema": SCHEMA,
        "dataset": test_set.dataset,
        "sha256": test_set.sha256,
        "class_names": list(test_set.class_names),
        "image_shape": list(test_set.image_shape),
        "n_train": test_set.n_train,
    }
    write_atomically(path, _json(meta))


def read(folder: Path) -> Results:
    """Read one data set's records strictly: anything odd is an error that names the file.

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
    records, proba = [], {}
    for path in sorted((folder / "records").glob("*/seed-*.json")):
        record = read_record(path)
        if record.dataset_sha256 != test_set.sha256:
            raise BenchmarkError(
                f"{path}: made on other data than {TEST_SET}.json beside it; run {record.estimator} again"
            )
        if record.status == "ok":
            proba[record.estimator, record.seed] = _read_proba(path, record, test_set)
        records.append(record)
    records.sort(key=lambda record: (record.estimator, record.seed))
    return Results(folder, test_set, tuple(records), proba)


def read_record(path: Path) -> Record:
    """Read one record's JSON, strictly: each field of its type, in the place that the record names.

    Raises
    ------
    BenchmarkError
        Unreadable, or a field is missing, unknown, of another type or out of range.
    """
    data = _read_json(path)
    try:
        record: Record = _typed(data, Record, "the record")
        if (record.estimator, f"seed-{record.seed}") != (path.parent.name, path.stem):
            raise ValueError(f"it says that it is of {record.estimator!r}, seed {record.seed}")
        if not safe_name(record.estimator):
            raise ValueError(f"{record.estimator!r} is no estimator's name")
    except ValueError as error:
        raise BenchmarkError(f"{path}: not a record of schema {SCHEMA} ({error}); delete it and run again") from error
    return record


def read_test_set(folder: Path) -> TestSet | None:
    """Read the labels and pictures, or return None where there are none."""
    path = folder / "records" / f"{TEST_SET}.json"
    if not path.exists():
        return None
    meta = _read_json(path)
    arrays = _read_npz(path.with_suffix(".npz"), NPZ_LIMIT)
    try:
        labels, index, images = (arrays[name] for name in ("y", "example_index", "example_images"))
        _require(labels.dtype.kind in "iu" and index.dtype.kind in "iu", "labels that are no whole numbers")
        test_set = TestSet(
            **{name: _typed(meta[name], hint, name) for name, hint in _TEST_SET_META.items()},
            y=labels.astype(np.int64),
            example_index=index.astype(np.int64),
            example_images=images,
        )
        _check_test_set(test_set)
    except KeyError as error:
        raise BenchmarkError(f"{path}: field {error} is missing; delete the folder and run again") from error
    except ValueError as error:
        raise BenchmarkError(f"{path}: not a test set ({error}); delete the folder and run again") from error
    return test_set


def load(folder: str | Path) -> pd.DataFrame:
    """Return the leaderboard as a DataFrame, one row per estimator, for a notebook.

    Parameters
    ----------
    folder : str or Path
        ``results/<dataset>``.

    Returns
    -------
    pandas.DataFrame
        The columns of ``leaderboard.csv``, recomputed from the stored predictions.
    """
    from benchmark.report.leaderboard import frame  # the only look upwards, for the caller's convenience

    return frame(read(Path(folder)))


def write_atomically(path: Path, blob: bytes) -> None:
    """Write beside `path`, sync, and move into place: old or new, never half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(data: Mapping[str, Any]) -> bytes:
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # Half a surrogate pair, as a file's name may hold, has no UTF-8; its escape is one that JSON reads back.
    return text.encode(errors="backslashreplace")


def _npz(**arrays: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > JSON_LIMIT:
            raise ValueError(f"larger than the {JSON_LIMIT:,} bytes that are read")
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); delete it and run again") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or schema != SCHEMA:
        raise BenchmarkError(f"{path}: schema {schema!r}, this version reads schema {SCHEMA}; delete it and run again")
    return dict(data)


def _typed(value: Any, hint: Any, where: str) -> Any:
    """Return a value from JSON as the type that a field is declared to have; nothing is converted or guessed."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
        needed = {field.name for field in dataclasses.fields(hint) if field.default is dataclasses.MISSING}
        hints = get_type_hints(hint)
        for name in sorted((value.keys() - hints.keys()) | (needed - value.keys())):
            raise ValueError(f"{where}: field {name!r} is {'unknown' if name in value else 'missing'}")
        return hint(**{name: _typed(item, hints[name], name) for name, item in value.items()})
    if origin is tuple and isinstance(value, list):
        return tuple(_typed(item, inner[0], where) for item in value)
    if origin is Mapping and isinstance(value, dict):
        return {key: _typed(item, inner[1], where) for key, item in value.items()}
    if origin is UnionType and value is None and type(None) in inner:
        return None
    if origin is UnionType:
        return _typed(value, inner[0], where)
    number = type(value) is int or (type(value) is float and hint is float)
    if hint in (int, float) and number and 0 <= value <= _LARGEST:  # NaN is not
        return value
    if (origin is Literal and value in inner) or (hint is str and isinstance(value, str)):
        return value
    raise ValueError(f"{where} is {repr(value)[:80]}")


_TEST_SET_META: dict[str, Any] = {
    name: hint
    for name, hint in get_type_hints(TestSet).items()
    if name in ("dataset", "sha256", "class_names", "image_shape", "n_train")
}


def _check_test_set(test_set: TestSet) -> None:
    y, index, images = test_set.y, test_set.example_index, test_set.example_images
    _require(len(test_set.image_shape) == 2, f"image_shape is {test_set.image_shape}")
    _require(y.ndim == 1 and len(y) > 0, f"labels of shape {y.shape}")
    _require(y.min() >= 0 and y.max() < len(test_set.class_names), f"labels from {y.min()} to {y.max()}")
    _require(index.ndim == 1 and bool(((index >= 0) & (index < len(y))).all()), "pictures of images that it lacks")
    shape = (len(index), math.prod(test_set.image_shape))
    _require(images.shape == shape and images.dtype == np.uint8, f"pictures of shape {images.shape}, not {shape}")


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)


def _read_npz(path: Path, limit: int) -> dict[str, npt.NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            _require(size <= limit, f"it unpacks to {size:,} bytes, more than the {limit:,} that are read")
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); delete its folder and run again") from error


def _read_proba(path: Path, record: Record, test_set: TestSet) -> npt.NDArray[np.float16]:
    arrays = path.with_suffix(".npz")
    try:
        checksum = _sha256(arrays)
    except OSError as error:
        raise BenchmarkError(f"{arrays}: cannot be read ({error}); delete {path} and run again") from error
    if checksum != record.proba_sha256:
        raise BenchmarkError(f"{arrays}: its SHA-256 is not the one in {path.name}; delete both and run again")
    shape = (len(test_set.y), len(test_set.class_names))
    proba = _read_npz(arrays, 2 * math.prod(shape) + _NPY_HEADER).get("proba")
    if proba is None or proba.shape != shape or proba.dtype != np.float16 or not np.isfinite(proba).all():
        raise BenchmarkError(f"{arrays}: no finite float16 array `proba` of shape {shape}; delete it and run again")
    return proba
