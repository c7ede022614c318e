"""A data audit on disk: duplicates, constant pixels, likely label errors, and the pictures that the report shows.

::

    results/<dataset>/records/audit.json    settings, counts, the machine
    results/<dataset>/records/audit.npz     the training labels, the lists of indices, some pictures

The arrays are written first, and the JSON holds their checksum, so an incomplete audit is recognised.
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
"""Largest unpacked size of the arrays that is read, in bytes."""


def path(folder: Path) -> Path:
    """Return the path of the JSON; its ``.npz`` is in the same folder."""
    return folder / "records" / "audit.json"


def write(folder: Path, data: AuditData) -> AuditData:
    """Write an audit atomically, and return it with the checksum of its arrays."""
    blob = serialization.to_npz(**_arrays(data))
    audit = dataclasses.replace(data.audit, arrays_sha256=hashlib.sha256(blob).hexdigest())
    file = path(folder)
    serialization.write_atomically(file.with_suffix(".npz"), blob)
    serialization.write_atomically(file, serialization.to_json(dataclasses.asdict(audit)))
    return dataclasses.replace(data, audit=audit)


def read(folder: Path, test_set: TestSet) -> AuditData | None:
    """Read an audit strictly, or return None if there is none.

    Raises
    ------
    BenchmarkError
        A file is unreadable; a field is missing, unknown, of another type or out of range; the audit was made on other
        data; the arrays are not the ones that were written, or refer to images that do not exist.
    """
    file = path(folder)
    if not file.exists():
        return None
    again = "delete it, or make it again with: python -m benchmark audit"
    data = serialization.read_json(file, SCHEMA)
    arrays = file.with_suffix(".npz")
    try:
        audit = serialization.from_json(data, Audit)
        if set(audit.pairs) != set(SCOPES):
            raise ValueError(f"pairs of {sorted(audit.pairs)}")
        if (audit.search is None) == (audit.status == "ok"):
            raise ValueError(f"status {audit.status!r} and search {audit.search}")
    except ValueError as error:
        raise BenchmarkError(f"{file}: not an audit of schema {SCHEMA} ({error}); {again}") from error
    if audit.dataset_sha256 != test_set.sha256:
        raise BenchmarkError(f"{file}: made on other data than test-set.json of the same folder; {again}")
    try:
        same = serialization.sha256(arrays) == audit.arrays_sha256
    except OSError as error:
        raise BenchmarkError(f"{arrays}: cannot be read ({error}); {again}") from error
    if not same:
        raise BenchmarkError(f"{arrays}: its SHA-256 is not the one in {file.name}; {again}")
    content = serialization.read_npz(arrays, NPZ_LIMIT, again)
    try:
        return _Reader(content, test_set).audit_data(audit)
    except ValueError as error:
        raise BenchmarkError(f"{arrays}: {error}; {again}") from error


def _arrays(data: AuditData) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the ``.npz``; whole numbers have the smallest type that holds them."""
    arrays: dict[str, npt.NDArray[Any]] = {"y_train": data.y_train}
    for part in PARTS:
        arrays |= {f"{part}_constant": data.constant[part], f"{part}_flat": data.flat[part]}
        arrays[f"{part}_picture_index"] = data.pictures[part].index
    for scope, copies in data.copies.items():
        arrays |= {f"{scope}_images": copies.images, f"{scope}_equal": copies.equal, f"{scope}_pairs": copies.pairs}
    arrays |= {"error_index": data.errors.index, "error_suggested": data.errors.suggested}
    if data.names:
        arrays["train_name_index"] = np.array(list(data.names), dtype=np.int64)
        arrays["train_names"] = serialization.pack_texts(list(data.names.values()))
    arrays = {name: array.astype(np.min_scalar_type(int(array.max(initial=0)))) for name, array in arrays.items()}
    for part in PARTS:
        arrays[f"{part}_pictures"] = data.pictures[part].pixels
    for scope, copies in data.copies.items():
        arrays |= {f"{scope}_similarity": copies.similarity, f"{scope}_same": copies.same}
    arrays["error_margin"] = data.errors.margin.astype(np.float32)
    return arrays


