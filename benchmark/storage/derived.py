"""Derived records: what an analysis computes from a record, such as a learning curve.

Each is a JSON of one estimator that names the record it was made from, and an ``.npz`` with its predictions. The
``record.py`` of an analysis says what else they hold.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError
from benchmark.storage import records, serialization
from benchmark.storage.schema import EstimatorName, Record, Status, TestSet, is_safe_name
from benchmark.storage.serialization import NonNegativeFloat, NonNegativeInt, short_hash

Labels = npt.NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class Derived:
    """The header of every derived record.

    Attributes
    ----------
    schema : int
    dataset, dataset_sha256, estimator : str
    depends_on : mapping of str to str
        Short hashes of the record and its parameters. The derived record is stale once one of them has changed.
    params : mapping
        Parameters chosen by tuning, as in the record.
    """

    schema: NonNegativeInt
    dataset: str
    dataset_sha256: str
    estimator: EstimatorName
    depends_on: Mapping[str, str]
    params: Mapping[str, Any]

    def check(self) -> None:
        """Check that no fields contradict each other.

        Raises
        ------
        ValueError
        """


D = TypeVar("D", bound=Derived)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One of several fits in a derived record; its predictions of the test images are a row of the ``.npz``.

    Attributes
    ----------
    status : {"ok", "failed", "timeout", "oom"}
    reason : str
        One line; empty if ok.
    fit_seconds, predict_seconds : float
        Measured alone on the machine after a warm-up; `predict_seconds` is for all test images.
    threads : int
    device : str
    test_reads : int
        How often the test images have been predicted for this fit.
    predicted_sha256 : str
        `digest` of its predictions; empty unless ok.
    """

    status: Status
    reason: str
    fit_seconds: NonNegativeFloat
    predict_seconds: NonNegativeFloat
    threads: NonNegativeInt
    device: str
    test_reads: NonNegativeInt
    predicted_sha256: str = ""


F = TypeVar("F", bound=Fit)
H = TypeVar("H")

INVALIDATED: Mapping[str, Any] = {"status": "failed", "reason": "invalidated; not recomputed yet"}
"""Fields of an outdated result. It stays on disk only for its count of test reads."""


def depends_on(record: Record) -> dict[str, str]:
    """Return what a derived record depends on: all that its record depends on, and the parameters chosen."""
    return {**record.fingerprint, "winner": short_hash(dict(record.params))}


def header_fields(record: Record, schema: int) -> dict[str, Any]:
    """Return the fields of `Derived` for a derived record."""
    return {
        "schema": schema,
        "dataset": record.dataset,
        "dataset_sha256": record.dataset_sha256,
        "estimator": record.estimator,
        "depends_on": depends_on(record),
        "params": dict(record.params),
    }


def path_of(folder: Path, estimator: str, stem: str) -> Path:
    """Return the path of an estimator's JSON of this kind; its ``.npz`` is in the same folder."""
    return records.record_path(folder, estimator, 0).with_name(f"{stem}.json")


def load_existing(
    path: Path, test_set: TestSet | None, read_json: Callable[[Path], D], read: Callable[[Path, TestSet], H]
) -> tuple[D | None, H | None]:
    """Return the JSON of a derived record, and the whole with predictions; None for each that cannot be read."""
    old = whole = None
    with suppress(BenchmarkError):  # missing or damaged
        old = read_json(path)
        whole = None if test_set is None else read(path, test_set)
    return old, whole


def upsert(
    fits: tuple[F, ...], predicted: Labels, fit: F, before: F | None, labels: npt.NDArray[Any] | None
) -> tuple[tuple[F, ...], Labels]:
    """Return the fits and their predictions with one added, or with one replaced.

    Parameters
    ----------
    fits : tuple of Fit
    predicted : ndarray of labels, (fits, n_test)
    fit : Fit
        The new fit; its `predicted_sha256` is filled in.
    before : Fit or None
        The one of `fits` that is replaced.
    labels : ndarray of int, (n_test,), or None
        Predictions of the new fit; None unless it is ok.
    """
    row = np.zeros(predicted.shape[1], predicted.dtype)
    if labels is not None:
        row[:] = labels
    fit = dataclasses.replace(fit, predicted_sha256="" if labels is None else digest(row))
    place = len(fits) if before is None else fits.index(before)
    after = np.vstack([predicted[:place], row, predicted[place + 1 :]])
    return (*fits[:place], fit, *fits[place + 1 :]), after


