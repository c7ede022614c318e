"""Records in; leaderboard.md, the same as HTML, the hardest class's page, CSV files and figures out.

Never sees a live model.

::

    summary.py      every number, computed once from the records
    scored.py       the rows: scored, resampled, compared and ranked
    calibrated.py   how far their probabilities can be believed
    leaderboard.py  the table, as markdown and as CSV; columns.py what a row says
    notes.py        what must be known of a row before comparing it
    verdict.py      the answer in two or three sentences
    pairs.py        every two rows compared, in words and as CSV
    trust.py        whether probabilities can be believed, in words
    stopped.py      the numbers of trials that a shorter tuning would have chosen
    budget.py       what each would have scored, had tuning stopped earlier
    learned.py      the numbers of the learning curves
    crossing.py     below how many images, and how many seconds, which family wins
    curve.py        their tables, as markdown and as CSV
    withstood.py    the numbers of corrupted test images: accuracy under each, and who is ahead
    robustness.py   what they say of the families, the tables, the CSV
    findings.py     what an audit of the data found, counted and listed
    odd.py          what is odd about the data, in words
    published.py    what nets that others published score here
    hardest.py      F1 of each class, and the essentials of the hardest one
    anatomy_page.py the hardest one's own page: flows.py, rescues.py, thresholds.py, neighbours.py and limits.py are its
                    sections, subject.py what they are made from, pages.py what its file is called
    crowd.py        people as a row beside the estimators
    disagreement.py do people and models stumble over the same images
    method.py       protocol, machine, versions, how to reproduce
    page.py         leaderboard.md, from the above
    explored.py     explore.md and its figures, from a look at the data and no record; explore_page.py is its words
    figures/        the pictures; the only importer of matplotlib
    html/           leaderboard.html: leaderboard.md in one file, with the figures in it and tables that sort
    show/           one estimator, closely: a page that `show` alone makes, in estimators/, which nothing else here
                    writes, checks or clears
    png.py          what a picture was drawn from, written into it
    markdown.py     escaping, tables, numbers as people read them
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analyses.data_audit import record as audit_record
from benchmark.analyses.human_labels import record as people_record
from benchmark.analyses.learning_curve import record as curve_record
from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.tuning_budget import record as budget_record
from benchmark.render import png
from benchmark.storage import records
from benchmark.storage import serialization as plain

if TYPE_CHECKING:
    from benchmark.report.figures import Planned
    from benchmark.report.html import Measured

PAGE = "leaderboard.md"


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
    return _made(folder, lambda planned: planned.png())


def texts(folder: Path) -> dict[str, bytes]:
    """Return the pages and tables of `render` alone, for which nothing is drawn."""
    return _plan(folder)[0]


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
    files = _made(folder, lambda planned: _standing(folder, planned) or planned.png())
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

    texts, figures, measured = _plan(folder)
    wrong = [name for name, blob in texts.items() if _content(folder / name) != blob]
    drawn = {}
    for planned in figures:
        content = _standing(folder, planned)
        if content is None:
            wrong.append(planned.path)
        else:
            drawn[planned.path] = content
    whole = html.page(texts[PAGE].decode(), drawn, measured) if len(drawn) == len(figures) else None
    if whole is None or _content(folder / html.PAGE) != whole:
        wrong.append(html.PAGE)
    return wrong + _stale(folder, {*texts, *(planned.path for planned in figures)})


def _made(folder: Path, picture: Callable[[Planned], bytes]) -> dict[str, bytes]:
    from benchmark.report import html

    pages, figures, measured = _plan(folder)
    drawn = {planned.path: picture(planned) for planned in figures}
    return pages | drawn | {html.PAGE: html.page(pages[PAGE].decode(), drawn, measured)}


def _plan(folder: Path) -> tuple[dict[str, bytes], list[Planned], list[Measured]]:
    from benchmark.analyses.data_audit import scores as findings
    from benchmark.analyses.hardest_class import page as anatomy_page
    from benchmark.analyses.learning_curve import section as curve
    from benchmark.analyses.robustness import section as robustness
    from benchmark.leaderboard import pairs
    from benchmark.leaderboard import table as leaderboard
    from benchmark.leaderboard.summary import summarise
    from benchmark.report import html
    from benchmark.report.figures import plan
    from benchmark.report.page import page

    results = records.read(folder)
    test_set = results.test_set
    summary = summarise(
        results,
        curve_record.read_all(folder, test_set),
        robustness_record.read_all(folder, test_set),
        people_record.read(folder, test_set),
        audit_record.read(folder, test_set),
        budget_record.read_all(folder, test_set),
    )
    figures = plan(summary)
    texts = {
        PAGE: page(summary, figures).encode(),
        "leaderboard.csv": leaderboard.to_csv(leaderboard.frame_of(summary)),
    }
    if summary.pairs:
        texts[pairs.CSV] = leaderboard.to_csv(pairs.frame(summary))
    if summary.learned:
        texts[curve.CSV] = leaderboard.to_csv(curve.frame(summary))
    if summary.withstood:
        texts[robustness.CSV] = leaderboard.to_csv(robustness.frame(summary))
    if summary.audit is not None:
        texts[findings.CSV] = leaderboard.to_csv(findings.frame(summary))
    anatomy = anatomy_page.page(summary, figures)
    if anatomy is not None:
        texts[anatomy[0]] = anatomy[1].encode()
    return texts, figures, html.measured(summary)


def _stale(folder: Path, made: set[str]) -> list[str]:
    """Return files that were made here and would not be today; others' files are left alone."""
    from benchmark.analyses.data_audit import scores as findings
    from benchmark.analyses.learning_curve import section as curve
    from benchmark.analyses.robustness import section as robustness
    from benchmark.leaderboard import pairs
    from benchmark.render.pages import is_anatomy

    names = (path.relative_to(folder).as_posix() for path in sorted((folder / "figures").glob("*.png")))
    old = [name for name in names if name not in made and png.is_ours((folder / name).read_bytes())]
    pages = (path.name for path in sorted(folder.glob("*.md")))
    old += [name for name in pages if name not in made and is_anatomy(name, (folder / name).read_bytes())]
    for table in (curve, findings, pairs, robustness):
        content = _content(folder / table.CSV)
        old += [table.CSV] * (table.CSV not in made and content is not None and table.is_ours(content))
    return old


def _standing(folder: Path, planned: Planned) -> bytes | None:
    """Return the figure on disk if it states the digest of today's inputs and its pixels are those written."""
    content = _content(folder / planned.path)
    return content if content is not None and png.stated_inputs(content) == planned.inputs else None


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
