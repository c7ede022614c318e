"""What is made from a record and lies beside it: a learning curve, the answers to corrupted images.

Each is a JSON of one estimator that says which record it was made from, with its predictions in an
``.npz`` beside it. `curve_record.py` and `robustness_record.py` say what else is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from benchmark import plain, records
from benchmark.errors import BenchmarkError
from benchmark.fingerprint import short_hash
from benchmark.schema import Record, TestSet, safe_name

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

    schema: int
    dataset: str
    dataset_sha256: str
    estimator: str
    depends_on: Mapping[str, str]
    params: Mapping[str, Any]

    def check(self) -> None:
        """Look for fields that contradict each other.

        Raises
        ------
        ValueError
        """


D = TypeVar("D", bound=Derived)


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
    data = plain.read_json(path, schema)
    try:
        found: D = plain.typed(data, kind, f"the {path.stem}")
        if found.estimator != path.parent.name:
            raise ValueError(f"it says that it is of {found.estimator!r}")
        if not safe_name(found.estimator):
            raise ValueError(f"{found.estimator!r} is no estimator's name")
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
    return f"delete it{f', or make it anew with: python -m benchmark {verb} {name}' if safe_name(name) else ''}"
