"""Files of plain values, JSON and arrays: written atomically, read within bounds, never unpickled.

What is read may come from a stranger, so whatever is odd about a file is an error that names it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError

JSON_LIMIT = 2**26
"""Bytes of a JSON."""

UNREADABLE_NPZ = (OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What zipfile and NumPy raise on an ``.npz`` that is damaged, or made to harm."""

_LARGEST = 10**15
"""No count, size or time is larger, or below zero; beyond it axes and columns overflow."""


class Between(NamedTuple):
    """What a number may be, ends included, where that is not the usual: ``Annotated[float, Between(-1, 1)]``."""

    low: float
    high: float


Share = Annotated[float, Between(0, 1)]

Correlation = Annotated[float, Between(-1, 1)]


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


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(data: Mapping[str, Any]) -> bytes:
    """Return values as JSON that a person can read; NaN and infinity are refused."""
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # Half a surrogate pair, as a file's name may hold, has no UTF-8; its escape is one that JSON reads back.
    return text.encode(errors="backslashreplace")


def to_npz(**arrays: npt.NDArray[Any]) -> bytes:
    """Return arrays as a compressed ``.npz``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_json(path: Path, schema: int) -> dict[str, Any]:
    """Read an object whose field ``schema`` has the given value.

    Raises
    ------
    BenchmarkError
        Unreadable, larger than `JSON_LIMIT`, not JSON, or of another schema.
    """
    try:
        if path.stat().st_size > JSON_LIMIT:
            raise ValueError(f"larger than the {JSON_LIMIT:,} bytes that are read")
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); delete it and run again") from error
    found = data.get("schema") if isinstance(data, dict) else None
    if type(found) is not int or found != schema:
        raise BenchmarkError(f"{path}: schema {found!r}, this version reads schema {schema}; delete it and run again")
    return dict(data)


def unpacked_bytes(path: Path) -> int:
    """Return what a zip file's directory says that it unpacks to.

    Raises
    ------
    OSError, zipfile.BadZipFile
    """
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())


def read_npz(path: Path, limit: int, remedy: str = "delete its folder and run again") -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of an ``.npz`` that unpacks to no more bytes than the limit.

    Raises
    ------
    BenchmarkError
        Unreadable, too large, or with anything pickled in it.
    """
    try:
        size = unpacked_bytes(path)
        if size > limit:
            raise ValueError(f"it unpacks to {size:,} bytes, more than the {limit:,} that are read")
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except UNREADABLE_NPZ as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); {remedy}") from error


def from_json(value: Any, hint: Any, where: str) -> Any:
    """Return a value from JSON as the type that a field is declared to have; nothing is converted or guessed."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
        needed = {field.name for field in dataclasses.fields(hint) if field.default is dataclasses.MISSING}
        hints = get_type_hints(hint, include_extras=True)
        for name in sorted((value.keys() - hints.keys()) | (needed - value.keys())):
            raise ValueError(f"{where}: field {name!r} is {'unknown' if name in value else 'missing'}")
        return hint(**{name: from_json(item, hints[name], name) for name, item in value.items()})
    if origin is tuple and isinstance(value, list):
        return tuple(from_json(item, inner[0], where) for item in value)
    if origin is Mapping and isinstance(value, dict):
        return {key: from_json(item, inner[1], where) for key, item in value.items()}
    if origin in (UnionType, Union) and value is None and type(None) in inner:
        return None
    if origin in (UnionType, Union):
        return from_json(value, inner[0], where)
    low, high = inner[1] if origin is Annotated else (0, _LARGEST)
    hint = inner[0] if origin is Annotated else hint
    number = type(value) is int or (type(value) is float and hint is float)
    if hint in (int, float) and number and low <= value <= high:  # NaN is not
        return value
    if (origin is Literal and value in inner) or (hint is str and isinstance(value, str)):
        return value
    raise ValueError(f"{where} is {repr(value)[:80]}")


def short_hash(value: Any) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a plain value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:12]
