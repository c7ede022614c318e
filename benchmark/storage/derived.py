"""What is made from a record and lies beside it: a learning curve, the answers to corrupted images, and so on.

Each is a JSON of one estimator that says which record it was made from, with its predictions in an
``.npz`` beside it. `curve_record.py`, `budget_record.py` and `robustness_record.py` say what else is in them.
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
    """What the JSON of anything derived begins with.

    Attributes
    ----------
    schema : int
    dataset, dataset_sha256, estimator : str
    depends_on : mapping of str to str
        Short hashes; what was made from a record that is another one today is stale.
    params : mapping
        The winner's, as in the record.
    """

    schema: NonNegativeInt
    dataset: str
    dataset_sha256: str
    estimator: EstimatorName
    depends_on: Mapping[str, str]
    params: Mapping[str, Any]

    def check(self) -> None:
        """Look for fields that contradict each other.

        Raises
        ------
        ValueError
        """


D = TypeVar("D", bound=Derived)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One of several fits of something derived; its answers to the test images are a row of the ``.npz``.

    Attributes
    ----------
    status : {"ok", "failed", "timeout", "oom"}
    reason : str
        One line; empty if ok.
    fit_seconds, predict_seconds : float
        Measured alone on the machine, after a warm-up. `predict_seconds` is for all test images.
    threads : int
    device : str
    test_reads : int
        How often the test images have been predicted for this.
    predicted_sha256 : str
        `digest` of its row; empty unless ok.
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

LET_GO: Mapping[str, Any] = {"status": "failed", "reason": "let go, and not made anew yet"}
"""Of what is no longer what would be made, and stays for its count of reads alone."""


def depends_on(record: Record) -> dict[str, str]:
    """Return what anything made from a record depends on: what the record does, and the winner."""
    return {**record.fingerprint, "winner": short_hash(dict(record.params))}


def head(record: Record, schema: int) -> dict[str, Any]:
    """Return the fields of `Derived` for what is made from a record."""
    return {
        "schema": schema,
        "dataset": record.dataset,
        "dataset_sha256": record.dataset_sha256,
        "estimator": record.estimator,
        "depends_on": depends_on(record),
        "params": dict(record.params),
    }


def path_of(folder: Path, estimator: str, noun: str) -> Path:
    """Return where an estimator's JSON of this noun lies; its ``.npz`` lies beside it."""
    return records.record_path(folder, estimator, 0).with_name(f"{noun}.json")


def read_all(folder: Path, test_set: TestSet, noun: str, read: Callable[[Path, TestSet], H]) -> dict[str, H]:
    """Return what `read` makes of every estimator's JSON of this noun that there is."""
    found = sorted((folder / "records").glob(f"*/{noun}.json"))
    return {path.parent.name: read(path, test_set) for path in found}


def lying(
    path: Path, test_set: TestSet | None, head: Callable[[Path], D], read: Callable[[Path, TestSet], H]
) -> tuple[D | None, H | None]:
    """Return what lies there as far as it can be read: its JSON, and the whole with predictions; None where not."""
    old = whole = None
    with suppress(BenchmarkError):  # none, or damaged
        old = head(path)
        whole = None if test_set is None else read(path, test_set)
    return old, whole


def placed(
    fits: tuple[F, ...], predicted: Labels, fit: F, before: F | None, labels: npt.NDArray[Any] | None
) -> tuple[tuple[F, ...], Labels]:
    """Return fits and their rows with one more, or in the place of an earlier one.

    Parameters
    ----------
    fits : tuple of Fit
    predicted : ndarray of labels, (fits, n_test)
    fit : Fit
        Its `predicted_sha256` is filled in.
    before : Fit or None
        The one of `fits` whose place it takes.
    labels : ndarray of int, (n_test,), or None
        None unless it is ok.
    """
    row = np.zeros(predicted.shape[1], predicted.dtype)
    if labels is not None:
        row[:] = labels
    fit = dataclasses.replace(fit, predicted_sha256="" if labels is None else digest(row))
    place = len(fits) if before is None else fits.index(before)
    after = np.vstack([predicted[:place], row, predicted[place + 1 :]])
    return (*fits[:place], fit, *fits[place + 1 :]), after


