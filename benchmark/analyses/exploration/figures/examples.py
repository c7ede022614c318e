"""Images of each class, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from benchmark.analyses.exploration.eda import SEED, Exploration
from benchmark.analyses.exploration.figures import classes, image_grid
from benchmark.analyses.exploration.figures.image_grid import ImageGrid
from benchmark.analyses.exploration.prototypes import NO_IMAGE
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Data:
    """Images by class, and the number of training images."""

    grid: ImageGrid
    images: int


def data(exploration: Exploration) -> Data:
    """Collect what is drawn."""
    which = classes.shown(exploration)
    m = image_grid.rows_for(len(which), exploration.examples.index.shape[1])
    pixels = image_grid.scaled(exploration.examples.pixels[which, :m])
    return Data(
        ImageGrid(
            classes=classes.names(exploration),
            headings=("",) * m,
            pixels=pixels,
            present=exploration.examples.index[which, :m] != NO_IMAGE,
            tops=(float(pixels.max()),) * m,
        ),
        int(exploration.train.sum()),
    )


def draw(data: Data) -> Figure:
    """Draw the grid."""
    return image_grid.draw(data.grid)


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    return (
        f"{data.grid.present.sum():,} of the {data.images:,} training images, up to {data.grid.present.shape[1]} of "
        f"each class, drawn at random (seed {SEED}). A model has to ignore the differences within a class and to find "
        "those between classes."
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    return f"{md.plural(int(data.grid.present.sum()), 'training image')} by class: {', '.join(data.grid.classes)}."
