"""JSON and ``.npz`` files: written atomically, read with size limits and strict types, never unpickled.

Files may come from strangers, so anything unexpected in a file is an error that names it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from benchmark.errors import BenchmarkError

JSON_LIMIT = 2**26
"""Largest JSON file that is read, in bytes."""

UNREADABLE_NPZ = (OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What zipfile and NumPy raise for an ``.npz`` that is damaged or malicious."""

T = TypeVar("T")

LARGEST = 10**15
"""No count, size or time is larger, or below zero; beyond it axes and columns overflow."""


NonNegativeInt = Annotated[int, Meta(ge=0, le=LARGEST)]

NonNegativeFloat = Annotated[float, Meta(ge=0, le=LARGEST)]

Share = Annotated[float, Meta(ge=0, le=1)]

Correlation = Annotated[float, Meta(ge=-1, le=1)]


def write_atomically(path: Path, blob: bytes) -> None:
    """Write to a temporary file in the same folder, sync it, and rename it to `path`, which is never half-written."""
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
    """Return values as indented JSON in UTF-8.

    Raises
    ------
    ValueError
        A number is NaN or infinite.
    """
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # A lone surrogate, as a file name may contain, has no UTF-8 encoding; JSON reads its escape back.
    return text.encode(errors="backslashreplace")


def to_npz(**arrays: npt.NDArray[Any]) -> bytes:
    """Return arrays as a compressed ``.npz``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def with_channels(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a file, whose image shape gets its channel if it was written before there was colour."""
    shape = fields.get("image_shape")
    return {**fields, "image_shape": [*shape, 1]} if isinstance(shape, list) and len(shape) == 2 else dict(fields)


def read_json(path: Path, schema: int) -> dict[str, Any]:
    """Read an object whose field ``schema`` has the given value.

    Raises
    ------
    BenchmarkError
        The file is unreadable, larger than `JSON_LIMIT`, not JSON, or of another schema.
    """
    try:
        if path.stat().st_size > JSON_LIMIT:
            raise ValueError(f"larger than the {JSON_LIMIT:,} bytes that are read")
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); delete it and run again") from error
    version = data.get("schema") if isinstance(data, dict) else None
    if type(version) is not int or version != schema:
        raise BenchmarkError(f"{path}: schema {version!r}, this version reads schema {schema}; delete it and run again")
    return dict(data)


def unpacked_bytes(path: Path) -> int:
    """Return the unpacked size in bytes that a zip file's directory states.

    Raises
    ------
    OSError, zipfile.BadZipFile
    """
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())


def pack_texts(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return texts without NUL, which no file name holds, as one array of bytes; see `unpack_texts`.

    NumPy's own arrays of text give each as much room as the longest, four bytes a character.
    """
    return np.frombuffer("\0".join(texts).encode(errors="surrogatepass"), dtype=np.uint8)


def unpack_texts(packed: npt.NDArray[Any]) -> tuple[str, ...]:
    """Return the texts of `pack_texts`, which were at least one.

    Raises
    ------
    ValueError
        These are not bytes of texts.
    """
    if packed.dtype != np.uint8 or packed.ndim != 1:
        raise ValueError(f"texts of {packed.dtype} and shape {packed.shape}")
    return tuple(packed.tobytes().decode(errors="surrogatepass").split("\0"))


def read_npz(path: Path, limit: int, remedy: str = "delete its folder and run again") -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of an ``.npz``.

    Parameters
    ----------
    path : Path
    limit : int
        Largest unpacked size that is read, in bytes.
    remedy : str
        What the user can do; the end of the message.

    Raises
    ------
    BenchmarkError
        The file is unreadable, too large, or contains pickled objects.
    """
    try:
        size = unpacked_bytes(path)
        if size > limit:
            raise ValueError(f"it unpacks to {size:,} bytes, more than the {limit:,} that are read")
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except UNREADABLE_NPZ as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); {remedy}") from error


def from_json(data: Any, kind: type[T]) -> T:
    """Return a value from JSON as the type that it must have: msgspec's strict mode, unknown fields refused.

    Parameters
    ----------
    data : object
        Of ``json.loads``.
    kind : type
        A dataclass, say; its numbers carry their bounds, such as `NonNegativeInt`. NaN is within no bounds.

    Raises
    ------
    ValueError
        A field is missing, unknown, of another type or out of range; says which, as in ``$.rungs[0].accuracy``.
    """
    try:
        found = msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        text = str(error)  # may quote a value of any length
        raise ValueError(text if len(text) < 300 else f"{text[:100]}...{text[-200:]}") from error
    _refuse_unknown_fields(data, found, "$")
    return found


def _refuse_unknown_fields(data: Any, found: Any, where: str) -> None:
    """Compare keys with fields: msgspec has ``forbid_unknown_fields`` for its own structs, but not for dataclasses."""
    if isinstance(found, tuple):
        for index, (item, value) in enumerate(zip(data, found, strict=True)):
            _refuse_unknown_fields(item, value, f"{where}[{index}]")
    elif dataclasses.is_dataclass(found):
        for name, item in data.items():
            if name not in vars(found):
                raise ValueError(f"Object contains unknown field {name[:80]!r} - at `{where}`")
            _refuse_unknown_fields(item, getattr(found, name), f"{where}.{name}")


def short_hash(value: Any) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a value, serialised as JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:12]
