"""Decoding of picture files, and their conversion to pixels of a data set's size.

Pictures may come from strangers. Only some formats are decoded (`FORMATS`), recognised by content and not by file name.
The number of bytes and pixels is checked before any pixel is decoded.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFilter

from benchmark.datasets.dataset import Shape
from benchmark.errors import BenchmarkError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""What is decoded, by Pillow's names; PPM is PGM, too."""

FORMS = "PNG, JPEG, WebP, BMP, GIF, TIFF or PGM"
"""The same, for people."""

MAX_BYTES = 10 * 2**20
MAX_PIXELS = 24_000_000
"""Most pixels of a decoded picture, as of a phone's camera; each takes three bytes of memory."""

BRIGHT = 128
"""Mean grey of the border pixels from which the background counts as bright."""

TINTED = 8
"""Most levels between two channels of a pixel that counts as grey."""

DRAFTED = 4
"""Least size at which a JPEG is decoded, as a multiple of the size that it is brought to. Drawn photographs brought to
64 pixels differ by 0.1 to 0.8 levels from those decoded whole, and by 2 to 3 levels at a multiple of 2."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture of an EXIF orientation is turned upright. `ImageOps.exif_transpose` of Pillow 13.0.0 writes the whole
EXIF block again, which fails where an entry is of a wrong type."""

_PNG = b"\x89PNG\r\n\x1a\n"

_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"}
"""The chunks of a PNG that say its pixels, and which way is up."""

TRIMMED = 0.05
"""Share of the full range by which a background pixel may differ from the corner pixel."""


