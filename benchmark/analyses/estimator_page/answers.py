"""Which answers of an estimator are worth a look: its surest mistakes, some right ones, its commonest errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmark.analyses.estimator_page.shown import Shown
from benchmark.engine import protocol
from benchmark.metrics.scores import Ints

SAMPLE_SEED = 4
"""Of the order in which right answers are drawn."""


class Error(NamedTuple):
    """Images of one class that got another one's name."""

    truth: int
    answer: int
    images: int


def mistakes(shown: Shown, most: int) -> Ints:
    """Return the wrong answers with the highest scores, surest first, among the images whose pixels are there.

    Of equals, those first whose truth got least, then by their place. (Stored scores are float16: many are equal.)

    Parameters
    ----------
    shown : Shown
    most : int

    Returns
    -------
    ndarray of int64, (m,)
        Places in the test set.
    """
    y, index = shown.test_set.y, shown.pictures.index
    wrong = index[shown.predicted[index] != y[index]]
    truth = shown.proba[wrong, y[wrong]]
    return np.asarray(wrong[np.lexsort((wrong, truth, -shown.confidence[wrong]))][:most])


def right(shown: Shown, most: int) -> Ints:
    """Return a stratified sample of the right answers, class by class, among the images whose pixels are there.

    Drawn without a look at their scores. Each class has as many as its share of the right answers.

    Parameters
    ----------
    shown : Shown
    most : int

    Returns
    -------
    ndarray of int64, (m,)
        Places in the test set.
    """
    y, index = shown.test_set.y, shown.pictures.index
    found = index[shown.predicted[index] == y[index]]
    drawn = found[protocol.stratified_order(y[found], SAMPLE_SEED)[:most]]
    return np.asarray(drawn[np.lexsort((drawn, y[drawn]))])


def errors(confusion: Ints, most: int) -> list[Error]:
    """Return the commonest errors, most images first, then in the order of the classes.

    Parameters
    ----------
    confusion : ndarray of int64, (k, k)
        By true class (row) and answer (column).
    most : int
    """
    off = np.where(np.eye(len(confusion), dtype=bool), 0, confusion)
    order = np.argsort(-off, axis=None, kind="stable")[:most]
    found = [Error(*divmod(int(place), len(off)), int(off.flat[place])) for place in order]
    return [error for error in found if error.images]
