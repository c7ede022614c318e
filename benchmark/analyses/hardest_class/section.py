"""F1 of each class, and the essentials of the hardest one, which has a page of its own."""

from __future__ import annotations

import numpy as np

from benchmark.analyses.hardest_class.confusions import flow
from benchmark.analyses.hardest_class.scores import Subject, subject
from benchmark.analyses.human_labels.scores import TITLE
from benchmark.leaderboard.summary import Summary
from benchmark.render import markdown as md
from benchmark.render.pages import anatomy_file


def per_class_table(summary: Summary) -> str:
    """Return F1, estimators by classes, the best of each class bold; people, who are no estimator, last."""
    cells = [[md.score(value) for value in row.f1] for row in summary.scored]
    for place in range(len(summary.class_names)):
        values = [row.f1[place] for row in summary.scored]
        best = md.score(float(np.nanmax(values))) if not np.isnan(values).all() else None
        for row in cells:
            row[place] = f"**{row[place]}**" if row[place] == best else row[place]
    rows = [[md.escape(row.title), *row_cells] for row, row_cells in zip(summary.scored, cells, strict=True)]
    if summary.crowd is not None:
        rows.append([f"*{TITLE}*", *map(md.score, summary.crowd.f1)])
    return md.table(["Estimator", *map(md.escape, summary.class_names)], rows)


def section(summary: Summary) -> list[str]:
    """Return the section's paragraphs and table, without its heading and figures."""
    one = subject(summary)
    if one is None:
        return []
    file = anatomy_file(summary.class_names[one.label], one.label)
    more = (
        f"**[{file}]({file})** is the anatomy of {one.name}: what it is taken for, the hard core in pictures, who "
        "finds what others miss, how it ranks against the rest, and how far it could go."
    )
    return [_opening(one), _recall_table(one), _wrong_under_all(one), more]


def _opening(one: Subject) -> str:
    mean = float(np.mean([row.f1[one.label] for row in one.rows]))
    text = f"{one.name} is the class with the lowest F1, {md.score(mean)} on average over the estimators. "
    text += (
        f"Recall is the share of the {md.plural(one.size, f'{one.name} image')} that were found, "
        f"precision the share of the answers “{one.name}” that were right."
    )
    return text + (" Counts are means over seeds." if one.several_seeds else "")


def _recall_table(one: Subject) -> str:
    rows = [
        [
            md.escape(row.title),
            md.score(row.recall[one.label]),
            md.score(row.precision[one.label]),
            md.score(row.f1[one.label]),
            md.count(float(flow(row.confusion, one.label, incoming=False).sum())),
            md.count(float(flow(row.confusion, one.label, incoming=True).sum())),
        ]
        for row in one.rows
    ]
    header = ["Estimator", "Recall", "Precision", "F1", f"{one.name} images missed", f"Others taken for {one.name}"]
    return md.table(header, rows)


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
