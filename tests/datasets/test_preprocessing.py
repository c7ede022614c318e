"""Pictures of strangers: decoded with care, and brought to size."""

from __future__ import annotations

import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from benchmark.datasets import preprocessing
from benchmark.errors import BenchmarkError


def png(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says that it is as large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("blob", "reason"),
    [
        (bomb(50_000, 50_000), "more than the 24,000,000 pixels"),
        (bomb(6_000, 5_000), "6,000 by 5,000 pixels"),
        (bytes(preprocessing.MAX_BYTES + 1), "more than the 10"),
        (pickle.dumps({"a": print}), "no PNG, JPEG"),
        (b"", "no PNG, JPEG"),
        (b"GIF89a" + bytes(100), "no PNG, JPEG"),
        (png(np.zeros((50, 50), np.uint8))[:-30], "no PNG, JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG, JPEG"),
    ],
    ids=["a bomb", "a small bomb", "too many bytes", "a pickle", "nothing", "a GIF", "cut off", "an SVG"],
)
def test_what_is_no_picture_is_refused_in_a_sentence(blob: bytes, reason: str) -> None:
    with pytest.raises(BenchmarkError, match=reason):
        preprocessing.decode(blob)


def test_transparency_is_white_and_sixteen_bits_are_not_clipped() -> None:
    clear = np.zeros((4, 4, 4), np.uint8)
    assert (np.asarray(preprocessing.decode(png(clear))) == 255).all()
    deep = (np.arange(16, dtype=np.uint16) * 4_369).reshape(4, 4)
    assert np.asarray(preprocessing.decode(png(deep)))[..., 0].ravel().tolist() == [17 * i for i in range(16)]


def test_a_telephone_held_sideways_is_turned_upright() -> None:
    pixels = np.zeros((20, 40), np.uint8)
    pixels[:, :20] = 255
    buffer, turned = io.BytesIO(), Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels).save(buffer, "JPEG", exif=turned)
    upright = preprocessing.decode(buffer.getvalue())
    assert upright.size == (20, 40)
    assert np.asarray(upright)[0].mean() > 200 > 50 > np.asarray(upright)[-1].mean()


def test_any_size_becomes_the_size_asked_for_whole_and_in_the_middle() -> None:
    wide = np.zeros((10, 40), np.uint8)
    wide[:, 10:30] = 200
    grey = preprocessing.to_pixels(Image.fromarray(wide).convert("RGB"), (28, 28, 1)).reshape(28, 28)
    assert grey[14, 14] == 200
    assert (grey[:10] == grey[0, 0]).all()
    for size in [(1, 1), (3, 500), (28, 28), (5, 4)]:
        assert preprocessing.to_pixels(Image.new("RGB", size, "red"), (12, 9, 1)).shape == (108,)
        red = preprocessing.to_pixels(Image.new("RGB", size, "red"), (12, 9, 3)).reshape(12, 9, 3)
        assert (red == (255, 0, 0)).all()  # padded with the colour of the border


def test_a_photo_on_white_comes_out_light_on_black_trimmed_and_centred() -> None:
    photo = np.full((300, 400, 3), 250, np.uint8)
    photo[100:200, 20:80] = (30, 60, 90)
    image = preprocessing.as_fashion_mnist(Image.fromarray(photo)).reshape(28, 28)
    rows, columns = np.flatnonzero(image.max(axis=1) > 50), np.flatnonzero(image.max(axis=0) > 50)
    assert (rows[0], rows[-1]) == (0, 27)
    assert columns[0] >= 4
    assert abs((columns[0] + columns[-1]) / 2 - 13.5) <= 1
    assert image[14, 14] > 150
    assert image[0, 0] == image[-1, -1] == 0


def test_an_image_of_the_data_set_comes_out_as_it_was() -> None:
    rng = np.random.default_rng(0)
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 8:20] = rng.integers(60, 255, (20, 12))
    again = preprocessing.as_fashion_mnist(preprocessing.decode(png(image)))
    assert (again == image.ravel()).all()


def test_a_picture_of_one_colour_is_no_error() -> None:
    for colour in ("white", "black", "grey"):
        assert preprocessing.as_fashion_mnist(Image.new("RGB", (64, 48), colour)).shape == (784,)


# --- pictures that viewers open

WHOLE = np.random.default_rng(0).integers(0, 256, (12, 16), dtype=np.uint8)
WHOLE[:, :4] = 250
CUT_EXIF = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01"  # promises five entries, holds none
TURNED_AND_WRONG = (  # the orientation is 6; the second of two entries, the resolution, is of another type
    b"Exif\0\0II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIIHHII", 0x112, 3, 1, 6, 0x11A, 7, 4, 1) + bytes(4)
)


def with_text(*lengths: int) -> bytes:
    info = PngImagePlugin.PngInfo()
    for length in lengths:
        info.add_text("workflow", "x" * length, zip=True)
    return png(WHOLE, pnginfo=info)


def with_chunk(kind: bytes, data: bytes, *, checksum: bool = True) -> bytes:
    """Return a PNG with a chunk more, behind its header."""
    blob, end = png(WHOLE), 8 + 25
    crc = zlib.crc32(kind + data) + (not checksum)
    return blob[:end] + struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc) + blob[end:]


def photo(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(WHOLE).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "blob",
    [
        with_text(3_000_000),
        with_text(*[1_000_000] * 70),
        png(WHOLE, icc_profile=bytes(2_000_000)),
        with_chunk(b"iCCP", b"no profile"),
        with_chunk(b"tEXt", b"Software\0Viewer", checksum=False),
        with_chunk(b"gAMA", b"\0"),
        with_chunk(b"eXIf", CUT_EXIF[6:]),
    ],
    ids=[
        "long text",
        "many texts",
        "large profile",
        "no profile",
        "checksum of a text",
        "short gamma",
        "EXIF cut short",
    ],
)
def test_a_png_is_judged_by_its_pixels(blob: bytes, recwarn: pytest.WarningsRecorder) -> None:
    assert np.array_equal(np.asarray(preprocessing.decode(blob))[..., 0], WHOLE)
    assert preprocessing.size(io.BytesIO(blob)) == WHOLE.shape
    assert not recwarn.list


@pytest.mark.parametrize(
    "exif", [CUT_EXIF, b"Exif\0\0no TIFF header", b"Exif\0\0II*\0", b"Exif\0\0MM\0*\xff\xff\xff\xff"]
)
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_photo_with_damaged_exif_is_whole_and_nothing_is_said(
    kind: str, exif: bytes, recwarn: pytest.WarningsRecorder
) -> None:
    found = preprocessing.decode(photo(kind, quality=95, exif=exif), (8, 8))
    assert np.array_equal(np.asarray(found), np.asarray(preprocessing.decode(photo(kind, quality=95), (8, 8))))
    assert preprocessing.size(io.BytesIO(photo(kind, exif=exif))) == WHOLE.shape
    assert not recwarn.list


def test_a_photo_is_turned_upright_although_the_rest_of_its_exif_is_damaged() -> None:
    found = np.asarray(preprocessing.decode(photo("WEBP", lossless=True, exif=TURNED_AND_WRONG)))
    assert np.array_equal(found[..., 0], np.rot90(WHOLE, -1))


def test_damaged_pixels_are_refused_whatever_the_text() -> None:
    for blob in (with_text(3_000_000)[:-60], png(WHOLE)[:-30]):
        with pytest.raises(BenchmarkError, match=r"no PNG, JPEG.* picture, or a damaged one"):
            preprocessing.decode(blob)
