"""leaderboard.md: the sections in the order in which a reader needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.analyses.calibration import section as trust
from benchmark.analyses.data_audit import section as odd
from benchmark.analyses.hardest_class import section as hardest
from benchmark.analyses.human_labels import section as disagreement
from benchmark.analyses.learning_curve import section as curve
from benchmark.analyses.published_nets import section as published
from benchmark.analyses.robustness import section as robustness
from benchmark.analyses.tuning_budget import section as budget
from benchmark.leaderboard import pairs
from benchmark.leaderboard import table as leaderboard
from benchmark.leaderboard.summary import Summary
from benchmark.leaderboard.verdict import verdict
from benchmark.render import markdown as md
from benchmark.render.pages import pictures
from benchmark.report import method

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
        *(["## The estimators", leaderboard.table(summary)] if summary.scored or summary.failed else []),
        *pictures("table", figures),
    ]
    compared, believed = pairs.section(summary), trust.section(summary)
    if compared:
        parts += [f"## {pairs.HEADING}", *compared, *pictures("pairs", figures)]
    stopped = budget.section(summary)
    if stopped:
        parts += [f"## {budget.HEADING}", *stopped]
    if summary.learned or summary.outdated:
        parts += [f"## {curve.HEADING}", *curve.answer(summary)]
        parts += [*pictures("curve", figures), *curve.tables(summary)]
    if summary.withstood or summary.unusable:
        parts += [f"## {robustness.HEADING}", *robustness.answer(summary)]
        parts += [*pictures("robustness", figures), *robustness.tables(summary)]
    if summary.hardest is not None:
        name = md.escape(summary.class_names[summary.hardest])
        parts += ["## F1 of each class", _per_class(summary), *pictures("classes", figures)]
        parts += [f"## Where {name} fails", *hardest.section(summary), *pictures("hardest", figures)]
    if summary.crowd is not None:
        parts += [f"## {disagreement.HEADING}", *disagreement.answer(summary)]
        parts += [*pictures("people", figures), *disagreement.tables(summary)]
    if believed:
        parts += [f"## {trust.HEADING}", *believed, *pictures("trust", figures)]
    if summary.audit is not None:
        parts += [f"## {odd.HEADING}", *odd.section(summary), *pictures("odd", figures)]
    again = published.section(summary)
    if again:
        parts += [f"## {published.HEADING}", *again]
    parts += ["## How it was measured", *method.section(summary)]
    also = f"; every two of its rows compared in [{pairs.CSV}]({pairs.CSV})" if summary.pairs else ""
    also += f"; every point of the learning curves in [{curve.CSV}]({curve.CSV})" if summary.learned else ""
    also += f"; every accuracy under corruption in [{robustness.CSV}]({robustness.CSV})" if summary.withstood else ""
    counted = ["what people said is taken from their sums"] if summary.crowd is not None else []
    counted += ["what the audit found from its record"] if summary.audit is not None else []
    but = f", but {' and '.join(counted)}" if counted else ""
    parts.append(
        "*Written by `python -m benchmark report` from the records beside this page; every score is recomputed from "
        f"stored predictions{but}. The table is also in [leaderboard.csv](leaderboard.csv){also}.*"
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _per_class(summary: Summary) -> str:
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    few, many = int(images[images > 0].min()), int(images.max())
    size = f"A class has about {int(np.median(images[images > 0])):,} test images"
    if many >= 2 * few:
        size = f"Classes have {few:,} to {many:,} test images"
    halves = np.stack([row.f1_high - row.f1_low for row in summary.scored])[:, images > 0] / 2
    assert summary.hardest is not None
    name = md.escape(summary.class_names[summary.hardest])
    best = "The best of each class is bold."
    if summary.crowd is not None:
        best = "The best estimator of each class is bold; people are shown for comparison."
    text = (
        f"{best} {size}, so a score is good to about "
        f"±{np.nanmean(halves):.3f}, {name}'s to ±{_half_width(summary):.3f}; every interval is in "
        "[leaderboard.csv](leaderboard.csv)."
    )
    return f"{text}\n\n{hardest.per_class_table(summary)}"


def _half_width(summary: Summary) -> float:
    """Return half of the width of the intervals of the hardest class, on average over the estimators."""
    return float(np.mean([row.f1_high[summary.hardest] - row.f1_low[summary.hardest] for row in summary.scored])) / 2
