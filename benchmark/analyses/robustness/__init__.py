"""How robust is it? The tuned estimators on corrupted test images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Analysis, Csv, lazy
from benchmark.analyses.robustness import command
from benchmark.storage.record_kind import RecordKind

if TYPE_CHECKING:
    from benchmark.render.figure import Figure


def _figures() -> Sequence[Figure]:
    from benchmark.analyses.robustness import figure_examples, figures
    from benchmark.render.figure import Figure

    return [
        Figure("robustness", figures.data, figures.draw, figures.caption, figures.alt),
        Figure("corruptions", figure_examples.data, figure_examples.draw, figure_examples.caption, figure_examples.alt),
    ]


ANALYSIS = Analysis(
    name="robustness",
    order=30,
    record=RecordKind("robustness", lazy("benchmark.analyses.robustness.record", "read")),
    scores=lazy("benchmark.analyses.robustness.scores", "compute"),
    section=lazy("benchmark.analyses.robustness.section", "section"),
    csv=Csv("robustness.csv", ("estimator", "title", "family", "corruption")),
    figures=_figures,
    measure=command.measure,
    command=command.COMMAND,
    test_part=True,
)
