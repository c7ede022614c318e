"""Maps of the images by principal components and by an embedding; each class has its colour and its mark."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from benchmark.analyses.exploration.eda import NEIGHBOURS, Exploration
from benchmark.analyses.exploration.figures import classes
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import class_names, fmt, style
from benchmark.render import label_placement as labels

COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#777777",
)  # fmt: skip
"""Tol's "muted" (2021): people with any common colour blindness can distinguish them."""

MARKS = ("o", "s", "^", "D", "v", "P", "X")
"""Together with the colours, they are different for the first seventy classes."""

ROUNDS = 8
"""Classes are drawn in turns, so that the last one does not hide the others."""

NAMED = 16
"""The most classes whose names are written on the map; with more, the names are below it."""

LEGEND = 5
"""Names in a line below the map."""

SHARES = (0.5, 0.8, 0.9, 0.95)
"""Shares of the variance for which the caption gives the number of components."""


@dataclass(frozen=True)
class Data:
    """The map of some images.

    Attributes
    ----------
    kind : str
        "PCA", "UMAP" or "t-SNE".
    settings : str
    classes : tuple of str
    points : ndarray of float64, (n, 2)
    labels : ndarray of int64, (n,)
        Indices into `classes`.
    ratio : ndarray of float64, (pixels,)
        Share of the variance that each principal component explains.
    same_class_share, in_all_components : float
        Share of the nearest images that are of the same class: on the map, and in all kept components.
    kept : int
        The number of these components.
    images : int
        The number of training images: the points are all of them, or a sample.
    """

    kind: str
    settings: str
    classes: tuple[str, ...]
    points: Floats
    labels: Ints
    ratio: Floats
    same_class_share: float
    in_all_components: float
    kept: int
    images: int


def pca(exploration: Exploration) -> Data | None:
    """Collect the map by principal components; None if all training images are equal."""
    points = exploration.components.points[exploration.sample, :2].astype(np.float64)
    if not points.shape[1]:
        return None
    flat = np.zeros((len(points), 2 - points.shape[1]))  # images that vary in one direction are on a line
    return _data(exploration, "PCA", "", np.hstack([points, flat]), exploration.same_class_share["map"])


def embedding(exploration: Exploration) -> Data | None:
    """Collect the embedding; None if there is none."""
    embedded = exploration.embedding
    if not embedded.method:
        return None
    share = exploration.same_class_share["embedding"]
    return _data(exploration, embedded.method, embedded.settings, embedded.points, share)


def _data(exploration: Exploration, kind: str, settings: str, points: Floats, share: float) -> Data:
    which = classes.shown(exploration)
    kept = np.isin(exploration.labels, which)
    return Data(
        kind=kind,
        settings=settings,
        classes=classes.names(exploration),
        points=points[kept],
        labels=np.searchsorted(which, exploration.labels[kept]).astype(np.int64),
        ratio=exploration.components.ratio,
        same_class_share=share,
        in_all_components=exploration.same_class_share["all"],
        kept=exploration.components.points.shape[1],
        images=int(exploration.train.sum()),
    )


def draw_pca(data: Data) -> Figure:
    """Draw the map and a plot of the explained variance by number of components."""
    figure = style.new(6.0 + _below(data))
    axes, variance = figure.subplots(1, 2, width_ratios=(2.6, 1))
    _points(axes, data)
    share = [*data.ratio[:2], 0.0][:2]
    axes.set_xlabel(f"First component ({fmt.percent(share[0])} of the variance)")
    axes.set_ylabel(f"Second component ({fmt.percent(share[1])})")
    count = np.arange(1, len(data.ratio) + 1)
    variance.plot(count, 100 * data.ratio.cumsum(), color=style.LINE_COLOURS[0])
    variance.plot(count[:2], 100 * data.ratio.cumsum()[:2], "o", color=style.LINE_COLOURS[0])
    if len(count) > 1:
        variance.set_xscale("log")
    variance.minorticks_off()
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if tick <= len(count)]
    variance.set_xticks(ticks, [f"{tick}" for tick in ticks], rotation=45)
    variance.set_ylim(0, 102)
    variance.grid(axis="y")
    variance.set_title("Explained variance, %")
    variance.set_xlabel("Components")
    _name(figure, axes, data)
    return figure


