"""The mean image and the standard deviation of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.exploration.eda import Exploration
from benchmark.analyses.exploration.figures import classes, image_grid
from benchmark.analyses.exploration.figures.image_grid import ImageGrid
from benchmark.datasets.dataset import array_shape
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md


@dataclass(frozen=True)
class Data:
    """Mean images and standard deviations; `deviation` is root mean square over the pixels of each class, (k,)."""

    grid: ImageGrid
    deviation: Floats


def data(exploration: Exploration) -> Data:
    """Collect what is drawn."""
    which = classes.shown(exploration)
    both = np.stack([exploration.means[which], _over_channels(exploration)[which]], axis=1)
    pixels = image_grid.scaled(both.reshape(*both.shape[:2], *array_shape(exploration.image_shape)))
    return Data(
        ImageGrid(
            classes=classes.names(exploration),
            headings=("Mean", "Standard\ndeviation"),
            pixels=pixels,
            present=np.ones(both.shape[:2], dtype=bool),
            tops=tuple(float(pixels[:, row].max()) for row in (0, 1)),
        ),
        deviation=deviation(exploration)[which],
    )


def _over_channels(exploration: Exploration) -> Floats:
    """Return the deviation of each pixel, root mean square over its channels, for each of them: it is drawn as grey."""
    channels = exploration.deviations.reshape(len(exploration.deviations), -1, exploration.image_shape[2])
    same = np.sqrt((channels**2).mean(axis=2, keepdims=True))
    return np.broadcast_to(same, channels.shape).reshape(exploration.deviations.shape)


def deviation(exploration: Exploration) -> Floats:
    """Return the standard deviation of each class's pixels, root mean square over the pixels, in grey levels."""
    return np.asarray(np.sqrt((exploration.deviations**2).mean(axis=1)))


def draw(data: Data) -> Figure:
    """Draw the grid."""
    return image_grid.draw(data.grid)


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    names, low, high = data.grid.classes, int(data.deviation.argmin()), int(data.deviation.argmax())
    if f"{data.deviation[low]:.0f}" == f"{data.deviation[high]:.0f}":
        text = f"All classes vary equally: a pixel's standard deviation is {data.deviation[low]:.0f} grey levels"
    else:
        text = (
            f"{md.escape(names[high])} varies most: a pixel's standard deviation is {data.deviation[high]:.0f} grey "
            f"levels; {md.escape(names[low])} varies least, with {data.deviation[low]:.0f}"
        )
    return (
        f"{text} (root mean square over the pixels). Top: the mean of all training images of a class, which is sharp "
        "where they agree and blurred where they differ. Bottom: the standard deviation of each pixel: "
        f"black is 0, where all images of the class agree, and white is {data.grid.tops[1]:.0f} grey levels."
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    values = ", ".join(f"{name} {value:.0f}" for name, value in zip(data.grid.classes, data.deviation, strict=True))
    return f"Mean image and standard deviation of each class. A pixel's standard deviation in grey levels: {values}."
