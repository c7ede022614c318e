"""The leaderboard: the table that people read and the one that programs read; columns.py has what a row says."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.analyses.human_labels import record as people_record
from benchmark.analyses.human_labels import scores as crowd
from benchmark.analyses.human_labels import section as disagreement
from benchmark.leaderboard.columns import COLUMNS, Column, Value
from benchmark.leaderboard.footnotes import failure, notes
from benchmark.leaderboard.rows import Scored
from benchmark.leaderboard.summary import Summary, summarise
from benchmark.render import markdown as md
from benchmark.storage.records import Results


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
        rows.append([_rank(row), title, md.escape(row.family), *(column.cell(row, summary) for column in shown)])
    if summary.crowd is not None:
        title = f"*{crowd.TITLE}* {letters[of_people]}"
        cells = [column.people(summary.crowd, summary)[0] if column.people else md.NONE for column in shown]
        rows.append([md.NONE, title, crowd.FAMILY, *cells])
    for failed in summary.failed:
        rest = [md.NONE] * (len(shown) - 1)
        rows.append([md.NONE, md.escape(failed.title), md.escape(failed.family), failure(failed), *rest])
    header = ["Rank", "Estimator", "Family", *(column.header.format(hardest=hardest) for column in shown)]
    footnotes = [f"{letter} {text}" for text, letter in letters.items()]
    legend = (
        f"Rows that share a capital letter cannot be told apart by {md.plural(summary.n_test, 'test image')}; rows "
        "that share none can. A rank is shared by all whom such ties link."
    )
    parts = [
        md.table(header, rows, left=3),
        legend * any(row.alike for row in summary.scored),
        "<br>\n".join(footnotes),
    ]
    return "\n\n".join(filter(None, parts))


def _rank(row: Scored) -> str:
    """Return a rank as "2", or as "1= AB" where it is shared."""
    names = [md.letters(number).upper() for number in row.alike]
    shared = ("" if all(len(name) == 1 for name in names) else " ").join(names)
    return f"{row.rank}= {shared}".strip() if row.tied else str(row.rank)


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
