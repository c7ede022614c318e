"""Image features compared with slow, plain formulas, for any image shape and any number of threads."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.pipeline import FeatureUnion

from benchmark import datasets
from benchmark.datasets import digits
from benchmark.estimator import Task
from models._composed import Compressed, Remembered, without_cache
from models._features import HOG, ColourHistograms, PatchResponses, WithColours, hog_features
from models._pixels import Shrunk, ToUnit, pixel_range, shrinking, shrunk_shape
from models._svm import RBFSVC
from models._virtual import VirtualSupport

SHAPES = [(8, 8, 1), (12, 9, 1), (28, 28, 1), (5, 31, 1), (1, 1, 1), (28, 28, 3), (40, 31, 3), (1, 1, 3)]


def random_images(n: int, shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Return smooth random images, uint8, (n, values)."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, shape[0] + 2, shape[1] + 2, shape[2]))
    smooth = sum(noise[:, i : i + shape[0], j : j + shape[1]] for i in range(3) for j in range(3))
    return np.clip(128 + 30 * smooth, 0, 255).astype(np.uint8).reshape(n, -1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [HOG, partial(PatchResponses, filters=20, samples=2_000)])
def test_features_accept_any_shape_and_do_not_depend_on_threads(kind: Any, shape: tuple[int, int, int]) -> None:
    X = random_images(40, shape)
    single, parallel = (kind(image_shape=shape, threads=threads).fit(X).transform(X) for threads in (1, 2))
    assert single.dtype == np.float32
    assert len(single) == 40
    assert np.isfinite(single).all()
    assert single.std(axis=0).max() > 0 or shape[:2] == (1, 1)  # one pixel has no contrast
    assert np.array_equal(single, parallel)


def test_hog_depends_on_edge_orientation_and_if_signed_on_its_direction() -> None:
    ramp = np.tile(np.arange(16, dtype=np.uint8) * 16, (16, 1))
    across, down, back = ramp, ramp.T, ramp[:, ::-1]
    X = np.stack([across, down, back]).reshape(3, -1).copy()
    unsigned = HOG((16, 16, 1), cell=4).fit(X).transform(X).reshape(3, -1, 9).mean(axis=1)
    assert unsigned[0].argmax() != unsigned[1].argmax()
    np.testing.assert_allclose(unsigned[0], unsigned[2], atol=0.02)
    signed = HOG((16, 16, 1), cell=4, bins=18, signed=True).fit(X).transform(X).reshape(3, -1, 18).mean(axis=1)
    assert len({int(row.argmax()) for row in signed}) == 3


def test_hog_does_not_depend_on_brightness_and_contrast() -> None:
    X = random_images(10, (28, 28, 1)) // 2
    hog = HOG((28, 28, 1)).fit(np.arange(784).reshape(1, -1).astype(np.uint8))  # of all values, so none is stretched
    np.testing.assert_allclose(hog.transform(X), hog.transform(X + np.uint8(60)), atol=0.02)
    np.testing.assert_allclose(hog.transform(X), hog.transform(2 * X), atol=0.02)


@pytest.mark.parametrize("shape", [(8, 8, 1), (12, 9, 1), (12, 9, 3)])
def test_patch_responses_equal_the_formula(shape: tuple[int, int, int]) -> None:
    X = random_images(30, shape)
    fitted = PatchResponses(shape, filters=7, patch=4, grid=2, threshold=0.3, samples=500).fit(X)
    image = X[3].reshape(shape) / 255
    rows, columns = shape[0] - 3, shape[1] - 3
    half_down, half_across = round(rows / 2), round(columns / 2)
    sums = np.zeros((2, 2, 2, 7))
    for row in range(rows):
        for column in range(columns):
            patch = image[row : row + 4, column : column + 4].transpose(2, 0, 1).ravel()
            patch = (patch - patch.mean()) / np.sqrt(patch.var() + 10 / 255**2)
            response = np.append(patch, 1) @ fitted.filters_
            for half, sign in enumerate((1, -1)):
                sums[half, int(row >= half_down), int(column >= half_across)] += np.maximum(sign * response - 0.3, 0)
    np.testing.assert_allclose(fitted.transform(X)[3], np.sqrt(sums).ravel(), rtol=1e-3, atol=1e-3)


def test_hog_in_colour_is_that_of_the_channel_with_the_largest_gradient() -> None:
    grey = random_images(10, (16, 16, 1))
    flat = np.full_like(grey, 90)
    X = np.stack([flat, grey, flat], axis=2).reshape(10, -1)
    np.testing.assert_allclose(HOG((16, 16, 3)).fit(X).transform(X), HOG((16, 16, 1)).fit(grey).transform(grey))


def test_colour_histograms_are_square_roots_of_shares_of_the_picture_and_of_its_quarters() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[:4, :4] = (255, 0, 0)  # a red quarter, the rest black
    X = image.reshape(1, -1)
    found = ColourHistograms((8, 8, 3), grid=2).fit(X).transform(X).reshape(5, 12, 4, 4) ** 2
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), 1, rtol=1e-6)
    np.testing.assert_allclose(found[:, 0, 3, 3], [0.25, 1, 0, 0, 0], rtol=1e-6)  # hue 0, saturated and bright
    np.testing.assert_allclose(found[:, 0, 0, 0], [0.75, 0, 1, 1, 1], rtol=1e-6)


def test_large_images_are_averaged_down_before_raw_pixels_and_small_ones_are_not() -> None:
    assert shrinking((28, 28, 1)) == shrinking((32, 32, 1)) == shrinking((18, 18, 3)) == []
    ((_, step),) = shrinking((32, 32, 3))
    assert step.to == (18, 18, 3)
    assert shrunk_shape((64, 64, 3)) == (32, 32, 3)
    height, width, _ = shrunk_shape((96, 24, 1))
    assert height * width <= 1_024
    assert height / width == pytest.approx(4, rel=0.1)
    X = random_images(5, (64, 64, 3))
    small = Shrunk((64, 64, 3), (32, 32, 3)).fit(X).transform(X).reshape(5, 32, 32, 3)
    means = X.reshape(5, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, means, atol=1)


def pictures(n: int, *levels: int) -> np.ndarray:
    """Return images of 5 by 4 pixels, each with all of these values, uint8, (n, 20)."""
    return np.tile(np.resize(np.array(levels, np.uint8), 20), (n, 1))


def drawings(n: int) -> np.ndarray:
    """Return white images of 64 by 64 pixels, each with two black ones, in other places; uint8, (n, 4096)."""
    X = np.full((n, 4_096), 255, np.uint8)
    X[np.arange(n), np.arange(n)] = X[np.arange(n), -1 - np.arange(n)] = 0
    return X


LABEL = np.array([255] * 3 + [100] * 16 + [116], np.uint8)
"""An image with a white label."""


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (pictures(300, 0, 255), (0, 255)),
        (pictures(300, 235, 243, 251), (235, 251)),
        (np.vstack([pictures(299, 100, 116), LABEL]), (100, 116)),
        (np.vstack([pictures(19, 100, 116), LABEL]), (100, 116)),
        (np.vstack([pictures(297, 100, 116), pictures(3, 0, 255)]), (100, 116)),
        (np.vstack([pictures(290, 100, 116), pictures(10, 0, 255)]), (0, 255)),  # no exceptions, but a rare class
        (np.vstack([pictures(299, 20), pictures(1, 10, 30)]), (10, 30)),
        (np.vstack([pictures(1, 10), pictures(1, 200)]), (10, 200)),
        (pictures(1, 90, 30), (30, 90)),
        (pictures(300, 7), (0, 255)),
        (drawings(300), (0, 255)),
        (255 - drawings(300) // 2, (128, 255)),
    ],
    ids=[
        "full contrast",
        "faint",
        "a label in one of 300",
        "a label in one of 20",
        "three of 300 unusual",
        "ten of 300",
        "all blank but one",
        "two blank ones",
        "one image",
        "all of one value",
        "two black pixels in each white image",
        "two bright pixels in each grey image",
    ],
)
def test_the_range_of_images_is_that_of_their_lowest_and_highest_values(X: np.ndarray, expected: tuple) -> None:
    assert pixel_range(X) == expected


def faint(X: np.ndarray) -> np.ndarray:
    """Return images whose values 0, 15, ..., 240 became 100 to 116."""
    return (X // 15 + 100).astype(np.uint8)


@pytest.mark.parametrize(
    "transformer",
    [
        ToUnit(0.5),
        HOG((40, 40, 3)),
        ColourHistograms((40, 40, 3)),
        PatchResponses((40, 40, 3), filters=5, samples=500),
        Shrunk((40, 40, 3), (20, 20, 3)),
    ],
    ids=lambda transformer: type(transformer).__name__,
)
def test_faint_images_are_those_of_full_contrast_to_all_transformers(transformer: Any) -> None:
    X = random_images(120, (40, 40, 3)) // 15 * 15
    X[:, 0], X[:, 1] = 0, 240
    plain = transformer.fit(X[:100]).transform(X[100:])
    np.testing.assert_array_equal(transformer.fit(faint(X[:100])).transform(faint(X[100:])), plain)


def test_values_outside_the_range_of_training_images_become_its_ends() -> None:
    fitted = ToUnit().fit(pictures(10, 100, 116))
    np.testing.assert_array_equal(fitted.transform(np.array([[0, 100, 108, 116, 255]], np.uint8)), [[0, 0, 0.5, 1, 1]])


@pytest.mark.parametrize("rows", [200, 4_000, None], ids=str)
def test_images_of_full_contrast_are_divided_by_255_to_the_last_bit(rows: int | None) -> None:
    X = datasets.load(None).train.X[:rows]  # Fashion-MNIST if it is available: its records depend on this
    values = np.arange(256, dtype=np.uint8)
    for power in (0.25, 0.5, 1.0):
        table = ((np.arange(256) / 255) ** power).astype(np.float32)
        np.testing.assert_array_equal(ToUnit(power).fit(X).transform(values), table)
    np.testing.assert_array_equal(HOG((28, 28, 1)).fit(X).levels_, values)


def test_features_of_a_model_that_was_saved_without_a_range_are_those_of_full_contrast() -> None:
    X = random_images(10, (28, 28, 1))
    fitted = HOG((28, 28, 1)).fit(np.arange(784).reshape(1, -1).astype(np.uint8))
    before = fitted.transform(X)
    del fitted.levels_
    np.testing.assert_array_equal(fitted.transform(X), before)


@pytest.mark.parametrize(("side", "cells"), [(8, (3, 4, 7)), (28, (3, 4, 7)), (56, (6, 8, 14)), (64, (7, 9, 16))])
def test_cells_grow_with_the_picture(side: int, cells: tuple[int, int, int]) -> None:
    params = hog_features(Task(10, (side, side, 1))).get_params()
    names = ("fine", "middle", "coarse")
    assert tuple(params[f"transformer__features__{name}__cell"] for name in names) == cells


def test_patches_of_flat_images_are_finite() -> None:
    X = np.full((20, 64), 7, np.uint8)
    assert np.isfinite(PatchResponses((8, 8, 1), filters=5, samples=50).fit(X).transform(X)).all()


def test_compressed_is_scaled_pca_of_the_features_and_works_in_batches() -> None:
    X = random_images(300, (12, 9, 1))
    fitted = Compressed(HOG((12, 9, 1)), n_components=6).fit(X)
    wide = HOG((12, 9, 1)).fit(X).transform(X)
    plain = PCA(6, svd_solver="full").fit(wide)
    expected = plain.transform(wide) / np.sqrt(plain.explained_variance_.sum())
    np.testing.assert_allclose(np.abs(fitted.transform(X)), np.abs(expected), atol=1e-4)
    np.testing.assert_allclose(fitted.transform(X[:7]), fitted.transform(X)[:7], atol=1e-5)
    assert fitted.transform(X).dtype == np.float32


def test_compressed_read_back_from_its_saved_arrays_transforms_to_the_last_bit() -> None:
    X = random_images(300, (12, 9, 1))
    fitted = Compressed(HOG((12, 9, 1)), n_components=6).fit(X)
    before = fitted.transform(X)
    # As a saved model has it: rows one after the other, whatever the layout was.
    fitted.pca_.components_ = np.array(fitted.pca_.components_, order="C")
    np.testing.assert_array_equal(fitted.transform(X), before)


def test_compressed_limits_its_components_to_the_rows() -> None:
    X = random_images(5, (8, 8, 1))
    assert Compressed(HOG((8, 8, 1)), n_components=300).fit(X).transform(X).shape[1] <= 5


class Counting(TransformerMixin, BaseEstimator):
    """Logs its fits and transforms."""

    def __init__(self, log: str, factor: int = 1) -> None:
        self.log = log
        self.factor = factor

    def fit(self, X: np.ndarray, y: object = None) -> Counting:
        self._log("fit")
        self.mean_ = X.mean()
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        self._log("transform")
        return self.factor * (X - self.mean_)

    def _log(self, what: str) -> None:
        with Path(self.log).open("a") as file:
            file.write(f"{what}\n")


def test_remembered_caches_by_rows_and_parameters(tmp_path: Path) -> None:
    log = tmp_path / "log"
    memory = joblib.Memory(tmp_path / "memory", verbose=0)
    train, other = digits.load().train.X[:50], digits.load().train.X[50:90]

    def logged(X: np.ndarray, factor: int = 1, memory: Any = memory) -> list[str]:
        log.write_text("")
        fitted = Remembered(Counting(str(log), factor), memory).fit(X)
        assert np.array_equal(fitted.transform(other), factor * (other - X.mean()))
        return log.read_text().split()

    assert logged(train) == ["fit", "transform"]
    assert logged(train) == []
    assert logged(other) == ["fit", "transform"]  # other training rows
    assert logged(train, factor=2) == ["fit", "transform"]  # another parameter
    assert logged(train, memory=None) == ["fit", "transform"]  # no cache


def test_without_cache_writes_nothing_to_the_cache(tmp_path: Path) -> None:
    memory = joblib.Memory(tmp_path / "memory", verbose=0)
    train, other = digits.load().train.X[:50], digits.load().train.X[50:90]
    union = FeatureUnion([("a", Remembered(Counting(str(tmp_path / "log")), memory))]).fit(train)
    cached = set(tmp_path.rglob("*"))
    features = without_cache(union).transform(other)
    assert set(tmp_path.rglob("*")) - cached == set()
    assert np.array_equal(features, union.transform(other))
    assert set(tmp_path.rglob("*")) - cached


@pytest.mark.parametrize("rows", [12, 40, 300])
def test_compressed_components_equal_pca_for_any_number_of_rows(rows: int) -> None:
    X = random_images(rows, (28, 28, 1))
    fitted = Compressed(ToUnit(), 40).fit(X)
    reference = PCA(min(40, rows), svd_solver="full").fit(ToUnit().fit(X).transform(X))
    assert fitted.pca_.n_components_ == reference.n_components_
    # With few rows the full solver is faster than the covariance of thousands of features.
    assert (fitted.pca_.svd_solver == "full") == (rows <= 40)
    np.testing.assert_allclose(fitted.pca_.explained_variance_, reference.explained_variance_, rtol=1e-2, atol=1e-4)


def test_virtual_support_vectors_learn_images_shifted_by_a_pixel() -> None:
    X, y = random_images(120, (12, 9, 1)), np.arange(120) % 3
    machine = RBFSVC(C=100.0, gamma=0.3, accelerate=False)
    plain = machine.fit(ToUnit().fit(X).transform(X), y)
    fitted = VirtualSupport(ToUnit(), machine, (12, 9, 1)).fit(X, y)
    assert np.array_equal(fitted.predict(X), y)
    right = np.pad(X.reshape(-1, 12, 9), ((0, 0), (0, 0), (1, 0)), mode="edge")[:, :, :9].reshape(120, -1)
    known, guessed = (fitted.predict(right) == y).mean(), (plain.predict(right / np.float32(255)) == y).mean()
    assert known == 1 > guessed, (known, guessed)
    assert fitted.decision_function(X).shape == (120, 3)


def coloured(n: int, told_by_colour: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return images of a bright bar, uint8, (n, 16 * 16 * 3), and labels: the bar's colour, or its direction."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    other = rng.integers(0, 2, n)
    colour, upright = (y, other) if told_by_colour else (other, y)
    images = rng.integers(0, 40, (n, 16, 16, 3)).astype(np.uint8)
    for image, hue, up in zip(images, colour, upright, strict=True):
        bar = image[:, 6:10] if up else image[6:10]
        bar[..., 0 if hue else 2] = 220
    return images.reshape(n, -1), y


@pytest.mark.parametrize("told_by_colour", [True, False])
def test_colours_weigh_as_much_as_they_tell(told_by_colour: bool) -> None:
    X, y = coloured(200, told_by_colour)
    shape = (16, 16, 3)
    fitted = WithColours(HOG(shape), ColourHistograms(shape, grid=1), n_components=12).fit(X, y)
    assert (fitted.weight_ > 0) == told_by_colour
    features = fitted.transform(X)
    assert features.shape == (200, 12 + 4)
    assert features.var(axis=0).sum() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(fitted.transform(X[:7]), features[:7], atol=1e-5)


def test_hog_features_of_grey_images_have_no_colours() -> None:
    grey, colour = (hog_features(Task(10, (28, 28, channels))).transformer for channels in (1, 3))
    assert (type(grey), type(colour)) == (Compressed, WithColours)


def test_trees_count_colours_next_to_pixels() -> None:
    from models._trees import pixel_columns

    assert pixel_columns(Task(10, (28, 28, 1))) == []
    X, _ = coloured(6, told_by_colour=True)
    ((name, union),) = pixel_columns(Task(2, (16, 16, 3)))
    columns = union.fit_transform(X)
    assert (name, columns.shape) == ("columns", (6, 768 + 192))
    np.testing.assert_array_equal(columns[:, :768], X)
