"""What is odd about a data set, on disk: copies, constant pixels, likely label errors, and the pictures to show.

::

    results/<dataset>/records/audit.json    how it was made, and what no list says
    results/<dataset>/records/audit.npz     the training labels, the lists of indices, some pictures

The arrays are written first, and the JSON holds their checksum: an audit is whole, or known not to be.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.analyses.data_audit.schema import (
    PARTS,
    SCHEMA,
    SCOPES,
    Audit,
    AuditData,
    Copies,
    Ints,
    LabelErrors,
    Pictures,
    parts_of,
)
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization
from benchmark.storage.schema import TestSet

NPZ_LIMIT = 2**26
"""Bytes that the arrays may unpack to."""


def path(folder: Path) -> Path:
    """Return where the JSON of a data set's results lies; its ``.npz`` lies beside it."""
    return folder / "records" / "audit.json"


def write(folder: Path, held: AuditData) -> AuditData:
    """Write an audit atomically; return it with the checksum of its arrays."""
    blob = serialization.to_npz(**_arrays(held))
    audit = dataclasses.replace(held.audit, arrays_sha256=hashlib.sha256(blob).hexdigest())
    place = path(folder)
    serialization.write_atomically(place.with_suffix(".npz"), blob)
    serialization.write_atomically(place, serialization.to_json(dataclasses.asdict(audit)))
    return dataclasses.replace(held, audit=audit)


def read(folder: Path, test_set: TestSet) -> AuditData | None:
    """Read an audit strictly, or return None where there is none.

    Raises
    ------
    BenchmarkError
        Unreadable; a field is missing, unknown, of another type or out of range; made on other
        data; arrays that are not the ones that were written, or that name images that are not.
    """
    place = path(folder)
    if not place.exists():
        return None
    again = "delete it, or make it anew with: python -m benchmark audit"
    data = serialization.read_json(place, SCHEMA)
    arrays = place.with_suffix(".npz")
    try:
        audit = serialization.from_json(data, Audit)
        if set(audit.pairs) != set(SCOPES):
            raise ValueError(f"pairs of {sorted(audit.pairs)}")
        if (audit.search is None) == (audit.status == "ok"):
            raise ValueError(f"status {audit.status!r} and search {audit.search}")
    except ValueError as error:
        raise BenchmarkError(f"{place}: not an audit of schema {SCHEMA} ({error}); {again}") from error
    if audit.dataset_sha256 != test_set.sha256:
        raise BenchmarkError(f"{place}: made on other data than test-set.json beside it; {again}")
    try:
        same = serialization.sha256(arrays) == audit.arrays_sha256
    except OSError as error:
        raise BenchmarkError(f"{arrays}: cannot be read ({error}); {again}") from error
    if not same:
        raise BenchmarkError(f"{arrays}: its SHA-256 is not the one in {place.name}; {again}")
    found = serialization.read_npz(arrays, NPZ_LIMIT, again)
    try:
        return _Reader(found, test_set).held(audit)
    except ValueError as error:
        raise BenchmarkError(f"{arrays}: {error}; {again}") from error


def _arrays(held: AuditData) -> dict[str, npt.NDArray[Any]]:
    """Return what the ``.npz`` holds: whole numbers in the fewest bytes that will do."""
    arrays: dict[str, npt.NDArray[Any]] = {"y_train": held.y_train}
    for part in PARTS:
        arrays |= {f"{part}_constant": held.constant[part], f"{part}_flat": held.flat[part]}
        arrays[f"{part}_picture_index"] = held.pictures[part].index
    for scope, copies in held.copies.items():
        arrays |= {f"{scope}_images": copies.images, f"{scope}_equal": copies.equal, f"{scope}_pairs": copies.pairs}
    arrays |= {"error_index": held.errors.index, "error_suggested": held.errors.suggested}
    arrays = {name: array.astype(np.min_scalar_type(int(array.max(initial=0)))) for name, array in arrays.items()}
    for part in PARTS:
        arrays[f"{part}_pictures"] = held.pictures[part].pixels
    for scope, copies in held.copies.items():
        arrays |= {f"{scope}_similarity": copies.similarity, f"{scope}_same": copies.same}
    arrays["error_margin"] = held.errors.margin.astype(np.float32)
    return arrays


