"""Chooses the test images whose pixels are kept for the report's pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark import records
from benchmark.datasets.base import Dataset
from benchmark.records import TestSet

SIZE = 400
"""Pictures kept: enough for any figure of the report, and some 150 kB of 28 by 28 images."""


def test_set(dataset: Dataset) -> TestSet:
    """Return what records of this data set are scored against, with no pictures yet."""
    return TestSet(
        dataset=dataset.name,
        sha256=dataset.sha256,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        n_train=len(dataset.train.y),
        y=dataset.test.y,
        example_index=np.zeros(0, dtype=np.int64),
        example_images=np.zeros((0, dataset.test.X.shape[1]), dtype=np.uint8),
    )


def update(folder: Path, dataset: Dataset) -> None:
    """Keep the pictures of the hardest test images, now that the records are what they are.

    Hardest first: wrong under the most estimators, then the lowest mean score of the truth.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    """
    results = records.read(folder)
    y = results.test_set.y
    if not results.proba:
        return
    stored = list(results.proba.values())
    wrong = np.sum([proba.argmax(axis=1) != y for proba in stored], axis=0)
    truth = np.sum([proba[np.arange(len(y)), y] for proba in stored], axis=0, dtype=np.float64)
    hardest = np.lexsort((truth, -wrong))[:SIZE]
    index = np.sort(hardest).astype(np.int64)
    kept = replace(results.test_set, example_index=index, example_images=dataset.test.X[index])
    records.write_test_set(folder, kept)
