"""A figure laid out by hand, in inches from the top left: where text and pictures share columns."""

from __future__ import annotations

from matplotlib.figure import Figure

from benchmark.metrics.scores import Floats
from benchmark.render import style


class Sheet:
    """An empty figure, `width` and `height` in inches."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), dpi=style.DPI)

    def text(
        self, x: float, y: float, text: str, colour: str, size: float = 10, *, bold: bool = False, left: bool = False
    ) -> None:
        """Write text whose middle, or the middle of whose left edge, is at a place."""
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            text,
            ha="left" if left else "center",
            va="center",
            fontsize=size,
            color=colour,
            weight="bold" if bold else "normal",
        )

    def picture(self, x: float, y: float, side: float, pixels: Floats, top: float | None = None) -> None:
        """Show a picture in a frame, `side` inches wide; see `style.picture`."""
        bottom = 1 - (y + side) / self.height
        axes = self.figure.add_axes((x / self.width, bottom, side / self.width, side / self.height))
        style.picture(axes, pixels, top=top)
