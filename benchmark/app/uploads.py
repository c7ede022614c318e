"""Reads the body of an upload, up to a limit, and encodes images as PNG; no file name or path is taken from it."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterable, Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmark.datasets.dataset import Shape, array_shape
from benchmark.datasets.preprocessing import MAX_BYTES
from benchmark.errors import BenchmarkError


class TooLargeError(BenchmarkError):
    """A request body has more bytes than a picture may have."""


async def read_body(headers: Mapping[str, str], chunks: AsyncIterable[bytes]) -> bytes:
    """Return the body of a request.

    Parameters
    ----------
    headers : mapping of str to str
        By name, in lower case.
    chunks : async iterable of bytes
        The body. Reading stops as soon as it is too large.

    Raises
    ------
    TooLargeError
        The body, or the length in its header, is above `MAX_BYTES`.
    """
    length = headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length[:20]) > MAX_BYTES:  # a hostile number may be very long
        raise _too_large()
    blob = bytearray()
    async for chunk in chunks:
        blob += chunk
        if len(blob) > MAX_BYTES:
            raise _too_large()
    return bytes(blob)


def png(pixels: npt.NDArray[np.uint8], shape: Shape) -> bytes:
    """Return an image, (values,), as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.reshape(array_shape(shape))).save(buffer, "PNG")
    return buffer.getvalue()


def data_url(pixels: npt.NDArray[np.uint8], shape: Shape) -> str:
    """Return an image, (values,), as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(png(pixels, shape)).decode()}"


def _too_large() -> TooLargeError:
    return TooLargeError(f"the file is larger than the limit of {MAX_BYTES // 2**20} MiB")
