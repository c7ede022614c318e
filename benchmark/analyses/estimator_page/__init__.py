"""One estimator, closely: a page of its own with figures beside it, in ``results/<dataset>/estimators/``.

Made by `show` alone, from one record and, for the pictures, the data. No part of the report, which knows records only:
`report` neither writes, checks nor removes anything in that folder.

::

    shown.py       what the page is made from
    answers.py     its surest mistakes, some right answers, its commonest errors
    scores.py      scikit-learn's classification report
    importance.py  which tuned parameters mattered
    tuned.py       how tuning went, in words
    page.py        NAME.md, from the above
    figures/       the pictures
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmark.analyses.estimator_page.shown import Shown
from benchmark.leaderboard import table as leaderboard
from benchmark.render import png
from benchmark.storage import serialization

FOLDER = "estimators"


def page_path(folder: Path, estimator: str) -> Path:
    """Return where an estimator's page lies; its figures are in the folder of the same name beside it.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    estimator : str
    """
    return folder / FOLDER / f"{estimator}.md"


def render(shown: Shown) -> dict[str, bytes]:
    """Return the page and what lies beside it: the same record and data give the same bytes.

    Returns
    -------
    dict of str to bytes
        By path relative to `FOLDER`, with forward slashes.
    """
    from benchmark.analyses.estimator_page.figures import plan
    from benchmark.analyses.estimator_page.page import page

    name = shown.record.estimator
    figures = plan(shown)
    files = {f"{name}.md": page(shown, figures).encode()}
    files |= {f"{name}/{planned.file}": planned.png() for planned in figures.values()}
    return files | {f"{name}/confusion.csv": leaderboard.to_csv(_confusion(shown))}


def write(folder: Path, shown: Shown) -> list[Path]:
    """Write the page, each file atomically, and remove figures of ours that it no longer has.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``, claimed.
    shown : Shown

    Returns
    -------
    list of Path
        What was written.
    """
    beside = page_path(folder, shown.record.estimator).with_suffix("")
    beside.mkdir(parents=True, exist_ok=True)
    written = []
    for name, blob in render(shown).items():
        written.append(folder / FOLDER / name)
        serialization.write_atomically(written[-1], blob)
    for path in sorted(beside.glob("*.png")):
        if path not in written and png.is_ours(path.read_bytes()):
            path.unlink()
    return written


def _confusion(shown: Shown) -> pd.DataFrame:
    """Return images by true class (row) and answer (column)."""
    names = shown.test_set.class_names
    rows = [[name, *counts] for name, counts in zip(names, shown.confusion.tolist(), strict=True)]
    return pd.DataFrame(rows, columns=["true class \\ answer", *names])
