"""What others' nets score here, with what was published."""

from __future__ import annotations

from benchmark.analyses.analysis import Analysis, lazy
from benchmark.analyses.published_nets import command

ANALYSIS = Analysis(
    name="published_nets",
    order=80,
    scores=lazy("benchmark.analyses.published_nets.section", "compute"),
    section=lazy("benchmark.analyses.published_nets.section", "section"),
    measure=command.measure,
    command=command.COMMAND,
)
