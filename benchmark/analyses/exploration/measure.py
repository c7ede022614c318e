"""A first look at a data set, as a good notebook begins: arrays in, numbers out.

Of the test part the labels are counted and nothing else is looked at. All of it runs on one thread, so that the
same data give the same numbers to the last bit, whatever the number of cores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors  # before any limit is set on threads, which finds only what is loaded
from threadpoolctl import threadpool_limits

from benchmark.analyses.exploration import class_distance as closeness
from benchmark.analyses.exploration import embedding, typicality
from benchmark.analyses.exploration import pca as components
from benchmark.analyses.exploration.embedding import Embedding
from benchmark.analyses.exploration.pca import Components
from benchmark.analyses.exploration.typicality import NOBODY, Typicality
from benchmark.datasets.dataset import Dataset
from benchmark.metrics.scores import Floats, Ints

SEED = 0

EXAMPLES = 8
"""Images of each class, drawn by lot."""

SAMPLED = 5_000
"""Training images, about, whose neighbours are looked at and that are put on maps."""

FEWEST_SAMPLED = 20
"""Of a class, if it has as many, however few its share of the sample would be."""

NEIGHBOURS = 10
"""Nearest images whose labels are compared."""

BLOCK_VALUES = 2**22
"""Pixels to a block."""


@dataclass(frozen=True)
class Pictures:
    """Images of each class.

    Attributes
    ----------
    index : ndarray of int64, (k, m)
        Place in the training part; -1 where the class has no more.
    pixels : ndarray of uint8, (k, m, height, width)
        0 where there is none.
    """

    index: Ints
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Explored:
    """What a data set looks like; all but the counts is of training images.

    Attributes
    ----------
    dataset, sha256 : str
    class_names : tuple of str
    image_shape : tuple of int
    train, test : ndarray of int64, (k,)
        Images of each class.
    examples, most, least : Pictures
        By lot; the most and the least typical ones.
    means, spreads : ndarray of float64, (k, pixels)
        Mean and standard deviation of each pixel, in grey levels; 0 for a class without images.
    greys : ndarray of int64, (k, 256)
        Pixels of each grey value.
    components : Components
    typicality : Typicality
    sample, labels : ndarray of int64, (m,)
        Places of the sampled training images, and their classes.
    embedding : Embedding
        Of the sample.
    agreement : dict of str to float
        Share of the nearest images in the sample that have an image's own label, where "all" kept components
        tell what is near, and where two of them ("map") or the "embedding" do. Empty of one image, or of equal ones.
    distances, mixed : ndarray of float64, (k, k)
        See `benchmark.analyses.exploration.class_distance`; `mixed` is of the sample.
    """

    dataset: str
    sha256: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]
    train: Ints
    test: Ints
    examples: Pictures
    most: Pictures
    least: Pictures
    means: Floats
    spreads: Floats
    greys: Ints
    components: Components
    typicality: Typicality
    sample: Ints
    labels: Ints
    embedding: Embedding
    agreement: dict[str, float]
    distances: Floats
    mixed: Floats


def look(dataset: Dataset, say: Callable[[str], None]) -> Explored:
    """Look a data set over.

    Parameters
    ----------
    dataset : Dataset
    say : callable
        Told of each step in one line.
    """
    with threadpool_limits(1):
        return _look(dataset, say)


def _look(dataset: Dataset, say: Callable[[str], None]) -> Explored:
    X, y, k = dataset.train.X, dataset.train.y, len(dataset.class_names)
    train, test = (np.bincount(part.y, minlength=k) for part in (dataset.train, dataset.test))
    say(f"classes: means, variation and grey values of {len(y):,} training images in {k} classes")
    moments = [_moments(X[y == label]) for label in range(k)]
    means, spreads, greys = (np.stack(each) for each in zip(*moments, strict=True))
    say(f"principal components of {X.shape[1]:,} pixels")
    found = components.find(X, dataset.image_shape, SEED)
    say(f"typical and odd images: the {typicality.NEIGHBOURS} nearest within each class")
    typical = typicality.find(found.points, y, k, SEED)
    rows = sample(y, k, SAMPLED, SEED)
    say(f"neighbours among {len(rows):,} training images")
    points, labels = found.points[rows], y[rows]
    distance, neighbours = _nearest(points)
    nearest = neighbours[:, :NEIGHBOURS]
    say(f"a map of them by {embedding.announced()}: the longest step")
    placed = embedding.embed(points, neighbours, distance, SEED)
    agreement = {}
    if nearest.size:
        spaces: dict[str, npt.NDArray[Any]] = {"map": points[:, :2], "embedding": placed.points}
        agreement = {"all": closeness.agreement(labels, nearest)} | {
            name: closeness.agreement(labels, _nearest(space)[1][:, :NEIGHBOURS])
            for name, space in spaces.items()
            if len(space)
        }
    return Explored(
        dataset=dataset.name,
        sha256=dataset.sha256,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        train=train,
        test=test,
        examples=_pictures(dataset, _examples(y, k)),
        most=_pictures(dataset, typical.most),
        least=_pictures(dataset, typical.least),
        means=means,
        spreads=spreads,
        greys=greys,
        components=found,
        typicality=typical,
        sample=rows,
        labels=labels,
        embedding=placed,
        agreement=agreement,
        distances=closeness.distances(means, spreads, train),
        mixed=closeness.mixing(labels, nearest, k),
    )


def sample(y: Ints, n_classes: int, size: int, seed: int) -> Ints:
    """Return places of about `size` rows, sorted: each class by its share, but at least `FEWEST_SAMPLED` or all."""
    if len(y) <= size:
        return np.arange(len(y))
    rng = np.random.default_rng(seed)
    chosen = []
    for label in range(n_classes):
        rows = np.flatnonzero(y == label)
        wanted = max(size * len(rows) // len(y), min(FEWEST_SAMPLED, len(rows)))
        chosen.append(rng.choice(rows, wanted, replace=False))
    return np.sort(np.concatenate(chosen))


def _moments(X: npt.NDArray[np.uint8]) -> tuple[Floats, Floats, Ints]:
    """Return mean and standard deviation of each pixel, and how many pixels there are of each grey value."""
    total, squares = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    greys = np.zeros(256, dtype=np.int64)
    step = max(1, BLOCK_VALUES // X.shape[1])
    for start in range(0, len(X), step):
        rows = X[start : start + step]
        block = rows.astype(np.float64)
        total += block.sum(axis=0)
        squares += np.einsum("ij,ij->j", block, block)
        greys += np.bincount(rows.ravel(), minlength=256)
    n = max(1, len(X))
    mean = total / n
    return mean, np.sqrt(np.maximum(squares / n - mean**2, 0.0)), greys


def _nearest(points: npt.NDArray[np.floating]) -> tuple[Floats, Ints]:
    """Return distances to each one's nearest others, and their places, as many as a map may ask for."""
    wanted = min(embedding.NEIGHBOURS, len(points) - 1)
    if not wanted or not points.shape[1]:
        return np.zeros((len(points), 0)), np.zeros((len(points), 0), dtype=np.int64)
    distance, places = NearestNeighbors(n_neighbors=wanted, algorithm="brute").fit(points).kneighbors()
    return distance.astype(np.float64), places.astype(np.int64)


def _examples(y: Ints, n_classes: int) -> Ints:
    index = np.full((n_classes, EXAMPLES), NOBODY, dtype=np.int64)
    rng = np.random.default_rng(SEED)
    for label in range(n_classes):
        rows = np.flatnonzero(y == label)
        chosen = rng.permutation(rows)[:EXAMPLES]
        index[label, : len(chosen)] = chosen
    return index


def _pictures(dataset: Dataset, index: Ints) -> Pictures:
    pixels = np.where((index != NOBODY)[..., None], dataset.train.X[index], np.uint8(0))
    return Pictures(index, pixels.reshape(*index.shape, *dataset.image_shape))