def label_type(n_classes: int) -> type[np.unsignedinteger[Any]]:
    """Return the type in which labels are stored."""
    return np.uint8 if n_classes <= 256 else np.uint16


def read(path: Path, kind: type[D], schema: int, command: str) -> D:
    """Read a JSON strictly: every field has its type, and the file is in its estimator's folder.

    Parameters
    ----------
    path : Path
        ``…/records/<estimator>/<stem>.json``.
    kind : type
    schema : int
    command : str
        Subcommand that recomputes it.

    Raises
    ------
    BenchmarkError
        Unreadable, or a field is missing, unknown, of another type or out of range.
    """
    data = serialization.read_json(path, schema)
    try:
        found: D = serialization.from_json(data, kind)
        if found.estimator != path.parent.name:
            raise ValueError(f"it says that it is of {found.estimator!r}")
        found.check()
    except ValueError as error:
        raise BenchmarkError(
            f"{path}: not a {path.stem} of schema {schema} ({error}); {remedy(path, command)}"
        ) from error
    return found


def check_data(path: Path, found: Derived, test_set: TestSet, command: str) -> None:
    """Refuse a derived record of other data.

    Raises
    ------
    BenchmarkError
    """
    if found.dataset_sha256 != test_set.sha256:
        raise BenchmarkError(f"{path}: made on other data than {records.TEST_SET}.json; {remedy(path, command)}")


def remedy(path: Path, command: str) -> str:
    """Return what to do about a damaged file."""
    name = path.parent.name
    return f"delete it{f', or recompute it with: python -m benchmark {command} {name}' if is_safe_name(name) else ''}"


def digest(labels: npt.NDArray[Any]) -> str:
    """Return the checksum of one fit's labels, whatever their stored type."""
    return hashlib.sha256(labels.astype("<u2").tobytes()).hexdigest()


def write_rows(path: Path, found: Derived, fits: Sequence[Fit], predicted: Labels) -> None:
    """Write a JSON and a row of labels for each of its fits, each file atomically.

    The labels are written before the JSON, which holds the checksum of each row. So an interrupted write leaves at
    most one row that no fit refers to.

    Parameters
    ----------
    path : Path
    found : Derived
    fits : sequence of Fit
        In the order of the rows of `predicted`.
    predicted : ndarray of labels, (fits, n_test)
    """
    arrays, some = path.with_suffix(".npz"), any(fit.status == "ok" for fit in fits)
    if some:
        serialization.write_atomically(arrays, serialization.to_npz(predicted=predicted))
    serialization.write_atomically(path, serialization.to_json(dataclasses.asdict(found)))
    if not some:
        arrays.unlink(missing_ok=True)


def read_rows(path: Path, fits: Sequence[Fit], test_set: TestSet, command: str) -> Labels:
    """Read the labels that `write_rows` wrote, strictly; the row of a fit that is not ok is zeros.

    Returns
    -------
    ndarray of labels, (fits, n_test)

    Raises
    ------
    BenchmarkError
        The labels are missing, have the wrong shape or type, name no class, or are not those that were written.
    """
    n_test, n_classes = len(test_set.y), len(test_set.class_names)
    kind = label_type(n_classes)
    rows = np.zeros((len(fits), n_test), kind)
    ok = [place for place, fit in enumerate(fits) if fit.status == "ok"]
    if not ok:
        return rows
    arrays = path.with_suffix(".npz")
    most = len(fits) + 1  # the last row may belong to a fit whose JSON was never written
    limit = most * n_test * kind().itemsize + records.NPY_HEADER
    predicted = serialization.read_npz(arrays, limit, remedy(path, command)).get("predicted")
    try:
        if predicted is None or predicted.dtype != kind or predicted.ndim != 2:
            raise ValueError(f"no array `predicted` of rows of {kind.__name__}")
        if predicted.shape[1] != n_test or not ok[-1] < len(predicted) <= most:
            raise ValueError(f"`predicted` has shape {predicted.shape}, of {len(fits)} fits and {n_test} images")
        for place in ok:
            if digest(predicted[place]) != fits[place].predicted_sha256 or predicted[place].max() >= n_classes:
                raise ValueError(f"row {place} of `predicted` is not the one that {path.name} was written with")
    except ValueError as error:
        raise BenchmarkError(f"{arrays}: {error}; {remedy(path, command)}") from error
    rows[ok] = predicted[ok]
    return rows
