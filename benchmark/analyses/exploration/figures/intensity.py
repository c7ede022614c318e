"""Grey values: of all training pixels, and class by class."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from benchmark.analyses.exploration.figures import classes
from benchmark.analyses.exploration.measure import Explored
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md
from benchmark.render import style

BINS = 32
"""Of eight grey values each."""

FAINTEST = 1e-4
"""Share of the pixels at which the scale of the histogram begins."""


@dataclass(frozen=True)
class Data:
    """Shares of pixels.

    Attributes
    ----------
    classes : tuple of str
    greys : ndarray of float64, (256,)
        Of each grey value, among all pixels of all training images.
    binned : ndarray of float64, (k, BINS)
        Among each class's own.
    brightness : ndarray of float64, (k,)
        Mean grey value of each class.
    """

    classes: tuple[str, ...]
    greys: Floats
    binned: Floats
    brightness: Floats


def data(explored: Explored) -> Data:
    """Collect what is drawn."""
    which = classes.shown(explored)
    every = explored.greys.sum(axis=0)
    own = explored.greys[which] / explored.greys[which].sum(axis=1, keepdims=True)
    return Data(
        classes.names(explored),
        every / every.sum(),
        own.reshape(len(which), BINS, -1).sum(axis=2),
        brightness(explored)[which],
    )


def brightness(explored: Explored) -> Floats:
    """Return the mean grey value of each class; 0 of one without images."""
    return np.asarray(explored.means.mean(axis=1))


def draw(data: Data) -> Figure:
    """Draw the histogram of all above the classes' own, as a heat map; its fullest bin is written, not coloured."""
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
    lower.set_title("Each class's own")
    lower.set_yticks(range(k), [style.short(name, 22) for name in data.classes])
    lower.tick_params(axis="y", length=0)
    lower.spines[:].set_visible(False)
    lower.set_xticks([0, 64, 128, 192, 256], ["0", "64", "128", "192", "255"])
    lower.set_xlabel("Grey value")
    bar = figure.colorbar(shown, ax=lower, label="Share, %", pad=0.01, fraction=0.03)
    bar.outline.set_visible(False)
    return figure


def caption(data: Data) -> str:
    """Say what to see."""
    common = int(data.greys.argmax())
    if data.greys[common] == 1:
        return f"Every pixel of every training image is {common}: there is nothing to see."
    rest = data.greys.copy()
    rest[common] = 0
    median = int(np.searchsorted(rest.cumsum(), rest.sum() / 2))
    text = (
        f"{md.percent(data.greys[common])} of all training pixels are {common}, the commonest grey value; the median "
        f"of the others is {median}. Eight grey values make a bin. Above, shares are on a logarithmic scale; below, "
        "that of the commonest value's bin is written in per cent, the others are coloured."
    )
    low, high = int(data.brightness.argmin()), int(data.brightness.argmax())
    if data.brightness[high] - data.brightness[low] < 1:
        return f"{text} All classes are equally bright: {data.brightness[high]:.0f} on average."
    return (
        f"{text} {md.escape(data.classes[high])} has the highest mean, {data.brightness[high]:.0f}, and "
        f"{md.escape(data.classes[low])} the lowest, {data.brightness[low]:.0f}: how much of a picture is filled is a "
        "hint in itself."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    found = ", ".join(f"{name} {value:.0f}" for name, value in zip(data.classes, data.brightness, strict=True))
    return f"Histogram of grey values over all training pixels and by class. Mean grey value: {found}."
