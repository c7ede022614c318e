"""Figures: each is drawn from a small frozen value, so that what it shows can be hashed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure
    from PIL import Image

FOLDER = "figures"
"""Where the report's figures go, relative to the data set's results."""


@dataclass(frozen=True)
class Figure:
    """One figure of a page.

    Attributes
    ----------
    name : str
        Of the file, without ``.png``.
    data : callable
        ``data(scores)``, of what the page is made from: a frozen dataclass with everything that is drawn, or None
        where there is nothing to draw.
    draw : callable
        ``draw(data)``: a matplotlib Figure, from nothing but the data.
    caption : callable
        ``caption(data)``: one sentence on what to see, as markdown.
    alt : callable
        ``alt(data)``: a description for people who cannot see it, as plain text.
    version : int
        Raised whenever the same data are drawn differently: every such figure on disk is then out of date.
    """

    name: str
    data: Callable[[Any], Any]
    draw: Callable[[Any], MatplotlibFigure]
    caption: Callable[[Any], str]
    alt: Callable[[Any], str]
    version: int = 1


@dataclass(frozen=True)
class PlannedFigure:
    """A figure with its data: all that a page and `report --check` need, not yet drawn."""

    figure: Figure
    data: Any
    folder: str = FOLDER

    @property
    def path(self) -> str:
        """Where it goes, relative to the page."""
        return f"{self.folder}/{self.figure.name}.png"

    @property
    def caption(self) -> str:
        """One sentence on what to see, as markdown, and which classes are numbered."""
        from benchmark.render import class_names, markdown

        key = class_names.key(self.data)
        return self.figure.caption(self.data) + (f" {markdown.escape(key)}" if key else "")

    @property
    def alt(self) -> str:
        """A description for people who cannot see it, as plain text."""
        return self.figure.alt(self.data)

    @property
    def inputs(self) -> str:
        """The digest of what it shows: its data and the version of its drawing.

        Neither source code nor names of fields are hashed: a rename or a reformatted line redraws nothing.
        """
        text = json.dumps(
            [self.figure.name, self.figure.version, _plain(dataclasses.astuple(self.data))], sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def png(self) -> bytes:
        """Draw it; the PNG states `inputs`."""
        return png_of(self.figure.draw, self.data, self.inputs)


def plan(figures: Sequence[Figure], scores: Any, folder: str = FOLDER) -> dict[str, PlannedFigure]:
    """Return those of some figures that there is something for, by name."""
    planned = (PlannedFigure(figure, figure.data(scores), folder) for figure in figures)
    return {each.figure.name: each for each in planned if each.data is not None}


def png_of(draw: Callable[[Any], MatplotlibFigure], data: Any, inputs: str) -> bytes:
    """Draw a figure from nothing but its data; return its PNG, which states the digest of its inputs."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from benchmark.render import png, style

    with style.applied():
        canvas: Any = FigureCanvasAgg(draw(data))  # some of its methods are not typed
        canvas.draw()
    return png.encode(_small(np.asarray(canvas.buffer_rgba())), inputs)


def _small(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    """Return the image in its 256 best colours: a third of the bytes, which are kept for good, here and in the HTML."""
    from PIL import Image

    return Image.fromarray(pixels).convert("RGB").quantize(256, dither=Image.Dither.NONE)


def _plain(value: Any) -> Any:
    """Return a value for JSON, floats rounded: a processor's last bit is no change."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return f"{value:.9g}" if isinstance(value, float) else value
