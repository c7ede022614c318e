"""The leaderboard: the tables that people read and the one that programs read; columns.py has what a row says."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import numpy as np
import pandas as pd

from benchmark.leaderboard.columns import COLUMNS, HARDEST, Column
from benchmark.leaderboard.footnotes import Notes, failure
from benchmark.leaderboard.reference import STATUS
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import NOTHING, Block, Cell, Table, words
from benchmark.render.document import table as make_table

CSV = "leaderboard.csv"


def frame(summary: Summary) -> pd.DataFrame:
    """Return one row per estimator, best first and failed ones last, with raw numbers; references between.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    pandas.DataFrame
        The columns of ``leaderboard.csv``: units are in the names (`fit_seconds`, `model_bytes`), accuracies are
        shares, `rank` is missing where `status` is not "ok". A row shown for comparison has the status "reference".
    """
    rows: list[dict[str, Any]] = []
    for row in summary.scored:
        values: dict[str, Any] = {"rank": row.rank, "estimator": row.name, "title": row.title, "family": row.family}
        values |= {"status": "ok", "reason": ""}
        for column in COLUMNS:
            values |= column.values(row, summary)
        rows.append(values)
    for reference in summary.references:
        values = {"estimator": reference.name, "title": reference.title, "family": reference.family}
        values |= {"status": STATUS, "reason": ""}
        for column in COLUMNS:
            values |= column.reference(reference, summary)[1] if column.reference else {}
        rows.append(values)
    for failed in summary.failed:
        values = {"estimator": failed.name, "title": failed.title, "family": failed.family}
        # A reason may hold a lone surrogate, which pandas with PyArrow refuses.
        rows.append(values | {"status": failed.record.status, "reason": md.plain(failed.record.reason)})
    head = ["rank", "estimator", "title", "family", "status", "reason"]
    columns = list(rows[0]) if summary.scored else head
    # Whole numbers stay whole where a failed row has none.
    whole = ["rank", *(name for name in columns[1:] if rows and isinstance(rows[0].get(name), int))]
    # Not pyarrow's storage, pandas' default where that is installed: it refuses a lone surrogate in a name.
    with pd.option_context("mode.string_storage", "python"):
        return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(whole, "Int64"))


def to_csv(table: pd.DataFrame) -> bytes:
    """Return the frame as CSV, floats to 6 significant digits, words safe to open in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_harmless(name) for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        writer.writerow([_csv_cell(value) for value in row])
    return buffer.getvalue().encode()


def first_screen(summary: Summary, notes: Notes) -> list[Block]:
    """Return the table of leaderboard.md, with the notes that a reader needs before comparing two of its rows."""
    shown = {column.first_screen: column for column in COLUMNS if column.first_screen}
    table = _table(summary, _shown(summary, shown), notes)
    return [table, _legend(summary), notes.text]


def every_number(summary: Summary, notes: Notes) -> list[Block]:
    """Return the table of every number of every row, with all notes."""
    table = _table(summary, _shown(summary, {column.header: column for column in COLUMNS if column.header}), notes)
    return [table, notes.text]


def _shown(summary: Summary, columns: dict[str, Column]) -> dict[str, Column]:
    """Return the columns by their headers, without that of the hardest class if no class is called that."""
    if summary.hardest is not None or not summary.scored:
        return columns
    return {header: column for header, column in columns.items() if HARDEST not in header}


def _table(summary: Summary, columns: dict[str, Column], notes: Notes) -> Table:
    hardest = "the hardest class" if summary.hardest is None else md.escape(summary.class_names[summary.hardest])
    rows = []
    for row in summary.scored:
        cells = [column.cell(row, summary) for column in columns.values()]
        rows.append([_rank(row), _title(row.title, notes.marks(row.name)), words(row.family), *cells])
    for reference in summary.references:
        cells = [
            column.reference(reference, summary)[0] if column.reference else NOTHING for column in columns.values()
        ]
        title = _title(reference.title, notes.marks(reference.name), "*{}*")
        rows.append([NOTHING, title, words(reference.family), *cells])
    for failed in summary.failed:
        rest = [NOTHING] * (len(columns) - 1)
        rows.append([NOTHING, words(failed.title), words(failed.family), Cell(failure(failed)), *rest])
    header = ["Rank", "Estimator", "Family", *(header.format(hardest=hardest) for header in columns)]
    return make_table(header, rows, left=3, name=1)


def _title(title: str, marks: str, form: str = "{}") -> Cell:
    return Cell(f"{form.format(md.escape(title))} {marks}".strip(), title)


def _legend(summary: Summary) -> str:
    if not any(row.letter_groups for row in summary.scored):
        return ""
    return (
        f"Rows that share a capital letter do not differ significantly on {fmt.plural(summary.n_test, 'test image')}; "
        "rows that share none do. Ties are transitive for the rank; the letters show which pairs tie."
    )


def _rank(row: Scored) -> Cell:
    """Return a rank as "2", or as "1= AB" where it is shared."""
    names = [md.letters(number).upper() for number in row.letter_groups]
    shared = ("" if all(len(name) == 1 for name in names) else " ").join(names)
    return Cell(f"{row.rank}= {shared}".strip() if row.tied else str(row.rank), row.rank)


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
