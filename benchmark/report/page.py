"""leaderboard.md, which answers on its first screen, and the pages that it links to."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.leaderboard import about_pictures, per_class, table
from benchmark.leaderboard.footnotes import notes
from benchmark.leaderboard.verdict import blocks as verdict
from benchmark.render import markdown as md
from benchmark.render.document import Block, Bullets, Heading, Section, markdown_of, pictures
from benchmark.render.pages import mark
from benchmark.report.assemble import Report

FILE = "leaderboard.md"
HTML = "leaderboard.html"


def leaderboard(report: Report) -> list[Block]:
    """Return the blocks of leaderboard.md, without its title and its list of links."""
    summary, figures = report.summary, report.figures
    blocks = verdict(summary)
    if summary.scored or summary.failed:
        blocks += [Heading("The estimators"), *table.first_screen(summary, notes(summary, every=False))]
        blocks += pictures(figures, "accuracy-fit-time")
    if summary.scored:
        blocks += [Heading("F1 of each class"), *per_class.blocks(summary), *pictures(figures, "per-class-f1")]
    about = about_pictures.blocks(summary)
    if about:
        blocks += [Heading(about_pictures.TITLE), *about]
    for section in report.sections:
        if section.on_leaderboard:
            more = f"More: [{section.file}]({section.file})."
            blocks += [Heading(section.title), *section.on_leaderboard, more]
    return blocks


def title(report: Report) -> str:
    """Return the title of leaderboard.md, as inline markdown."""
    return f"Leaderboard: {md.escape(report.summary.test_set.dataset)}"


def pages(report: Report) -> dict[str, str]:
    """Return every page as markdown, by its file."""
    links = Bullets(tuple(f"[{section.title}]({section.file}): {section.about}" for section in report.sections))
    also = f"All of it in one file, with tables that sort: [{HTML}]({HTML})."
    blocks = [*leaderboard(report), Heading("More"), links, also, _written(report)]
    found = {FILE: markdown_of([Heading(title(report), 1), *blocks]) + "\n"}
    for section in report.sections:
        found[section.file] = _page(report, section)
    return found


def _page(report: Report, section: Section) -> str:
    of = md.escape(report.summary.test_set.dataset)
    files = [file for file, its in report.csv.items() if its is section]
    csv = "".join(f" Every number is in [{file}]({file})." for file in files)
    closing = f"*Written by `python -m benchmark report`. Back to the [leaderboard]({FILE}).{csv}*"
    blocks: Sequence[Block] = [
        mark(section.file),
        Heading(f"{section.title} ({of})" if section.title.endswith("?") else f"{section.title}: {of}", 1),
        *section.blocks,
        closing,
    ]
    return markdown_of(blocks) + "\n"


def _written(report: Report) -> str:
    counted = [section.source for section in report.sections if section.source]
    but = f", but {' and '.join(counted)}" if counted else ""
    return (
        "*Written by `python -m benchmark report` from the records in this folder; every score is recomputed from "
        f"stored predictions{but}. The table is also in [{table.CSV}]({table.CSV}).*"
    )
