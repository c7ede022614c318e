"""The figures: each is drawn from a small frozen value, so that what it shows can be hashed.

A figure is one entry in `FIGURES`. Only the modules beside this one import matplotlib.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from benchmark.report import png
from benchmark.report.figures import accuracy_cost, confusion, heat_map, images, labels, learning_curve, style, tuning
from benchmark.report.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

Section = Literal["table", "curve", "classes", "hardest"]


@dataclass(frozen=True)
class Figure:
    """One figure of the report.

    Attributes
    ----------
    name : str
        Of the file, without ``.png``.
    section : {"table", "curve", "classes", "hardest"}
        Where leaderboard.md shows it.
    data : callable
        ``data(summary)``: a frozen dataclass with everything that is drawn, or None where
        there is nothing to draw.
    draw : callable
        ``draw(data)``: a matplotlib Figure, from nothing but the data.
    caption : callable
        ``caption(data)``: one sentence on what to see, as markdown.
    alt : callable
        ``alt(data)``: what stands for it where it cannot be seen, as plain text.
    """

    name: str
    section: Section
    data: Callable[[Summary], Any]
    draw: Callable[[Any], MatplotlibFigure]
    caption: Callable[[Any], str]
    alt: Callable[[Any], str]


FIGURES: tuple[Figure, ...] = (
    Figure(
        "accuracy-fit-time", "table", accuracy_cost.data, accuracy_cost.draw, accuracy_cost.caption, accuracy_cost.alt
    ),
    Figure("validation-tuning-time", "table", tuning.data, tuning.draw, tuning.caption, tuning.alt),
    Figure(
        "learning-curve", "curve", learning_curve.data, learning_curve.draw, learning_curve.caption, learning_curve.alt
    ),
    Figure("per-class-f1", "classes", heat_map.data, heat_map.draw, heat_map.caption, heat_map.alt),
    Figure("confusion-matrices", "hardest", confusion.data, confusion.draw, confusion.caption, confusion.alt),
    Figure("hardest-images", "hardest", images.data, images.draw, images.caption, images.alt),
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
        return f"figures/{self.figure.name}.png"

    def png(self) -> bytes:
        """Draw it."""
        with style.applied():
            drawn = self.figure.draw(self.data)
            buffer = io.BytesIO()
            drawn.savefig(buffer, format="png", dpi=style.DPI, metadata={"Software": None})
        return png.stamp(_small(buffer), self.inputs)


def plan(summary: Summary) -> list[Planned]:
    """Return the figures that these results give, in the order of the page."""
    found = ((figure, figure.data(summary)) for figure in FIGURES)
    return [Planned(figure, data, _digest(figure, data)) for figure, data in found if data is not None]


def _small(drawn: io.BytesIO) -> bytes:
    """Return a PNG in its 256 best colours: a third of the bytes, which are kept for good, here and in the HTML."""
    buffer = io.BytesIO()
    few = Image.open(drawn).convert("RGB").quantize(256, kmeans=2, dither=Image.Dither.NONE)
    few.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def _digest(figure: Figure, data: Any) -> str:
    """Hash what is drawn and the code that draws it; floats rounded, so that a processor's last bit is no change."""
    drawn_by = {Path(style.__file__), Path(labels.__file__), Path(figure.draw.__code__.co_filename)}
    code = [path.read_bytes().replace(b"\r\n", b"\n").decode() for path in sorted(drawn_by)]
    text = json.dumps([figure.name, code, _plain(dataclasses.asdict(data))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return f"{value:.9g}" if isinstance(value, float) else value
