"""The learning curves: the answer, the tables, the rules they were made by, and the CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from benchmark.analyses.learning_curve import crossing
from benchmark.analyses.learning_curve.scores import CurveScores, Learned, Measured, Size, Stand, by_rows, by_seconds
from benchmark.engine import protocol
from benchmark.leaderboard.commands import refit_command
from benchmark.leaderboard.footnotes import missing, seen_values
from benchmark.leaderboard.summary import Scored
from benchmark.render import markdown as md
from benchmark.render.document import Block, Bullets, Figures, Section, Table, pictures, table

TITLE = "How many images, how many seconds"

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

_STATUS = {"failed": "failed", "timeout": "ran out of time", "oom": "ran out of memory"}


FILE = "learning-curves.md"


def section(scores: CurveScores, figures: Figures) -> Section:
    """Return the section."""
    blocks = [*answer(scores), *pictures(figures, "learning-curve"), *tables(scores)]
    about = "Below how many images, and how many seconds of fitting, which family wins."
    if not scores.learned:
        return Section(FILE, TITLE, about, blocks)
    return Section(FILE, TITLE, about, blocks, csv=frame(scores), method=[rule(scores)], reproduce=[_command(scores)])


def _command(scores: CurveScores) -> str:
    usual = max(protocol.CURVE_SEEDS)
    seeds = max((one.seed + 1 for each in scores.learned for one in each.measured if not one.record), default=usual)
    command = refit_command(scores.summary, "curve", [one.name for one in scores.learned])
    return command + f" --seeds {seeds}" * (seeds != usual)


def answer(scores: CurveScores) -> list[str]:
    """Return the paragraphs that answer: below how many images, and seconds, which family wins."""
    if not scores.learned:
        return _missing(scores)
    stands = [_as_ranked(scores, stand) for stand in by_rows(scores.learned)]
    if not stands:
        return [_open(scores), *_missing(scores)]
    quick = [_as_ranked(scores, stand) for stand in by_seconds(scores.learned)]
    seconds = " ".join([crossing.of_seconds(quick), *_conditions(scores)]) if quick else ""
    return [crossing.of_rows(stands), seconds, *_missing(scores)]


def _as_ranked(scores: CurveScores, stand: Stand) -> Stand:
    """Return the stand as the leaderboard has it, where both are rows of its own: one page must not say two things."""
    rows = [
        row for size in (stand.classical, stand.cnn) for row in scores.summary.scored if size and _is_row(size, row)
    ]
    return replace(stand, tied=len(rows) == 2 and not scores.summary.pair(*rows).significant)


def _is_row(size: Size, row: Scored) -> bool:
    return (size.title, size.rows) == (row.title, row.record.fit_rows)


def tables(scores: CurveScores) -> list[Block]:
    """Return accuracy and fit time of each estimator at each size, and what failed."""
    if not scores.learned:
        return []
    best = {
        rows: max((f"{size.accuracy:.3f}" for one in scores.learned if (size := one.at(rows))), default="")
        for rows in _rows(scores)
    }

    def accuracy(size: Size) -> str:
        text = f"{size.accuracy:.3f}"
        text = f"**{text}**" if text == best[size.rows] else text
        return text if size.deviation is None else f"{text}<br>±{size.deviation:.3f}"

    return [
        f"**Test accuracy** by number of training images; ± is the standard deviation over {_seeds(scores)}. "
        "The best of each size is bold.",
        _table(scores, accuracy),
        "**Time of the fit**, mean over the same seeds.",
        _table(scores, lambda size: md.duration(size.fit_seconds)),
        *_failures(scores),
    ]


def rule(scores: CurveScores) -> str:
    """Return how the curves were made, for the section on method."""
    tuned = sorted({row.record.validation_fit_rows for row in scores.summary.scored})
    reads = max((one.test_reads for each in scores.learned for one in each.measured if not one.record), default=1)
    often = "once per estimator, size and seed"
    return (
        "**Learning curves**: the winner's parameters are fitted on stratified subsets of the training rows, each seed "
        "in an order of its own in which every subset holds the smaller ones; the last size is the row of the "
        f"leaderboard itself. They were tuned on up to {max(tuned, default=0):,} rows and are not tuned again for each "
        "size, so a curve is lower at small sizes than it could be. Fits are measured like the leaderboard's, alone on "
        f"the machine, and the test images are predicted {often}"
        + ("" if reads == 1 else f", up to {reads} times counting points that were made anew")
        + ". At each size, and within each time, the most accurate of a family stands for it. A lead counts if its "
        "95 % interval leaves out zero: Agresti and Min's over test images, widened by Student's over the seeds that "
        "both have (with one seed, only the former). The place of a crossing is read off a straight line over the "
        "logarithm of rows or seconds."
    )


def frame(scores: CurveScores) -> pd.DataFrame:
    """Return one row per estimator, size and seed, in the leaderboard's order, with raw numbers."""
    rows = [_row(one, measured) for one in scores.learned for measured in one.measured]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(("rows", "seed", "test_reads"), "Int64"))


