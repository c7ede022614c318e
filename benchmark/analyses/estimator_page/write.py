"""Writes one estimator's page with its figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmark.analyses.estimator_page.page import page
from benchmark.analyses.estimator_page.shown import Shown
from benchmark.leaderboard import table as leaderboard
from benchmark.render import png
from benchmark.storage import serialization as plain

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
    from benchmark.analyses.estimator_page.figures import FIGURES
    from benchmark.render.figure import plan

    name = shown.record.estimator
    figures = plan(FIGURES, shown, folder=name)
    files = {f"{name}.md": page(shown, figures).encode()}
    files |= {planned.path: planned.png() for planned in figures.values()}
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
        plain.write_atomically(written[-1], blob)
    for path in sorted(beside.glob("*.png")):
        if path not in written and png.is_ours(path.read_bytes()):
            path.unlink()
    return written


def _confusion(shown: Shown) -> pd.DataFrame:
    """Return images by true class (row) and answer (column)."""
    names = shown.test_set.class_names
    rows = [[name, *counts] for name, counts in zip(names, shown.confusion.tolist(), strict=True)]
    return pd.DataFrame(rows, columns=["true class \\ answer", *names])
