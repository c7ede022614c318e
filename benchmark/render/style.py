"""What all figures share: size, fonts, colours, and text that is never read as markup."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from benchmark.metrics.scores import Floats
from benchmark.render import fmt

DPI = 150
WIDTH = 9.0
"""Inches: 1,350 pixels, which a repository's page shows at about two thirds, its 10-point text at about 9."""

FAMILY_COLOURS = {"classical": "#0072B2", "cnn": "#D55E00"}
OTHER_FAMILY = "#009E73"
FAMILY_MARKERS = {"classical": "o", "cnn": "s"}
OTHER_MARKER = "D"

LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito (2008), distinguishable with any common colour blindness."""

WRONG = "#B2460C"
RIGHT = "#0B6E4F"
MUTED = "#5F6368"
FRAME = "#C9CDD2"

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the same on every machine
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": "#E3E5E8",
    "figure.facecolor": "white",
    "text.parse_math": False,  # a class may be called "$x$"
    "text.hinting": "none",
}


@contextmanager
def applied() -> Iterator[None]:
    """Draw with these settings and no one else's: a user's matplotlibrc must not change the bytes."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure, `height` and `width` in inches, laid out by matplotlib."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def picture(axes: Axes, pixels: npt.NDArray[Any], frame: str = FRAME, top: float | None = None) -> None:
    """Show one image as it is, in a frame: white is a grey one's own largest value, or `top`.

    Parameters
    ----------
    axes : Axes
    pixels : ndarray, (height, width) or (height, width, 3)
        From 0; in colour, `top` is 1 if it is not given.
    frame : str
        Colour.
    top : float, optional
    """
    if pixels.ndim == 3:
        axes.imshow(np.clip(pixels / (top or 1.0), 0.0, 1.0))
    else:
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=max(float(pixels.max()) if top is None else top, 1e-9))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(frame)


def short(name: str, longest: int) -> str:
    """Return the name, cut with an ellipsis after `longest` characters."""
    name = " ".join("".join(char if char.isprintable() else " " for char in name).split())
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


def text_width(text: str, size: float = 10) -> float:
    """Return the width of a line of text in inches, `size` in points."""
    return float(TextPath((0, 0), text, size=size, prop=FontProperties("DejaVu Sans")).get_extents().width / 72)


def ink(value: float, colours: ScalarMappable) -> str:
    """Return black or white, whichever reads better on the value's colour (ITU-R BT.601 luma)."""
    colour = colours.to_rgba(np.array([value]))[0]
    return "black" if 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.5 else "white"


def darker(colour: str) -> tuple[float, float, float]:
    """Return a line's colour deep enough for text on white."""
    red, green, blue = to_rgb(colour)
    return 0.7 * red, 0.7 * green, 0.7 * blue


def corners(x: Floats, y: Floats) -> list[tuple[float, float]]:
    """Return the corners of the staircase that `step(x, y, where="post")` draws."""
    across, up = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    return list(zip(across.tolist(), up.tolist(), strict=True))


def time_axis(axes: Axes, low: float, high: float) -> None:
    """Make x a logarithmic axis of seconds from `low` to `high`, with ticks at times people use."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.minorticks_off()
    ticks = _round_times(low, high)
    axes.set_xticks(ticks, [fmt.duration(seconds).replace(".0 ", " ") for seconds in ticks])


def _round_times(low: float, high: float) -> list[float]:
    """Return round times within the range, about three to a power of ten; in a narrow range, its middle."""
    steps = [1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10800, 36000, 108000]
    within = [step for step in steps if low <= step <= high]
    return within or [float(np.sqrt(low * high))]
