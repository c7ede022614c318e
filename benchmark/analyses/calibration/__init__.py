"""Can the probabilities be trusted? Log loss and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Analysis, lazy

if TYPE_CHECKING:
    from benchmark.render.figure import Figure


def _figures() -> Sequence[Figure]:
    from benchmark.analyses.calibration import figures
    from benchmark.render.figure import Figure

    return [
        Figure("reliability", figures.data, figures.draw, figures.caption, figures.alt, version=2),
    ]


ANALYSIS = Analysis(
    name="calibration",
    order=60,
    scores=lazy("benchmark.analyses.calibration.scores", "compute"),
    section=lazy("benchmark.analyses.calibration.section", "section"),
    figures=_figures,
)
