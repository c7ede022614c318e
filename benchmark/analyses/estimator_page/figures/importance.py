"""Which parameters mattered, with what is left of it under other forests, fewer trials, and scores dealt at random."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmark.analyses.estimator_page.importance import DEALS, FORESTS, Importance
from benchmark.analyses.estimator_page.shown import Shown
from benchmark.render import markdown as md
from benchmark.render import style

BAND, LINE = "#D5D8DC", "#0072B2"


def data(shown: Shown) -> Importance | None:
    """Take what was found, if anything can be said."""
    return None if isinstance(shown.importance, str) else shown.importance


def draw(found: Importance) -> Figure:
    """Draw a row for each parameter: the share and its three checks."""
    names = [style.short(name, 34) for name in found.parameters]
    figure = style.new(1.3 + 0.5 * len(names))
    axes = figure.add_subplot()
    for row in range(len(names)):
        axes.barh(row, found.chance[row], height=0.72, color=BAND, zorder=1)
        axes.plot([found.left_low[row], found.left_high[row]], [row, row], color=LINE, linewidth=1.2, zorder=2)
        for end in (found.left_low[row], found.left_high[row]):
            axes.plot(end, row, "|", color=LINE, markersize=9, zorder=2)
        axes.plot([found.low[row], found.high[row]], [row, row], color=LINE, linewidth=5, alpha=0.6, zorder=3)
        axes.plot(found.share[row], row, "o", color=LINE, markersize=7, zorder=4)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("Share of the forest's variance that the parameter explains alone")
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    handles = [
        Line2D([], [], marker="o", color=LINE, linestyle="", label=f"mean of {FORESTS} forests"),
        Line2D([], [], color=LINE, linewidth=5, alpha=0.6, label="their range"),
        Line2D([], [], marker="|", color=LINE, linewidth=1.2, markersize=9, label="without some trials"),
        Patch(color=BAND, label=f"most in {DEALS} random deals"),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    return figure


def caption(found: Importance) -> str:
    """Say what to see."""
    return (
        f"From {found.trials} scores on {found.rows:,} rows. A dot within the grey is what chance gives to a parameter "
        "that does nothing; the longer the lines, the less so few trials say."
    )


def alt(found: Importance) -> str:
    """Say it without the picture."""
    words = [
        f"{name} {share:.2f} ({low:.2f} to {high:.2f} without some trials, up to {chance:.2f} by chance)"
        for name, share, low, high, chance in zip(
            found.parameters, found.share, found.left_low, found.left_high, found.chance, strict=True
        )
    ]
    return f"Importance of {md.plural(len(words), 'parameter')}: {'; '.join(words)}."