def _row(one: Learned, measured: Measured) -> dict[str, object]:
    ok = measured.status == "ok"
    return {
        "estimator": one.name,
        "title": one.title,
        "family": one.family,
        "rows": measured.rows,
        "seed": measured.seed,
        "status": measured.status,
        "reason": measured.reason,
        "test_accuracy": measured.accuracy,
        "fit_seconds": measured.fit_seconds if ok else None,
        "predict_seconds": measured.predict_seconds if ok else None,
        "threads": int(measured.condition["threads"]),
        "device": measured.condition["device"],
        "test_reads": measured.test_reads,
    }


def _rows(scores: CurveScores) -> list[int]:
    return sorted({measured.rows for one in scores.learned for measured in one.measured})


def _table(scores: CurveScores, cell: Callable[[Size], str]) -> Table:
    sizes = _rows(scores)
    rows = []
    for one in scores.learned:
        cells = []
        for size in sizes:
            tried = {measured.status for measured in one.measured if measured.rows == size}
            found = one.at(size)
            cells.append(cell(found) if found else "failed" if tried else md.NONE)
        rows.append([md.escape(one.title), *cells])
    return table(["Estimator", *(f"{size:,}" for size in sizes)], rows)


def _seeds(scores: CurveScores) -> str:
    """Return "seeds (5 at 100, 300 and 1,000; 3 at 3,000)"."""
    by_count: dict[int, list[str]] = {}
    for rows in _rows(scores):
        count = max((len(size.seeds) for one in scores.learned if (size := one.at(rows))), default=0)
        by_count.setdefault(count, []).append(f"{rows:,}")
    several = [f"{count} at {md.listing(rows)}" for count, rows in by_count.items() if count > 1]
    return f"seeds ({'; '.join(several)})" if several else "seeds"


def _conditions(scores: CurveScores) -> list[str]:
    seen = seen_values([one.condition for each in scores.learned for one in each.measured])
    differing = [
        f"{md.escape(key)} {md.escape(md.listing(sorted(found)))}" for key, found in seen.items() if len(found) > 1
    ]
    if not differing:
        return []
    return [f"Not all of this was measured alike ({'; '.join(differing)}), so compare the times with care."]


def _open(scores: CurveScores) -> str:
    """Say what is missing for a comparison."""
    families = {one.family for one in scores.learned}
    lacking = md.listing(
        [word for family, word in (("classical", "classical pipeline"), ("cnn", "CNN")) if family not in families]
    )
    if not lacking:
        return "**The question is open: no size was fitted by both a classical pipeline and a CNN.**"
    return f"**The question is open: no {lacking.replace(' and ', ' and no ')} has a learning curve here.**"


def _missing(scores: CurveScores) -> list[str]:
    left_out = {
        title: f"The curve of *{md.escape(title)}* is left out: it was made from another record "
        f"({md.escape(md.listing(changed))} changed)."
        for title, changed in scores.outdated
    }
    return missing(scores.summary, {one.name for one in scores.learned}, left_out, "No curve yet", "curve")


def _failures(scores: CurveScores) -> list[Block]:
    """Return what failed and why, one line for each reason."""
    where: dict[tuple[str, str], list[str]] = {}
    for one in scores.learned:
        for measured in one.measured:
            if measured.status != "ok":
                reason = md.escape(measured.reason) or "no reason given"
                text = f"**{_STATUS[measured.status]}**: {reason}"
                where.setdefault((md.escape(one.title), text), []).append(f"{measured.rows:,} (seed {measured.seed})")
    lines = [f"*{title}* at {md.listing(places)} {text}" for (title, text), places in where.items()]
    return ["Fits that do not count:", Bullets(tuple(lines))] if lines else []
