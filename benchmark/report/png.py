"""A PNG that says what it was drawn from, so that it can be checked without being drawn again.

Two text chunks are added: the digest of the figure's inputs, and the digest of the rest of the
file. Another release of matplotlib or FreeType renders other pixels from the same numbers,
so pixels cannot be compared between machines; inputs can. The second digest bars putting other
pixels under the first.
"""

from __future__ import annotations

import hashlib
import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INPUTS = b"benchmark-inputs\0"
_CONTENT = b"benchmark-content\0"


def stamp(blob: bytes, inputs: str) -> bytes:
    """Return the PNG with the digest of its inputs written into it.

    Parameters
    ----------
    blob : bytes
        A PNG without stamp.
    inputs : str
        Hexadecimal digest.
    """
    *chunks, end = _chunks(blob)
    chunks.append((b"tEXt", _INPUTS + inputs.encode()))
    chunks.append((b"tEXt", _CONTENT + _digest([*chunks, end]).encode()))
    return _SIGNATURE + b"".join(_pack(kind, data) for kind, data in [*chunks, end])


def stamped_inputs(blob: bytes) -> str | None:
    """Return the digest of the inputs that a PNG states, or None if it is not what was stamped."""
    try:
        chunks = _chunks(blob)
    except ValueError:
        return None
    rest = [chunk for chunk in chunks if not chunk[1].startswith(_CONTENT)]
    content = [data[len(_CONTENT) :].decode("latin-1") for _, data in chunks if data.startswith(_CONTENT)]
    if content != [_digest(rest)]:
        return None
    return next((data[len(_INPUTS) :].decode("latin-1") for _, data in rest if data.startswith(_INPUTS)), None)


def is_stamped(blob: bytes) -> bool:
    """Return whether a file was once stamped here, whatever became of it since."""
    return blob.startswith(_SIGNATURE) and _INPUTS in blob


def _digest(chunks: list[tuple[bytes, bytes]]) -> str:
    return hashlib.sha256(b"".join(_pack(kind, data) for kind, data in chunks)).hexdigest()


def _pack(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(blob: bytes) -> list[tuple[bytes, bytes]]:
    if not blob.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    chunks, place = [], len(_SIGNATURE)
    while place < len(blob):
        if place + 12 > len(blob):
            raise ValueError("a chunk is cut off")
        (length,) = struct.unpack_from(">I", blob, place)
        kind, data = blob[place + 4 : place + 8], blob[place + 8 : place + 8 + length]
        if blob[place : place + 12 + length] != _pack(kind, data):
            raise ValueError("a chunk is cut off or damaged")
        chunks.append((kind, data))
        place += 12 + length
    return chunks
