"""The page of the hardest class: its anatomy, in the order in which questions arise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.analyses.hardest_class import always_wrong as rescues
from benchmark.analyses.hardest_class import confusable as neighbours
from benchmark.analyses.hardest_class import confusions as flows
from benchmark.analyses.hardest_class import thresholds
from benchmark.analyses.hardest_class import upper_bound as limits
from benchmark.analyses.hardest_class.scores import Subject, subject, titled
from benchmark.leaderboard.summary import Summary
from benchmark.render import markdown as md
from benchmark.render.pages import anatomy_file, mark, pictures

if TYPE_CHECKING:
    from benchmark.report.figures import Planned


def page(summary: Summary, figures: Sequence[Planned]) -> tuple[str, str] | None:
    """Return the page's file name and its markdown, or None where no estimator finished.

    Parameters
    ----------
    summary : Summary
    figures : sequence of Planned
        Those that exist.
    """
    one = subject(summary)
    if one is None:
        return None
    file = anatomy_file(summary.class_names[one.label], one.label)
    sections: list[tuple[str, list[str]]] = [
        ("What it is taken for, and what for it", [*pictures("flow", figures), *flows.section(one)]),
        ("The hard core", [*rescues.core(one), *pictures("core", figures)]),
        (
            "What the CNN finds, and what it misses",
            [*rescues.rescues(one), *pictures("cnn", figures), *pictures("others", figures)],
        ),
        (f"{one.name} against the rest", [*thresholds.ranking(one), *pictures("ranking", figures)]),
        ("What another threshold would buy", thresholds.shifts(one)),
        (f"{one.name} and its neighbours alone", neighbours.section(one)),
        ("How far it could go", limits.section(one)),
    ]
    parts = [mark(file), f"# Where {one.name} fails: {md.escape(summary.test_set.dataset)}", _opening(one)]
    for heading, paragraphs in sections:
        if paragraphs:
            parts += [f"## {heading}", *paragraphs]
    parts.append(
        "*Written by `python -m benchmark report` from the records beside this page; every score is recomputed from "
        "stored predictions. Back to [leaderboard.md](leaderboard.md), which says how they were made.*"
    )
    return file, "\n\n".join(part for part in parts if part) + "\n"


def _opening(one: Subject) -> str:
    mean = float(np.mean([row.f1[one.label] for row in one.rows]))
    best = max(one.rows, key=lambda row: float(row.f1[one.label]))
    core = len(one.kinds["core"])
    text = (
        f"Of the {len(one.summary.class_names)} classes of [the leaderboard](leaderboard.md), {one.name} has the "
        f"lowest F1: {md.score(mean)} on average over {md.plural(len(one.rows), 'estimator')}, "
        f"{md.score(best.f1[one.label])} at best ({titled(best)}). {core:,} of its {md.plural(one.size, 'test image')} "
        f"{'is' if core == 1 else 'are'} wrong under every estimator."
    )
    found = limits.estimates(one)
    if found:
        f1 = [each.ceiling.f1 for each in found]
        text += f" By the estimates at the end of this page, F1 could reach some {min(f1):.2f} to {max(f1):.2f}."
    return text + (" Counts are means over seeds, unless said otherwise." if one.several_seeds else "")