def label_type(n_classes: int) -> type[np.unsignedinteger[Any]]:
    """Return the type that labels are stored as."""
    return np.uint8 if n_classes <= 256 else np.uint16


def read(path: Path, kind: type[D], schema: int, verb: str) -> D:
    """Read a JSON, strictly: each field of its type, in the place that it names.

    Parameters
    ----------
    path : Path
        ``…/records/<estimator>/<noun>.json``.
    kind : type
    schema : int
    verb : str
        Of the command that makes it anew.

    Raises
    ------
    BenchmarkError
        Unreadable, or a field is missing, unknown, of another type or out of range.
    """
    data = serialization.read_json(path, schema)
    try:
        found = serialization.from_json(data, kind)
        if found.estimator != path.parent.name:
            raise ValueError(f"it says that it is of {found.estimator!r}")
        found.check()
    except ValueError as error:
        raise BenchmarkError(f"{path}: not a {path.stem} of schema {schema} ({error}); {again(path, verb)}") from error
    return found


def check_data(path: Path, found: Derived, test_set: TestSet, verb: str) -> None:
    """Refuse what was made on other data.

    Raises
    ------
    BenchmarkError
    """
    if found.dataset_sha256 != test_set.sha256:
        raise BenchmarkError(f"{path}: made on other data than {records.TEST_SET}.json beside it; {again(path, verb)}")


def again(path: Path, verb: str) -> str:
    """Return what to do about a damaged file."""
    name = path.parent.name
    return f"delete it{f', or make it anew with: python -m benchmark {verb} {name}' if is_safe_name(name) else ''}"


def digest(labels: npt.NDArray[Any]) -> str:
    """Return the checksum of one fit's labels, whatever they are stored as."""
    return hashlib.sha256(labels.astype("<u2").tobytes()).hexdigest()


def write_rows(path: Path, found: Derived, fits: Sequence[Fit], predicted: Labels) -> None:
    """Write a JSON and a row of labels for each of its fits, atomically: what was there stays whole until the new is.

    The labels come before the JSON that holds the checksum of each row; so a write that is cut off leaves at most
    a row that no fit claims.

    Parameters
    ----------
    path : Path
    found : Derived
    fits : sequence of Fit
        In the order of the rows.
    predicted : ndarray of labels, (fits, n_test)
    """
    arrays, some = path.with_suffix(".npz"), any(fit.status == "ok" for fit in fits)
    if some:
        serialization.write_atomically(arrays, serialization.to_npz(predicted=predicted))
    serialization.write_atomically(path, serialization.to_json(dataclasses.asdict(found)))
    if not some:
        arrays.unlink(missing_ok=True)


def read_rows(path: Path, fits: Sequence[Fit], test_set: TestSet, verb: str) -> Labels:
    """Read what `write_rows` wrote beside a JSON, strictly; the row of a fit that is not ok is zeros.

    Returns
    -------
    ndarray of labels, (fits, n_test)

    Raises
    ------
    BenchmarkError
        Missing, of the wrong shape or type, of no class, or not the ones that were written.
    """
    n_test, n_classes = len(test_set.y), len(test_set.class_names)
    kind = label_type(n_classes)
    rows = np.zeros((len(fits), n_test), kind)
    ok = [place for place, fit in enumerate(fits) if fit.status == "ok"]
    if not ok:
        return rows
    arrays = path.with_suffix(".npz")
    most = len(fits) + 1  # the last row may be that of a fit whose JSON was never written
    limit = most * n_test * kind().itemsize + records.NPY_HEADER
    predicted = serialization.read_npz(arrays, limit, again(path, verb)).get("predicted")
    try:
        if predicted is None or predicted.dtype != kind or predicted.ndim != 2:
            raise ValueError(f"no array `predicted` of rows of {kind.__name__}")
        if predicted.shape[1] != n_test or not ok[-1] < len(predicted) <= most:
            raise ValueError(f"`predicted` has shape {predicted.shape}, of {len(fits)} fits and {n_test} images")
        for place in ok:
            if digest(predicted[place]) != fits[place].predicted_sha256 or predicted[place].max() >= n_classes:
                raise ValueError(f"row {place} of `predicted` is not the one that {path.name} was written with")
    except ValueError as error:
        raise BenchmarkError(f"{arrays}: {error}; {again(path, verb)}") from error
    rows[ok] = predicted[ok]
    return rows
