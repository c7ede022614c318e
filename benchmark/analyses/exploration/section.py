"""explore.md: what a data set looks like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmark.analyses.exploration import pca
from benchmark.analyses.exploration.eda import FEWEST_SAMPLED, NEIGHBOURS, SAMPLED, SEED, Exploration
from benchmark.analyses.exploration.figures import classes, intensity, means
from benchmark.datasets.dataset import size_text
from benchmark.leaderboard.commands import data_flags
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import (
    NOTHING,
    Block,
    Bullets,
    Cell,
    Column,
    Figures,
    Heading,
    Table,
    markdown_of,
    number,
    pictures,
    words,
)
from benchmark.render.thumbnails import FOLDER, Thumbnail

PAGE = "explore.md"

MARK = f"<!-- {PAGE}: written by python -m benchmark explore -->"
"""First line of the page, which GitHub does not show."""

ALL_EQUAL = "All training images are equal, so there is nothing to compare."


def page(exploration: Exploration, figures: Figures) -> str:
    """Return explore.md.

    Parameters
    ----------
    exploration : Exploration
    figures : mapping of str to PlannedFigure
        By name; a figure without data is missing.
    """
    return markdown_of([MARK, *blocks(exploration, figures)]) + "\n"


def blocks(exploration: Exploration, figures: Figures) -> list[Block]:
    """Return the blocks of explore.md."""
    varies = exploration.components.points.shape[1] > 0
    method = exploration.embedding.method
    sections: list[tuple[str, Sequence[Block]]] = [
        ("What the images look like", pictures(figures, "examples")),
        ("How many images each class has", pictures(figures, "class-balance")),
        ("Mean and standard deviation", pictures(figures, "mean-images")),
        (
            "Grey values" if exploration.image_shape[2] == 1 else "Values of red, green and blue",
            pictures(figures, "grey-values"),
        ),
        (
            "Most and least typical images",
            [*pictures(figures, "typical"), *_files(exploration)] if varies else [ALL_EQUAL],
        ),
        (
            "Map by principal components",
            [*pictures(figures, "pca"), _reduced(exploration)] if varies else [ALL_EQUAL],
        ),
        (f"Map by {method}" if method else "Map by an embedding", _embedding(exploration, figures)),
        ("Which classes are similar", [*pictures(figures, "class-distances"), _neighbours(exploration)]),
        ("Class by class", [table(exploration)]),
    ]
    page: list[Block] = [Heading(f"Looking at the data: {md.escape(exploration.dataset)}", 1), _opening(exploration)]
    for heading, content in sections:
        page += [Heading(heading), *content]
    flags = data_flags(exploration.dataset, exploration.given, exploration.group, exploration.asked_folds)
    command = " ".join(["python -m benchmark explore", *flags])
    page.append(
        f"*Written by {md.code(command)}. Random draws have seed {SEED}, so the same data give the same "
        f"page on the same machine. SHA-256 of the data: {exploration.sha256}.*"
    )
    return page


def _opening(exploration: Exploration) -> str:
    train, test, k = int(exploration.train.sum()), int(exploration.test.sum()), len(exploration.class_names)
    size = size_text(exploration.image_shape)
    text = (
        f"{train:,} training and {fmt.plural(test, 'test image')} of {size}, in {k} classes. "
        "**Test images are only counted**: everything else is from training images, so nothing that is learned here "
        "leaks from the test set."
    )
    if exploration.folds:
        text = (
            f"{fmt.plural(train, 'image')} of {size}, in {k} classes, cross-validated in {exploration.folds} folds. "
            "There is no test part, so this page shows all images, and each of them is also a test image: what you "
            "choose after looking at them, you choose with the test images known."
        )
    if exploration.image_shape[2] == 1:
        text += " Images are drawn as they are: 0 is black, and the largest value of a figure is white."
    drawn = len(classes.shown(exploration))
    if drawn < int((exploration.train > 0).sum()):
        text += f" Figures show the {drawn} classes with the most training images, the table at the end all {k}."
    return text


def typical_files(exploration: Exploration) -> dict[int, list[Thumbnail]]:
    """Return the thumbnails of the most and of the least typical image of each class that figures show, by class."""
    found: dict[int, list[Thumbnail]] = {}
    for label in classes.shown(exploration).tolist():
        both = [(images, images.index[label, 0]) for images in (exploration.most_typical, exploration.least_typical)]
        thumbs = [
            Thumbnail("train", int(index), images.names[int(index)], images.pixels[label, 0], f"explore/{FOLDER}")
            for images, index in both
            if int(index) in images.names
        ]
        found |= {label: thumbs} if thumbs else {}
    return found


def _files(exploration: Exploration) -> list[Block]:
    """Return the files of the most and of the least typical image of each class, if the images come from files."""
    items = []
    for label, thumbs in typical_files(exploration).items():
        words = [f"{which} #{one.index} {one.link}" for which, one in zip(("most", "least"), thumbs, strict=False)]
        items.append(f"{md.escape(exploration.class_names[label])}: {'; '.join(words)}")
    lead = "The files of the most and of the least typical image of each class:"
    return [lead, Bullets(tuple(items))] if items else []


def _reduced(exploration: Exploration) -> str:
    """Say how large images, and large numbers of images, are reduced."""
    components, parts = exploration.components, []
    if components.image_shape != exploration.image_shape:
        height, width = components.image_shape[:2]
        parts.append(
            f"images of more than {pca.MOST_PIXELS:,} pixels are averaged down, here to {height} by {width} pixels"
        )
    if components.fitted < int(exploration.train.sum()):
        parts.append(f"the components are fitted on {components.fitted:,} training images, drawn at random")
    return f"For everything that is measured in components, {fmt.listing(parts)}." if parts else ""


def _embedding(exploration: Exploration, figures: Figures) -> list[Block]:
    """Return the embedding, and the reason if there is none or if it is not UMAP."""
    embedding = exploration.embedding
    reason = md.escape(embedding.reason)
    if not embedding.method:
        return [f"There is no such map: {reason}."]
    if reason:
        reason += (
            "; t-SNE, which is part of scikit-learn, is used instead. It keeps neighbours as well as UMAP does, but "
            "less of the distances between groups."
        )
    return [*pictures(figures, "embedding"), reason]


def _neighbours(exploration: Exploration) -> str:
    """Say of which classes the nearest neighbours are: for the class with the most others, and for all classes."""
    if not exploration.same_class_share:
        return ""
    n, k = len(exploration.sample), len(exploration.class_names)
    sampled = n < int(exploration.train.sum())
    same, text = np.diag(exploration.neighbour_classes), ""
    least = int(np.nanargmin(same))
    if same[least] < 1 and (len(same) == 1 or same[least] < np.nanmax(same)):
        name, (other, share) = md.escape(exploration.class_names[least]), _most_common_other(exploration, least)
        text = (
            f"**{name} is the least separate class**: {fmt.percent(same[least])} of its images' nearest neighbours are "
            f"{name}, {fmt.percent(share)} are {md.escape(exploration.class_names[other])}. "
        )
    text += (
        f"Over all classes, {fmt.percent(exploration.same_class_share['all'])} of the {min(NEIGHBOURS, n - 1)} nearest "
        f"neighbours are of the same class, among {n:,}{' sampled' if sampled else ''} training images and in "
        f"{fmt.plural(exploration.components.points.shape[1], 'component')}. Neighbours complement the "
        "distance between "
        "means, which says little about a class with several kinds of images."
    )
    few = int((np.bincount(exploration.labels, minlength=k)[exploration.train > 0] <= NEIGHBOURS).sum())
    if few:
        which = f"{few} classes have" if few > 1 else "One class has"
        text += f" {which} no more than {NEIGHBOURS} images there, and so always neighbours of other classes."
    if sampled:
        text += (
            f" The sample has about {SAMPLED:,} images: each class by its share, but at least {FEWEST_SAMPLED} or all "
            "of its images. The maps show the same images."
        )
    return text


def _most_common_other(exploration: Exploration, label: int) -> tuple[int, float]:
    """Return the other class that has most of a class's nearest neighbours, and its share."""
    shares = np.nan_to_num(exploration.neighbour_classes[label])
    shares[label] = -1.0
    return int(shares.argmax()), float(shares.max())


