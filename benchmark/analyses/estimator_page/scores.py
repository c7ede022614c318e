"""scikit-learn's classification report, from stored predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.render import fmt
from benchmark.render.document import Cell, Table, number, table, words

HEADER = ("", "Precision", "Recall", "F1", "Images")


@dataclass(frozen=True)
class Row:
    """One row of the report.

    Attributes
    ----------
    name : str
        A class's name; or "accuracy", "macro average", "weighted average".
    scores : (float, float, float)
        Precision, recall and F1; NaN where they are undefined.
    images : int
    is_total : bool
        Whether the row is about all classes.
    """

    name: str
    scores: tuple[float, float, float]
    images: int
    is_total: bool = False


def report(estimator: EvaluatedEstimator) -> list[Row]:
    """Return the report: one row for each class, then accuracy and the averages, all computed by scikit-learn.

    An undefined score (the precision of a class that was never predicted) is NaN and is left out of the averages, as on
    the leaderboard.
    """
    from sklearn.metrics import classification_report

    keys = [str(label) for label in range(estimator.n_classes)]  # two classes may have the same name
    found = classification_report(
        estimator.test_set.y,
        estimator.predicted,
        labels=range(estimator.n_classes),
        target_names=keys,
        output_dict=True,
        zero_division=np.nan,
    )
    rows = [
        Row(name, _scores(found[key]), int(found[key]["support"]))
        for name, key in zip(estimator.test_set.class_names, keys, strict=True)
    ]
    images = len(estimator.test_set.y)
    rows.append(Row("accuracy", (np.nan, np.nan, float(found["accuracy"])), images, is_total=True))
    for key, name in (("macro avg", "macro average"), ("weighted avg", "weighted average")):
        rows.append(Row(name, _scores(found[key]), images, is_total=True))
    return rows


def report_table(estimator: EvaluatedEstimator) -> Table:
    """Return the report as a table; names of rows about all classes are in italics."""
    rows = []
    for row in report(estimator):
        name = Cell(f"*{row.name}*", row.name) if row.is_total else words(row.name)
        rows.append([name, *(number(score, fmt.score) for score in row.scores), number(row.images, fmt.count)])
    return table(HEADER, rows)


def _scores(found: dict[str, float]) -> tuple[float, float, float]:
    return float(found["precision"]), float(found["recall"]), float(found["f1-score"])
