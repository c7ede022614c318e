"""Do published nets score here what was published? Reimplementations compared with the published accuracies."""

from __future__ import annotations

from benchmark.analyses.analysis import Analysis, lazy
from benchmark.analyses.published_nets import command

ANALYSIS = Analysis(
    name="published_nets",
    order=80,
    scores=lazy("benchmark.analyses.published_nets.scores", "compute"),
    section=lazy("benchmark.analyses.published_nets.section", "section"),
    measure=command.measure,
    command=command.COMMAND,
)
