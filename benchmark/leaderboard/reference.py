"""A row that is shown for comparison: it was not trained here and has no rank."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.metrics.scores import Floats, Interval

STATUS = "reference"
"""In leaderboard.csv, where it marks such a row."""


@dataclass(frozen=True)
class Reference:
    """Somebody else's answers to the test images, scored as an estimator's are.

    Attributes
    ----------
    name, title, family : str
    note : str
        What a reader must know of the row, as inline markdown.
    accuracy : Interval
        Over test images.
    macro_f1 : float
    f1 : ndarray of float64, (n_classes,)
    """

    name: str
    title: str
    family: str
    note: str
    accuracy: Interval
    macro_f1: float
    f1: Floats
