"""Stores the pixels of test images that figures show, and the names of their files: a report is made without data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.analyses.analysis import registered
from benchmark.datasets.dataset import Dataset
from benchmark.storage import records


def store(folder: Path, dataset: Dataset) -> None:
    """Store the images that any analysis asks for, after the records have changed.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    dataset : Dataset
    """
    results = records.read(folder)
    chosen = [analysis.example_images for analysis in registered() if analysis.example_images is not None]
    if not results.proba or not chosen:
        return
    index = np.unique(np.concatenate([choose(results) for choose in chosen])).astype(np.int64)
    test_set = replace(
        results.test_set,
        example_index=index,
        example_images=dataset.test.X[index],
        names=dataset.test.names,
        given=dataset.given,
        group=dataset.group,
    )
    records.write_test_set(folder, test_set)
