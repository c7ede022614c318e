"""The figures `copies`, near duplicates side by side, and `label-errors`, images whose label is likely wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.data_audit.schema import ERRORS_SHOWN, AuditData, Ints, pairs_to_show, parts_of, shown_scope
from benchmark.analyses.data_audit.scores import AuditScores, differing
from benchmark.datasets.dataset import array_shape
from benchmark.metrics.scores import Floats
from benchmark.render import class_names, fmt, style
from benchmark.render.sheet import Sheet

PAIRS_ACROSS = 4
ERRORS_ACROSS = 8

_NAMES = {"train": "training", "test": "test"}


@dataclass(frozen=True)
class Copies:
    """Near duplicates.

    Attributes
    ----------
    parts : tuple of str
        Of the first and the second image of each pair: "train" or "test".
    index : ndarray of int64, (m, 2)
        Of each pair, within its part.
    labels : tuple of (str, str)
        Of each pair.
    similarity : ndarray of float64, (m,)
    pixels : ndarray of float64, (m, 2, height, width)
        From 0 to 1.
    differing : int
        Listed pairs with two different labels.
    n_pairs : int
        All pairs, shown or not.
    """

    parts: tuple[str, str]
    index: Ints
    labels: tuple[tuple[str, str], ...]
    similarity: Floats
    pixels: Floats
    differing: int
    n_pairs: int


@dataclass(frozen=True)
class Errors:
    """Images whose label is likely wrong.

    Attributes
    ----------
    index : ndarray of int64, (m,)
        Within the training part.
    given, suggested : tuple of str
        Labels.
    pixels : ndarray of float64, (m, height, width)
        From 0 to 1.
    n : int
        All such images, shown or not.
    """

    index: Ints
    given: tuple[str, ...]
    suggested: tuple[str, ...]
    pixels: Floats
    n: int


def copies_data(scores: AuditScores) -> Copies | None:
    """Return the pairs to show, of test against training if there are any; those with two labels come first."""
    audit = scores.audit
    scope = shown_scope(audit.copies)
    if scope is None:
        return None
    found, parts = audit.copies[scope], parts_of(scope)
    y = scores.y
    order = pairs_to_show(scope, found, y)
    kept = [place for place in order if all(found.pairs[place, k] in audit.pictures[parts[k]].index for k in (0, 1))]
    pairs = found.pairs[kept]
    if not len(pairs):
        return None
    first, second = (_pixels(scores, audit, parts[k], pairs[:, k]) for k in (0, 1))
    names = class_names.numbered(scores.summary.class_names)
    return Copies(
        parts=parts,
        index=pairs,
        labels=tuple((names[y[parts[0]][a]], names[y[parts[1]][b]]) for a, b in pairs),
        similarity=found.similarity[kept],
        pixels=np.stack([first, second], axis=1),
        differing=int(differing(audit, scope, y).sum()),
        n_pairs=found.n_pairs,
    )


def errors_data(scores: AuditScores) -> Errors | None:
    """Return the most likely label errors, or None if there are none."""
    audit = scores.audit
    kept = np.flatnonzero(np.isin(audit.errors.index, audit.pictures["train"].index))[:ERRORS_SHOWN]
    if not len(kept):
        return None
    index, names = audit.errors.index[kept], class_names.numbered(scores.summary.class_names)
    return Errors(
        index=index,
        given=tuple(names[label] for label in audit.y_train[index]),
        suggested=tuple(names[label] for label in audit.errors.suggested[kept]),
        pixels=_pixels(scores, audit, "train", index),
        n=len(audit.errors.index),
    )


def draw_copies(data: Copies) -> Figure:
    """Draw the two images of each pair side by side, with indices above, and labels and correlation below."""
    across = min(PAIRS_ACROSS, len(data.index))
    down = math.ceil(len(data.index) / across)
    cell = style.WIDTH / PAIRS_ACROSS
    side, band = 0.46 * cell, 0.46 * cell + 0.95
    sheet = Sheet(cell * across, band * down)
    letters = max(4, int(side / 0.085))
    names = class_names.distinct((name for pair in data.labels for name in pair), letters)
    for place in range(len(data.index)):
        row, column = divmod(place, across)
        top = band * row
        for k in (0, 1):
            left = column * cell + 0.03 * cell + k * 0.48 * cell
            middle = left + side / 2
            sheet.text(middle, top + 0.14, f"{_NAMES[data.parts[k]]} #{data.index[place, k]}", style.MUTED, size=9)
            sheet.picture(left, top + 0.26, side, data.pixels[place, k])
            two = data.labels[place][0] != data.labels[place][1]
            label = names[data.labels[place][k]]
            sheet.text(middle, top + 0.4 + side, label, style.WRONG if two else "black", bold=two)
        sheet.text(
            column * cell + cell / 2, top + 0.61 + side, f"correlation {data.similarity[place]:.5f}", style.MUTED, 9
        )
    return sheet.figure


def draw_errors(data: Errors) -> Figure:
    """Draw the images, with the given and the suggested label below each."""
    across = min(ERRORS_ACROSS, len(data.index))
    down = math.ceil(len(data.index) / across)
    names = 0.95
    cell = (style.WIDTH - names) / ERRORS_ACROSS
    side, band = 0.9 * cell, 0.9 * cell + 0.85
    sheet = Sheet(names + cell * across, band * down)
    shown = class_names.distinct((*data.given, *data.suggested), max(4, int(cell / 0.08)))
    for row in range(down):
        sheet.text(0.05, band * row + 0.4 + side, "Label", "black", left=True)
        sheet.text(0.05, band * row + 0.61 + side, "Suggested", "black", left=True)
    for place in range(len(data.index)):
        row, column = divmod(place, across)
        top, left = band * row, names + column * cell
        middle = left + cell / 2
        sheet.text(middle, top + 0.14, f"#{data.index[place]}", style.MUTED, size=9)
        sheet.picture(left + (cell - side) / 2, top + 0.26, side, data.pixels[place])
        sheet.text(middle, top + 0.4 + side, shown[data.given[place]], style.WRONG, size=9)
        sheet.text(middle, top + 0.61 + side, shown[data.suggested[place]], "black", size=9, bold=True)
    return sheet.figure


def copies_caption(data: Copies) -> str:
    """Return what a reader should see."""
    if len(data.index) == data.n_pairs:
        shown = "All pairs are shown" if data.n_pairs > 1 else "It is the only pair"
    else:
        first = "those with two labels (coloured) first, then the closest" if data.differing else "the closest"
        shown = f"{len(data.index)} of {data.n_pairs:,} pairs are shown, {first}; no image is shown twice"
    first_part, second_part = (_NAMES[part] for part in data.parts)
    return f"Near duplicates: a {first_part} image (left) and a {second_part} image (right) of each pair. {shown}."


def copies_alt(data: Copies) -> str:
    """Return the figure's content in words."""
    first_part, second_part = (_NAMES[part] for part in data.parts)
    pairs = [f"{first_part} {a} with {second_part} {b}" for a, b in data.index[:3].tolist()]
    return f"{fmt.plural(len(data.index), 'pair')} of near duplicates, first {fmt.listing(pairs)}."


def errors_caption(data: Errors) -> str:
    """Return what a reader should see."""
    number = "The number is the image's index in the training part."
    if data.n == 1:
        return f"The one training image whose label is likely wrong. {number}"
    if len(data.index) < data.n:
        return f"The {len(data.index)} training images whose labels are most likely wrong, of {data.n:,}. {number}"
    return f"All {data.n} training images whose labels are likely wrong. {number}"


def errors_alt(data: Errors) -> str:
    """Return the figure's content in words."""
    words = [f"#{i} {g} or {s}" for i, g, s in zip(data.index[:3], data.given, data.suggested, strict=False)]
    return f"{fmt.plural(len(data.index), 'image')} with a likely label error, first {fmt.listing(words)}."


def _pixels(scores: AuditScores, audit: AuditData, part: str, index: Ints) -> Floats:
    """Return the stored pictures of these images of a part, (m, *array_shape), from 0 to 1."""
    pictures = audit.pictures[part]
    rows = pictures.pixels[np.searchsorted(pictures.index, index)]
    return np.asarray(rows.reshape(len(index), *array_shape(scores.summary.test_set.image_shape)) / 255)
