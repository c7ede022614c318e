"""Image features that need no neural net: histograms of oriented gradients and learned patches.

All are scikit-learn transformers. They take rows of pixels, uint8, (n, height * width * channels), of
any image shape, and return float32. They map the range of the training pixels to 0..255 first (`Stretched`), because
their constants are made for it: the least contrast of a block or a patch, and the values of a colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import FeatureUnion, Pipeline

from benchmark.estimator import Task
from models._composed import Compressed, Remembered
from models._pixels import USUAL, Shape, Stretched, ToUnit, shrink, shrinking, shrunk_shape

Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]


class HOG(Stretched):
    """Histograms of oriented gradients (Dalal and Triggs 2005), by OpenCV.

    Blocks of 2 by 2 cells, one cell apart, are normalised together (L2-Hys). The image is padded with
    black on all sides to a whole number of cells, at least two. In colour, a pixel's gradient is that of
    the channel in which it is largest.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width, channels).
    cell : int
        Side of a cell in pixels.
    bins : int
        Number of orientations in 180 degrees, or in 360 if `signed`.
    signed : bool
        Whether an edge from dark to bright differs from an edge from bright to dark.
    threads : int
    """

    def __init__(
        self, image_shape: Shape, cell: int = 4, bins: int = 9, signed: bool = False, threads: int = 1
    ) -> None:
        self.image_shape = image_shape
        self.cell = cell
        self.bins = bins
        self.signed = signed
        self.threads = threads

    def transform(self, X: Pixels) -> Features:
        """Return the descriptors, float32, (n, 4 * bins * blocks)."""
        import cv2

        sides = [max(2, -(-size // self.cell)) * self.cell for size in self.image_shape[:2]]
        padding = [side - size for side, size in zip(sides, self.image_shape[:2], strict=True)]
        images = np.pad(
            self._stretched(X).reshape(-1, *self.image_shape),
            ((0, 0), *((extra // 2, extra - extra // 2) for extra in padding), (0, 0)),
        )
        height, width = sides
        cell, block = (self.cell, self.cell), (2 * self.cell, 2 * self.cell)
        descriptor = cv2.HOGDescriptor(
            (width, height), block, cell, cell, self.bins, 1, -1, 0, 0.2, False, 64, self.signed
        )
        features = np.empty((len(X), descriptor.getDescriptorSize()), np.float32)

        def describe(rows: slice) -> None:
            for row in range(rows.start, min(rows.stop, len(X))):
                features[row] = descriptor.compute(images[row]).ravel()

        _parallel_batches(describe, len(X), 1_000, self.threads)
        return features


class ColourHistograms(Stretched):
    """Histograms of hue, saturation and value, of the whole picture and of each cell of a grid.

    The features are the square roots of the shares of the pixels, so that their distances are those of
    Hellinger.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width, 3).
    grid : int
        Cells along each side; 1 for the whole picture alone.
    bins : tuple of int
        Of hue, saturation and value.
    """

    def __init__(self, image_shape: Shape, grid: int = 2, bins: tuple[int, int, int] = (12, 4, 4)) -> None:
        self.image_shape = image_shape
        self.grid = grid
        self.bins = bins

    def transform(self, X: Pixels) -> Features:
        """Return float32, (n, cells * hues * saturations * values)."""
        import cv2

        height, width = self.image_shape[:2]
        cells = [(0, height, 0, width)]
        if self.grid > 1:
            cells += [(*down, *across) for down in _edges(height, self.grid) for across in _edges(width, self.grid)]
        features = np.empty((len(X), len(cells), math.prod(self.bins)), np.float32)
        limits = [0, 180, 0, 256, 0, 256]  # OpenCV halves degrees of hue
        for row, image in enumerate(self._stretched(X).reshape(-1, *self.image_shape)):
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
            for place, (top, bottom, left, right) in enumerate(cells):
                cell = np.ascontiguousarray(hsv[top:bottom, left:right])
                counted = cv2.calcHist([cell], [0, 1, 2], None, list(self.bins), limits)
                features[row, place] = np.sqrt(counted.ravel() / (cell.size // 3))
        return features.reshape(len(X), -1)


class PatchResponses(Stretched):
    """Responses to filters learned from image patches without labels (Coates and Ng, 2011).

    Patches of the training images are each normalised, then whitened and clustered by k-means; each
    cluster centre is a filter. The parts of the filter responses above and below a threshold are
    summed separately over each cell of a grid; the features are the square roots of the sums.
    The paper is "The Importance of Encoding Versus Training with Sparse Coding and Vector Quantization".
    Images of more than `PLENTY` pixels are averaged down first, so that a patch is about the same
    share of any image.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width, channels).
    filters : int
        Number of filters.
    patch : int
        Side of a patch in pixels.
    grid : int
        Cells along each side.
    threshold : float
        Of the absolute response, in standard deviations of a whitened patch.
    samples : int
        Number of patches that the filters are learned from; of few images fewer, `PATCHES_AN_IMAGE` of each.
    threads : int
    random_state : int
        Seed of the sample of patches and of k-means.
    """

    def __init__(
        self,
        image_shape: Shape,
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

        super().fit(X, y)
        patches = self._sample(X)
        mean = patches.mean(axis=0)
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(patches - mean, rowvar=False)))
        whiten = (vectors / np.sqrt(values + WHITENING)) @ vectors.T
        whitened = ((patches - mean) @ whiten).astype(np.float32)
        count = min(self.filters, len(whitened))
        k_means = MiniBatchKMeans(count, batch_size=4_096, n_init=1, random_state=self.random_state)
        centres = k_means.fit(whitened).cluster_centers_
        centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-6
        filters = centres @ whiten
        # The filters subtract each patch's mean; their response to the mean patch is subtracted by one more row.
        rows = [(filters - filters.mean(axis=1, keepdims=True)).T, -(filters @ mean)[None]]
        self.filters_ = np.ascontiguousarray(np.concatenate(rows), np.float32)
        return self

    def transform(self, X: Pixels) -> Features:
        """Return the pooled responses, float32, (n, 2 * cells * filters)."""
        from threadpoolctl import threadpool_limits

        down, across = (
            _edges(size - side + 1, self.grid) for size, side in zip(self._shape[:2], self._sides, strict=True)
        )
        count = self.filters_.shape[1]
        pooled = np.empty((len(X), 2, len(down), len(across), count), np.float32)
        bounds = ((np.maximum, np.float32(self.threshold)), (np.minimum, np.float32(-self.threshold)))
        tallest, width = max(high - low for low, high in down), across[-1][1]
        # One row per cell, 1 where a position is in the cell: a matrix product sums each response with one read.
        columns = np.zeros((len(across), width), np.float32)
        for j, (left, right) in enumerate(across):
            columns[j, left:right] = 1
        cell_masks = [np.tile(columns, bottom - top) for top, bottom in down]

        def respond(rows: slice) -> None:
            # One row of cells fits into the processor's cache, which takes a third of the time.
            responses, clipped = np.empty((2, tallest * width, count), np.float32)
            patches = self._normalised(self._images(X[rows]))
            for image, positions in zip(range(rows.start, rows.stop), patches, strict=False):
                for i, (top, bottom) in enumerate(down):
                    size = (bottom - top) * width
                    np.matmul(positions[top * width : bottom * width], self.filters_, out=responses[:size])
                    for sign, (clip, bound) in enumerate(bounds):
                        clip(responses[:size], bound, out=clipped[:size])
                        np.matmul(cell_masks[i], clipped[:size], out=pooled[image, sign, i])
                        pooled[image, sign, i] -= bound * cell_masks[i].sum(axis=1, keepdims=True)

        with threadpool_limits(1, "blas"):  # the products are small: parallel over images instead
            _parallel_batches(respond, len(X), 16, self.threads)
        return np.sqrt(np.abs(pooled, out=pooled), out=pooled).reshape(len(X), -1)

    def _normalised(self, images: Pixels) -> npt.NDArray[np.float32]:
        """Return each image's patches, scaled to unit variance, each followed by a 1; (n, positions, pixels + 1)."""
        patches = _patches(images, self._sides)
        patches /= _deviation(patches)
        return np.pad(patches, ((0, 0), (0, 0), (0, 1)), constant_values=1)

    @property
    def _shape(self) -> Shape:
        return shrunk_shape(self.image_shape)

    def _images(self, X: Pixels) -> Pixels:
        return shrink(self._stretched(X), self.image_shape, self._shape)

    @property
    def _sides(self) -> tuple[int, int]:
        height, width = self._shape[:2]
        return min(self.patch, height), min(self.patch, width)

    def _sample(self, X: Pixels) -> npt.NDArray[np.float32]:
        """Return random normalised patches without the flat ones, (at most `samples`, pixels of a patch)."""
        rng = np.random.default_rng(self.random_state)
        images = self._images(X)
        windows = np.lib.stride_tricks.sliding_window_view(images, self._sides, axis=(1, 2))
        samples = min(self.samples, PATCHES_AN_IMAGE * len(X))
        positions = (rng.integers(size, size=samples) for size in windows.shape[:3])
        patches = windows[tuple(positions)].reshape(samples, -1).astype(np.float32) / 255
        varied = patches[patches.std(axis=1) > MIN_PATCH_DEVIATION]
        patches = varied if len(varied) > 1 else patches
        return (patches - patches.mean(axis=1, keepdims=True)) / _deviation(patches)


