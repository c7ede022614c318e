"""F1 of each class, estimators by classes."""

from __future__ import annotations

import numpy as np

from benchmark.leaderboard.summary import Summary
from benchmark.metrics.scores import HARDEST_IMAGES
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, Table, number, words
from benchmark.render.document import table as make_table


def blocks(summary: Summary) -> list[Block]:
    """Return how the table is read, and the table; nothing where no estimator finished."""
    if not summary.scored:
        return []
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    few, many = int(images[images > 0].min()), int(images.max())
    size = f"A class has about {int(np.median(images[images > 0])):,} test images"
    if many >= 2 * few:
        size = f"Classes have {few:,} to {many:,} test images"
    widths = np.stack([row.f1_high - row.f1_low for row in summary.scored])
    best = "The best of each class is bold."
    if summary.references:
        best = "The best estimator of each class is bold."
    text = (
        f"{best} {size}, so a score is good to about ±{np.nanmean(widths[:, images > 0]) / 2:.3f}{_hardest(summary)}; "
        f"every interval is in [leaderboard.csv](leaderboard.csv).{_too_small(summary)}"
    )
    return [text, table(summary)]


def _hardest(summary: Summary) -> str:
    label = summary.hardest
    if label is None:
        return ""
    width = float(np.mean([row.f1_high[label] - row.f1_low[label] for row in summary.scored]))
    return f", {md.escape(summary.class_names[label])}'s to ±{width / 2:.3f}"


def _too_small(summary: Summary) -> str:
    """Say how many classes have too few test images to be called the hardest."""
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    small = int((images < HARDEST_IMAGES).sum())
    if not small:
        return ""
    if small == len(images):
        return f" No class has {HARDEST_IMAGES} test images, so none is called the hardest."
    have = "class has" if small == 1 else "classes have"
    return f" {small:,} {have} fewer than {HARDEST_IMAGES} test images, too few to be called the hardest."


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
