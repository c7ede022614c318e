"""Images of each class, drawn by lot."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from benchmark.analyses.exploration.figures import album, classes
from benchmark.analyses.exploration.figures.album import Album
from benchmark.analyses.exploration.measure import SEED, Explored
from benchmark.analyses.exploration.typicality import NOBODY
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Data:
    """Images by class, of so many that there are."""

    album: Album
    images: int


def data(explored: Explored) -> Data:
    """Collect what is drawn."""
    which = classes.shown(explored)
    m = album.rows_for(len(which), explored.examples.index.shape[1])
    pixels = album.scaled(explored.examples.pixels[which, :m])
    return Data(
        Album(
            classes=classes.names(explored),
            headings=("",) * m,
            pixels=pixels,
            there=explored.examples.index[which, :m] != NOBODY,
            tops=(float(pixels.max()),) * m,
        ),
        int(explored.train.sum()),
    )


def draw(data: Data) -> Figure:
    """Draw them."""
    return album.draw(data.album)


def caption(data: Data) -> str:
    """Say what to see."""
    return (
        f"{data.album.there.sum():,} of the {data.images:,} training images, up to {data.album.there.shape[1]} of each "
        f"class, drawn by lot (seed {SEED}): neither the best nor the worst. What of a class differs within "
        "its column, a model has to see past; what hardly differs between two columns, it has to find."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    found = ", ".join(data.album.classes)
    return f"Grid of {md.plural(int(data.album.there.sum()), 'training image')} by class: {found}."
