"""The figure `tuning`: score and rung of each trial, and the best score so far by worker time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.engine.trials import in_order
from benchmark.metrics.scores import Floats, Ints
from benchmark.render import fmt, style

MARKS = ("o", "s", "D", "^", "v", "P")
BEST = "#000000"


@dataclass(frozen=True)
class Data:
    """The study: t trials on r rungs, f fits.

    Attributes
    ----------
    rungs : tuple of int
        Training rows, fewest first.
    numbers : ndarray of int64, (t,)
    states : tuple of str
    scores : ndarray of float64, (t, r)
        Validation accuracy; NaN where a trial did not reach the rung.
    best : ndarray of float64, (t,)
        Highest score on the top rung so far, by trial; NaN before the first.
    ends : ndarray of float64, (f,)
        Worker seconds at the end of each fit, in the order in which tuning asked for them.
    ended_rung, ended_trial : ndarray of int64, (f,)
        Index of the rung and of the trial of each fit.
    seconds, best_then : ndarray of float64, (m,)
        Worker seconds at which the best score on the top rung rose, and the new score.
    workers : int
        Number of workers.
    """

    rungs: tuple[int, ...]
    numbers: Ints
    states: tuple[str, ...]
    scores: Floats
    best: Floats
    ends: Floats
    ended_rung: Ints
    ended_trial: Ints
    seconds: Floats
    best_then: Floats
    workers: int


def data(estimator: EvaluatedEstimator) -> Data | None:
    """Return the data of the figure, or None without trials."""
    trials = sorted(estimator.tuned.trials, key=lambda trial: trial.number)
    place = {trial.number: place for place, trial in enumerate(trials)}
    rungs = tuple(sorted({rung.rows for trial in trials for rung in trial.rungs}))
    if not rungs:
        return None
    scores = np.full((len(trials), len(rungs)), np.nan)
    for trial in trials:
        for rung in trial.rungs:
            scores[place[trial.number], rungs.index(rung.rows)] = rung.accuracy
    fits = list(in_order(trials))
    ends = np.cumsum([rung.fit_seconds + rung.predict_seconds for _, rung in fits])
    ended = np.array([rung.accuracy for _, rung in fits])
    on_top = np.array([rung.rows == rungs[-1] for _, rung in fits])
    highest = np.maximum.accumulate(np.where(on_top, ended, -np.inf))
    rises = np.flatnonzero(highest > np.concatenate([[-np.inf], highest[:-1]]))
    best = np.fmax.accumulate(scores[:, -1])
    return Data(
        rungs=rungs,
        numbers=np.array([trial.number for trial in trials], dtype=np.int64),
        states=tuple(trial.state for trial in trials),
        scores=scores,
        best=best,
        ends=ends,
        ended_rung=np.array([rungs.index(rung.rows) for _, rung in fits], dtype=np.int64),
        ended_trial=np.array([place[trial.number] for trial, _ in fits], dtype=np.int64),
        seconds=ends[rises],
        best_then=ended[rises],
        workers=estimator.tuned.tuning_parallel,
    )


def draw(data: Data) -> Figure:
    """Draw the scores by trial on the left and by time on the right, on the same scale."""
    figure = style.new(4.4)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.2, 1))
    _trials(left, data)
    _time(right, data)
    left.set_ylabel("Validation accuracy")
    figure.legend(handles=_legend(data), loc="outside upper left", ncols=6, frameon=False, fontsize=9)
    return figure


def _trials(axes: Axes, data: Data) -> None:
    for place, number in enumerate(data.numbers):
        reached = np.flatnonzero(~np.isnan(data.scores[place]))
        if not len(reached):
            continue
        axes.plot([number] * len(reached), data.scores[place, reached], color="#B8BDC4", linewidth=1, zorder=1)
        for rung in reached:
            _mark(axes, data, float(number), place, int(rung))
    if not np.isnan(data.best).all():
        axes.step(data.numbers, data.best, where="post", color=BEST, linewidth=1.5, zorder=2)
    broken = [number for number, state in zip(data.numbers, data.states, strict=True) if _broken(state)]
    axes.plot(broken, [0.02] * len(broken), "X", color=style.WRONG, transform=axes.get_xaxis_transform(), clip_on=False)
    axes.margins(y=0.12)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel("Trial (0 is the estimator's own defaults)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _time(axes: Axes, data: Data) -> None:
    end = float(data.ends[-1])
    unit, seconds = ("h", 3600.0) if end > 5_400 else ("min", 60.0) if end > 90 else ("s", 1.0)
    for when, place, rung in zip(data.ends / seconds, data.ended_trial, data.ended_rung, strict=True):
        _mark(axes, data, float(when), int(place), int(rung))
    if len(data.seconds):
        x = np.append(data.seconds, end) / seconds
        axes.step(x, np.append(data.best_then, data.best_then[-1]), where="post", color=BEST, linewidth=1.5, zorder=2)
    axes.set_xlim(0, max(end / seconds, 1e-9) * 1.04)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel(f"Worker time ({unit})")


def _mark(axes: Axes, data: Data, x: float, place: int, rung: int) -> None:
    """Draw a trial's score on a rung, hollow if the trial was not completed."""
    colour = _colour(rung)
    axes.plot(
        x,
        data.scores[place, rung],
        MARKS[rung % len(MARKS)],
        color=colour,
        markerfacecolor=colour if data.states[place] == "complete" else "white",
        markersize=6,
        zorder=3,
    )


def _legend(data: Data) -> list[Line2D]:
    handles = [
        Line2D([], [], marker=MARKS[place % len(MARKS)], color=_colour(place), linestyle="", label=f"{rows:,} rows")
        for place, rows in enumerate(data.rungs)
    ]
    if any(state != "complete" for state in data.states):
        handles.append(
            Line2D([], [], marker="o", color="#5F6368", markerfacecolor="white", linestyle="", label="hollow: pruned")
        )
    if any(map(_broken, data.states)):
        handles.append(Line2D([], [], marker="X", color=style.WRONG, linestyle="", label="failed"))
    if len(data.seconds):
        handles.append(Line2D([], [], color=BEST, label=f"best so far on {data.rungs[-1]:,}"))
    return handles


def _colour(rung: int) -> str:
    return style.LINE_COLOURS[rung % (len(style.LINE_COLOURS) - 1)]  # the last is black, the colour of the best score


def _broken(state: str) -> bool:
    return state not in ("complete", "pruned")


def caption(data: Data) -> str:
    """Return what a reader should see."""
    text = "Left: one mark for each rung that a trial reached, hollow if the trial was pruned"
    text += " or failed" if any(map(_broken, data.states)) else ""
    text += ". The line is the best score so far on the top rung, from which the best trial is chosen."
    workers = f"{data.workers} worker" + ("s" if data.workers != 1 else "")
    return f"{text} Right: the same by the time of fits and predictions, summed over {workers}."


def alt(data: Data) -> str:
    """Return the figure's content in words."""
    if not len(data.seconds):
        return f"Tuning history of {fmt.plural(len(data.numbers), 'trial')}, none of which reached the top rung."
    trials, last = fmt.plural(len(data.numbers), "trial"), f"{data.best_then[-1]:.4f}"
    took, best = fmt.duration(float(data.ends[-1])), f"the best score on {data.rungs[-1]:,} rows"
    if data.best_then[0] == data.best_then[-1]:
        return f"Tuning history of {trials}: {best} is {last} from the first trial that reached them, over {took}."
    return (
        f"Tuning history of {trials}: {best} rose from {data.best_then[0]:.4f} to {last}, the last time after "
        f"{fmt.duration(float(data.seconds[-1]))} of {took}."
    )
