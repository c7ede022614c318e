"""The page of the learning curves: the answer, the figure, the tables, the method and the CSV."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from benchmark.analyses.learning_curve import answer, time_limits
from benchmark.analyses.learning_curve.scores import CurvePoint, CurveScores, Fit, LearningCurve
from benchmark.analyses.learning_curve.time_limits import Reached
from benchmark.engine import protocol
from benchmark.leaderboard.commands import refit_command
from benchmark.leaderboard.footnotes import missing, seen_values
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import (
    NOTHING,
    Block,
    Bullets,
    Cell,
    Figures,
    Heading,
    Section,
    Table,
    number,
    pictures,
    table,
    words,
)

FILE = "learning-curves.md"
TITLE = "How many images does it take?"
ABOUT = "Which family wins with few images and with many, and within how many seconds of fitting."

CSV = "learning-curve.csv"

COLUMNS = (
    "estimator",
    "title",
    "family",
    "rows",
    "seed",
    "status",
    "reason",
    "test_accuracy",
    "fit_seconds",
    "predict_seconds",
    "threads",
    "device",
    "test_reads",
)

_FAILURE = {"failed": "failed", "timeout": "ran out of time", "oom": "ran out of memory"}


def section(scores: CurveScores, figures: Figures) -> Section:
    """Return the section."""
    blocks = [*paragraphs(scores), *pictures(figures, "learning-curve"), *tables(scores)]
    if not scores.curves:
        return Section(FILE, TITLE, ABOUT, blocks)
    return Section(FILE, TITLE, ABOUT, blocks, csv=frame(scores), method=[method(scores)], reproduce=[_command(scores)])


def paragraphs(scores: CurveScores) -> list[str]:
    """Return the answer, in images and in seconds, and which curves are missing."""
    if not scores.curves:
        return _missing(scores)
    if not scores.by_rows:
        return [_one_family(scores), *_missing(scores)]
    seconds = ""
    if scores.by_seconds:
        seconds = " ".join([answer.in_seconds(scores.by_seconds), *_conditions(scores)])
    return [answer.in_images(scores.by_rows), seconds, *_missing(scores)]


def tables(scores: CurveScores) -> list[Block]:
    """Return accuracy and fit time of each estimator at each size, and the fits that failed."""
    if not scores.curves:
        return []
    best = {
        rows: max((f"{point.accuracy:.3f}" for curve in scores.curves if (point := curve.at(rows))), default="")
        for rows in scores.sizes
    }

    def accuracy(point: CurvePoint) -> Cell:
        text = f"{point.accuracy:.3f}"
        text = f"**{text}**" if text == best[point.rows] else text
        deviation = "" if point.deviation is None else f"<br>±{point.deviation:.3f}"
        return Cell(text + deviation, point.accuracy)

    return [
        f"**Test accuracy** by number of training images. ± is the standard deviation over {_seeds(scores)}. "
        "The best of each size is bold.",
        _table(scores, accuracy),
        "**Fit time**, the mean over the same seeds.",
        _table(scores, lambda point: Cell(fmt.duration(point.fit_seconds), point.fit_seconds)),
        *_failures(scores),
        *_time_limits(scores),
    ]


def _time_limits(scores: CurveScores) -> list[Block]:
    """Return what a limit of the wall time would reach."""
    of = len(scores.curves)
    rows = [
        [
            number(within.minutes, lambda minutes: f"{minutes:.0f} min"),
            number(within.seconds, fmt.duration),
            number(within.answered, lambda count: f"{count:.0f} of {of}"),
            _reached(within.classical),
            _reached(within.cnn),
        ]
        for within in time_limits.replay(scores.curves)
    ]
    return [
        Heading("As the time grows"),
        f"What {fmt.plural(of, 'estimator')} would reach if all of them together had so many minutes, each the same "
        "part of them. It is replayed from the fits above, tests included, without tuning: an estimator gets as many "
        "images as its part is enough for, after the next smaller fit. `run --time` does this, and hands on what one "
        "estimator leaves.",
        table(["All together", "Each", "Have an answer", "Best classical pipeline", "Best CNN"], rows),
    ]


def _reached(reached: Reached | None) -> Cell:
    if reached is None or reached.fit.accuracy is None:
        return NOTHING
    text = f"{fmt.accuracy(reached.fit.accuracy)} *{md.escape(reached.title)}*, {reached.fit.rows:,} images"
    return Cell(text, reached.fit.accuracy)


def method(scores: CurveScores) -> str:
    """Return how the curves were measured."""
    tuned = sorted({row.record.validation_fit_rows for row in scores.summary.scored})
    reads = max((fit.test_reads for fit in scores.curve_fits), default=1)
    repeated = "" if reads == 1 else f", up to {reads} times where fits were repeated"
    return (
        "**Learning curves**: the tuned parameters are fitted on stratified subsets of the training rows. Each seed "
        "has its own order of the rows, and its larger subsets contain its smaller ones. The last size is the "
        f"leaderboard's own fit. Tuning saw up to {max(tuned, default=0):,} rows and is not repeated for each size, so "
        "tuning at a small size could raise the curve there. Fits are measured as for the leaderboard, alone on the "
        f"machine. The test images are predicted once per estimator, size and seed{repeated}. At each size, and within "
        "each time, the most accurate estimator of a family represents it. A lead counts if its 95 % interval excludes "
        "zero: Agresti and Min's interval over test images, widened by Student's over the seeds that both have (with "
        "one seed, only the former). Crossovers are interpolated linearly over the logarithm of rows or seconds."
    )


def frame(scores: CurveScores) -> pd.DataFrame:
    """Return one row per estimator, size and seed, in the leaderboard's order, with raw numbers."""
    rows = [_csv_row(curve, fit) for curve in scores.curves for fit in curve.fits]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(("rows", "seed", "test_reads"), "Int64"))


