"""Predictions of an estimator to look at: confident mistakes, a sample of correct ones, and frequent confusions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.engine import protocol
from benchmark.metrics.scores import Ints

SAMPLE_SEED = 4
"""Of the sample of correct predictions."""


class Confusion(NamedTuple):
    """Images of one class that were predicted to be of another."""

    label: int
    predicted: int
    images: int


def confident_mistakes(estimator: EvaluatedEstimator, most: int) -> Ints:
    """Return the wrong predictions with the highest scores, among the images whose pixels are available.

    Ties are broken by the lowest score of the label, then by index. (Stored scores are float16, so many are equal.)

    Parameters
    ----------
    estimator : EvaluatedEstimator
    most : int

    Returns
    -------
    ndarray of int64, (m,)
        Indices in the test set, highest score first.
    """
    y, index = estimator.test_set.y, estimator.pictures.index
    wrong = index[estimator.predicted[index] != y[index]]
    score_of_label = estimator.proba[wrong, y[wrong]]
    return np.asarray(wrong[np.lexsort((wrong, score_of_label, -estimator.confidence[wrong]))][:most])


def correct_sample(estimator: EvaluatedEstimator, most: int) -> Ints:
    """Return a stratified random sample of correct predictions, among the images whose pixels are available.

    Scores play no part in it. Each class has its share of the correct predictions.

    Parameters
    ----------
    estimator : EvaluatedEstimator
    most : int

    Returns
    -------
    ndarray of int64, (m,)
        Indices in the test set, by class and then ascending.
    """
    y, index = estimator.test_set.y, estimator.pictures.index
    correct = index[estimator.predicted[index] == y[index]]
    sample = correct[protocol.stratified_order(y[correct], SAMPLE_SEED)[:most]]
    return np.asarray(sample[np.lexsort((sample, y[sample]))])


def confusions(counts: Ints, most: int) -> list[Confusion]:
    """Return the most frequent confusions, most images first, then in the order of the classes.

    Parameters
    ----------
    counts : ndarray of int64, (k, k)
        Images by true class (row) and predicted class (column).
    most : int
    """
    errors = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    order = np.argsort(-errors, axis=None, kind="stable")[:most]
    found = [Confusion(*divmod(int(cell), len(errors)), int(errors.flat[cell])) for cell in order]
    return [confusion for confusion in found if confusion.images]
