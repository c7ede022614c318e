"""The most and the least typical images of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.exploration.figures import album, classes
from benchmark.analyses.exploration.figures.album import Album
from benchmark.analyses.exploration.measure import Explored
from benchmark.analyses.exploration.typicality import COMPARED, NEIGHBOURS, NOBODY, SHOWN
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Data:
    """Both ends of each class.

    Attributes
    ----------
    album : Album
        As many of the one end as of the other.
    components : int
        In which distances are taken.
    usual, farthest : ndarray of float64, (k,)
        Distance of the median image, and of the least typical one.
    odd : ndarray of int64, (k,)
        The least typical one.
    sampled : bool
        Whether of any class only some were compared.
    """

    album: Album
    components: int
    usual: Floats
    farthest: Floats
    odd: Ints
    sampled: bool


def data(explored: Explored) -> Data | None:
    """Collect what is drawn; None where all training images are equal, and so none more typical than another."""
    which, found = classes.shown(explored), explored.typicality
    components = explored.components.points.shape[1]
    if not components:
        return None
    each = album.rows_for(len(which), SHOWN)
    # From the most typical down to the least.
    index = np.hstack([explored.most.index[which, :each], explored.least.index[which, :each][:, ::-1]])
    pictures = np.hstack([explored.most.pixels[which, :each], explored.least.pixels[which, :each][:, ::-1]])
    pixels = album.scaled(pictures)
    between = [""] * (each - 1)
    return Data(
        Album(
            classes=classes.names(explored),
            headings=("Most\ntypical", *between, *between, "Least\ntypical"),
            pixels=pixels,
            there=index != NOBODY,
            tops=(float(pixels.max()),) * (2 * each),
            index=index,
        ),
        components=components,
        usual=found.usual[which],
        farthest=found.farthest[which],
        odd=explored.least.index[which, 0],
        sampled=bool((found.compared < explored.train).any()),
    )


def draw(data: Data) -> Figure:
    """Draw them."""
    return album.draw(data.album)


def caption(data: Data) -> str:
    """Say what to see."""
    each = data.album.there.shape[1] // 2
    some = f" Of a class with more than {COMPARED:,} images so many are compared, by lot." if data.sampled else ""
    text = (
        f"From the top, the {'most typical image' if each == 1 else f'{each} most typical images'} of each class, then "
        f"the {'least typical one' if each == 1 else f'{each} least typical, the oddest last'}, with places in the "
        f"training part. The measure: the mean distance to the {NEIGHBOURS} nearest images of the same class, in "
        f"{md.plural(data.components, 'principal component')}.{some}"
    )
    known = np.flatnonzero(data.usual > 0)
    if not len(known):
        return text
    ratio = data.farthest[known] / data.usual[known]
    odd = known[int(ratio.argmax())]
    return (
        f"{text} The oddest of all is #{data.odd[odd]} of {md.escape(data.album.classes[odd])}: "
        f"{ratio.max():.1f} times as far from its nearest as the median image of its class."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    found = ", ".join(f"{name} #{odd}" for name, odd in zip(data.album.classes, data.odd, strict=True) if odd != NOBODY)
    return f"The most and the least typical training images of each class. The oddest of each: {found}."
