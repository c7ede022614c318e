"""Which estimator classifies which image correctly: arrays in, numbers out.

`n` is the number of test images, `k` of classes, `m` of estimators, `s` of seeds. Test images are used here only to
choose which of them are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.metrics.scores import Floats, Ints

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class HitMatrix:
    """Which estimator is right on which test image.

    Attributes
    ----------
    hit_rate : ndarray of float64, (m, n)
        Share of the seeds that classify the image correctly.
    true_class_score : ndarray of float64, (m, n)
        Score of the true class, mean over seeds.
    is_cnn : ndarray of bool, (m,)
    """

    hit_rate: Floats
    true_class_score: Floats
    is_cnn: Bools


class ErrorCategories(NamedTuple):
    """Images of a class by who classifies them correctly with any seed; each an ndarray of int64.

    Attributes
    ----------
    always_wrong : ndarray
        No estimator; the lowest mean score of the true class first.
    only_cnn_correct, only_others_correct : ndarray
        CNNs and no other estimator; other estimators and no CNN. Images that most of them get right come first,
        then those with the highest score of the true class. Empty unless there are both kinds of estimators.
    """

    always_wrong: Ints
    only_cnn_correct: Ints
    only_others_correct: Ints


def hit_matrix(y: Ints, proba: Sequence[npt.NDArray[np.float16]], is_cnn: Sequence[bool]) -> HitMatrix:
    """Return which estimator is right on which image.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    proba : sequence of ndarray of float16, (s, n, k)
        One for each estimator; `s` may differ.
    is_cnn : sequence of bool
    """
    images = np.arange(len(y))
    hit_rate = [seeds.argmax(axis=2) == y for seeds in proba]
    score = [seeds[:, images, y].mean(axis=0, dtype=np.float64) for seeds in proba]
    return HitMatrix(
        np.stack([hits.mean(axis=0) for hits in hit_rate]), np.stack(score), np.asarray(is_cnn, dtype=bool)
    )


def error_categories(hits: HitMatrix, of_class: Bools) -> ErrorCategories:
    """Return the images of a class by who classifies them correctly.

    Parameters
    ----------
    hits : HitMatrix
    of_class : ndarray of bool, (n,)
    """
    correct: Bools = hits.hit_rate > 0
    by_cnn, by_others = np.any(correct[hits.is_cnn], axis=0), np.any(correct[~hits.is_cnn], axis=0)
    always_wrong = np.flatnonzero(of_class & ~by_cnn & ~by_others)
    score = hits.true_class_score[:, always_wrong].mean(axis=0)

    def only(family: Bools, chosen: Bools) -> Ints:
        index = np.flatnonzero(of_class & chosen) if family.any() and not family.all() else always_wrong[:0]
        n_correct, score = correct[family][:, index].sum(axis=0), hits.true_class_score[family][:, index].sum(axis=0)
        return index[np.lexsort((-score, -n_correct))]

    return ErrorCategories(
        always_wrong[np.argsort(score, kind="stable")],
        only(hits.is_cnn, by_cnn & ~by_others),
        only(~hits.is_cnn, by_others & ~by_cnn),
    )


def most_common_labels(labels: Ints) -> tuple[Ints, Ints]:
    """Return each image's most common answer, the lowest label among equals, and how many estimators gave it.

    Parameters
    ----------
    labels : ndarray of int64, (m, n)

    Returns
    -------
    tuple of ndarray of int64, (n,)
    """
    if labels.size == 0:
        return np.zeros(labels.shape[1], dtype=np.int64), np.zeros(labels.shape[1], dtype=np.int64)
    votes = np.stack([(labels == label).sum(axis=0) for label in range(int(labels.max()) + 1)])
    return votes.argmax(axis=0).astype(np.int64), votes.max(axis=0).astype(np.int64)