def decode(blob: bytes, shape: tuple[int, ...] | None = None) -> Image.Image:
    """Decode a picture as RGB, rotated upright, on white where it is transparent.

    Parameters
    ----------
    blob : bytes
        The content of a file.
    shape : tuple of int, optional
        Begins with the (height, width) that `to_pixels` will bring the picture to. A JPEG that is far larger is decoded
        at a half, a quarter or an eighth of its size, at least `DRAFTED` times that of the result.

    Returns
    -------
    PIL.Image.Image
        Mode "RGB"; the first frame if there are several.

    Raises
    ------
    BenchmarkError
        Too many bytes or pixels, another format, or damaged. The message does not name the file.
    """
    if len(blob) > MAX_BYTES:
        raise BenchmarkError(
            f"the file has {len(blob) / 2**20:.1f} MiB, more than the {MAX_BYTES // 2**20} that are read"
        )
    try:
        with quiet():
            try:
                return _rgb(_opened(blob, shape))
            except (BenchmarkError, Image.DecompressionBombError):
                raise
            except Exception:
                if not blob.startswith(_PNG):
                    raise
                return _rgb(_opened(_without_ancillary(blob), shape))
    except BenchmarkError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit, checked on opening
        raise BenchmarkError(f"the picture has more than the {MAX_PIXELS:,} pixels that are decoded") from error
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error and more on damage
        raise BenchmarkError(f"this is no {FORMS} picture, or a damaged one") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Show no warning of Pillow: it has one for every photo with damaged EXIF, and one from 89 million pixels.

    Filters belong to the process. Where threads decode, also the thread that starts them must be inside.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _opened(blob: bytes, shape: tuple[int, ...] | None) -> Image.Image:
    """Return a picture, decoded and upright, in its own mode."""
    with Image.open(io.BytesIO(blob), formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise BenchmarkError(
                f"the picture is {width:,} by {height:,} pixels, more than the {MAX_PIXELS:,} that are decoded"
            )
        if shape is not None and image.format == "JPEG":
            _draft(image, shape)
        image.load()
        turn = _TURNS.get(_orientation(image))
        return image.copy() if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none, or where it is damaged: the pixels are whole."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # SyntaxError, struct.error, KeyError and more
        return 1


def _without_ancillary(blob: bytes) -> bytes:
    """Return a PNG without the chunks that its pixels do not need, as viewers read it.

    Pillow refuses a picture with a text or a profile of more than 1 MiB, or with a wrong checksum of either.
    """
    kept, place = [_PNG], len(_PNG)
    while len(head := blob[place : place + 8]) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in _NEEDED:
            kept.append(blob[place : place + 12 + length])
        place += 12 + length  # length, kind and checksum have four bytes each
    return b"".join(kept)


def _rgb(image: Image.Image) -> Image.Image:
    """Return a picture of any mode as RGB, on white where it is transparent."""
    if image.mode.startswith(("I", "F")):  # convert() would clip 16-bit grey, and numbers from 0 to 1
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.mode not in ("RGBA", "LA", "PA", "La", "RGBa") and "transparency" not in image.info:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(white, clear).convert("RGB")


def _draft(image: Image.Image, shape: tuple[int, ...]) -> None:
    """Let a JPEG be decoded smaller, which its format can do in a fraction of the time."""
    height, width = shape[:2]
    if _orientation(image) >= 5:  # height and width are swapped until it is turned
        height, width = width, height
    scale = min(width / image.width, height / image.height)
    image.draft(None, (math.ceil(DRAFTED * scale * image.width), math.ceil(DRAFTED * scale * image.height)))


def _eight_bits(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return grey of 16 bits, of 0 to 255, or of 0 to 1 in floats, as 8 bits; what is beyond that is clipped."""
    if values.dtype.kind == "f":
        scaled = np.nan_to_num(values) * (255.0 if values.max(initial=0) <= 1 else 1.0)
        rounded: npt.NDArray[np.uint8] = np.rint(scaled.clip(0, 255)).astype(np.uint8)
        return rounded
    levels: npt.NDArray[np.uint8] = (values.astype(np.int64).clip(0, 65_535) // 257).astype(np.uint8)
    return levels


def to_pixels(image: Image.Image, shape: Shape) -> npt.NDArray[np.uint8]:
    """Bring a picture to a data set's size, padded with the mean colour of its border; grey by ITU-R 601 luma.

    Nothing is cropped, stretched or inverted: a wide picture is padded above and below.

    Parameters
    ----------
    image : PIL.Image.Image
        Mode "RGB".
    shape : Shape

    Returns
    -------
    ndarray of uint8, (height * width * channels,)
        Row by row, the channels of a pixel one after the other.
    """
    own = image.convert("L") if shape[2] == 1 else image
    return _centred(own, shape[:2], Image.Resampling.LANCZOS)


def is_grey(pixels: npt.NDArray[np.uint8]) -> bool:
    """Return whether no pixel of an image in RGB, (height * width * 3,), has a colour.

    JPEG may be off by a few levels, so `TINTED` of them are not seen.
    """
    red, green, blue = pixels.reshape(-1, 3).T  # whole columns: an axis of three is slow
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return bool((most - least).max() <= TINTED)


def luma(X: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return images in RGB, (n, height * width * 3), as grey, (n, height * width), by ITU-R 601."""
    grey = Image.fromarray(X.reshape(len(X), -1, 3)).convert("L")
    return np.asarray(grey).copy()


def size(file: BinaryIO) -> tuple[int, int]:
    """Return the (height, width) of a picture, upright, from the first bytes of its file.

    Raises
    ------
    BenchmarkError
        They are not those of a picture.
    """
    try:
        with quiet():
            try:
                return _upright_size(file)
            except Exception:
                file.seek(0)
                blob = file.read(MAX_BYTES)
                if not blob.startswith(_PNG):
                    raise
                return _upright_size(io.BytesIO(_without_ancillary(blob)))
    except Exception as error:  # see `decode`
        raise BenchmarkError("this is no picture, or a damaged one") from error


def _upright_size(file: BinaryIO) -> tuple[int, int]:
    with Image.open(file, formats=FORMATS) as image:
        width, height = image.size
        return (width, height) if _orientation(image) >= 5 else (height, width)


def as_fashion_mnist(image: Image.Image, shape: tuple[int, int] = (28, 28)) -> npt.NDArray[np.uint8]:
    """Prepare a photo as the images of Fashion-MNIST were prepared (Xiao, Rasul and Vollgraf 2017, section 2).

    The steps of the paper, in order: trim edges of the corner's colour; resize the longest edge to 28 pixels; sharpen
    with a Gaussian of radius and deviation 1; extend the shortest edge to 28 with the article in the centre; negate
    intensities; convert to 8-bit grey. Two things differ: pixels are averaged where the paper drops rows and columns,
    and intensities are negated only if the background is bright, so that an image that is already prepared (light on
    black) is returned unchanged.

    Parameters
    ----------
    image : PIL.Image.Image
        Mode "RGB".
    shape : tuple of int
        (height, width).

    Returns
    -------
    ndarray of uint8, (height * width,)
        Row by row: a light article on black.
    """
    pixels = np.asarray(image.convert("L"))
    if pixels.shape == shape and _border(pixels) < BRIGHT:
        return pixels.ravel().copy()
    bright = _border(pixels) >= BRIGHT
    trimmed = Image.fromarray(_trimmed(pixels))
    scale = max(trimmed.width / shape[1], trimmed.height / shape[0])
    size = (max(1, round(trimmed.width / scale)), max(1, round(trimmed.height / scale)))
    small = trimmed.resize(size, Image.Resampling.BOX if scale > 1 else Image.Resampling.BICUBIC)
    sharp = np.asarray(small.filter(ImageFilter.UnsharpMask(radius=1, percent=100, threshold=3)))
    light = 255 - sharp if bright else sharp
    return _centred(Image.fromarray(light), shape, Image.Resampling.BOX, fill=0)


def _border(pixels: npt.NDArray[np.uint8]) -> float:
    return float(_border_colour(pixels).mean())


def _border_colour(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return the mean of the pixels at the border, of each channel if there are several."""
    mean = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean(axis=0)
    return np.asarray(mean, dtype=np.float64)


def _trimmed(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    article = np.abs(pixels.astype(np.int64) - int(pixels[0, 0])) > TRIMMED * 255
    rows, columns = np.flatnonzero(article.any(axis=1)), np.flatnonzero(article.any(axis=0))
    if not len(rows):
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _centred(
    image: Image.Image, shape: tuple[int, int], resampling: Image.Resampling, fill: int | None = None
) -> npt.NDArray[np.uint8]:
    """Return a picture resized to fit, centred on a canvas of its border's mean colour."""
    height, width = shape
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    whole = image if size == image.size else image.resize(size, resampling)
    pixels = np.asarray(whole)
    colour = np.rint(_border_colour(pixels)) if fill is None else fill
    canvas = np.empty((*shape, *pixels.shape[2:]), dtype=np.uint8)
    canvas[:] = colour
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = pixels
    return canvas.ravel()
