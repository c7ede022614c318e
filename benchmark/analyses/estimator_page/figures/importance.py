"""The figure `importance`: share of each parameter, over other forests, with fewer trials, and by chance."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.analyses.estimator_page.importance import FORESTS, PERMUTATIONS, Importance
from benchmark.render import fmt, style

BAND, LINE = "#D5D8DC", "#0072B2"


def data(estimator: EvaluatedEstimator) -> Importance | None:
    """Return the importance, or None if it is unknown."""
    return None if isinstance(estimator.importance, str) else estimator.importance


def draw(found: Importance) -> Figure:
    """Draw one row for each parameter: the share and its three checks."""
    names = [style.short(name, 34) for name in found.parameters]
    figure = style.new(1.3 + 0.5 * len(names))
    axes = figure.add_subplot()
    for row in range(len(names)):
        axes.barh(row, found.chance[row], height=0.72, color=BAND, zorder=1)
        axes.plot([found.subset_low[row], found.subset_high[row]], [row, row], color=LINE, linewidth=1.2, zorder=2)
        for end in (found.subset_low[row], found.subset_high[row]):
            axes.plot(end, row, "|", color=LINE, markersize=9, zorder=2)
        axes.plot([found.low[row], found.high[row]], [row, row], color=LINE, linewidth=5, alpha=0.6, zorder=3)
        axes.plot(found.share[row], row, "o", color=LINE, markersize=7, zorder=4)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("Share of the variance that the parameter explains alone")
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    handles = [
        Line2D([], [], marker="o", color=LINE, linestyle="", label=f"mean of {FORESTS} forests"),
        Line2D([], [], color=LINE, linewidth=5, alpha=0.6, label="their range"),
        Line2D([], [], marker="|", color=LINE, linewidth=1.2, markersize=9, label="without some trials"),
        Patch(color=BAND, label=f"highest of {PERMUTATIONS} permutations"),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    return figure


def caption(found: Importance) -> str:
    """Return what a reader should see."""
    return (
        f"From {found.trials} scores on {found.rows:,} rows. A dot within the grey bar is no more than a parameter "
        "without effect gets by chance. Long lines mean that the trials are too few to tell."
    )


def alt(found: Importance) -> str:
    """Return the figure's content in words."""
    words = [
        f"{name} {share:.2f} ({low:.2f} to {high:.2f} without some trials, up to {chance:.2f} by chance)"
        for name, share, low, high, chance in zip(
            found.parameters, found.share, found.subset_low, found.subset_high, found.chance, strict=True
        )
    ]
    return f"Importance of {fmt.plural(len(words), 'parameter')}: {'; '.join(words)}."
