"""Learning curves: how many images does each estimator need, and how many seconds of fitting?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Analysis, Csv, lazy
from benchmark.analyses.learning_curve import command
from benchmark.storage.record_kind import RecordKind

if TYPE_CHECKING:
    from benchmark.render.figure import Figure


def _figures() -> Sequence[Figure]:
    from benchmark.analyses.learning_curve import figures
    from benchmark.render.figure import Figure

    return [
        Figure("learning-curve", figures.data, figures.draw, figures.caption, figures.alt),
    ]


ANALYSIS = Analysis(
    name="learning_curve",
    order=20,
    record=RecordKind("curve", lazy("benchmark.analyses.learning_curve.record", "read")),
    scores=lazy("benchmark.analyses.learning_curve.scores", "compute"),
    section=lazy("benchmark.analyses.learning_curve.section", "section"),
    csv=Csv("learning-curve.csv", ("estimator", "title", "family", "rows", "seed")),
    figures=_figures,
    measure=command.measure,
    command=command.COMMAND,
    test_part=True,
)
