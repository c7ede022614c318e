"""The leaderboard: what a row says, in the table that people read and in the one that programs read.

A column is one entry in `COLUMNS`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark import people_record
from benchmark.metrics import Floats, Interval
from benchmark.records import Results
from benchmark.report import crowd, disagreement
from benchmark.report import markdown as md
from benchmark.report.crowd import Crowd
from benchmark.report.notes import failure, notes
from benchmark.report.summary import Scored, Summary, summarise

Value = str | int | float | None


@dataclass(frozen=True)
class Column:
    """One thing that the leaderboard says of an estimator that finished.

    Attributes
    ----------
    header : str
        In leaderboard.md, where ``{hardest}`` stands for the hardest class; empty if not shown.
    cell : callable
        ``cell(row, summary)``: the text in leaderboard.md.
    values : callable
        ``values(row, summary)``: columns of leaderboard.csv, raw, with the unit in the name. Where
        ``x_low`` and ``x_high`` go with ``x``, they are its 95 % interval.
    people : callable, optional
        ``people(crowd, summary)``: both of these of the people's majority; without it nothing is said of them.
    order : str, optional
        Which of `values` leaderboard.html sorts by: the first number, unless another is named; the
        number that `cell` begins with, if empty.
    """

    header: str
    cell: Callable[[Scored, Summary], str]
    values: Callable[[Scored, Summary], Mapping[str, Value]]
    people: Callable[[Crowd, Summary], tuple[str, Mapping[str, Value]]] | None = None
    order: str | None = None


@dataclass(frozen=True)
class Cell:
    """What a cell of a table was made from.

    Attributes
    ----------
    value : str or int or float or None
        None where nothing is known but the cell's text.
    interval : (float, float) or None
        Of 95 %, lower end first.
    """

    value: Value
    interval: tuple[float, float] | None = None


COLUMNS: tuple[Column, ...] = (
    Column(
        "Test accuracy (95 % interval)",
        lambda row, _: _accuracy(row.accuracy),
        lambda row, _: _accuracy_values(row.accuracy),
        lambda people, _: (_accuracy(people.accuracy), _accuracy_values(people.accuracy)),
    ),
    Column(
        "Other images / other seeds, ± points",
        lambda row, _: f"{_half(row.accuracy_by_images)} / {_half(row.accuracy_by_seeds)}",
        lambda row, _: {
            "test_accuracy_low_by_images": row.accuracy_by_images.low,
            "test_accuracy_high_by_images": row.accuracy_by_images.high,
            "test_accuracy_low_by_seeds": row.accuracy_by_seeds.low if row.accuracy_by_seeds else None,
            "test_accuracy_high_by_seeds": row.accuracy_by_seeds.high if row.accuracy_by_seeds else None,
            "seeds": len(row.seed_accuracy),
            "test_accuracy_seed_min": min(row.seed_accuracy),
            "test_accuracy_seed_max": max(row.seed_accuracy),
        },
        order="",
    ),
    Column(
        "Macro F1",
        lambda row, _: _with_ends(row.macro_f1),
        lambda row, _: {
            "macro_f1": row.macro_f1.estimate,
            "macro_f1_low": row.macro_f1.low,
            "macro_f1_high": row.macro_f1.high,
        },
        lambda people, _: (md.score(people.macro_f1), {"macro_f1": people.macro_f1}),
    ),
    Column(
        "F1 of {hardest}",
        lambda row, summary: _with_ends(_f1(row, _hardest(summary))),
        lambda row, summary: {
            **_hardest_values(row.f1, summary),
            "hardest_class_f1_low": float(row.f1_low[_hardest(summary)]),
            "hardest_class_f1_high": float(row.f1_high[_hardest(summary)]),
        },
        lambda people, summary: (md.score(people.f1[_hardest(summary)]), _hardest_values(people.f1, summary)),
    ),
    Column(
        "Validation accuracy",
        lambda row, _: md.NONE if row.record.validation_accuracy is None else f"{row.record.validation_accuracy:.4f}",
        lambda row, _: {
            "validation_accuracy": row.record.validation_accuracy,
            "validation_fit_rows": row.record.validation_fit_rows,
        },
    ),
    Column(
        "Test minus validation, points",
        lambda row, _: md.NONE if row.gap is None else f"{row.gap * 100:+.2f}".replace("-", "−"),
        lambda row, _: {"test_minus_validation": row.gap},
    ),
    Column(
        "Tuning time",
        lambda row, _: md.duration(row.record.tuning_seconds),
        lambda row, _: {"tuning_seconds": row.record.tuning_seconds, "trials": len(row.record.trials)},
    ),
    Column(
        "Fit time",
        lambda row, _: md.duration(row.fit_seconds),
        lambda row, _: {"fit_seconds": row.fit_seconds, "fit_rows": row.record.fit_rows},
    ),
    Column(
        "Predict 1,000 images",
        lambda row, _: md.duration(row.predict_seconds_per_1000),
        lambda row, _: {"predict_seconds_per_1000": row.predict_seconds_per_1000},
    ),
    Column(
        "Peak memory",
        lambda row, _: md.size(row.peak_memory_bytes),
        lambda row, _: {"peak_memory_bytes": row.peak_memory_bytes},
    ),
    Column("Model size", lambda row, _: md.size(row.model_bytes), lambda row, _: {"model_bytes": row.model_bytes}),
    Column(
        "",
        lambda row, _: "",
        lambda row, _: {
            "preset": str(row.record.preset.get("name", "")),
            "augmentation": row.record.augmentation,
            "scores": row.record.scores,
            "threads": row.record.threads,
            "device": row.record.device,
            "test_reads": max(record.test_reads for record in row.records),
        },
    ),
    Column(
        "",
        lambda row, _: "",
        lambda row, summary: {
            **_f1_values(row.f1, summary),
            **_f1_values(row.f1_low, summary, "_low"),
            **_f1_values(row.f1_high, summary, "_high"),
        },
        lambda people, summary: ("", _f1_values(people.f1, summary)),
    ),
)


def frame(results: Results) -> pd.DataFrame:
    """Return one row per estimator, best first and failed ones last, with raw numbers; people between, if compared.

    Parameters
    ----------
    results : Results

    Returns
    -------
    pandas.DataFrame
        The columns of ``leaderboard.csv``: units are in the names (`fit_seconds`,
        `model_bytes`), accuracies are shares, `rank` is missing where `status` is not "ok". The
        people's majority has the status "reference".
    """
    return frame_of(summarise(results, people=people_record.read(results.folder, results.test_set)))


def frame_of(summary: Summary) -> pd.DataFrame:
    """Return `frame` of what is already summarised."""
    rows: list[dict[str, Any]] = []
    for row in summary.scored:
        values: dict[str, Any] = {"rank": row.rank, "estimator": row.name, "title": row.title, "family": row.family}
        values |= {"status": "ok", "reason": ""}
        for column in COLUMNS:
            values |= column.values(row, summary)
        rows.append(values)
    if summary.crowd is not None:
        values = {"estimator": crowd.NAME, "title": crowd.TITLE, "family": crowd.FAMILY}
        values |= {"status": crowd.STATUS, "reason": ""}
        for column in COLUMNS:
            values |= column.people(summary.crowd, summary)[1] if column.people else {}
        rows.append(values)
    for failed in summary.failed:
        values = {"estimator": failed.name, "title": failed.title, "family": failed.family}
        rows.append(values | {"status": failed.record.status, "reason": failed.record.reason})
    head = ["rank", "estimator", "title", "family", "status", "reason"]
    columns = list(rows[0]) if summary.scored else head
    # Whole numbers stay whole where a failed row has none.
    whole = ["rank", *(name for name in columns[1:] if rows and isinstance(rows[0].get(name), int))]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(whole, "Int64"))


def to_csv(table: pd.DataFrame) -> bytes:
    """Return the frame as CSV, floats to 6 significant digits, words safe to open in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_harmless(name) for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        writer.writerow([_csv_cell(value) for value in row])
    return buffer.getvalue().encode()


