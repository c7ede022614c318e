"""Chooses the test images whose pixels are stored with the records for figures."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from benchmark.analyses.hardest_class import hits
from benchmark.metrics import scores
from benchmark.metrics.scores import Ints, hardest_class
from benchmark.storage.records import Results

SIZE = 400
"""Images stored of the hardest of all classes: some 150 kB of 28 by 28 pixels."""
PER_CATEGORY = 12
"""Images stored of each error category of the hardest class: as many as the report shows of one."""


def choose(results: Results) -> Ints:
    """Return the test images whose pixels the figures need, as indices in ascending order, (k,).

    The hardest images come first: misclassified by the most estimators, then the lowest mean score of the true class.
    Images of the hardest class that only CNNs, or only other estimators, classify correctly are added, because they
    need not be among those.

    Parameters
    ----------
    results : Results
        With the predictions of at least one estimator.
    """
    y = results.test_set.y
    stored = list(results.proba.values())
    wrong = np.sum([proba.argmax(axis=1) != y for proba in stored], axis=0)
    true_class_score = np.sum([proba[np.arange(len(y)), y] for proba in stored], axis=0, dtype=np.float64)
    hardest = np.lexsort((true_class_score, -wrong))[:SIZE]
    return np.union1d(hardest, _of_each_category(results)).astype(np.int64)


def _of_each_category(results: Results) -> Ints:
    """Return the first images of each error category of the hardest class."""
    y, k = results.test_set.y, len(results.test_set.class_names)
    by_estimator = [list(keys) for _, keys in groupby(results.proba, key=lambda key: key[0])]
    cnns = {record.estimator for record in results.records if record.family == "cnn"}
    proba = [np.stack([results.proba[key] for key in keys]) for keys in by_estimator]
    counts = [[scores.confusion_matrix(y, scores.predicted_labels(seed), k) for seed in seeds] for seeds in proba]
    f1 = np.stack([np.mean([scores.per_class(count).f1 for count in seeds], axis=0) for seeds in counts])
    matrix = hits.hit_matrix(y, proba, [keys[0][0] in cnns for keys in by_estimator])
    categories = hits.error_categories(matrix, y == hardest_class(y, f1))
    return np.concatenate([index[:PER_CATEGORY] for index in categories])
