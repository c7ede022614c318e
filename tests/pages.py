"""What a test reads from a page: the values of its tables, not their text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.analyses.analysis import Analysis
from benchmark.leaderboard.summary import summarise
from benchmark.render.document import Section, Table, Value
from benchmark.storage import records


def scores_of(analysis: Analysis, folder: Path) -> Any:
    """Return the scores of an analysis from the records of a folder; None where it has nothing to say."""
    summary = summarise(records.read(folder))
    data = None if analysis.record is None else analysis.record.load(folder, summary.test_set)
    assert analysis.scores is not None
    return analysis.scores(summary, data)


def section_of(analysis: Analysis, folder: Path) -> Any:
    """Return the page of an analysis from the records of a folder, without figures; None where there is none."""
    assert analysis.section is not None
    return analysis.section(scores_of(analysis, folder), {})


def tables(section: Section) -> list[Table]:
    """Return the tables of a page, in order."""
    return [block for block in section.blocks if isinstance(block, Table)]


def values(table: Table) -> dict[Value, list[Value]]:
    """Return the values of each row but its first, by that."""
    return {row[0].value: [cell.value for cell in row[1:]] for row in table.rows}


def texts(table: Table) -> dict[Value, list[str]]:
    """Return the text of each cell of each row but its first, by the value of that."""
    return {row[0].value: [cell.text for cell in row[1:]] for row in table.rows}


def bold(table: Table) -> dict[Value, list[bool]]:
    """Return which cells of each row but its first are bold, by the value of that."""
    return {name: [text.startswith("**") for text in row] for name, row in texts(table).items()}
