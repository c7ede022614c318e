"""The most and the least typical images of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.exploration.eda import Exploration
from benchmark.analyses.exploration.figures import classes, image_grid
from benchmark.analyses.exploration.figures.image_grid import ImageGrid
from benchmark.analyses.exploration.prototypes import COMPARED, NEIGHBOURS, NO_IMAGE, SHOWN
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Data:
    """The most and the least typical images of each class.

    Attributes
    ----------
    grid : ImageGrid
        As many of the most typical images as of the least typical ones.
    components : int
        The number of principal components in which distances are measured.
    median, farthest : ndarray of float64, (k,)
        Distance of the median image, and of the least typical one.
    least_typical : ndarray of int64, (k,)
        Index of the least typical image.
    sampled : bool
        Whether only a sample of any class was compared.
    """

    grid: ImageGrid
    components: int
    median: Floats
    farthest: Floats
    least_typical: Ints
    sampled: bool


def data(exploration: Exploration) -> Data | None:
    """Collect what is drawn; None if all training images are equal, so that none is more typical than another."""
    which, found = classes.shown(exploration), exploration.prototypes
    components = exploration.components.points.shape[1]
    if not components:
        return None
    n = image_grid.rows_for(len(which), SHOWN)
    # From the most typical to the least typical.
    index = np.hstack([exploration.most_typical.index[which, :n], exploration.least_typical.index[which, :n][:, ::-1]])
    images = np.hstack(
        [exploration.most_typical.pixels[which, :n], exploration.least_typical.pixels[which, :n][:, ::-1]]
    )
    pixels = image_grid.scaled(images)
    between = [""] * (n - 1)
    return Data(
        ImageGrid(
            classes=classes.names(exploration),
            headings=("Most\ntypical", *between, *between, "Least\ntypical"),
            pixels=pixels,
            present=index != NO_IMAGE,
            tops=(float(pixels.max()),) * (2 * n),
            index=index,
        ),
        components=components,
        median=found.median[which],
        farthest=found.farthest[which],
        least_typical=exploration.least_typical.index[which, 0],
        sampled=bool((found.compared < exploration.train).any()),
    )


def draw(data: Data) -> Figure:
    """Draw the grid."""
    return image_grid.draw(data.grid)


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    n = data.grid.present.shape[1] // 2
    text = (
        f"From top to bottom: the {'most typical image' if n == 1 else f'{n} most typical images'} of each class, then "
        f"the {'least typical one' if n == 1 else f'{n} least typical, the least typical last'}; the numbers are "
        f"indices in the training set. An image is typical if its mean distance to the {NEIGHBOURS} nearest images of "
        f"its class is small, in {md.plural(data.components, 'principal component')}."
    )
    if data.sampled:
        text += f" Of a class with more than {COMPARED:,} images, {COMPARED:,} drawn at random are compared."
    known = np.flatnonzero(data.median > 0)
    if not len(known):
        return text
    ratio = data.farthest[known] / data.median[known]
    odd = known[int(ratio.argmax())]
    return (
        f"The least typical image is #{data.least_typical[odd]} of {md.escape(data.grid.classes[odd])}: its distance "
        f"is {ratio.max():.1f} times that of the median image of its class. {text}"
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    rows = zip(data.grid.classes, data.least_typical, strict=True)
    least = ", ".join(f"{name} #{index}" for name, index in rows if index != NO_IMAGE)
    return f"The most and the least typical training images of each class. The least typical: {least}."
