"""Pictures of strangers: decoded with care, and brought to size."""

from __future__ import annotations

import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

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
