"""Would a shorter tuning do? What each estimator would have scored, had tuning stopped earlier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Analysis, lazy
from benchmark.analyses.tuning_budget import command
from benchmark.storage.record_kind import RecordKind

if TYPE_CHECKING:
    from benchmark.render.figure import Figure


def _figures() -> Sequence[Figure]:
    from benchmark.analyses.tuning_budget import figures
    from benchmark.render.figure import Figure

    return [
        Figure("validation-tuning-time", figures.data, figures.draw, figures.caption, figures.alt),
    ]


ANALYSIS = Analysis(
    name="tuning_budget",
    order=10,
    record=RecordKind("budget", lazy("benchmark.analyses.tuning_budget.record", "read")),
    scores=lazy("benchmark.analyses.tuning_budget.scores", "compute"),
    section=lazy("benchmark.analyses.tuning_budget.section", "section"),
    figures=_figures,
    measure=command.measure,
    command=command.COMMAND,
    test_part=True,
)
