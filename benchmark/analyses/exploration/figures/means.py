"""The mean image of each class, and how much each pixel varies about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.exploration.figures import album, classes
from benchmark.analyses.exploration.figures.album import Album
from benchmark.analyses.exploration.measure import Explored
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Data:
    """Mean images and standard deviations; `spread` is how far a pixel of each class varies, root mean square, (k,)."""

    album: Album
    spread: Floats


def data(explored: Explored) -> Data:
    """Collect what is drawn."""
    which = classes.shown(explored)
    both = np.stack([explored.means[which], explored.spreads[which]], axis=1)
    pixels = album.scaled(both.reshape(*both.shape[:2], *explored.image_shape))
    return Data(
        Album(
            classes=classes.names(explored),
            headings=("Mean", "Standard\ndeviation"),
            pixels=pixels,
            there=np.ones(both.shape[:2], dtype=bool),
            tops=tuple(float(pixels[:, row].max()) for row in (0, 1)),
        ),
        spread=spread(explored)[which],
    )


def spread(explored: Explored) -> Floats:
    """Return how far a pixel of each class varies about its mean, root mean square over the pixels, in grey levels."""
    return np.asarray(np.sqrt((explored.spreads**2).mean(axis=1)))


def draw(data: Data) -> Figure:
    """Draw them."""
    return album.draw(data.album)


def caption(data: Data) -> str:
    """Say what to see."""
    names, low, high = data.album.classes, int(data.spread.argmin()), int(data.spread.argmax())
    text = (
        "Above, the mean of all training images of a class: sharp where they lie alike, blurred where they do not. "
        f"Below, how far each pixel varies, in ink, the deepest at {data.album.tops[1]:.0f} grey levels."
    )
    if data.spread[low] == data.spread[high]:
        return f"{text} All classes vary alike, by {data.spread[low]:.0f} grey levels a pixel (root mean square)."
    return (
        f"{text} {md.escape(names[high])} varies most, by {data.spread[high]:.0f} grey levels a pixel (root mean "
        f"square), {md.escape(names[low])} least, by {data.spread[low]:.0f}."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    found = ", ".join(f"{name} {value:.0f}" for name, value in zip(data.album.classes, data.spread, strict=True))
    return f"Mean image and standard deviation of each class. Variation of a pixel in grey levels: {found}."
