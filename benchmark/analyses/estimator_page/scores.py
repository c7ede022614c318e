"""scikit-learn's classification report, from stored predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.analyses.estimator_page.shown import Shown
from benchmark.render import markdown as md
from benchmark.render.document import Table, table

HEADER = ("", "Precision", "Recall", "F1", "Images")


@dataclass(frozen=True)
class Line:
    """One line of the report.

    Attributes
    ----------
    name : str
        A class's name, as it comes; or "accuracy", "macro average", "weighted average".
    scores : tuple of float
        Precision, recall and F1; NaN where there is nothing to divide by.
    images : int
    total : bool
        Whether it is about all classes.
    """

    name: str
    scores: tuple[float, float, float]
    images: int
    total: bool = False

    @property
    def cells(self) -> list[str]:
        """Its cells but the first, as `HEADER` has them."""
        return [*map(md.score, self.scores), md.count(self.images)]


def lines(shown: Shown) -> list[Line]:
    """Return the report, a line for each class and then accuracy and the averages, all numbers scikit-learn's.

    What it cannot divide (the precision of a class that was never the answer) is NaN and in no average,
    as on the leaderboard.
    """
    from sklearn.metrics import classification_report

    places = [str(place) for place in range(shown.n_classes)]  # two classes may have one name
    found = classification_report(
        shown.test_set.y,
        shown.predicted,
        labels=range(shown.n_classes),
        target_names=places,
        output_dict=True,
        zero_division=np.nan,
    )
    out = [
        Line(name, _scores(found[place]), int(found[place]["support"]))
        for name, place in zip(shown.test_set.class_names, places, strict=True)
    ]
    images = len(shown.test_set.y)
    out.append(Line("accuracy", (np.nan, np.nan, float(found["accuracy"])), images, total=True))
    for key, name in (("macro avg", "macro average"), ("weighted avg", "weighted average")):
        out.append(Line(name, _scores(found[key]), images, total=True))
    return out


def report(shown: Shown) -> Table:
    """Return scikit-learn's report as a table; lines about all classes are in italics."""
    rows = [
        [f"*{line.name}*" if line.total else md.escape(line.name), *line.cells]  # names of totals are ours
        for line in lines(shown)
    ]
    return table(HEADER, rows)


def _scores(found: dict[str, float]) -> tuple[float, float, float]:
    return float(found["precision"]), float(found["recall"]), float(found["f1-score"])