def table(summary: Summary) -> str:
    """Return the leaderboard as a markdown table with its footnotes."""
    shown = [column for column in COLUMNS if column.header]
    hardest = "the hardest class" if summary.hardest is None else md.escape(summary.class_names[summary.hardest])
    remarks = notes(summary)
    of_people = "" if summary.crowd is None else disagreement.note(summary.crowd)
    texts = dict.fromkeys((*sum(remarks.values(), ()), *([of_people] if of_people else [])))
    letters = {text: md.mark(place) for place, text in enumerate(texts)}
    rows = []
    for row in summary.scored:
        marks = " ".join(letters[text] for text in remarks[row.name])
        title = f"{md.escape(row.title)} {marks}".strip()
        rank = f"{row.rank}=" if row.tied else str(row.rank)
        rows.append([rank, title, md.escape(row.family), *(column.cell(row, summary) for column in shown)])
    if summary.crowd is not None:
        title = f"*{crowd.TITLE}* {letters[of_people]}"
        cells = [column.people(summary.crowd, summary)[0] if column.people else md.NONE for column in shown]
        rows.append([md.NONE, title, crowd.FAMILY, *cells])
    for failed in summary.failed:
        rest = [md.NONE] * (len(shown) - 1)
        rows.append([md.NONE, md.escape(failed.title), md.escape(failed.family), failure(failed), *rest])
    header = ["Rank", "Estimator", "Family", *(column.header.format(hardest=hardest) for column in shown)]
    footnotes = [f"{letter} {text}" for text, letter in letters.items()]
    return "\n\n".join([md.table(header, rows, left=3), "<br>\n".join(footnotes)]).strip()


