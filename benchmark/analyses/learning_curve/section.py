"""The learning curves: the answer, the tables, the rules they were made by, and the CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from benchmark.analyses.learning_curve import crossing
from benchmark.analyses.learning_curve.scores import Learned, Measured, Size, Stand, by_rows, by_seconds
from benchmark.leaderboard.footnotes import missing, seen_values
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.render import markdown as md

HEADING = "How many images, how many seconds"

CSV = "learning-curve.csv"

_COLUMNS = (
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


def answer(summary: Summary) -> list[str]:
    """Return the paragraphs that answer: below how many images, and seconds, which family wins."""
    if not summary.learned:
        return _missing(summary)
    stands = [_as_ranked(summary, stand) for stand in by_rows(summary.learned)]
    if not stands:
        return [_open(summary), *_missing(summary)]
    quick = [_as_ranked(summary, stand) for stand in by_seconds(summary.learned)]
    seconds = " ".join([crossing.of_seconds(quick), *_conditions(summary)]) if quick else ""
    return [crossing.of_rows(stands), seconds, *_missing(summary)]


def _as_ranked(summary: Summary, stand: Stand) -> Stand:
    """Return the stand as the leaderboard has it, where both are rows of its own: one page must not say two things."""
    rows = [row for size in (stand.classical, stand.cnn) for row in summary.scored if size and _is_row(size, row)]
    return replace(stand, tied=len(rows) == 2 and not summary.pair(*rows).significant)


def _is_row(size: Size, row: Scored) -> bool:
    return (size.title, size.rows) == (row.title, row.record.fit_rows)


def tables(summary: Summary) -> list[str]:
    """Return accuracy and fit time of each estimator at each size, and what failed."""
    if not summary.learned:
        return []
    best = {
        rows: max((f"{size.accuracy:.3f}" for one in summary.learned if (size := one.at(rows))), default="")
        for rows in _rows(summary)
    }

    def accuracy(size: Size) -> str:
        text = f"{size.accuracy:.3f}"
        text = f"**{text}**" if text == best[size.rows] else text
        return text if size.deviation is None else f"{text}<br>±{size.deviation:.3f}"

    return [
        f"**Test accuracy** by number of training images; ± is the standard deviation over {_seeds(summary)}. "
        "The best of each size is bold.",
        _table(summary, accuracy),
        "**Time of the fit**, mean over the same seeds.",
        _table(summary, lambda size: md.duration(size.fit_seconds)),
        *_failures(summary),
    ]


def rule(summary: Summary) -> str:
    """Return how the curves were made, for the section on method."""
    tuned = sorted({row.record.validation_fit_rows for row in summary.scored})
    reads = max((one.test_reads for each in summary.learned for one in each.measured if not one.record), default=1)
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


def frame(summary: Summary) -> pd.DataFrame:
    """Return one row per estimator, size and seed, in the leaderboard's order, with raw numbers."""
    rows = [_row(one, measured) for one in summary.learned for measured in one.measured]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(dict.fromkeys(("rows", "seed", "test_reads"), "Int64"))


def is_ours(blob: bytes) -> bool:
    """Tell whether a file is such a table."""
    return blob.startswith(",".join(_COLUMNS).encode())


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


def _rows(summary: Summary) -> list[int]:
    return sorted({measured.rows for one in summary.learned for measured in one.measured})


def _table(summary: Summary, cell: Callable[[Size], str]) -> str:
    sizes = _rows(summary)
    rows = []
    for one in summary.learned:
        cells = []
        for size in sizes:
            tried = {measured.status for measured in one.measured if measured.rows == size}
            found = one.at(size)
            cells.append(cell(found) if found else "failed" if tried else md.NONE)
        rows.append([md.escape(one.title), *cells])
    return md.table(["Estimator", *(f"{size:,}" for size in sizes)], rows)


def _seeds(summary: Summary) -> str:
    """Return "seeds (5 at 100, 300 and 1,000; 3 at 3,000)"."""
    by_count: dict[int, list[str]] = {}
    for rows in _rows(summary):
        count = max((len(size.seeds) for one in summary.learned if (size := one.at(rows))), default=0)
        by_count.setdefault(count, []).append(f"{rows:,}")
    several = [f"{count} at {md.listing(rows)}" for count, rows in by_count.items() if count > 1]
    return f"seeds ({'; '.join(several)})" if several else "seeds"


def _conditions(summary: Summary) -> list[str]:
    seen = seen_values([one.condition for each in summary.learned for one in each.measured])
    differing = [
        f"{md.escape(key)} {md.escape(md.listing(sorted(found)))}" for key, found in seen.items() if len(found) > 1
    ]
    if not differing:
        return []
    return [f"Not all of this was measured alike ({'; '.join(differing)}), so compare the times with care."]


def _open(summary: Summary) -> str:
    """Say what is missing for a comparison."""
    families = {one.family for one in summary.learned}
    lacking = md.listing(
        [word for family, word in (("classical", "classical pipeline"), ("cnn", "CNN")) if family not in families]
    )
    if not lacking:
        return "**The question is open: no size was fitted by both a classical pipeline and a CNN.**"
    return f"**The question is open: no {lacking.replace(' and ', ' and no ')} has a learning curve here.**"


def _missing(summary: Summary) -> list[str]:
    left_out = {
        title: f"The curve of *{md.escape(title)}* is left out: it was made from another record "
        f"({md.escape(md.listing(changed))} changed)."
        for title, changed in summary.outdated
    }
    return missing(summary, {one.name for one in summary.learned}, left_out, "No curve yet", "curve")


def _failures(summary: Summary) -> list[str]:
    """Return what failed and why, one line for each reason."""
    where: dict[tuple[str, str], list[str]] = {}
    for one in summary.learned:
        for measured in one.measured:
            if measured.status != "ok":
                reason = md.escape(measured.reason) or "no reason given"
                text = f"**{_STATUS[measured.status]}**: {reason}"
                where.setdefault((md.escape(one.title), text), []).append(f"{measured.rows:,} (seed {measured.seed})")
    lines = [f"- *{title}* at {md.listing(places)} {text}" for (title, text), places in where.items()]
    return ["Fits that do not count:\n\n" + "\n".join(lines)] if lines else []
