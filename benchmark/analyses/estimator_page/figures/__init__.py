"""The figures of one estimator's page; like the report's, each is drawn from a small frozen value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.analyses.estimator_page.figures import history, images, importance, matrix, training
from benchmark.analyses.estimator_page.shown import Shown
from benchmark.report.figures import digest, png_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure


@dataclass(frozen=True)
class Figure:
    """One figure of the page.

    Attributes
    ----------
    name : str
        Of the file, without ``.png``, and of the section that shows it.
    data : callable
        ``data(shown)``: a frozen dataclass with everything that is drawn, or None where there is nothing to draw.
    draw, caption, alt, version
        As the report's figures have them (see `benchmark.report.figures.Figure`).
    """

    name: str
    data: Callable[[Shown], Any]
    draw: Callable[[Any], MatplotlibFigure]
    caption: Callable[[Any], str]
    alt: Callable[[Any], str]
    version: int = 1


FIGURES: tuple[Figure, ...] = (
    Figure("confusion", matrix.data, matrix.draw, matrix.caption, matrix.alt),
    Figure("images", images.data, images.draw, images.caption, images.alt),
    Figure("training", training.data, training.draw, training.caption, training.alt),
    Figure("tuning", history.data, history.draw, history.caption, history.alt),
    Figure("importance", importance.data, importance.draw, importance.caption, importance.alt),
)


@dataclass(frozen=True)
class Planned:
    """A figure with its data, not yet drawn."""

    figure: Figure
    data: Any

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.figure.name}.png"

    def png(self) -> bytes:
        """Draw it."""
        inputs = digest(self.figure.name, self.figure.version, self.data)
        return png_of(self.figure.draw, self.data, inputs)


def plan(shown: Shown) -> dict[str, Planned]:
    """Return the figures that there is something for, by name, in the order of the page."""
    found = ((figure, figure.data(shown)) for figure in FIGURES)
    return {figure.name: Planned(figure, data) for figure, data in found if data is not None}