def draw_embedding(data: Data) -> Figure:
    """Draw the map; its axes have no meaning and so no numbers."""
    figure = style.new(6.6 + _below(data))
    axes = figure.add_subplot()
    _points(axes, data)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    _name(figure, axes, data)
    return figure


def _points(axes: Axes, data: Data) -> None:
    size = 7 if len(data.points) > 1500 else 14
    for turn in range(ROUNDS):
        for label in range(len(data.classes)):
            x, y = data.points[data.labels == label][turn::ROUNDS].T
            if len(x):
                axes.scatter(x, y, s=size, marker=_mark(label), color=_colour(label), alpha=0.6, linewidths=0)


def _name(figure: Figure, axes: Axes, data: Data) -> None:
    """Draw a large mark at each class's median point, and its name next to it, or below the map if there are many."""
    present = np.unique(data.labels)
    middles = [
        (float(x), float(y)) for x, y in (np.median(data.points[data.labels == label], axis=0) for label in present)
    ]
    for label, (x, y) in zip(present.tolist(), middles, strict=True):
        axes.scatter(
            x, y, s=75, marker=_mark(label), color=_colour(label), edgecolors="black", linewidths=1.1, zorder=4
        )
    shown = class_names.distinct(data.classes, 18)
    names = [shown[data.classes[label]] for label in present]
    if len(names) > NAMED:
        marks = axes.collections[-len(names) :]
        figure.legend(marks, names, loc="outside lower center", ncols=LEGEND, frameon=False, fontsize=8.5)
        return
    labels.place(figure, axes, names, middles)
    for text in axes.texts:
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])


def _below(data: Data) -> float:
    """Return the height in inches of the names of many classes below the map."""
    return 0.25 * math.ceil(len(data.classes) / LEGEND) if len(data.classes) > NAMED else 0.0


def _colour(label: int) -> str:
    return COLOURS[label % len(COLOURS)]


def _mark(label: int) -> str:
    return MARKS[label % len(MARKS)]


def caption_pca(data: Data) -> str:
    """Return the caption, as inline markdown."""
    explained = data.ratio.cumsum()
    shares = fmt.listing([f"{share * 100:.0f}" for share in SHARES])
    needed = fmt.listing([f"{int(np.searchsorted(explained, share - 1e-12)) + 1:,}" for share in SHARES])
    return (
        f"{_neighbours(data)} The first two components explain {fmt.percent(explained[:2][-1])} of the variance; "
        f"{shares} % need {needed} of the {len(explained):,} components. The map shows {_which(data)}; a large mark is "
        "the median of its class."
    )


def caption_embedding(data: Data) -> str:
    """Return the caption, as inline markdown."""
    return (
        f"{_neighbours(data)} The map shows {_which(data)}, placed so that neighbours in "
        f"{fmt.plural(data.kept, 'principal component')} stay neighbours ({data.settings}, initialised with the first "
        "two components, seeded). Labels are not used. The size of a group and the distance between groups mean little."
    )


def _which(data: Data) -> str:
    n = len(data.points)
    return f"all {n:,} training images" if n == data.images else f"{n:,} of the {data.images:,} training images"


def _neighbours(data: Data) -> str:
    return (
        f"{fmt.percent(data.same_class_share)} of the {NEIGHBOURS} nearest images on this map are of the same class, "
        f"against {fmt.percent(data.in_all_components)} in {fmt.plural(data.kept, 'component')}."
    )


def alt(data: Data) -> str:
    """Return the alternative text."""
    return (
        f"Map of {fmt.plural(len(data.points), 'training image')} by {data.kind}: {fmt.percent(data.same_class_share)} "
        f"of the {NEIGHBOURS} nearest images are of the same class."
    )
