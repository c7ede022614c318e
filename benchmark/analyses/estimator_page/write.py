"""Writes the page of one estimator, with its figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.analyses.estimator_page.page import page, shown
from benchmark.leaderboard import table as leaderboard
from benchmark.render import markdown as md
from benchmark.render import png
from benchmark.storage import serialization as plain

FOLDER = "estimators"


def page_path(folder: Path, estimator: str) -> Path:
    """Return the path of an estimator's page; its figures are in the folder of the same name.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    estimator : str
    """
    return folder / FOLDER / f"{estimator}.md"


def render(estimator: EvaluatedEstimator) -> dict[str, bytes]:
    """Return the page, its figures and confusion.csv: the same record and data give the same bytes.

    Returns
    -------
    dict of str to bytes
        By path relative to `FOLDER`, with forward slashes.
    """
    from benchmark.analyses.estimator_page.figures import FIGURES
    from benchmark.render.figure import plan

    name = estimator.record.estimator
    figures = plan(FIGURES, estimator, folder=name)
    files = {f"{name}.md": page(estimator, figures).encode()}
    files |= {planned.path: planned.png() for planned in figures.values()}
    files |= {thumbnail.path: thumbnail.png() for thumbnail in shown(estimator, figures)}
    return files | {f"{name}/confusion.csv": leaderboard.to_csv(_confusion(estimator))}


def write(folder: Path, estimator: EvaluatedEstimator) -> list[Path]:
    """Write the page, each file atomically, and remove our figures that it no longer has.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``, locked.
    estimator : EvaluatedEstimator

    Returns
    -------
    list of Path
        What was written.
    """
    figures = page_path(folder, estimator.record.estimator).with_suffix("")
    written = []
    for name, blob in render(estimator).items():
        written.append(folder / FOLDER / name)
        written[-1].parent.mkdir(parents=True, exist_ok=True)
        plain.write_atomically(written[-1], blob)
    for path in sorted(figures.rglob("*.png")):
        if path not in written and png.is_ours(path.read_bytes()):
            path.unlink()
    return written


def _confusion(estimator: EvaluatedEstimator) -> pd.DataFrame:
    """Return images by true class (row) and predicted class (column)."""
    names = [md.plain(name) for name in estimator.test_set.class_names]
    rows = [[name, *counts] for name, counts in zip(names, estimator.confusion.tolist(), strict=True)]
    return pd.DataFrame(rows, columns=["true class \\ predicted", *names])
