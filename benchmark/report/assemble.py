"""Reads what is on disk, scores it, and has each analysis make its section."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.analyses.analysis import Analysis, registered
from benchmark.leaderboard import pairs
from benchmark.leaderboard.summary import Summary, summarise
from benchmark.render.document import Section
from benchmark.render.figure import PlannedFigure, plan
from benchmark.render.thumbnails import Thumbnail
from benchmark.report import method
from benchmark.storage import records


@dataclass(frozen=True)
class Report:
    """All that the report says, before it is written.

    Attributes
    ----------
    summary : Summary
    sections : tuple of Section
        In the order of the pages; how it was measured comes last.
    figures : mapping of str to PlannedFigure
        By name.
    csv : mapping of str to Section
        By the file that the section's `csv` goes to.
    thumbnails : mapping of str to Thumbnail
        By path.
    """

    summary: Summary
    sections: tuple[Section, ...]
    figures: dict[str, PlannedFigure]
    csv: dict[str, Section]
    thumbnails: dict[str, Thumbnail]


def read_summary(folder: Path) -> Summary:
    """Return the leaderboard's numbers, with the rows that analyses add for comparison.

    Raises
    ------
    BenchmarkError
        No records, or odd ones (see `benchmark.storage.records.read`).
    """
    return _scored(folder, [analysis for analysis in registered() if analysis.reference is not None])[0]


def assemble(folder: Path) -> Report:
    """Return the report of ``results/<dataset>``, of which only ``records/`` is read.

    Raises
    ------
    BenchmarkError
        No records, or odd ones.
    """
    from benchmark.leaderboard.figures import FIGURES  # loads matplotlib

    summary, scored = _scored(folder, registered())
    figures = plan(FIGURES, summary)
    sections, csv = [], {}
    significance = pairs.section(summary, figures)
    if significance is not None:
        sections.append(significance)
        csv[pairs.CSV] = significance
    for analysis, scores in scored:
        if analysis.section is None:
            continue
        drawn = {} if analysis.figures is None else plan(analysis.figures(), scores)
        section = analysis.section(scores, drawn)
        if section is None:
            continue
        figures |= drawn
        sections.append(section)
        if analysis.csv is not None and section.csv is not None:
            csv[analysis.csv.file] = section
    sections.append(method.section(summary, sections))
    thumbnails = {each.path: each for section in sections for each in section.thumbnails}
    return Report(summary, tuple(sections), figures, csv, thumbnails)


def _scored(
    folder: Path, analyses: list[Analysis] | tuple[Analysis, ...]
) -> tuple[Summary, list[tuple[Analysis, Any]]]:
    """Return the summary and the scores of each analysis that has something to say."""
    summary = summarise(records.read(folder))
    scored = []
    for analysis in analyses:
        if analysis.scores is None or (analysis.test_part and summary.test_set.folds):
            continue
        data = None if analysis.record is None else analysis.record.load(folder, summary.test_set)
        scores = analysis.scores(summary, data)
        if scores is not None:
            scored.append((analysis, scores))
    references = [analysis.reference(scores) for analysis, scores in scored if analysis.reference is not None]
    return replace(summary, references=tuple(filter(None, references))), scored
