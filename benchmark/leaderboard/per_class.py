"""F1 of each class, estimators by classes."""

from __future__ import annotations

import numpy as np

from benchmark.leaderboard.summary import Summary
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, Table, number, words
from benchmark.render.document import table as make_table


def blocks(summary: Summary) -> list[Block]:
    """Return how the table is read, and the table; nothing where no estimator finished."""
    if summary.hardest is None:
        return []
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    few, many = int(images[images > 0].min()), int(images.max())
    size = f"A class has about {int(np.median(images[images > 0])):,} test images"
    if many >= 2 * few:
        size = f"Classes have {few:,} to {many:,} test images"
    widths = np.stack([row.f1_high - row.f1_low for row in summary.scored])
    name = md.escape(summary.class_names[summary.hardest])
    best = "The best of each class is bold."
    if summary.references:
        best = "The best estimator of each class is bold."
    text = (
        f"{best} {size}, so a score is good to about ±{np.nanmean(widths[:, images > 0]) / 2:.3f}, "
        f"{name}'s to ±{float(np.mean(widths[:, summary.hardest])) / 2:.3f}; every interval is in "
        "[leaderboard.csv](leaderboard.csv)."
    )
    return [text, table(summary)]


def table(summary: Summary) -> Table:
    """Return F1, estimators by classes, the best of each class bold; references last."""
    scores = np.stack([row.f1 for row in summary.scored])
    best = [None if np.isnan(column).all() else fmt.score(float(np.nanmax(column))) for column in scores.T]
    rows: list[list[Cell]] = []
    for row in summary.scored:
        bold = [fmt.score(value) == most for value, most in zip(row.f1, best, strict=True)]
        ends = zip(row.f1, row.f1_low, row.f1_high, bold, strict=True)
        rows.append([words(row.title), *(_cell(*each) for each in ends)])
    for reference in summary.references:
        cells = [number(float(value), fmt.score) for value in reference.f1]
        rows.append([Cell(f"*{md.escape(reference.title)}*", reference.title), *cells])
    return make_table(["Estimator", *map(md.escape, summary.class_names)], rows)


def _cell(value: float, low: float, high: float, bold: bool) -> Cell:
    cell = number(float(value), fmt.score, bold=bold)
    return Cell(cell.text, cell.value, None if cell.value is None else (float(low), float(high)))