def _csv_row(curve: LearningCurve, fit: Fit) -> dict[str, object]:
    ok = fit.status == "ok"
    return {
        "estimator": curve.name,
        "title": curve.title,
        "family": curve.family,
        "rows": fit.rows,
        "seed": fit.seed,
        "status": fit.status,
        "reason": fit.reason,
        "test_accuracy": fit.accuracy,
        "fit_seconds": fit.fit_seconds if ok else None,
        "predict_seconds": fit.predict_seconds if ok else None,
        "threads": int(fit.condition["threads"]),
        "device": fit.condition["device"],
        "test_reads": fit.test_reads,
    }


def _command(scores: CurveScores) -> str:
    usual = max(protocol.CURVE_SEEDS)
    seeds = max((fit.seed + 1 for fit in scores.curve_fits), default=usual)
    command = refit_command(scores.summary, "curve", [curve.name for curve in scores.curves])
    return command + f" --seeds {seeds}" * (seeds != usual)


def _table(scores: CurveScores, cell: Callable[[CurvePoint], Cell]) -> Table:
    rows = []
    for curve in scores.curves:
        tried = {fit.rows for fit in curve.fits}
        cells = []
        for size in scores.sizes:
            point = curve.at(size)
            cells.append(cell(point) if point else Cell("failed") if size in tried else NOTHING)
        rows.append([words(curve.title), *cells])
    return table(["Estimator", *(f"{size:,}" for size in scores.sizes)], rows)


def _seeds(scores: CurveScores) -> str:
    """Return "seeds (5 at 100, 300 and 1,000; 3 at 3,000)"."""
    by_count: dict[int, list[str]] = {}
    for size in scores.sizes:
        count = max((len(point.seeds) for curve in scores.curves if (point := curve.at(size))), default=0)
        by_count.setdefault(count, []).append(f"{size:,}")
    several = [f"{count} at {fmt.listing(sizes)}" for count, sizes in by_count.items() if count > 1]
    return f"seeds ({'; '.join(several)})" if several else "seeds"


def _conditions(scores: CurveScores) -> list[str]:
    seen = seen_values([fit.condition for curve in scores.curves for fit in curve.fits])
    differing = [
        f"{md.escape(key)} {md.escape(fmt.listing(sorted(values)))}" for key, values in seen.items() if len(values) > 1
    ]
    if not differing:
        return []
    return [f"Compare the times with care: they were measured under different conditions ({'; '.join(differing)})."]


def _one_family(scores: CurveScores) -> str:
    """Say what is missing for a comparison."""
    families = {curve.family for curve in scores.curves}
    lacking = [noun for family, noun in (("classical", "classical pipeline"), ("cnn", "CNN")) if family not in families]
    if not lacking:
        return "**The question is open: no size was fitted by both a classical pipeline and a CNN.**"
    return f"**The question is open: no {' and no '.join(lacking)} has a learning curve here.**"


def _missing(scores: CurveScores) -> list[str]:
    left_out = {
        title: f"The curve of *{md.escape(title)}* is left out: it was made from another record "
        f"({md.escape(fmt.listing(changed))} changed)."
        for title, changed in scores.outdated
    }
    return missing(scores.summary, {curve.name for curve in scores.curves}, left_out, "No curve yet", "curve")


def _failures(scores: CurveScores) -> list[Block]:
    """Return which fits failed and why, one line for each reason."""
    where: dict[tuple[str, str], list[str]] = {}
    for curve in scores.curves:
        for fit in curve.fits:
            if fit.status != "ok":
                reason = md.escape(fit.reason) or "no reason given"
                text = f"**{_FAILURE[fit.status]}**: {reason}"
                where.setdefault((md.escape(curve.title), text), []).append(f"{fit.rows:,} (seed {fit.seed})")
    lines = [f"*{title}* at {fmt.listing(places)} {text}" for (title, text), places in where.items()]
    return ["Fits that failed and are left out:", Bullets(tuple(lines))] if lines else []
