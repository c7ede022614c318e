"""Exploratory data analysis: arrays in, numbers out.

Only the labels of the test set are used, to count its images. Everything runs on one thread, so that the same data give
the same numbers to the last bit, whatever the number of cores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import (
    NearestNeighbors,
)  # before the number of threads is limited, which affects loaded libraries only
from threadpoolctl import threadpool_limits

from benchmark.analyses.exploration import class_distances, embedding, pca, prototypes
from benchmark.analyses.exploration.embedding import Embedding
from benchmark.analyses.exploration.pca import Components
from benchmark.analyses.exploration.prototypes import NO_IMAGE, Prototypes
from benchmark.datasets.dataset import Dataset, Shape, array_shape
from benchmark.metrics.scores import Floats, Ints

SEED = 0

EXAMPLES = 8
"""The number of example images of each class."""

SAMPLED = 5_000
"""About the number of training images whose neighbours are compared and that are drawn on maps."""

FEWEST_SAMPLED = 20
"""The fewest sampled images of a class that has as many, however small its share."""

NEIGHBOURS = 10
"""The number of nearest images whose labels are compared."""

BLOCK_VALUES = 2**22
"""Pixels in a block."""


@dataclass(frozen=True)
class ClassImages:
    """Some images of each class.

    Attributes
    ----------
    index : ndarray of int64, (k, m)
        Index in the training set; `NO_IMAGE` if the class has no more.
    names : dict of int to str
        The file of each of these images, by its index; empty for data without files.
    pixels : ndarray of uint8, (k, m, height, width) or (k, m, height, width, 3)
        0 if there is none.
    """

    index: Ints
    pixels: npt.NDArray[np.uint8]
    names: dict[int, str]


@dataclass(frozen=True)
class Exploration:
    """What a data set looks like; everything but the counts is about training images.

    Attributes
    ----------
    dataset, sha256, given, group, folds, asked_folds
        See `Dataset`.
    class_names : tuple of str
    image_shape : tuple of int
    train, test : ndarray of int64, (k,)
        Number of images of each class; of a cross-validation all images train.
    examples, most_typical, least_typical : ClassImages
        Examples are drawn at random.
    means, deviations : ndarray of float64, (k, pixels)
        Mean and standard deviation of each pixel, in grey levels; 0 for a class without images.
    greys : ndarray of int64, (k, 256)
        Number of pixels of each grey value.
    components : Components
    prototypes : Prototypes
    sample, labels : ndarray of int64, (m,)
        Indices of the sampled training images, and their classes.
    embedding : Embedding
        Of the sample.
    same_class_share : dict of str to float
        Share of the nearest images in the sample that are of the same class: with distances in "all" kept components,
        in the first two ("map"), and in the "embedding". Empty for one image, or if all are equal.
    mean_distances, neighbour_classes : ndarray of float64, (k, k)
        See `benchmark.analyses.exploration.class_distances`; `neighbour_classes` is about the sample.
    """

    dataset: str
    sha256: str
    given: str
    group: str
    folds: int
    asked_folds: int | None
    class_names: tuple[str, ...]
    image_shape: Shape
    train: Ints
    test: Ints
    examples: ClassImages
    most_typical: ClassImages
    least_typical: ClassImages
    means: Floats
    deviations: Floats
    greys: Ints
    components: Components
    prototypes: Prototypes
    sample: Ints
    labels: Ints
    embedding: Embedding
    same_class_share: dict[str, float]
    mean_distances: Floats
    neighbour_classes: Floats


def explore(dataset: Dataset, announce: Callable[[str], None]) -> Exploration:
    """Explore a data set.

    Parameters
    ----------
    dataset : Dataset
    announce : callable
        ``announce(step)`` is called before each step, with one line of text.
    """
    with threadpool_limits(1):
        return _explore(dataset, announce)


def _explore(dataset: Dataset, announce: Callable[[str], None]) -> Exploration:
    X, y, k = dataset.train.X, dataset.train.y, len(dataset.class_names)
    train, test = (np.bincount(part.y, minlength=k) for part in (dataset.train, dataset.test))
    if dataset.folds:  # all images are counted and shown
        test = np.zeros_like(train)
    announce(f"means, standard deviations and grey values of {len(y):,} training images in {k} classes")
    moments = [_moments(X[y == label]) for label in range(k)]
    means, deviations, greys = (np.stack(arrays) for arrays in zip(*moments, strict=True))
    announce(f"principal components of {X.shape[1]:,} values")
    components = pca.principal_components(X, dataset.image_shape, SEED)
    announce(f"typical images: the {prototypes.NEIGHBOURS} nearest neighbours within each class")
    typical = prototypes.find_prototypes(components.points, y, k, SEED)
    rows = stratified_sample(y, k, SAMPLED, SEED)
    announce(f"nearest neighbours among {len(rows):,} training images")
    points, labels = components.points[rows], y[rows]
    distance, neighbours = _nearest(points)
    nearest = neighbours[:, :NEIGHBOURS]
    announce(f"map by {embedding.expected_method()}: the longest step")
    embedded = embedding.embed(points, neighbours, distance, SEED)
    same_class_share = {}
    if nearest.size:
        spaces: dict[str, npt.NDArray[Any]] = {"map": points[:, :2], "embedding": embedded.points}
        same_class_share = {"all": class_distances.same_class_share(labels, nearest)} | {
            name: class_distances.same_class_share(labels, _nearest(space)[1][:, :NEIGHBOURS])
            for name, space in spaces.items()
            if len(space)
        }
    return Exploration(
        dataset=dataset.name,
        sha256=dataset.sha256,
        given=dataset.given,
        group=dataset.group,
        folds=dataset.folds,
        asked_folds=dataset.asked_folds,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        train=train,
        test=test,
        examples=_images(dataset, _examples(y, k)),
        most_typical=_images(dataset, typical.most),
        least_typical=_images(dataset, typical.least),
        means=means,
        deviations=deviations,
        greys=greys,
        components=components,
        prototypes=typical,
        sample=rows,
        labels=labels,
        embedding=embedded,
        same_class_share=same_class_share,
        mean_distances=class_distances.mean_distances(means, deviations, train),
        neighbour_classes=class_distances.neighbour_classes(labels, nearest, k),
    )


def stratified_sample(y: Ints, n_classes: int, size: int, seed: int) -> Ints:
    """Return about `size` indices, sorted: each class by its share, but at least `FEWEST_SAMPLED` or all of it."""
    if len(y) <= size:
        return np.arange(len(y))
    rng = np.random.default_rng(seed)
    chosen = []
    for label in range(n_classes):
        rows = np.flatnonzero(y == label)
        count = max(size * len(rows) // len(y), min(FEWEST_SAMPLED, len(rows)))
        chosen.append(rng.choice(rows, count, replace=False))
    return np.sort(np.concatenate(chosen))


def _moments(X: npt.NDArray[np.uint8]) -> tuple[Floats, Floats, Ints]:
    """Return mean and standard deviation of each pixel, and the number of pixels of each grey value."""
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
    """Return distances and indices of the nearest other images of each image, as many as the embedding needs."""
    count = min(embedding.NEIGHBOURS, len(points) - 1)
    if not count or not points.shape[1]:
        return np.zeros((len(points), 0)), np.zeros((len(points), 0), dtype=np.int64)
    distance, index = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points).kneighbors()
    return distance.astype(np.float64), index.astype(np.int64)


def _examples(y: Ints, n_classes: int) -> Ints:
    index = np.full((n_classes, EXAMPLES), NO_IMAGE, dtype=np.int64)
    rng = np.random.default_rng(SEED)
    for label in range(n_classes):
        rows = np.flatnonzero(y == label)
        chosen = rng.permutation(rows)[:EXAMPLES]
        index[label, : len(chosen)] = chosen
    return index


def _images(dataset: Dataset, index: Ints) -> ClassImages:
    pixels = np.where((index != NO_IMAGE)[..., None], dataset.train.X[index], np.uint8(0))
    own = index[index != NO_IMAGE].tolist() if dataset.train.names else []
    names = {row: dataset.train.names[row] for row in own}
    return ClassImages(index, pixels.reshape(*index.shape, *array_shape(dataset.image_shape)), names)
