"""The figures: each is drawn from a small frozen value, so that what it shows can be hashed.

A figure is one entry in `FIGURES`. Only the modules beside this one import matplotlib.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from benchmark.analyses.calibration import figures as reliability
from benchmark.analyses.data_audit import figures as oddities
from benchmark.analyses.hardest_class.figures import examples as grids
from benchmark.analyses.hardest_class.figures import flow
from benchmark.analyses.hardest_class.figures import hardest_images as images
from benchmark.analyses.hardest_class.figures import roc_pr as ranking
from benchmark.analyses.human_labels import figures as people
from benchmark.analyses.learning_curve import figures as learning_curve
from benchmark.analyses.robustness import figure_examples as corrupted
from benchmark.analyses.robustness import figures as robustness
from benchmark.analyses.tuning_budget import figures as tuning
from benchmark.leaderboard.figures import accuracy_cost, confusion, pairs
from benchmark.leaderboard.figures import per_class_f1 as heat_map
from benchmark.leaderboard.summary import Summary
from benchmark.render import png, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

Page = Literal["leaderboard", "anatomy", "explore"]
Section = Literal[
    "table",
    "pairs",
    "curve",
    "robustness",
    "classes",
    "hardest",
    "people",
    "trust",
    "odd",
    "flow",
    "core",
    "cnn",
    "others",
    "ranking",
    "examples",
    "balance",
    "means",
    "greys",
    "typical",
    "pca",
    "embedding",
    "distances",
]

FOLDERS: dict[Page, str] = {"leaderboard": "figures", "anatomy": "figures", "explore": "explore"}
"""Where a page's figures lie, relative to the data set's results."""


@dataclass(frozen=True)
class Figure:
    """One figure of the report.

    Attributes
    ----------
    name : str
        Of the file, without ``.png``.
    section : str
        Where its page shows it.
    data : callable
        ``data(summary)``, of the page's own source: a frozen dataclass with everything that is drawn, or None where
        there is nothing to draw.
    draw : callable
        ``draw(data)``: a matplotlib Figure, from nothing but the data.
    caption : callable
        ``caption(data)``: one sentence on what to see, as markdown.
    alt : callable
        ``alt(data)``: what stands for it where it cannot be seen, as plain text.
    page : {"leaderboard", "anatomy", "explore"}
        leaderboard.md, the page of the hardest class, or explore.md, whose source is an `Explored`.
    version : int
        Raised whenever the same data are drawn differently: every such figure on disk is then out of date.
    """

    name: str
    section: Section
    data: Callable[[Any], Any]
    draw: Callable[[Any], MatplotlibFigure]
    caption: Callable[[Any], str]
    alt: Callable[[Any], str]
    page: Page = "leaderboard"
    version: int = 1


FIGURES: tuple[Figure, ...] = (
    Figure(
        "accuracy-fit-time", "table", accuracy_cost.data, accuracy_cost.draw, accuracy_cost.caption, accuracy_cost.alt
    ),
    Figure("validation-tuning-time", "table", tuning.data, tuning.draw, tuning.caption, tuning.alt),
    Figure("pairs", "pairs", pairs.data, pairs.draw, pairs.caption, pairs.alt),
    Figure(
        "learning-curve", "curve", learning_curve.data, learning_curve.draw, learning_curve.caption, learning_curve.alt
    ),
    Figure("robustness", "robustness", robustness.data, robustness.draw, robustness.caption, robustness.alt),
    Figure("corruptions", "robustness", corrupted.data, corrupted.draw, corrupted.caption, corrupted.alt),
    Figure("per-class-f1", "classes", heat_map.data, heat_map.draw, heat_map.caption, heat_map.alt),
    Figure("confusion-matrices", "hardest", confusion.data, confusion.draw, confusion.caption, confusion.alt),
    Figure("hardest-images", "hardest", images.data, images.draw, images.caption, images.alt),
    Figure("people-disagree", "people", people.data, people.draw, people.caption, people.alt),
    Figure("reliability", "trust", reliability.data, reliability.draw, reliability.caption, reliability.alt),
    Figure("copies", "odd", oddities.copies_data, oddities.draw_copies, oddities.copies_caption, oddities.copies_alt),
    Figure(
        "label-errors", "odd", oddities.errors_data, oddities.draw_errors, oddities.errors_caption, oddities.errors_alt
    ),
    Figure("hardest-flow", "flow", flow.data, flow.draw, flow.caption, flow.alt, "anatomy"),
    Figure("hard-core", "core", grids.core, grids.draw, grids.caption, grids.alt, "anatomy"),
    Figure("found-by-cnn-only", "cnn", grids.cnn, grids.draw, grids.caption, grids.alt, "anatomy"),
    Figure("found-by-others-only", "others", grids.others, grids.draw, grids.caption, grids.alt, "anatomy"),
    Figure("hardest-ranking", "ranking", ranking.data, ranking.draw, ranking.caption, ranking.alt, "anatomy"),
)


@dataclass(frozen=True)
class Planned:
    """A figure with its data: all that leaderboard.md and `report --check` need, not yet drawn."""

    figure: Figure
    data: Any
    inputs: str

    @property
    def path(self) -> str:
        """Where it goes, relative to the data set's results."""
        return f"{FOLDERS[self.figure.page]}/{self.figure.name}.png"

    def png(self) -> bytes:
        """Draw it."""
        return png_of(self.figure.draw, self.data, self.inputs)


def plan(summary: Summary) -> list[Planned]:
    """Return the figures that these results give, in the order of the page."""
    return planned(FIGURES, summary)


def planned(figures: Sequence[Figure], source: Any) -> list[Planned]:
    """Return those of some figures that their source gives."""
    found = ((figure, figure.data(source)) for figure in figures)
    return [
        Planned(figure, data, digest(figure.name, figure.version, data)) for figure, data in found if data is not None
    ]


def png_of(draw: Callable[[Any], MatplotlibFigure], data: Any, inputs: str) -> bytes:
    """Draw a figure from nothing but its data; return its PNG, which states the digest of its inputs."""
    with style.applied():
        canvas: Any = FigureCanvasAgg(draw(data))  # some of its methods are not typed
        canvas.draw()
    return png.encode(_small(np.asarray(canvas.buffer_rgba())), inputs)


def _small(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    """Return the image in its 256 best colours: a third of the bytes, which are kept for good, here and in the HTML."""
    return Image.fromarray(pixels).convert("RGB").quantize(256, dither=Image.Dither.NONE)


def digest(name: str, version: int, data: Any) -> str:
    """Hash what a figure shows: its data and the version of its drawing.

    Source code is not hashed: a rename or a reformatted line redraws nothing. Floats are rounded, so that a
    processor's last bit is no change.
    """
    text = json.dumps([name, version, _plain(dataclasses.asdict(data))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return f"{value:.9g}" if isinstance(value, float) else value
