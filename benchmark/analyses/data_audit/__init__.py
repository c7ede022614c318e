"""What is wrong with the data? Exact and near duplicates, likely label errors, constant pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Analysis, Csv, lazy
from benchmark.analyses.data_audit import command
from benchmark.storage.record_kind import RecordKind

if TYPE_CHECKING:
    from benchmark.render.figure import Figure


def _figures() -> Sequence[Figure]:
    from benchmark.analyses.data_audit import figures
    from benchmark.render.figure import Figure

    return [
        Figure("copies", figures.copies_data, figures.draw_copies, figures.copies_caption, figures.copies_alt, 2),
        Figure("label-errors", figures.errors_data, figures.draw_errors, figures.errors_caption, figures.errors_alt, 2),
    ]


ANALYSIS = Analysis(
    name="data_audit",
    order=70,
    record=RecordKind("audit", lazy("benchmark.analyses.data_audit.record", "read_file"), per_estimator=False),
    scores=lazy("benchmark.analyses.data_audit.scores", "compute"),
    section=lazy("benchmark.analyses.data_audit.section", "section"),
    csv=Csv("audit.csv", ("part", "index", "kind", "label")),
    figures=_figures,
    measure=command.measure,
    command=command.COMMAND,
    test_part=True,
)
