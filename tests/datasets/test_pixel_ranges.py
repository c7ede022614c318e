"""One rule for the range of pixel values, in every form of arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmark import datasets
from benchmark.datasets.validate import RawPart, build_dataset
from benchmark.errors import BenchmarkError

LABELS = np.array([0, 1, 2] * 4)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 4, 4), dtype=np.uint8)
IMAGES[0, 0, :2] = 0, 255
BINARY = IMAGES > 127
SMOOTH = np.tile((np.arange(16).reshape(4, 4) * 17).astype(np.uint8), (12, 1, 1))
"""A ramp of all levels, with black and white in it."""


def loaded(path: Path, X: np.ndarray, test: np.ndarray | None = None) -> tuple[datasets.Dataset, list[str]]:
    told: list[str] = []
    np.savez(path, X_train=X, y_train=LABELS, X_test=X if test is None else test, y_test=LABELS)
    return datasets.load(str(path), notify=told.append), told


SCALED: dict[str, tuple[Callable[[], np.ndarray], Callable[[], np.ndarray], str]] = {
    "booleans": (lambda: BINARY, lambda: BINARY * 255, "from 0 to 1, so they are scaled from 0..1 to"),
    "bytes of 0 and 1": (lambda: BINARY.astype(np.uint8), lambda: BINARY * 255, "from 0 to 1, so"),
    "whole numbers 0 and 1": (lambda: BINARY.astype(np.int64), lambda: BINARY * 255, "from 0 to 1, so"),
    "fractions": (lambda: (IMAGES / 255).astype(np.float32), lambda: IMAGES, "from 0 to 1, so"),
    "a hair above 1": (lambda: IMAGES / 255 * 1.0000001, lambda: IMAGES, "from 0 to 1.0000001, so they are scaled"),
    "overshoot on both sides": (
        lambda: (IMAGES / 255 - 0.5) * 1.001 + 0.5,
        lambda: np.rint((IMAGES / 255.0 - 0.5) * 255.255 + 127.5).clip(0, 255),
        "from -0.0005 to 1.0005, so they are scaled from 0..1 to",
    ),
    "sharpened": (
        lambda: (IMAGES / 255 - 0.5) * 1.15 + 0.5,
        lambda: np.rint((IMAGES / 255.0 - 0.5) * 293.25 + 127.5).clip(0, 255),
        "from -0.075 to 1.075, so they are scaled from 0..1 to",
    ),
    "signed fractions beyond 1": (
        lambda: (IMAGES / 127.5 - 1) * 1.04,
        lambda: np.rint((IMAGES / 127.5 - 1) * 1.04 * 127.5 + 127.5).clip(0, 255),
        "from -1.04 to 1.04, so they are scaled from -1..1 to",
    ),
    "bytes less 128": (lambda: SMOOTH.astype(np.int16) - 128, lambda: SMOOTH, "scaled from -128..127 to 0..255"),
    "bytes less 128 in 8 bits": (lambda: (SMOOTH.astype(int) - 128).astype(np.int8), lambda: SMOOTH, "-128..127 to"),
    "bytes without a sign": (lambda: SMOOTH.astype(np.int8), lambda: SMOOTH, "read as bytes: -1 is 255"),
    "such bytes in a table": (lambda: SMOOTH.astype(np.int8).astype(int), lambda: SMOOTH, "read as bytes: -1 is 255"),
    "signed 16 bits": (
        lambda: (IMAGES.astype(int) * 257 - 32_768).astype(np.int16),
        lambda: IMAGES,
        "so they are scaled from -32768..32,767 to",
    ),
    "half floats": (lambda: (IMAGES / 255).astype(np.float16), lambda: IMAGES, "from 0 to 1, so"),
    "signed fractions": (lambda: IMAGES / 127.5 - 1, lambda: IMAGES, "from -1 to 1, so they are scaled from -1..1 to"),
    "minus 1 and 1": (lambda: BINARY * 2 - 1, lambda: BINARY * 255, "from -1 to 1, so they are scaled from -1..1 to"),
    "0 to 16": (
        lambda: np.minimum(IMAGES // 15, 16),
        lambda: np.rint(np.minimum(IMAGES // 15, 16) * (255 / 16)),
        "0..16",
    ),
    "16 bits": (
        lambda: IMAGES.astype(np.uint16) * 257,
        lambda: IMAGES,
        "from 0 to 65535, so they are scaled from 0..65",
    ),
    "12 bits": (lambda: np.minimum(IMAGES.astype(np.int32) * 16 + 15, 4_095), lambda: IMAGES, "0..4,095 to 0..255"),
}


@pytest.mark.parametrize(("stored", "meant", "said"), SCALED.values(), ids=list(SCALED))
def test_a_known_range_is_scaled_and_it_is_said(
    tmp_path: Path, stored: Callable[[], np.ndarray], meant: Callable[[], np.ndarray], said: str
) -> None:
    found, told = loaded(tmp_path / "a.npz", stored())
    difference = np.abs(found.train.X.reshape(12, 4, 4).astype(int) - meant())
    assert difference.max() <= (1 if "4,095" in said or "1.04" in said else 0)
    assert np.array_equal(found.train.X, found.test.X)
    assert said in told[0]
    assert len(told) == 1
    assert found.remarks == tuple(text.replace(f"{tmp_path}/", "") for text in told)
    assert ("scaled to 0..255" in found.source) == ("-1 is 255" not in said)


def test_the_digits_of_scikit_learn_are_the_built_in_ones_in_their_own_range(tmp_path: Path) -> None:
    digits = load_digits()
    np.savez(
        tmp_path / "a.npz", X_train=digits.images, y_train=digits.target, X_test=digits.images, y_test=digits.target
    )
    found = datasets.load(str(tmp_path / "a.npz"))
    built_in = datasets.load("digits")
    assert set(map(bytes, found.train.X)) == set(map(bytes, np.concatenate([built_in.train.X, built_in.test.X])))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
def test_levels_of_0_to_255_are_unchanged_and_nothing_is_said(tmp_path: Path, kind: type) -> None:
    found, told = loaded(tmp_path / "a.npz", IMAGES.astype(kind))
    assert np.array_equal(found.train.X.reshape(12, 4, 4), IMAGES)
    assert not told
    assert "scaled" not in found.source


def test_a_dark_range_is_warned_of(tmp_path: Path) -> None:
    found, told = loaded(tmp_path / "a.npz", IMAGES // 3)
    assert np.array_equal(found.train.X.reshape(12, 4, 4), IMAGES // 3)
    assert "(X_train): pixel values run from 0 to 85, at most half of 0..255; if other values are black" in told[0]
    _, told = loaded(tmp_path / "a.npz", IMAGES / 1_000)
    assert "scaled from 0..1 " in told[0]
    assert "pixel values run from 0 to 0.255, at most half of 0..1; if" in told[1]
    _, told = loaded(tmp_path / "a.npz", 235 + IMAGES // 16)
    assert "pixel values run from 235 to 250, at most half of 0..255" in told[0]
    _, told = loaded(tmp_path / "a.npz", IMAGES / 255 - 0.5)
    assert "pixel values run from -0.5 to 0.5, at most half of -1..1" in told[1]


def test_black_images_have_any_scale(tmp_path: Path) -> None:
    found, told = loaded(tmp_path / "a.npz", np.zeros((12, 4, 4)))
    assert not found.train.X.any()
    assert not told
    found, _ = loaded(tmp_path / "a.npz", IMAGES / 255, np.zeros((12, 4, 4)))
    assert np.array_equal(found.train.X.reshape(12, 4, 4), IMAGES)


@pytest.mark.parametrize(
    ("train", "test", "cause"),
    [
        (
            lambda: IMAGES,
            lambda: IMAGES / 255,
            r"\(X_test\).* from 0 to 1, those of .*\(X_train\) from 0 to 255; use one",
        ),
        (lambda: IMAGES.astype(int), lambda: BINARY.astype(int), r"\(X_test\).* from 0 to 1, those of"),
        (lambda: IMAGES / 127.5 - 1, lambda: IMAGES / 255, r"\(X_test\).* from 0 to 1, those of .* from -1 to 1"),
        (lambda: IMAGES.astype(np.uint16) * 257, lambda: IMAGES, r"\(X_test\).* from 0 to 255, those of .* 65535"),
        (lambda: (IMAGES - 130.0) / 60, lambda: IMAGES / 1.0, r"\(X_train\).* from -2.1.* to 2.*; use one scale"),
        (lambda: (IMAGES - 130.0) / 60, lambda: (IMAGES - 130.0) / 60, r"from -2.1.* to 2.*, which is no usual range"),
        (lambda: (IMAGES - 33.3) / 78.6, lambda: (IMAGES - 33.3) / 78.6, r"from -0.4.* to 2.8.*, which is no usual"),
        (lambda: IMAGES.astype(int) - 20, lambda: IMAGES.astype(int) - 20, r"from -20 to 235, which is no usual range"),
        (lambda: (IMAGES - 25.5) / 80, lambda: (IMAGES - 25.5) / 80, r"from -0.3.* to 2.8.*, which is no usual"),
        (lambda: IMAGES.astype(int) * 1_000, lambda: IMAGES, r"from 0 to 255000, which is no usual range"),
    ],
)
def test_two_scales_and_unknown_ones_are_refused(
    tmp_path: Path, train: Callable[[], np.ndarray], test: Callable[[], np.ndarray], cause: str
) -> None:
    with pytest.raises(BenchmarkError, match=cause):
        loaded(tmp_path / "a.npz", train(), test())


def test_the_parts_of_12_bits_need_not_have_the_same_largest_value(tmp_path: Path) -> None:
    deep = IMAGES.astype(np.uint16) * 20  # 5,100: more than 12 bits
    found, _ = loaded(tmp_path / "a.npz", deep, deep // 2)
    assert "0..65,535" in found.source


def test_the_bytes_of_decoded_pictures_are_levels_however_dark_they_are() -> None:
    part = RawPart(BINARY.astype(np.uint8), LABELS, "here", "here")
    told: list[str] = []
    found = build_dataset("dark", "here", part, part, notify=told.append)
    assert found.train.X.max() == 1
    assert not told
