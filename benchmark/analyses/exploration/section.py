"""explore.md: what a data set looks like, in the order in which one looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.analyses.exploration import pca as components
from benchmark.analyses.exploration.figures import classes, intensity, means
from benchmark.analyses.exploration.measure import FEWEST_SAMPLED, NEIGHBOURS, SAMPLED, SEED, Explored
from benchmark.render import markdown as md
from benchmark.render.document import Block, Heading, Table, markdown_of, pictures, table

if TYPE_CHECKING:
    from benchmark.render.document import Figures

PAGE = "explore.md"

MARK = f"<!-- {PAGE}: written by python -m benchmark explore -->"
"""First line of the page, not seen on GitHub."""

ALIKE = "All training images are equal, so there is nothing to tell them apart by."


def page(explored: Explored, figures: Figures) -> str:
    """Return explore.md.

    Parameters
    ----------
    explored : Explored
    figures : mapping of str to PlannedFigure
        Those that there is something for.
    """
    varies = explored.components.points.shape[1] > 0
    method = explored.embedding.method
    sections: list[tuple[str, Sequence[Block]]] = [
        ("What the images look like", pictures(figures, "examples")),
        ("How many there are of each class", pictures(figures, "class-balance")),
        ("The mean image, and what varies", pictures(figures, "mean-images")),
        ("Grey values", pictures(figures, "grey-values")),
        ("Typical and odd images", pictures(figures, "typical") if varies else [ALIKE]),
        ("A map by principal components", [*pictures(figures, "pca"), *_averaged(explored)] if varies else [ALIKE]),
        (f"A map by {method}" if method else "A map that unfolds more", _unfolded(explored, figures)),
        ("Which classes are alike", [*pictures(figures, "class-distances"), *_neighbours(explored)]),
        ("Class by class", [_table(explored)]),
    ]
    parts: list[Block] = [MARK, Heading(f"Looking at the data: {md.escape(explored.dataset)}", 1), _opening(explored)]
    for heading, paragraphs in sections:
        parts += [Heading(heading), *paragraphs]
    parts.append(
        f"*Written by `python -m benchmark explore`. What is drawn by lot has seed {SEED}, so the same data give the "
        f"same page on the same machine. SHA-256 of the data: {explored.sha256}.*"
    )
    return markdown_of(parts) + "\n"


def _opening(explored: Explored) -> str:
    height, width = explored.image_shape
    train, test, k = int(explored.train.sum()), int(explored.test.sum()), len(explored.class_names)
    text = (
        f"{train:,} training and {md.plural(test, 'test image')} of {height} by {width} grey pixels, in {k} classes. "
        "**Only training images are used for anything but the counts**: no pixel of a test image was read, so "
        "nothing that is learned here can leak from it. Pictures are drawn as ink: 0 is white, the largest value black."
    )
    drawn = len(classes.shown(explored))
    if drawn < int((explored.train > 0).sum()):
        text += f" Figures show the {drawn} classes with the most training images, the table at the end all {k}."
    return text


def _averaged(explored: Explored) -> list[str]:
    """Say what was done to large images and to many."""
    found = explored.components
    parts = []
    if found.image_shape != explored.image_shape:
        height, width = found.image_shape
        parts.append(
            f"images of more than {components.MOST_PIXELS:,} pixels are averaged down, here to {height} by {width}"
        )
    if found.fitted < int(explored.train.sum()):
        parts.append(f"the components are those of {found.fitted:,} training images, by lot")
    return [f"For this and all that is measured in components, {md.listing(parts)}."] if parts else []


def _unfolded(explored: Explored, figures: Figures) -> list[Block]:
    """Return the embedding, or why there is none, or not the one that was wished for."""
    one = explored.embedding
    if not one.method:
        return [f"There is none here: {md.escape(one.reason)}."]
    found: list[Block] = [*pictures(figures, "embedding")]
    if one.reason:
        found.append(
            f"{md.escape(one.reason)}; t-SNE, which comes with scikit-learn, stands in. It keeps neighbours as well, "
            "and less of how groups lie to each other."
        )
    return found


def _neighbours(explored: Explored) -> list[str]:
    """Say whose images lie next to whose: in words, of all classes and of the least separate one."""
    if not explored.agreement:
        return []
    n, k = len(explored.sample), len(explored.class_names)
    which = f"{n:,} sampled training images" if n < int(explored.train.sum()) else f"{n:,} training images"
    space = md.plural(explored.components.points.shape[1], "component")
    own, names = np.diag(explored.mixed), [md.escape(name) for name in explored.class_names]
    text = (
        "The distance of means says little of classes that have several kinds of images, so the other view: of the "
        f"{min(NEIGHBOURS, n - 1)} nearest among {which}, in {space}, "
        f"{md.percent(explored.agreement['all'])} have an image's own label."
    )
    least = int(np.nanargmin(own))
    if own[least] < 1:
        others = np.where(np.arange(k) == least, -1.0, np.nan_to_num(explored.mixed[least]))
        rival = int(others.argmax())
        text += (
            f" **{names[least]} is the least separate**: {md.percent(own[least])} of its "
            f"images' neighbours are of its own, {md.percent(others[rival])} are {names[rival]}."
        )
    few = int((np.bincount(explored.labels, minlength=k)[explored.train > 0] <= NEIGHBOURS).sum())
    if few:
        which = f"{few} classes have" if few > 1 else "One class has"
        text += f" {which} no more than {NEIGHBOURS} images there, and so neighbours of other classes in any case."
    sampled = (
        f" The sample is of about {SAMPLED:,}: each class by its share, but {FEWEST_SAMPLED} images at least, or all "
        "that it has; the maps show the same images."
    )
    return [text + (sampled if n < int(explored.train.sum()) else "")]


def _table(explored: Explored) -> Table:
    k = len(explored.class_names)
    brightness, spread = intensity.brightness(explored), means.spread(explored)
    rows = []
    for label, name in enumerate(explored.class_names):
        cells = [md.escape(name), f"{explored.train[label]:,}", f"{explored.test[label]:,}"]
        if not explored.train[label]:
            rows.append([*cells, *[md.NONE] * 6])
            continue
        away = np.where(np.arange(k) == label, np.inf, np.nan_to_num(explored.distances[label], nan=np.inf))
        nearest = int(away.argmin())
        shares = explored.mixed[label]
        others = np.where(np.arange(k) == label, -1.0, np.nan_to_num(shares))
        rival = int(others.argmax())
        cells += [f"{brightness[label]:.0f}", f"{spread[label]:.0f}"]
        known = np.isfinite(away[nearest])
        cells += [md.escape(explored.class_names[nearest]), f"{away[nearest]:.2f}"] if known else [md.NONE] * 2
        cells.append(md.NONE if np.isnan(shares[label]) else md.percent(shares[label]))
        some = others[rival] > 0
        cells.append(f"{md.escape(explored.class_names[rival])} {md.percent(others[rival])}" if some else md.NONE)
        rows.append(cells)
    header = [
        "Class",
        "Training images",
        "Test images",
        "Mean grey value",
        "Variation of a pixel",
        "Nearest class",
        "Distance",
        "Own among the neighbours",
        "Next among them",
    ]
    return table(header, rows)