def cells(summary: Summary) -> list[list[Cell]]:
    """Return what the cells of `table` were made from, row by row."""
    found = frame_of(summary)
    by = ["rank", "title", "family", *(_order(column, found, summary) for column in COLUMNS if column.header)]
    return [[_cell(row, name) for name in by] for row in found.to_dict("records")]


def class_cells(summary: Summary) -> list[list[Cell]]:
    """Return the same of `hardest.per_class_table`, which has no row for an estimator that failed."""
    failed = {row.name for row in summary.failed}
    rows = [row for row in frame_of(summary).to_dict("records") if row["estimator"] not in failed]
    return [[_cell(row, name) for name in ("title", *(f"f1_{name}" for name in summary.class_names))] for row in rows]


def _order(column: Column, found: pd.DataFrame, summary: Summary) -> str:
    if column.order is not None or not summary.scored:
        return column.order or ""
    names = column.values(summary.scored[0], summary)
    return next((name for name in names if pd.api.types.is_numeric_dtype(found[name])), "")


def _cell(row: Mapping[Hashable, Any], name: str) -> Cell:
    value, low, high = (None if pd.isna(row.get(key)) else row[key] for key in (name, f"{name}_low", f"{name}_high"))
    return Cell(value, None if low is None or high is None else (low, high))


def _accuracy(found: Interval) -> str:
    return f"{md.accuracy(found.estimate)} ({found.low:.3f}–{found.high:.3f})"


def _accuracy_values(found: Interval) -> dict[str, Value]:
    return {"test_accuracy": found.estimate, "test_accuracy_low": found.low, "test_accuracy_high": found.high}


def _f1_values(f1: Floats, summary: Summary, end: str = "") -> dict[str, Value]:
    found = {f"{name}{end}": float(value) for name, value in zip(summary.class_names, f1, strict=True)}
    # A class may be called as the column of another's interval would be.
    return {f"f1_{name}": value for name, value in found.items() if not end or name not in summary.class_names}


def _hardest_values(f1: Floats, summary: Summary) -> dict[str, Value]:
    hardest = _hardest(summary)
    return {"hardest_class": summary.class_names[hardest], "hardest_class_f1": float(f1[hardest])}


def _hardest(summary: Summary) -> int:
    assert summary.hardest is not None, "a row that finished has a hardest class"
    return summary.hardest


def _f1(row: Scored, place: int) -> Interval:
    return Interval(float(row.f1[place]), float(row.f1_low[place]), float(row.f1_high[place]))


def _with_ends(interval: Interval) -> str:
    if np.isnan(interval.estimate):
        return md.NONE
    return f"{md.score(interval.estimate)} ({md.score(interval.low)}–{md.score(interval.high)})"


def _half(interval: Interval | None) -> str:
    """Return half of an interval's width, in points."""
    return md.NONE if interval is None else f"{(interval.high - interval.low) * 50:.2f}"


def _csv_cell(value: Any) -> str:
    if isinstance(value, str):
        return _harmless(value)
    if pd.isna(value):
        return ""
    return str(int(value)) if isinstance(value, int | np.integer) else f"{value:.6g}"


_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")


def _harmless(text: str) -> str:
    """Stop a spreadsheet from running a name as a formula (OWASP, "CSV Injection").

    Where the comma is the decimal point, a spreadsheet parts cells at semicolons, too.
    """
    return _FORMULA.sub(r"\1'", md.plain(text))
