"""Image features that need no net: oriented gradients and learned patches.

All are scikit-learn transformers of rows of grey values, uint8, (n, pixels), of any image shape;
what they return is float32.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import FeatureUnion

from benchmark.estimator import Task
from models._composed import Compressed, Remembered
from models._pixels import ToUnit

Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]


class HOG(TransformerMixin, BaseEstimator):
    """Histograms of oriented gradients (Dalal and Triggs 2005), by OpenCV.

    Blocks of 2 by 2 cells, one cell apart, normalised together (L2-Hys). The picture is laid in
    the middle of the smallest black one that whole cells fill.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width).
    cell : int
        Side of a cell in pixels.
    bins : int
        Orientations: of 180 degrees, or of 360 if `signed`.
    signed : bool
        Whether an edge from dark to bright differs from one from bright to dark.
    threads : int
    """

    def __init__(
        self, image_shape: tuple[int, int], cell: int = 4, bins: int = 9, signed: bool = False, threads: int = 1
    ) -> None:
        self.image_shape = image_shape
        self.cell = cell
        self.bins = bins
        self.signed = signed
        self.threads = threads

    def fit(self, X: Pixels, y: object = None) -> Self:
        """Learn nothing."""
        self.n_features_in_ = X.shape[1]
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Pixels) -> Features:
        """Return the descriptors, float32, (n, 4 * bins * blocks)."""
        import cv2

        sides = [max(2, -(-size // self.cell)) * self.cell for size in self.image_shape]
        spare = [side - size for side, size in zip(sides, self.image_shape, strict=True)]
        images = np.pad(
            X.reshape(-1, *self.image_shape), ((0, 0), *((extra // 2, extra - extra // 2) for extra in spare))
        )
        height, width = sides
        cell, block = (self.cell, self.cell), (2 * self.cell, 2 * self.cell)
        descriptor = cv2.HOGDescriptor(
            (width, height), block, cell, cell, self.bins, 1, -1, 0, 0.2, False, 64, self.signed
        )
        found = np.empty((len(X), descriptor.getDescriptorSize()), np.float32)

        def describe(rows: slice) -> None:
            for row in range(rows.start, min(rows.stop, len(X))):
                found[row] = descriptor.compute(images[row]).ravel()

        _in_threads(describe, len(X), 1_000, self.threads)
        return found


class PatchResponses(TransformerMixin, BaseEstimator):
    """Responses to small patches learned without labels (Coates and Ng, "The Importance of Encoding", 2011).

    Patches of the training images are normalised one by one, whitened together and clustered by
    k-means; each centre is a filter. What a filter answers beyond a threshold, of either sign,
    is summed over the cells of a grid; of the sums the square root is taken.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width).
    filters : int
    patch : int
        Side of a patch in pixels.
    grid : int
        Cells a side.
    threshold : float
        In deviations of a whitened patch.
    samples : int
        Patches that the filters are learned from.
    threads : int
    random_state : int
    """

    def __init__(
        self,
        image_shape: tuple[int, int],
        filters: int = 400,
        patch: int = 6,
        grid: int = 3,
        threshold: float = 0.25,
        samples: int = 200_000,
        threads: int = 1,
        random_state: int = 0,
    ) -> None:
        self.image_shape = image_shape
        self.filters = filters
        self.patch = patch
        self.grid = grid
        self.threshold = threshold
        self.samples = samples
        self.threads = threads
        self.random_state = random_state

    def fit(self, X: Pixels, y: object = None) -> Self:
        """Learn the filters from patches of X."""
        from sklearn.cluster import MiniBatchKMeans

        self.n_features_in_ = X.shape[1]
        flat = self._sample(X)
        mean = flat.mean(axis=0)
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(flat - mean, rowvar=False)))
        whiten = (vectors / np.sqrt(values + WHITENING)) @ vectors.T
        white = ((flat - mean) @ whiten).astype(np.float32)
        centres = (
            MiniBatchKMeans(min(self.filters, len(white)), batch_size=4_096, n_init=1, random_state=self.random_state)
            .fit(white)
            .cluster_centers_
        )
        centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-6
        filters = centres @ whiten
        # A patch's mean is taken off by the filters, what they say to the mean patch by one more row.
        rows = [(filters - filters.mean(axis=1, keepdims=True)).T, -(filters @ mean)[None]]
        self.filters_ = np.ascontiguousarray(np.concatenate(rows), np.float32)
        return self

    def transform(self, X: Pixels) -> Features:
        """Return the pooled responses, float32, (n, 2 * cells * filters)."""
        from threadpoolctl import threadpool_limits

        down, across = (
            _edges(size - side + 1, self.grid) for size, side in zip(self.image_shape, self._sides, strict=True)
        )
        count = self.filters_.shape[1]
        found = np.empty((len(X), 2, len(down), len(across), count), np.float32)
        bounds = ((np.maximum, np.float32(self.threshold)), (np.minimum, np.float32(-self.threshold)))
        tallest, width = max(high - low for low, high in down), across[-1][1]
        # Which cell each place of a row of cells is in: sums as products read what they add but once.
        columns = np.zeros((len(across), width), np.float32)
        for j, (left, right) in enumerate(across):
            columns[j, left:right] = 1
        members = [np.tile(columns, bottom - top) for top, bottom in down]

        def respond(rows: slice) -> None:
            # One row of cells at a time stays in the processor's cache, where this takes a third of the time.
            answers, beyond = np.empty((2, tallest * width, count), np.float32)
            patches = self._normalised(X[rows].reshape(-1, *self.image_shape))
            for picture, places in zip(range(rows.start, rows.stop), patches, strict=False):
                for i, (top, bottom) in enumerate(down):
                    size = (bottom - top) * width
                    np.matmul(places[top * width : bottom * width], self.filters_, out=answers[:size])
                    for sign, (clip, bound) in enumerate(bounds):
                        clip(answers[:size], bound, out=beyond[:size])
                        np.matmul(members[i], beyond[:size], out=found[picture, sign, i])
                        found[picture, sign, i] -= bound * members[i].sum(axis=1, keepdims=True)

        with threadpool_limits(1, "blas"):  # many small products: the threads are ours
            _in_threads(respond, len(X), 16, self.threads)
        return np.sqrt(np.abs(found, out=found), out=found).reshape(len(X), -1)

    def _normalised(self, images: Pixels) -> npt.NDArray[np.float32]:
        """Return each image's patches with deviation one, and a one behind each; (n, places, pixels + 1)."""
        patches = _patches(images, self._sides)
        patches /= _deviation(patches)
        return np.pad(patches, ((0, 0), (0, 0), (0, 1)), constant_values=1)

    @property
    def _sides(self) -> tuple[int, int]:
        height, width = self.image_shape
        return min(self.patch, height), min(self.patch, width)

    def _sample(self, X: Pixels) -> npt.NDArray[np.float32]:
        """Return normalised patches, (samples, pixels of a patch), of which none is one flat grey."""
        rng = np.random.default_rng(self.random_state)
        images = X.reshape(-1, *self.image_shape)
        every = np.lib.stride_tricks.sliding_window_view(images, self._sides, axis=(1, 2))
        place = (rng.integers(size, size=self.samples) for size in every.shape[:3])
        flat = every[tuple(place)].reshape(self.samples, -1).astype(np.float32) / 255
        varied = flat[flat.std(axis=1) > FLAT]
        flat = varied if len(varied) > 1 else flat
        return (flat - flat.mean(axis=1, keepdims=True)) / _deviation(flat)


