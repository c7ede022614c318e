"""Do people and models miss the same images? Human labels compared with the estimators' predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Analysis, lazy
from benchmark.analyses.human_labels import command
from benchmark.storage.record_kind import RecordKind

if TYPE_CHECKING:
    from benchmark.render.figure import Figure


def _figures() -> Sequence[Figure]:
    from benchmark.analyses.human_labels import figures
    from benchmark.render.figure import Figure

    return [
        Figure("people-disagree", figures.data, figures.draw, figures.caption, figures.alt),
    ]


ANALYSIS = Analysis(
    name="human_labels",
    order=50,
    record=RecordKind("people", lazy("benchmark.analyses.human_labels.record", "read_file"), per_estimator=False),
    scores=lazy("benchmark.analyses.human_labels.scores", "compute"),
    reference=lazy("benchmark.analyses.human_labels.scores", "reference"),
    section=lazy("benchmark.analyses.human_labels.section", "section"),
    figures=_figures,
    measure=command.measure,
    command=command.COMMAND,
)
