"""One test image under every corruption, so that a reader sees what was done."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.robustness.scores import RobustnessScores
from benchmark.datasets import corruptions
from benchmark.metrics.scores import Ints
from benchmark.render import style

ACROSS = 7


@dataclass(frozen=True)
class Data:
    """The image, and what is done to it.

    Attributes
    ----------
    picture : ndarray of int64, (height, width)
        Grey values, 0 to 255.
    names : tuple of str
        Of the corruptions.
    titles : tuple of str
        What stands above each.
    version : int
        Of `benchmark.datasets.corruptions`, which gives the same pixels from the same image.
    """

    picture: Ints
    names: tuple[str, ...]
    titles: tuple[str, ...]
    version: int


def data(scores: RobustnessScores) -> Data | None:
    """Take the first of the images that the estimators were asked about."""
    if not scores.withstood:
        return None
    every = corruptions.CORRUPTIONS
    return Data(
        scores.withstood[0].picture.reshape(scores.summary.test_set.image_shape),
        tuple(one.name for one in every),
        tuple(_title(one) for one in every),
        corruptions.VERSION,
    )


def _title(one: corruptions.Corruption) -> str:
    kind = corruptions.KINDS[one.kind]
    return kind.title if len(kind.severities) == 1 else f"{kind.title} {one.severity:g}{kind.unit}"


def draw(data: Data) -> Figure:
    """Draw the image as it is and under each corruption, row by row."""
    down = math.ceil((1 + len(data.names)) / ACROSS)
    figure = style.new(1.5 * down)
    grid = figure.subplots(down, ACROSS, squeeze=False).ravel()
    shape = (data.picture.shape[0], data.picture.shape[1])
    clean = data.picture.astype(np.uint8).reshape(1, -1)
    every = [("as it is", clean)]
    every += [
        (title, corruptions.get(name).apply(clean, shape)) for name, title in zip(data.names, data.titles, strict=True)
    ]
    for axes, (title, pixels) in zip(grid, every, strict=False):
        axes.imshow(pixels.reshape(shape), cmap="gray", vmin=0, vmax=255)
        axes.set_title(title, fontsize=8.5, loc="center")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    for axes in grid[len(every) :]:
        axes.set_axis_off()
    return figure


def caption(data: Data) -> str:
    """Say what to see."""
    return (
        "The first of the test images that the estimators were asked about, under all that was done to it; directions, "
        "places and noise are drawn anew for each image, and are the same for every estimator. The two mirrored ones "
        "are counted apart."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    return f"One test image as it is and under {len(data.names)} corruptions: {', '.join(data.titles)}."