MIN_PATCH_DEVIATION = 0.02
"""Of grey values from 0 to 1. Patches with a smaller standard deviation are mostly background and teach nothing."""

PATCHES_AN_IMAGE = 200
"""Most patches of an image, on average, that filters are learned from: more of them overlap and teach nothing new."""

WHITENING = 0.1
"""Added to the variances of normalised patches, as Coates and Ng do, so that noise is not amplified."""


def _patches(images: Pixels, sides: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return every patch of every image, row by row, (n, positions, pixels of a patch), in 0 to 1."""
    windows = np.lib.stride_tricks.sliding_window_view(images.astype(np.float32) / np.float32(255), sides, axis=(1, 2))
    # If an image is one patch, `reshape` returns a read-only view.
    values = images.shape[3] * sides[0] * sides[1]
    return np.require(windows.reshape(len(images), -1, values), requirements="W")


def _deviation(patches: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return each patch's standard deviation; the variance is increased by 10 / 255², as in Coates and Ng."""
    deviation: npt.NDArray[np.float32] = np.sqrt(patches.var(axis=-1, keepdims=True) + np.float32(10 / 255**2))
    return deviation


def _edges(size: int, grid: int) -> list[tuple[int, int]]:
    """Return the first and end position of each cell along one side: `grid` cells, or one per position if fewer."""
    edges = np.linspace(0, size, min(grid, size) + 1).round().astype(int).tolist()
    return list(pairwise(edges))


def _parallel_batches(process: Callable[[slice], None], n: int, step: int, threads: int) -> None:
    """Process `n` rows in batches of `step`, in parallel."""
    batches = [slice(start, start + step) for start in range(0, n, step)]
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(process, batches):
            pass


class WithColours(Compressed):
    """Compressed features followed by compressed histograms of colours, weighted.

    How much colour tells depends on the pictures: it is most of a fruit and nothing of a trouser. So the
    weight is chosen on held-out training rows, by the accuracy of a support vector machine. The
    variances of all columns sum to one, whatever the weight.

    Parameters
    ----------
    features, n_components, max_rows, random_state
        As `Compressed`.
    colours : transformer
        Computes the wide histograms of colours.
    weights : tuple of float
        Of the colours; the features have the weight 1.
    held_out : int
        Most rows that the weights are compared on; up to three times as many are fitted for it.
    threads : int
    """

    def __init__(
        self,
        features: Any,
        colours: Any,
        n_components: int = 300,
        weights: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0),
        held_out: int = 1_000,
        threads: int = 1,
        max_rows: int = 20_000,
        random_state: int = 0,
    ) -> None:
        super().__init__(features, n_components, max_rows, random_state)
        self.colours = colours
        self.weights = weights
        self.held_out = held_out
        self.threads = threads

    def fit(self, X: Pixels, y: Any = None) -> Self:
        """Fit both on X, and choose the weight on X and its labels y, int64, (n,)."""
        super().fit(X, y)
        count = max(1, self.n_components // 3)
        self.colours_ = Compressed(self.colours, count, self.max_rows, self.random_state).fit(X, y)
        self.weight_ = self._chosen(X, y)
        return self

    def transform(self, X: Pixels) -> Features:
        """Return float32, (n, components of the features and of the colours)."""
        return _weighted(super().transform(X), self.colours_.transform(X), self.weight_)

    def _chosen(self, X: Pixels, y: npt.NDArray[np.int64]) -> float:
        from models._svm import RBFSVC

        rows = np.random.default_rng(self.random_state).permutation(len(X))[: 4 * self.held_out]
        features, colours = super().transform(X[rows]), self.colours_.transform(X[rows])
        out = len(rows) // 4
        labels = y[rows]
        if out == 0 or len(np.unique(labels[out:])) < 2:
            return 1.0

        def accuracy(weight: float) -> float:
            both = _weighted(features, colours, weight)
            machine = RBFSVC(C=10.0, gamma=1.5, threads=self.threads).fit(both[out:], labels[out:])
            return float((machine.predict(both[:out]) == labels[:out]).mean())

        return max(self.weights, key=accuracy)  # the least of equals


def _weighted(features: Features, colours: Features, weight: float) -> Features:
    both = np.concatenate([features, np.float32(weight) * colours], axis=1)
    return both / np.float32(math.hypot(1.0, weight))


PIXEL_WEIGHT = 0.125
"""Scales the pixels to the range of the histograms."""


def hog_features(task: Task) -> Remembered:
    """Return the features of all estimators on HOG: three histograms, pixels and colours, reduced by PCA."""
    shape, histograms = task.image_shape, _histograms(task)
    if shape[2] == 1:
        return Remembered(Compressed(histograms, 300, random_state=task.seed), task.memory)
    colours = WithColours(histograms, ColourHistograms(shape), threads=task.threads, random_state=task.seed)
    return Remembered(colours, task.memory)


def patch_features(task: Task) -> Remembered:
    """Return responses to learned patches, reduced by PCA."""
    responses = PatchResponses(task.image_shape, threads=task.threads, random_state=task.seed)
    return Remembered(Compressed(responses, 400, random_state=task.seed), task.memory)


def _histograms(task: Task) -> FeatureUnion:
    # Chosen on validation rows: signed edges are better than unsigned ones, and three cell sizes better than two.
    shape, threads = task.image_shape, task.threads
    kinds: dict[str, Any] = {
        "fine": HOG(shape, _cell(3, shape), threads=threads),
        "middle": HOG(shape, _cell(4, shape), bins=18, signed=True, threads=threads),
        "coarse": HOG(shape, _cell(7, shape), bins=18, signed=True, threads=threads),
        "pixels": ToUnit(power=0.5),
    }
    if small := shrinking(shape, USUAL * USUAL * shape[2]):
        kinds["pixels"] = Pipeline([*small, ("scale", ToUnit(power=0.5))])
    return FeatureUnion(list(kinds.items()), transformer_weights={"pixels": PIXEL_WEIGHT})


def _cell(usual: int, image_shape: Shape) -> int:
    """Return the side of a cell that is the same share of a larger image as the usual one is of a usual one."""
    return max(usual, round(usual * max(image_shape[:2]) / USUAL))
