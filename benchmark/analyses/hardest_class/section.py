"""Where the hardest class fails: the essentials on the leaderboard, the whole on a page of its own."""

from __future__ import annotations

import numpy as np

from benchmark.analyses.hardest_class import always_wrong as rescues
from benchmark.analyses.hardest_class import confusable as neighbours
from benchmark.analyses.hardest_class import confusions as flows
from benchmark.analyses.hardest_class import thresholds
from benchmark.analyses.hardest_class import upper_bound as limits
from benchmark.analyses.hardest_class.confusions import flow
from benchmark.analyses.hardest_class.scores import Subject, titled
from benchmark.render import markdown as md
from benchmark.render.document import Block, Figures, Heading, Section, Table, number, pictures, table, words
from benchmark.render.pages import class_page


def section(one: Subject, figures: Figures) -> Section:
    """Return the section; its page is named after the class."""
    file = class_page(one.summary.class_names[one.label], one.label)
    parts: list[tuple[str, list[Block]]] = [
        ("What it is taken for, and what for it", [*pictures(figures, "hardest-flow"), *flows.section(one)]),
        ("The hard core", [*rescues.core(one), *pictures(figures, "hard-core")]),
        (
            "What the CNN finds, and what it misses",
            [*rescues.rescues(one), *pictures(figures, "found-by-cnn-only", "found-by-others-only")],
        ),
        (f"{one.name} against the rest", [*thresholds.ranking(one), *pictures(figures, "hardest-ranking")]),
        ("What another threshold would buy", thresholds.shifts(one)),
        (f"{one.name} and its neighbours alone", neighbours.section(one)),
        ("How far it could go", limits.section(one)),
    ]
    blocks: list[Block] = [_introduction(one), _recall_table(one)]
    for title, content in parts:
        if content:
            blocks += [Heading(title), *content]
    about = f"What {one.name} is taken for, which images every model misses, and how far it could go."
    return Section(
        file,
        f"Where {one.name} fails",
        about,
        blocks,
        on_leaderboard=[_opening(one), _wrong_under_all(one), *pictures(figures, "hardest-images")],
    )


def _opening(one: Subject) -> str:
    mean = float(np.mean([row.f1[one.label] for row in one.rows]))
    text = f"{one.name} is the class with the lowest F1, {md.score(mean)} on average over the estimators. "
    text += (
        f"Recall is the share of the {md.plural(one.size, f'{one.name} image')} that were found, "
        f"precision the share of the answers “{one.name}” that were right."
    )
    return text + (" Counts are means over seeds." if one.several_seeds else "")


def _recall_table(one: Subject) -> Table:
    rows = [
        [
            words(row.title),
            number(float(row.recall[one.label]), md.score),
            number(float(row.precision[one.label]), md.score),
            number(float(row.f1[one.label]), md.score),
            number(float(flow(row.confusion, one.label, incoming=False).sum()), md.count),
            number(float(flow(row.confusion, one.label, incoming=True).sum()), md.count),
        ]
        for row in one.rows
    ]
    header = ["Estimator", "Recall", "Precision", "F1", f"{one.name} images missed", f"Others taken for {one.name}"]
    return table(header, rows)


def _wrong_under_all(one: Subject) -> str:
    everyone = int(one.summary.wrong_under_all.sum())
    here = int((one.summary.wrong_under_all & one.of_class).sum())
    seeds = " with every seed" if one.several_seeds else ""
    who = f"all {len(one.rows)} estimators" if len(one.rows) > 1 else "the one estimator"
    share = f"{md.percent(here / everyone)} of them, " if everyone else ""
    return (
        f"**The hard core**: {md.plural(everyone, 'test image')} of {one.summary.n_test:,} "
        f"({md.percent(everyone / one.summary.n_test)}) {'is' if everyone == 1 else 'are'} wrong under {who}{seeds}; "
        f"{here:,} of these are {one.name} ({share}and {md.percent(here / one.size)} of all {one.name} images)."
    )


def _introduction(one: Subject) -> str:
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
