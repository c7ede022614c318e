"""Chooses the test images whose pixels are kept for the report's pictures."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from benchmark.analyses.hardest_class import measure as anatomy
from benchmark.datasets.dataset import Dataset
from benchmark.metrics import scores
from benchmark.metrics.scores import Ints, hardest_class
from benchmark.storage import records
from benchmark.storage.records import Results

SIZE = 400
"""Pictures kept of the hardest images of all classes: some 150 kB of 28 by 28 pixels."""
OF_A_KIND = 12
"""Pictures kept of each kind of image of the hardest class: as many as the report shows of one."""


def update(folder: Path, dataset: Dataset) -> None:
    """Keep the pictures of the hardest test images, now that the records are what they are.

    Hardest first: wrong under the most estimators, then the lowest mean score of the truth. Beside
    them, those of the hardest class that only CNNs find, or all but CNNs, which need not be hard.

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
    index = np.union1d(hardest, _telling(results)).astype(np.int64)
    kept = replace(results.test_set, example_index=index, example_images=dataset.test.X[index])
    records.write_test_set(folder, kept)


def _telling(results: Results) -> Ints:
    """Return the first images of each kind of the hardest class."""
    y, k = results.test_set.y, len(results.test_set.class_names)
    by_estimator = [list(keys) for _, keys in groupby(results.proba, key=lambda key: key[0])]
    cnns = {record.estimator for record in results.records if record.family == "cnn"}
    proba = [np.stack([results.proba[key] for key in keys]) for keys in by_estimator]
    counts = [[scores.confusion_matrix(y, scores.predicted_labels(seed), k) for seed in one] for one in proba]
    f1 = np.stack([np.mean([scores.per_class(count).f1 for count in seeds], axis=0) for seeds in counts])
    found = anatomy.finds(y, proba, [keys[0][0] in cnns for keys in by_estimator])
    kinds = anatomy.kinds(found, y == hardest_class(y, f1))
    return np.concatenate([index[:OF_A_KIND] for index in kinds.values()])
