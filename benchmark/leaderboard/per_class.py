"""F1 of each class, estimators by classes; of many classes the worst ones, and a CSV of all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.leaderboard.summary import Summary
from benchmark.metrics.scores import HARDEST_IMAGES
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, Table, number, words
from benchmark.render.document import table as make_table

MANY = 20
"""Classes from which on the table has the `WORST` only, and there is a CSV."""

WORST = 10

CSV = "per-class.csv"

COLUMNS = ("class", "test_images", "estimator", "title", "f1", "f1_low", "f1_high", "precision", "recall")


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
    if len(shown(summary)) < len(summary.class_names):
        best = (
            f"These are the {WORST} of {len(summary.class_names)} classes with the lowest F1 on average over the "
            f"estimators, the lowest first; all are in [{CSV}]({CSV}). {best}"
        )
    text = (
        f"{best} {size}, so a score is good to about ±{np.nanmean(widths[:, images > 0]) / 2:.3f}{_hardest(summary)}; "
        f"every interval is in [leaderboard.csv](leaderboard.csv).{_too_small(summary)}"
    )
    return [text, table(summary)]


def shown(summary: Summary) -> list[int]:
    """Return the classes that the table shows: all, or of many the worst, by their mean F1, the worst first.

    A class without test images has no F1, and is none of the worst; the hardest class is always one.
    """
    every = list(range(len(summary.class_names)))
    if len(every) <= MANY:
        return every
    known = np.bincount(summary.test_set.y, minlength=len(every)) > 0
    means = np.where(known, np.nan_to_num(np.stack([row.f1 for row in summary.scored])).mean(axis=0), np.inf)
    if summary.hardest is not None:
        means[summary.hardest] = -1.0
    return [int(label) for label in np.argsort(means, kind="stable")[:WORST] if np.isfinite(means[label])]


def _hardest(summary: Summary) -> str:
    label = summary.hardest
    if label is None:
        return ""
    width = float(np.mean([row.f1_high[label] - row.f1_low[label] for row in summary.scored]))
    return f", {md.escape(summary.class_names[label])}'s to ±{width / 2:.3f}"


def _too_small(summary: Summary) -> str:
    """Say why no class is called the hardest, or how many have too few test images for it."""
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    small = int((images < HARDEST_IMAGES).sum())
    if small == len(images):
        return f" No class has {HARDEST_IMAGES} test images, so none is called the hardest."
    if summary.hardest is None:
        return " No class is harder than the others, so none is called the hardest."
    if not small:
        return ""
    have = "class has" if small == 1 else "classes have"
    return f" {small:,} {have} fewer than {HARDEST_IMAGES} test images, too few to be called the hardest."


def table(summary: Summary) -> Table:
    """Return F1, estimators by classes, the best of each class bold unless it is zero; references last."""
    labels = shown(summary)
    scores = np.stack([row.f1[labels] for row in summary.scored])
    best = [None if np.isnan(column).all() else fmt.score(float(np.nanmax(column))) for column in scores.T]
    rows: list[list[Cell]] = []
    for row in summary.scored:
        f1, low, high = (ends[labels] for ends in (row.f1, row.f1_low, row.f1_high))
        bold = [fmt.score(value) == most != fmt.score(0.0) for value, most in zip(f1, best, strict=True)]
        rows.append([words(row.title), *(_cell(*each) for each in zip(f1, low, high, bold, strict=True))])
    for reference in summary.references:
        cells = [number(float(reference.f1[label]), fmt.score) for label in labels]
        rows.append([Cell(f"*{md.escape(reference.title)}*", reference.title), *cells])
    return make_table(["Estimator", *(md.escape(summary.class_names[label]) for label in labels)], rows)


def frame(summary: Summary) -> pd.DataFrame | None:
    """Return one row per class and estimator, for data of more classes than the table shows; None for others."""
    if not summary.scored or len(shown(summary)) == len(summary.class_names):
        return None
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names)).tolist()
    lines = [
        (
            *(name, images[label], row.name, row.title),
            *(float(each[label]) for each in (row.f1, row.f1_low, row.f1_high, row.precision, row.recall)),
        )
        for label, name in enumerate(summary.class_names)
        for row in summary.scored
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _cell(value: float, low: float, high: float, bold: bool) -> Cell:
    cell = number(float(value), fmt.score, bold=bold)
    return Cell(cell.text, cell.value, None if cell.value is None else (float(low), float(high)))
