"""Records in; leaderboard.md, its pages, the same as one HTML file, CSV files and figures out. Never sees a live model.

::

    assemble.py     reads the records, has each analysis score them and make its section
    page.py         leaderboard.md and the pages that it links to, from the sections
    method.py       the last section: protocol, machine, versions, every number, how to reproduce it
    html/           all of it as one file
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.storage import serialization as plain

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.render.figure import PlannedFigure
    from benchmark.render.thumbnails import Thumbnail
    from benchmark.report.assemble import Report

PAGE = "leaderboard.md"


def frame(folder: Path) -> pd.DataFrame:
    """Return the leaderboard as a DataFrame; see `benchmark.load`."""
    from benchmark.leaderboard import table
    from benchmark.report.assemble import read_summary

    return table.frame(read_summary(folder))


def render(folder: Path) -> dict[str, bytes]:
    """Return the report's files: the same records give the same bytes.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``, of which only ``records/`` is read.

    Returns
    -------
    dict of str to bytes
        By path relative to `folder`, with forward slashes.

    Raises
    ------
    BenchmarkError
        No records, or odd ones (see `benchmark.storage.records.read`).
    """
    return _render(folder, lambda planned: planned.png())


def texts(folder: Path) -> dict[str, bytes]:
    """Return the pages and tables of `render` alone, for which nothing is drawn."""
    from benchmark.report.assemble import assemble

    return _texts(assemble(folder))


def write(folder: Path) -> list[Path]:
    """Write the report, each file atomically, and remove files of ours that are no longer made.

    A figure that was drawn from the same data is left as it is: that takes no time, and another
    machine's fonts change no committed picture that nothing else has changed.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Path
        What makes up the report.
    """
    files = _render(folder, lambda planned: _up_to_date(folder, planned) or planned.png())
    written = []
    for name, blob in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if _content(path) != blob:
            plain.write_atomically(path, blob)
        written.append(path)
    for name in _stale(folder, set(files)):
        (folder / name).unlink()
    return written


def check(folder: Path) -> list[str]:
    """Return what on disk is not what the records give: missing, different, or no longer made.

    Texts are compared byte by byte. A figure is not drawn again: it is the same if it states the
    digest of the same inputs, and its pixels are those written (see `png`); leaderboard.html
    is compared with what the figures on disk give, and so differs where one of them does.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of str
        Paths relative to `folder`; empty if all is well.
    """
    from benchmark.report import html
    from benchmark.report.assemble import assemble

    report = assemble(folder)
    texts = _texts(report)
    wrong = [name for name, blob in texts.items() if _content(folder / name) != blob]
    drawn = {}
    for planned in _pictures(report):
        content = _up_to_date(folder, planned)
        if content is None:
            wrong.append(planned.path)
        elif planned.path not in report.thumbnails:
            drawn[planned.path] = content
    whole = html.page(report, drawn) if len(drawn) == len(report.figures) else None
    if whole is None or _content(folder / html.HTML) != whole:
        wrong.append(html.HTML)
    return wrong + _stale(folder, {*texts, html.HTML, *(planned.path for planned in _pictures(report))})


def _pictures(report: Report) -> list[PlannedFigure | Thumbnail]:
    return [*report.figures.values(), *report.thumbnails.values()]


def _render(folder: Path, picture: Callable[[PlannedFigure | Thumbnail], bytes]) -> dict[str, bytes]:
    from benchmark.report import html
    from benchmark.report.assemble import assemble

    report = assemble(folder)
    drawn = {planned.path: picture(planned) for planned in report.figures.values()}
    small = {thumbnail.path: picture(thumbnail) for thumbnail in report.thumbnails.values()}
    return _texts(report) | drawn | small | {html.HTML: html.page(report, drawn)}


def _texts(report: Report) -> dict[str, bytes]:
    from benchmark.leaderboard import per_class, table
    from benchmark.report.page import pages

    files = {file: text.encode() for file, text in pages(report).items()}
    files[table.CSV] = table.to_csv(table.frame(report.summary))
    classes = per_class.frame(report.summary)
    files |= {} if classes is None else {per_class.CSV: table.to_csv(classes)}
    files |= {file: table.to_csv(section.csv) for file, section in report.csv.items() if section.csv is not None}
    return files


def _stale(folder: Path, made: set[str]) -> list[str]:
    """Return files that were made here and would not be today; others' files are left alone."""
    from benchmark.analyses.analysis import Csv, registered
    from benchmark.leaderboard import pairs, per_class
    from benchmark.render import figure, pages, png, thumbnails

    drawn = [path for each in (figure.FOLDER, thumbnails.FOLDER) for path in sorted((folder / each).glob("*.png"))]
    names = (path.relative_to(folder).as_posix() for path in drawn)
    old = [name for name in names if name not in made and png.is_ours((folder / name).read_bytes())]
    texts = (path.name for path in sorted(folder.glob("*.md")))
    old += [name for name in texts if name not in made and pages.is_ours(name, (folder / name).read_bytes())]
    own = [Csv(pairs.CSV, pairs.COLUMNS), Csv(per_class.CSV, per_class.COLUMNS)]
    tables = [*own, *(analysis.csv for analysis in registered() if analysis.csv is not None)]
    for csv in tables:
        content = _content(folder / csv.file)
        old += [csv.file] * (csv.file not in made and content is not None and csv.is_ours(content))
    return old


def _up_to_date(folder: Path, planned: PlannedFigure | Thumbnail) -> bytes | None:
    """Return the picture on disk if it states the digest of today's inputs and its pixels are those written."""
    from benchmark.render import png

    content = _content(folder / planned.path)
    return content if content is not None and png.stated_inputs(content) == planned.inputs else None


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