FLAT = 0.02
"""Patches whose deviation is below, of a grey scale of 0 to 1, are mostly background and teach nothing."""

WHITENING = 0.1
"""Added to the variances of normalised patches, as Coates and Ng do, so that noise is not blown up."""


def _patches(images: Pixels, sides: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return every patch of every image, row by row, (n, places, pixels of a patch), in 0 to 1."""
    every = np.lib.stride_tricks.sliding_window_view(images.astype(np.float32) / np.float32(255), sides, axis=(1, 2))
    # Of pictures of one patch the view is not copied by then, and cannot be written to.
    return np.require(every.reshape(len(images), -1, sides[0] * sides[1]), requirements="W")


def _deviation(patches: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the deviation within each patch, kept from zero as Coates and Ng do: by 10 of 255² grey values."""
    spread: npt.NDArray[np.float32] = np.sqrt(patches.var(axis=-1, keepdims=True) + np.float32(10 / 255**2))
    return spread


def _edges(size: int, grid: int) -> list[tuple[int, int]]:
    """Return where each cell of a line begins and ends: `grid` cells, or as many as there are places."""
    edges = np.linspace(0, size, min(grid, size) + 1).round().astype(int).tolist()
    return list(pairwise(edges))


def _in_threads(work: Callable[[slice], None], n: int, step: int, threads: int) -> None:
    """Do all of `n` rows, `step` at a time."""
    parts = [slice(start, start + step) for start in range(0, n, step)]
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass


PIXEL_WEIGHT = 0.125
"""Brings the pixels to the scale of the histograms."""


def gradients(task: Task) -> Remembered:
    """Return what the estimators on oriented gradients share: several histograms and the pixels, reduced by PCA."""
    return Remembered(Compressed(_histograms(task), 300, random_state=task.seed), task.memory)


def patches(task: Task) -> Remembered:
    """Return responses to learned patches, reduced by PCA."""
    responses = PatchResponses(task.image_shape, threads=task.threads, random_state=task.seed)
    return Remembered(Compressed(responses, 400, random_state=task.seed), task.memory)


def _histograms(task: Task) -> FeatureUnion:
    # Chosen on validation rows: signed edges tell more than unsigned ones, and three sizes of cell more than two.
    kinds = {
        "fine": HOG(task.image_shape, 3, threads=task.threads),
        "middle": HOG(task.image_shape, 4, bins=18, signed=True, threads=task.threads),
        "coarse": HOG(task.image_shape, 7, bins=18, signed=True, threads=task.threads),
        "pixels": ToUnit(power=0.5),
    }
    return FeatureUnion(list(kinds.items()), transformer_weights={"pixels": PIXEL_WEIGHT})
