"""One test image under every corruption, to show what they look like."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.robustness.scores import RobustnessScores
from benchmark.datasets import corruptions
from benchmark.datasets.dataset import array_shape
from benchmark.metrics.scores import Ints
from benchmark.render import style

ACROSS = 7


@dataclass(frozen=True)
class Data:
    """The image, and its corruptions.

    Attributes
    ----------
    picture : ndarray of int64, (height, width)
        Grey values, 0 to 255.
    names : tuple of str
        Names of the corruptions.
    titles : tuple of str
        Title above each.
    version : int
        Version of `benchmark.datasets.corruptions`: the same version gives the same pixels from the same image.
    """

    picture: Ints
    names: tuple[str, ...]
    titles: tuple[str, ...]
    version: int


def data(scores: RobustnessScores) -> Data | None:
    """Take the first of the images that the estimators predicted."""
    if not scores.rows:
        return None
    return Data(
        scores.rows[0].picture.reshape(array_shape(scores.summary.test_set.image_shape)),
        tuple(corruption.name for corruption in corruptions.CORRUPTIONS),
        tuple(_title(corruption) for corruption in corruptions.CORRUPTIONS),
        corruptions.VERSION,
    )


def _title(corruption: corruptions.Corruption) -> str:
    kind = corruptions.KINDS[corruption.kind]
    return kind.title if len(kind.severities) == 1 else f"{kind.title} {corruption.severity:g}{kind.unit}"


def draw(data: Data) -> Figure:
    """Draw the clean image, then each corruption, row by row."""
    down = math.ceil((1 + len(data.names)) / ACROSS)
    figure = style.new(1.5 * down)
    grid = figure.subplots(down, ACROSS, squeeze=False).ravel()
    height, width = data.picture.shape[:2]
    shape = (height, width, data.picture.size // (height * width))
    clean = data.picture.astype(np.uint8).reshape(1, -1)
    panels = [("as it is", clean)]
    panels += [
        (title, corruptions.get(name).apply(clean, shape)) for name, title in zip(data.names, data.titles, strict=True)
    ]
    for axes, (title, pixels) in zip(grid, panels, strict=False):
        axes.imshow(pixels.reshape(data.picture.shape), cmap="gray", vmin=0, vmax=255)
        axes.set_title(title, fontsize=8.5, loc="center")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    return figure


def caption(data: Data) -> str:
    """Return the caption."""
    return (
        "The first of the predicted test images, clean and under each corruption. Directions, positions and noise are "
        "drawn separately for each image and are the same for every estimator. Mirrored images are counted separately."
    )


def alt(data: Data) -> str:
    """Return the text for readers who cannot see the figure."""
    return f"One test image, clean and under {len(data.names)} corruptions: {', '.join(data.titles)}."