class _Reader:
    """Takes arrays from a file, and checks type, shape and range of each."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], test_set: TestSet) -> None:
        self.arrays = arrays
        self.size = {"train": test_set.n_train, "test": len(test_set.y)}
        self.pixels = math.prod(test_set.image_shape)
        self.n_classes = len(test_set.class_names)

    def audit_data(self, audit: Audit) -> AuditData:
        y_train = self.whole("y_train", self.n_classes, (self.size["train"],))
        return AuditData(
            audit=audit,
            y_train=y_train,
            constant={part: self.constant(f"{part}_constant") for part in PARTS},
            flat={part: self.index(f"{part}_flat", self.size[part]) for part in PARTS},
            copies={scope: self.copies(scope, audit.pairs[scope]) for scope in SCOPES},
            errors=self.errors(y_train),
            pictures={part: self.pictures(part) for part in PARTS},
            names=self.names(),
        )

    def copies(self, scope: str, n_pairs: int) -> Copies:
        first, second = parts_of(scope)
        pairs = self.take(f"{scope}_pairs", "u", (None, 2)).astype(np.int64)
        m = len(pairs)
        if m > n_pairs or (pairs >= (self.size[first], self.size[second])).any():
            raise ValueError(f"{scope}_pairs refers to images that do not exist, or has more pairs than {n_pairs}")
        similarity = self.take(f"{scope}_similarity", "f", (m,)).astype(np.float64)
        if not ((similarity >= -1) & (similarity <= 1)).all():  # NaN is not
            raise ValueError(f"{scope}_similarity holds values that are no correlation")
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
            raise ValueError("its label errors are not valid")
        return LabelErrors(index, suggested, margin)

    def pictures(self, part: str) -> Pictures:
        index = self.index(f"{part}_picture_index", self.size[part])
        pixels = self.take(f"{part}_pictures", "u", (len(index), self.pixels))
        if pixels.dtype != np.uint8:
            raise ValueError(f"{part}_pictures are {pixels.dtype}")
        return Pictures(index, pixels)

    def names(self) -> dict[int, str]:
        if "train_names" not in self.arrays:
            return {}
        index = self.index("train_name_index", self.size["train"])
        texts = serialization.unpack_texts(self.arrays["train_names"])
        if len(texts) != len(index):
            raise ValueError(f"{len(texts)} names of {len(index)} training images")
        return dict(zip(index.tolist(), texts, strict=True))

    def constant(self, name: str) -> Ints:
        pixels = self.take(name, "u", (None, 2)).astype(np.int64)
        if (pixels >= (self.pixels, 256)).any():
            raise ValueError(f"{name} refers to pixels that do not exist")
        return pixels

    def index(self, name: str, below: int) -> Ints:
        """Return indices that are strictly ascending."""
        indices = self.whole(name, below)
        if (np.diff(indices) <= 0).any():
            raise ValueError(f"{name} does not ascend")
        return indices

    def whole(self, name: str, below: int, shape: tuple[int | None, ...] = (None,)) -> Ints:
        numbers = self.take(name, "u", shape).astype(np.int64)
        if (numbers < 0).any() or (numbers >= below).any():
            raise ValueError(f"{name} goes up to {numbers.max()}, beyond {below - 1}")
        return numbers

    def take(self, name: str, kind: str, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
        array = self.arrays.get(name)
        if array is None:
            raise ValueError(f"array `{name}` is missing")
        fits = len(array.shape) == len(shape) and all(
            want in (None, have) for want, have in zip(shape, array.shape, strict=True)
        )
        if array.dtype.kind != kind or not fits:
            raise ValueError(f"array `{name}` is of {array.dtype} and shape {array.shape}")
        return array


def read_file(path: Path, test_set: TestSet) -> Any:
    """Read the file at ``results/<dataset>/records/<stem>.json``; see `read`."""
    return read(path.parents[1], test_set)
