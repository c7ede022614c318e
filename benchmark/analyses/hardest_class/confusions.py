"""What the hardest class is mistaken for, what is mistaken for it, and which estimator confuses which pair least."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.analyses.hardest_class.hits import Bools
from benchmark.analyses.hardest_class.scores import HardestClass, title_of
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, Column, Table, number, table, words

TOP = 5
"""The number of other classes that are shown in each direction."""


@dataclass(frozen=True)
class Errors:
    """Errors by the other class, in one direction or in both.

    Attributes
    ----------
    counts : ndarray of float64, (estimators, n_classes)
        Images, mean over seeds.
    """

    counts: Floats

    @property
    def totals(self) -> Floats:
        """Errors of each estimator, (estimators,)."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def top(self) -> list[int]:
        """The classes with the most errors on average, at most `TOP` and none without errors."""
        return top(self.counts.mean(axis=0))

    @property
    def share(self) -> float:
        """Share of the errors, on average over the estimators, that the first of `top` has."""
        return float(self.counts.mean(axis=0)[self.top[0]] / self.totals.mean())

    @property
    def leads_for(self) -> int:
        """The number of estimators for which the first of `top` has the most errors."""
        return int(((self.counts[:, self.top[0]] == self.counts.max(axis=1)) & (self.totals > 0)).sum())

    @property
    def fewest(self) -> int:
        """The estimator with the fewest errors."""
        return int(self.totals.argmin())

    @property
    def most(self) -> int:
        """The estimator with the most errors."""
        return int(self.totals.argmax())

    @property
    def largest_difference(self) -> tuple[int, float]:
        """The class in which the estimators with the fewest and the most errors differ most, and by how many images."""
        difference = self.counts[self.most] - self.counts[self.fewest]
        return int(difference.argmax()), float(difference.max())


def errors(hardest: HardestClass, *, incoming: bool) -> Errors:
    """Return images of the class by their wrong answer or, incoming, images of others that are mistaken for it."""
    return Errors(np.stack([errors_of(row.confusion, hardest.label, incoming=incoming) for row in hardest.rows]))


def errors_in_both_directions(hardest: HardestClass) -> Errors:
    """Return the errors of each pair of the class and another one."""
    return Errors(errors(hardest, incoming=False).counts + errors(hardest, incoming=True).counts)


def errors_of(confusion: Floats, label: int, *, incoming: bool) -> Floats:
    """Return a class's errors by the other class, (n_classes,).

    Parameters
    ----------
    confusion : ndarray of float64, (n_classes, n_classes)
        Images by true class (row) and predicted class (column).
    label : int
    incoming : bool
        Whether images of other classes that are mistaken for this one are counted; else its own images.
    """
    counts = (confusion[:, label] if incoming else confusion[label]).copy()
    counts[label] = 0
    return counts


def top(counts: Floats) -> list[int]:
    """Return the classes with the most errors, at most `TOP` and none without errors."""
    order = np.argsort(-counts, kind="stable")[:TOP]
    return [int(label) for label in order if counts[label] > 0]


def blocks(hardest: HardestClass) -> list[Block]:
    """Return paragraphs and tables, without heading and figure."""
    content: list[Block] = []
    for incoming in (False, True):
        found = errors(hardest, incoming=incoming)
        if found.top:
            content += [_summary(hardest, found, incoming), _table(hardest, found, incoming)]
    name = hardest.name
    return [*content, *_pairs(hardest)] or [f"No {name} image is mistaken for another class, nor any other for {name}."]


def _summary(hardest: HardestClass, found: Errors, incoming: bool) -> str:
    name, first = hardest.name, hardest.class_name(found.top[0])
    estimators = f"for {found.leads_for} of {md.plural(len(hardest.rows), 'estimator')}"
    if incoming:
        text = (
            f"**Images of other classes that are classified as {name}**: most often {first}, with "
            f"{md.percent(found.share)} of these errors on average. It is the largest source {estimators}."
        )
        counted = "these images, with their share of their own class"
        fewest = f"mistakes the fewest images for {name}"
    else:
        text = (
            f"**Wrong answers to {name} images**: most often {first}, with {md.percent(found.share)} of these errors "
            f"on average. It is the most common wrong answer {estimators}."
        )
        counted = f"{name} images by their wrong answer, with their share of all {hardest.n_images:,}"
        fewest = f"misclassifies the fewest {name} images"
    low, high = found.totals[found.fewest], found.totals[found.most]
    if low < high:
        label, images = found.largest_difference
        text += (
            f" {title_of(hardest.rows[found.fewest])} {fewest}, {md.count(low)}, and "
            f"{title_of(hardest.rows[found.most])} the most, {md.count(high)}; the largest part of the difference is "
            f"{hardest.class_name(label)} ({md.count(images)} images)."
        )
    text += f" The table counts {counted}."
    return text + (" The lowest count of each column is bold." if len(hardest.rows) > 1 else "")


def _table(hardest: HardestClass, found: Errors, incoming: bool) -> Table:
    rows = []
    for row, counts in zip(hardest.rows, found.counts, strict=True):
        cells = [words(row.title)]
        for label in found.top:
            bold = len(hardest.rows) > 1 and counts[label] == found.counts[:, label].min()
            cell = number(float(counts[label]), md.count, bold=bold)
            share = md.percent(counts[label] / hardest.n_images_of(label if incoming else hardest.label))
            cells.append(Cell(f"{cell.text} ({share})", cell.value))
        rows.append(cells)
    return table(["Estimator", *map(hardest.class_name, found.top)], rows)


def _pairs(hardest: HardestClass) -> list[Block]:
    """Return which estimator confuses which pair of classes least."""
    found = errors_in_both_directions(hardest)
    if len(hardest.rows) < 2 or not found.top:
        return []
    rows = []
    for label in found.top:
        counts = found.counts[:, label]
        fewest, most = float(counts.min()), float(counts.max())
        rows.append(
            (
                words(f"{hardest.summary.class_names[hardest.label]} ↔ {hardest.summary.class_names[label]}"),
                _titles(hardest, counts == fewest),
                number(fewest, md.count),
                _titles(hardest, counts == most),
                number(most, md.count),
                number(1 - fewest / most if most > fewest else None, md.percent),
            )
        )
    wins = (found.counts[:, found.top] == found.counts[:, found.top].min(axis=0)).sum(axis=1)
    best = int(wins.argmax())
    text = (
        f"**Which estimator confuses which pair least**: {title_of(hardest.rows[best])} makes the fewest errors in "
        f"{wins[best]} of {md.plural(len(found.top), 'pair')}. Errors are counted in both directions: answering "
        f"“{hardest.name}” more often lowers one count and raises the other."
    )
    header = ["Pair", "Fewest errors", "Errors", "Most errors", "Errors", "Difference"]
    columns = tuple(Column(name, numeric=place in (2, 4, 5)) for place, name in enumerate(header))
    return [text, Table(columns, tuple(rows))]


def _titles(hardest: HardestClass, chosen: Bools) -> Cell:
    titles = [row.title for row, yes in zip(hardest.rows, chosen, strict=True) if yes]
    return Cell(md.listing([md.escape(title) for title in titles]), md.listing(titles))
