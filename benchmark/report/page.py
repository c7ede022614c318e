"""leaderboard.md: the sections in the order in which a reader needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark import metrics
from benchmark.report import curve, hardest, leaderboard, method
from benchmark.report import markdown as md
from benchmark.report.pages import pictures
from benchmark.report.summary import Summary
from benchmark.report.verdict import verdict

if TYPE_CHECKING:
    from benchmark.report.figures import Planned


def page(summary: Summary, figures: Sequence[Planned]) -> str:
    """Return leaderboard.md.

    Parameters
    ----------
    summary : Summary
    figures : sequence of Planned
        Those that exist; each goes to the end of its section.
    """
    parts = [
        f"# Leaderboard: {md.escape(summary.test_set.dataset)}",
        verdict(summary),
        "## The estimators",
        leaderboard.table(summary),
        *pictures("table", figures),
    ]
    if summary.learned or summary.outdated:
        parts += [f"## {curve.HEADING}", *curve.answer(summary)]
        parts += [*pictures("curve", figures), *curve.tables(summary)]
    if summary.hardest is not None:
        name = md.escape(summary.class_names[summary.hardest])
        parts += ["## F1 of each class", _per_class(summary), *pictures("classes", figures)]
        parts += [f"## Where {name} fails", *hardest.section(summary), *pictures("hardest", figures)]
    parts += ["## How it was measured", *method.section(summary)]
    also = f"; every point of the learning curves in [{curve.CSV}]({curve.CSV})" if summary.learned else ""
    parts.append(
        "*Written by `python -m benchmark report` from the records beside this page; every number is recomputed from "
        f"stored predictions. The table is also in [leaderboard.csv](leaderboard.csv){also}.*"
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _per_class(summary: Summary) -> str:
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    typical = int(np.median(images[images > 0]))
    mean = float(np.mean([row.accuracy.estimate for row in summary.scored]))
    interval = metrics.wilson(mean, typical)
    text = (
        f"The best of each class is bold. A class has about {typical:,} test images, so a score is good to about "
        f"±{(interval.high - interval.low) / 2:.2f}: read smaller differences as none."
    )
    return f"{text}\n\n{hardest.per_class_table(summary)}"
