"""What is done to images: by known pixels, in any shape, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmark.datasets import corruptions
from benchmark.datasets.corruptions import CORRUPTIONS, KINDS, VERSION, Corruption

SHAPES = [(1, 1, 1), (5, 7, 1), (28, 28, 1), (9, 7, 3)]

NAMES = [corruption.name for corruption in CORRUPTIONS]


def apply(name: str, images: np.ndarray) -> np.ndarray:
    """Apply to (n, height, width) or (n, height, width, 3)."""
    shape = (*images.shape[1:3], images.shape[3] if images.ndim == 4 else 1)
    found = corruptions.get(name).apply(images.reshape(len(images), -1), shape)
    return found.reshape(images.shape)


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_shape_and_type_are_kept_and_the_same_comes_of_it_again(name: str, shape: tuple[int, int, int]) -> None:
    images = noise((6, *shape))
    X = images.reshape(6, -1)
    copy = X.copy()
    found = corruptions.get(name).apply(X, shape)
    assert found.shape == X.shape
    assert found.dtype == np.uint8
    assert (copy == X).all()
    assert (corruptions.get(name).apply(X, shape) == found).all()


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(("noise", "contrast"))])
def test_the_channels_of_an_image_are_corrupted_together(name: str) -> None:
    grey = noise((6, 9, 12))
    found = apply(name, np.stack([grey, grey, grey], axis=3))
    assert (found == apply(name, grey)[..., None]).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_image_comes_out_the_same_whatever_comes_after_it(name: str) -> None:
    images = noise((50, 9, 12))
    assert (apply(name, images[:1]) == apply(name, images)[:1]).all()


def test_names_are_unique_and_each_kind_goes_from_mild_to_severe() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {corruption.kind for corruption in CORRUPTIONS} == set(KINDS)
    for kind in KINDS.values():
        severities = [corruption.severity for corruption in CORRUPTIONS if corruption.kind == kind.name]
        assert severities == sorted(set(severities))


def test_more_severe_is_farther_from_the_image() -> None:
    images = (load_digits().images[:200] * 15.9).astype(np.uint8)
    wide = np.pad(images, ((0, 0), (5, 5), (5, 5)))
    for kind in KINDS.values():
        every = [corruption for corruption in CORRUPTIONS if corruption.kind == kind.name]
        far = [distance(wide, corruption) for corruption in every]
        assert far[0] > 0
        assert far == sorted(set(far)), kind.name


def distance(images: np.ndarray, corruption: Corruption) -> float:
    return float(np.abs(apply(corruption.name, images).astype(int) - images).mean())


@pytest.mark.parametrize("pixels", [1, 2, 3])
def test_a_shift_moves_every_pixel_and_brings_in_ground(pixels: int) -> None:
    image = np.zeros((11, 13), np.uint8)
    image[5, 6] = 200
    image[0, 0] = image[-1, -1] = 100
    found = apply(f"shift-{pixels}", np.repeat(image[None], 400, axis=0))
    wanted = []
    for down, right in ((pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)):
        moved = np.zeros_like(image)
        for y, x in np.argwhere(image):
            if 0 <= y + down < 11 and 0 <= x + right < 13:
                moved[y + down, x + right] = image[y, x]
        wanted.append(moved)
    counts = [sum((each == one).all() for each in found) for one in wanted]
    assert sum(counts) == 400  # no other thing comes out
    assert min(counts) > 70


def test_a_shift_past_the_edge_leaves_nothing() -> None:
    assert not apply("shift-3", np.full((20, 2, 3), 255, np.uint8)).any()


def test_the_code_that_rotates_is_right_where_the_answer_is_known() -> None:
    square, oblong = noise((3, 7, 7)), noise((3, 5, 8))
    assert (corruptions._turned(oblong, 0) == oblong).all()
    assert (corruptions._turned(square, 90) == np.rot90(square, axes=(1, 2))).all()
    assert (corruptions._turned(oblong, 180) == oblong[:, ::-1, ::-1]).all()
    assert (corruptions._turned(oblong, -20)[:, ::-1] == corruptions._turned(oblong[:, ::-1], 20)).all()


def test_a_rotation_goes_either_way_and_fills_with_ground() -> None:
    images = np.full((200, 21, 21), 255, np.uint8)
    images[:, 10, 15:] = 0  # a mark on the right, which goes up or down
    found = apply("rotate-20", images).astype(int)
    assert (found[:, 0, 0] == 0).all()
    up = found[:, 6:10, 15:19].sum(axis=(1, 2)) < found[:, 11:15, 15:19].sum(axis=(1, 2))
    assert 60 < up.sum() < 140


def test_noise_has_its_deviation_and_no_bias() -> None:
    grey = np.full((40, 28, 28), 128, np.uint8)
    for name, deviation in (("noise-20", 20), ("noise-40", 40)):
        added = apply(name, grey).astype(float) - 128
        assert abs(added.mean()) < 1
        assert added.std() == pytest.approx(deviation, rel=0.03)


def test_a_blur_keeps_the_light_and_stays_in_its_image() -> None:
    images = np.zeros((2, 21, 21), np.uint8)
    images[0, 8:13, 8:13] = 250
    found = apply("blur-1", images).astype(int)
    assert found[0].sum() == pytest.approx(images[0].sum(dtype=int), rel=0.02)
    assert not found[1].any()


def test_contrast_is_lost_towards_the_images_own_mean() -> None:
    image = np.array([[[0, 200]], [[100, 100]]], np.uint8)
    assert apply("contrast-50", image).tolist() == [[[50, 150]], [[100, 100]]]


def test_a_patch_hides_its_share_anywhere_within() -> None:
    found = apply("occlude-40", np.full((300, 10, 20), 9, np.uint8)) == 0
    rows, columns = found.any(axis=2), found.any(axis=1)
    assert (rows.sum(axis=1) == 4).all()
    assert (columns.sum(axis=1) == 8).all()
    assert (found.sum(axis=(1, 2)) == 32).all()
    assert rows.any(axis=0).all()
    assert columns.any(axis=0).all()


def test_twice_is_as_it_was() -> None:
    images = noise((5, 6, 9))
    for name in ("invert", "flip-left-right", "flip-up-down"):
        assert (apply(name, images) != images).any()
        assert (apply(name, apply(name, images)) == images).all()
    assert (apply("invert", images).astype(int) + images == 255).all()
    assert (apply("flip-left-right", images)[:, :, 0] == images[:, :, -1]).all()
    assert (apply("flip-up-down", images)[:, 0] == images[:, -1]).all()


PIXELS = {
    "shift-1": 1930.7,
    "shift-2": 1720.7,
    "shift-3": 1316.3,
    "rotate-10": 2052.1,
    "rotate-20": 1953.3,
    "noise-20": 2221.1,
    "noise-40": 2240.1,
    "noise-80": 2283.1,
    "blur-0.5": 2089.2,
    "blur-1": 1838.2,
    "blur-2": 1448.5,
    "contrast-25": 2199.7,
    "contrast-50": 2200.8,
    "contrast-75": 2205.3,
    "occlude-20": 2067.1,
    "occlude-40": 1865.8,
    "occlude-60": 1236.0,
    "invert": 2477.3,
    "flip-left-right": 2199.2,
    "flip-up-down": 2214.5,
}
"""Of `VERSION`."""


def test_other_pixels_are_another_version() -> None:
    """Answers on disk are of the pixels of a version: whoever changes them raises it, and this."""
    images = noise((3, 8, 8), seed=1)
    # Sums of pixels by their place, to 1 in 1,000: a processor's last bit is no change.
    places = np.arange(images.size).reshape(images.shape)
    found = {name: float((apply(name, images) * places).sum()) / 1000 for name in NAMES}
    assert VERSION == 1
    assert found == pytest.approx(PIXELS, rel=1e-3)
