"""Histograms of grey values, of all training pixels and of each class."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.exploration.eda import Exploration
from benchmark.analyses.exploration.figures import classes
from benchmark.metrics.scores import Floats
from benchmark.render import class_names, fmt, style
from benchmark.render import markdown as md

BINS = 32
"""The number of bins, each of eight grey values."""

FAINTEST = 1e-4
"""The lowest share of the pixels on the histogram's axis."""


@dataclass(frozen=True)
class Data:
    """Shares of pixels.

    Attributes
    ----------
    classes : tuple of str
    greys : ndarray of float64, (256,)
        Share of each grey value among the pixels of all training images.
    binned : ndarray of float64, (k, BINS)
        Share of each bin among the pixels of a class.
    brightness : ndarray of float64, (k,)
        Mean grey value of each class.
    colour : bool
        Whether the values are those of red, green and blue, together.
    """

    classes: tuple[str, ...]
    greys: Floats
    binned: Floats
    brightness: Floats
    colour: bool


def data(exploration: Exploration) -> Data:
    """Collect what is drawn."""
    which = classes.shown(exploration)
    every = exploration.greys.sum(axis=0)
    own = exploration.greys[which] / exploration.greys[which].sum(axis=1, keepdims=True)
    return Data(
        classes.names(exploration),
        every / every.sum(),
        own.reshape(len(which), BINS, -1).sum(axis=2),
        brightness(exploration)[which],
        exploration.image_shape[2] > 1,
    )


def brightness(exploration: Exploration) -> Floats:
    """Return the mean grey value of each class; 0 for a class without images."""
    return np.asarray(exploration.means.mean(axis=1))


def draw(data: Data) -> Figure:
    """Draw the histogram of all pixels above a heat map by class, whose fullest bin is written instead of coloured."""
    k = len(data.classes)
    below = 0.5 + 0.24 * k
    figure = style.new(2.2 + below)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.7, below))
    width = 256 // BINS
    edges = np.arange(0, 257, width)
    upper.bar(edges[:-1], data.greys.reshape(BINS, -1).sum(axis=1), width, align="edge", color=style.LINE_COLOURS[0])
    upper.set_yscale("log")
    upper.set_ylim(FAINTEST, 1)
    upper.set_yticks([1e-4, 1e-3, 0.01, 0.1, 1], ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"])
    upper.minorticks_off()
    upper.set_title("All training pixels")
    upper.set_ylabel("Share")
    fullest = int(data.greys.argmax()) // width
    rest = np.where(np.arange(BINS) == fullest, np.nan, 100 * data.binned)
    shown = lower.imshow(
        rest,
        cmap=matplotlib.colormaps["cividis"].with_extremes(bad="#ECEEF0"),
        vmin=0,
        vmax=max(float(np.nanmax(rest)), 0.1),
        aspect="auto",
        extent=(0, 256, k - 0.5, -0.5),
        interpolation="nearest",
    )
    for row, share in enumerate(data.binned[:, fullest]):
        middle = (fullest + 0.5) * width
        lower.text(middle, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8.5, color=style.MUTED)
    lower.set_title("By class")
    lower.set_yticks(range(k), list(class_names.distinct(data.classes, 22).values()))
    lower.tick_params(axis="y", length=0)
    lower.spines[:].set_visible(False)
    lower.set_xticks([0, 64, 128, 192, 256], ["0", "64", "128", "192", "255"])
    lower.set_xlabel("Value of red, green or blue" if data.colour else "Grey value")
    bar = figure.colorbar(shown, ax=lower, label="Share, %", pad=0.01, fraction=0.03)
    bar.outline.set_visible(False)
    return figure


def caption(data: Data) -> str:
    """Return the caption, as inline markdown."""
    common = int(data.greys.argmax())
    value = "value" if data.colour else "grey value"
    if data.greys[common] == 1:
        return f"Every pixel of every training image is {common}."
    rest = data.greys.copy()
    rest[common] = 0
    median = int(np.searchsorted(rest.cumsum(), rest.sum() / 2))
    low, high = int(data.brightness.argmin()), int(data.brightness.argmax())
    if data.brightness[high] - data.brightness[low] < 1:
        text = f"All classes have the same mean {value}: {data.brightness[high]:.0f}."
    else:
        text = (
            f"{md.escape(data.classes[high])} has the highest mean {value}, {data.brightness[high]:.0f}, and "
            f"{md.escape(data.classes[low])} the lowest, {data.brightness[low]:.0f}."
        )
    together = " Red, green and blue are counted together." if data.colour else ""
    return (
        f"{text} {fmt.percent(data.greys[common])} of all training pixels are {common}, the most common {value}; the "
        f"median of the others is {median}.{together} A bin holds eight {value}s. The scale of the upper plot is "
        "logarithmic. In the lower plot, the bin of the most common value has its percentage written; all other bins "
        "are coloured."
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    values = ", ".join(f"{name} {value:.0f}" for name, value in zip(data.classes, data.brightness, strict=True))
    value = "value of red, green and blue" if data.colour else "grey value"
    return f"Histogram of {value}s over all training pixels and by class. Mean {value}: {values}."