class _Reader:
    """Takes arrays out of a file, each held against what it must be."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], test_set: TestSet) -> None:
        self.arrays = arrays
        self.size = {"train": test_set.n_train, "test": len(test_set.y)}
        self.pixels = test_set.image_shape[0] * test_set.image_shape[1]
        self.n_classes = len(test_set.class_names)

    def held(self, audit: Audit) -> AuditData:
        y_train = self.whole("y_train", self.n_classes, (self.size["train"],))
        return AuditData(
            audit=audit,
            y_train=y_train,
            constant={part: self.constant(f"{part}_constant") for part in PARTS},
            flat={part: self.index(f"{part}_flat", self.size[part]) for part in PARTS},
            copies={scope: self.copies(scope, audit.pairs[scope]) for scope in SCOPES},
            errors=self.errors(y_train),
            pictures={part: self.pictures(part) for part in PARTS},
        )

    def copies(self, scope: str, n_pairs: int) -> Copies:
        first, second = parts_of(scope)
        pairs = self.take(f"{scope}_pairs", "u", (None, 2)).astype(np.int64)
        m = len(pairs)
        if m > n_pairs or (pairs >= (self.size[first], self.size[second])).any():
            raise ValueError(f"{scope}_pairs names images that are not there, or more pairs than {n_pairs}")
        similarity = self.take(f"{scope}_similarity", "f", (m,)).astype(np.float64)
        if not ((similarity >= -1) & (similarity <= 1)).all():  # NaN is not
            raise ValueError(f"{scope}_similarity holds what is no correlation")
        return Copies(
            images=self.index(f"{scope}_images", self.size[first]),
            equal=self.index(f"{scope}_equal", self.size[first]),
            n_pairs=n_pairs,
            pairs=pairs,
            similarity=similarity,
            same=self.take(f"{scope}_same", "b", (m,)),
        )

    def errors(self, y_train: Ints) -> LabelErrors:
        index = self.whole("error_index", len(y_train))
        suggested = self.whole("error_suggested", self.n_classes, (len(index),))
        margin = self.take("error_margin", "f", (len(index),)).astype(np.float64)
        if not np.isfinite(margin).all() or len(np.unique(index)) < len(index) or (suggested == y_train[index]).any():
            raise ValueError("its label errors are none")
        return LabelErrors(index, suggested, margin)

    def pictures(self, part: str) -> Pictures:
        index = self.index(f"{part}_picture_index", self.size[part])
        pixels = self.take(f"{part}_pictures", "u", (len(index), self.pixels))
        if pixels.dtype != np.uint8:
            raise ValueError(f"{part}_pictures are {pixels.dtype}")
        return Pictures(index, pixels)

    def constant(self, name: str) -> Ints:
        found = self.take(name, "u", (None, 2)).astype(np.int64)
        if (found >= (self.pixels, 256)).any():
            raise ValueError(f"{name} names pixels that are not there")
        return found

    def index(self, name: str, below: int) -> Ints:
        """Return indices, ascending, none twice."""
        found = self.whole(name, below)
        if (np.diff(found) <= 0).any():
            raise ValueError(f"{name} does not ascend")
        return found

    def whole(self, name: str, below: int, shape: tuple[int | None, ...] = (None,)) -> Ints:
        found = self.take(name, "u", shape).astype(np.int64)
        if (found < 0).any() or (found >= below).any():
            raise ValueError(f"{name} goes up to {found.max()}, beyond {below - 1}")
        return found

    def take(self, name: str, kind: str, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
        found = self.arrays.get(name)
        if found is None:
            raise ValueError(f"array `{name}` is missing")
        fits = len(found.shape) == len(shape) and all(
            want in (None, have) for want, have in zip(shape, found.shape, strict=True)
        )
        if found.dtype.kind != kind or not fits:
            raise ValueError(f"array `{name}` is of {found.dtype} and shape {found.shape}")
        return found


def read_file(path: Path, test_set: TestSet) -> Any:
    """Read the file at ``results/<dataset>/records/<stem>.json``; see `read`."""
    return read(path.parents[1], test_set)
