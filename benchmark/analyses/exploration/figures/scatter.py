"""Images as points on a plane, each class with its colour and mark: by principal components, or by an embedding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from benchmark.analyses.exploration.figures import classes
from benchmark.analyses.exploration.measure import NEIGHBOURS, Explored
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import label_placement as labels
from benchmark.render import markdown as md
from benchmark.render import style

COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#777777",
)  # fmt: skip
"""Tol's "muted" (2021), told apart by people with any common colour blindness."""

MARKS = ("o", "s", "^", "D", "v", "P", "X")
"""So many that a class's colour and mark together are no other's among the first seventy."""

ROUNDS = 8
"""Classes are drawn by turns, so that the last does not hide the rest."""

NAMED = 16
"""Classes whose names stand on the map; those of more stand below it."""

LEGEND = 5
"""Names to a line there."""

SHARES = (0.5, 0.8, 0.9, 0.95)
"""Of the variance, for which it is said how many components they take."""


@dataclass(frozen=True)
class Data:
    """Points.

    Attributes
    ----------
    kind : str
        "PCA", "UMAP" or "t-SNE".
    settings : str
    classes : tuple of str
    points : ndarray of float64, (n, 2)
    labels : ndarray of int64, (n,)
        Places in `classes`.
    ratio : ndarray of float64, (pixels,)
        Share of the variance that each principal component holds.
    agreement, of_all : float
        Share of the nearest points here, and in all kept components, that have a point's own label.
    kept : int
        Those components.
    images : int
        Of which the points are, or a sample.
    """

    kind: str
    settings: str
    classes: tuple[str, ...]
    points: Floats
    labels: Ints
    ratio: Floats
    agreement: float
    of_all: float
    kept: int
    images: int


def pca(explored: Explored) -> Data | None:
    """Collect the map by principal components; None where all training images are equal."""
    points = explored.components.points[explored.sample, :2].astype(np.float64)
    if not points.shape[1]:
        return None
    flat = np.zeros((len(points), 2 - points.shape[1]))  # images that vary in one direction lie on a line
    return _data(explored, "PCA", "", np.hstack([points, flat]), explored.agreement["map"])


def embedded(explored: Explored) -> Data | None:
    """Collect the embedding; None where there is none."""
    one = explored.embedding
    return (
        _data(explored, one.method, one.settings, one.points, explored.agreement["embedding"]) if one.method else None
    )


def _data(explored: Explored, kind: str, settings: str, points: Floats, agreement: float) -> Data:
    which = classes.shown(explored)
    kept = np.isin(explored.labels, which)
    return Data(
        kind=kind,
        settings=settings,
        classes=classes.names(explored),
        points=points[kept],
        labels=np.searchsorted(which, explored.labels[kept]).astype(np.int64),
        ratio=explored.components.ratio,
        agreement=agreement,
        of_all=explored.agreement["all"],
        kept=explored.components.points.shape[1],
        images=int(explored.train.sum()),
    )


def draw_pca(data: Data) -> Figure:
    """Draw the map, and beside it how much of the variance so many components hold."""
    figure = style.new(6.0 + _below(data))
    axes, beside = figure.subplots(1, 2, width_ratios=(2.6, 1))
    _points(axes, data)
    share = [*data.ratio[:2], 0.0][:2]
    axes.set_xlabel(f"First component ({md.percent(share[0])} of the variance)")
    axes.set_ylabel(f"Second component ({md.percent(share[1])})")
    count = np.arange(1, len(data.ratio) + 1)
    beside.plot(count, 100 * data.ratio.cumsum(), color=style.LINE_COLOURS[0])
    beside.plot(count[:2], 100 * data.ratio.cumsum()[:2], "o", color=style.LINE_COLOURS[0])
    if len(count) > 1:
        beside.set_xscale("log")
    beside.minorticks_off()
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if tick <= len(count)]
    beside.set_xticks(ticks, [f"{tick}" for tick in ticks], rotation=45)
    beside.set_ylim(0, 102)
    beside.grid(axis="y")
    beside.set_title("Variance held, %")
    beside.set_xlabel("Components")
    _name(figure, axes, data)
    return figure


def draw_embedding(data: Data) -> Figure:
    """Draw the map; its axes mean nothing, and so have no numbers."""
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
    """Put a large mark at each class's median point, and its name beside it, or many names below the map."""
    present = np.unique(data.labels)
    middles = [(float(x), float(y)) for x, y in (np.median(data.points[data.labels == one], axis=0) for one in present)]
    for label, (x, y) in zip(present.tolist(), middles, strict=True):
        axes.scatter(
            x, y, s=75, marker=_mark(label), color=_colour(label), edgecolors="black", linewidths=1.1, zorder=4
        )
    names = [style.short(data.classes[label], 18) for label in present]
    if len(names) > NAMED:
        marks = axes.collections[-len(names) :]
        figure.legend(marks, names, loc="outside lower center", ncols=LEGEND, frameon=False, fontsize=8.5)
        return
    labels.place(figure, axes, names, middles)
    for text in axes.texts:
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])


def _below(data: Data) -> float:
    """Return the inches that the names of many classes take below the map."""
    return 0.25 * math.ceil(len(data.classes) / LEGEND) if len(data.classes) > NAMED else 0.0


def _colour(label: int) -> str:
    return COLOURS[label % len(COLOURS)]


def _mark(label: int) -> str:
    return MARKS[label % len(MARKS)]


def caption_pca(data: Data) -> str:
    """Say what to see."""
    held = data.ratio.cumsum()
    needed = [f"{int(np.searchsorted(held, share - 1e-12)) + 1:,} hold {share * 100:.0f} %" for share in SHARES]
    return (
        f"{_which(data)}, by the two directions in which all of them vary most; a large mark is the median of its "
        f"class. The two hold {md.percent(held[:2][-1])} of the variance; of the {len(held):,} components "
        f"{md.listing(needed)}. {_trust(data, 'this map')}"
    )


def caption_embedding(data: Data) -> str:
    """Say what to see."""
    return (
        f"{_which(data)}, so that those near each other in {md.plural(data.kept, 'principal component')} stay near "
        f"({data.settings}, begun from the map by principal components, seeded). {_trust(data, 'this map')} Labels "
        "played no part in it. Distances between groups, and their sizes, mean little."
    )


def _which(data: Data) -> str:
    n = len(data.points)
    return f"All {n:,} training images" if n == data.images else f"{n:,} of the {data.images:,} training images, by lot"


def _trust(data: Data, where: str) -> str:
    return (
        f"Of the {NEIGHBOURS} nearest images on {where}, {md.percent(data.agreement)} have an image's own label, "
        f"against {md.percent(data.of_all)} in {md.plural(data.kept, 'component')}."
    )


def alt(data: Data) -> str:
    """Say it without the picture."""
    return (
        f"Map of {md.plural(len(data.points), 'training image')} by {data.kind}: {md.percent(data.agreement)} of each "
        f"one's {NEIGHBOURS} nearest have its label."
    )