def table(exploration: Exploration) -> Table:
    """Return the numbers of each class."""
    brightness, deviation = intensity.brightness(exploration), means.deviation(exploration)
    rows = [
        (
            words(name),
            number(int(exploration.train[label]), fmt.count),
            number(int(exploration.test[label]), fmt.count),
            *(_of_images(exploration, label, brightness[label], deviation[label]) if exploration.train[label] else ()),
        )
        for label, name in enumerate(exploration.class_names)
    ]
    columns = (
        Column("Class", numeric=False),
        Column("Training images"),
        Column("Test images"),
        Column("Mean grey value" if exploration.image_shape[2] == 1 else "Mean value"),
        Column("Standard deviation of a pixel"),
        Column("Nearest class", numeric=False),
        Column("Distance"),
        Column("Neighbours of the same class"),
        Column("Most common other class", numeric=False),
        Column("Its share of the neighbours"),
    )
    return Table(columns, tuple((*row, *[NOTHING] * (len(columns) - len(row))) for row in rows))


def _of_images(exploration: Exploration, label: int, brightness: float, deviation: float) -> list[Cell]:
    """Return the cells of a class that has training images."""
    distances = np.nan_to_num(exploration.mean_distances[label], nan=np.inf)
    distances[label] = np.inf
    nearest = int(distances.argmin())
    known = np.isfinite(distances[nearest])
    other, share = _most_common_other(exploration, label)
    return [
        number(float(brightness), _whole),
        number(float(deviation), _whole),
        words(exploration.class_names[nearest]) if known else NOTHING,
        number(float(distances[nearest]) if known else None, lambda distance: f"{distance:.2f}"),
        number(float(exploration.neighbour_classes[label, label]), fmt.percent),
        words(exploration.class_names[other]) if share > 0 else NOTHING,
        number(share if share > 0 else None, fmt.percent),
    ]


def _whole(grey: float) -> str:
    return f"{grey:.0f}"
