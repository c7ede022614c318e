"""A stranger's bytes in, a picture as the models know them out; neither a name nor a path comes with them."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterable, Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmark.datasets.preprocessing import MAX_BYTES
from benchmark.errors import BenchmarkError


class TooLargeError(BenchmarkError):
    """More bytes than are read."""


async def received(headers: Mapping[str, str], chunks: AsyncIterable[bytes]) -> bytes:
    """Return a request's body, unless it has, or says that it has, more bytes than a picture may.

    Parameters
    ----------
    headers : mapping of str to str
        By their names in small letters.
    chunks : async iterable of bytes
        The body, which is not read on once it is known to be too large.

    Raises
    ------
    TooLargeError
    """
    said = headers.get("content-length", "")
    if said.isascii() and said.isdecimal() and int(said[:20]) > MAX_BYTES:  # however many digits a stranger writes
        raise _too_large()
    blob = bytearray()
    async for chunk in chunks:
        blob += chunk
        if len(blob) > MAX_BYTES:
            raise _too_large()
    return bytes(blob)


def png(pixels: npt.NDArray[np.uint8], shape: tuple[int, int]) -> bytes:
    """Return grey pixels, (height * width,), as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.reshape(shape)).save(buffer, "PNG")
    return buffer.getvalue()


def inline(pixels: npt.NDArray[np.uint8], shape: tuple[int, int]) -> str:
    """Return grey pixels, (height * width,), as an address that holds them whole."""
    return f"data:image/png;base64,{base64.b64encode(png(pixels, shape)).decode()}"


def _too_large() -> TooLargeError:
    return TooLargeError(f"the file has more than the {MAX_BYTES // 2**20} MiB that are read")
