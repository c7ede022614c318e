"""Do I need a CNN for this, or will a classical model do, and what does each cost me?

Running and reporting meet only on disk: ``run`` leaves records, ``report`` reads nothing else. A folder
imports only from the folders below it (``lint-imports`` checks this)::

    cli/            the parser, the terminal output; commands/: one file, one command
    app/            the web page of ``serve``
    serving/        worker processes that ask saved models, for ``predict`` and for the web page
    report/         assembles leaderboard.md, its pages and leaderboard.html
    analyses/       one folder = one analysis; none imports another
    leaderboard/    rows, columns, pairs, footnotes, verdict
    render/         markdown, HTML, tables, figures: how things look; makes no numbers
    engine/         the run: tuning, evaluation, protocol, registry; executors/, saved_models/
    datasets/       a name or a path in, a Dataset out
    storage/        records: written atomically, read strictly; the lock of a results folder
    metrics/        scores, significance, calibration: arrays in, numbers out
    estimator.py    Estimator and Task: all that a plugin imports
    environment.py  the machine and the versions that a number was measured with
    errors.py       errors that the user can act on

To follow a run, read cli/commands/run.py, cli/session.py, engine/runner.py, engine/tuning.py,
engine/scheduler.py, engine/worker_job.py, engine/evaluation.py, storage/records.py and
report/__init__.py, in this order. ``docs/architecture.md`` says what each of them does.

This module imports nothing heavy, so that a worker process can set its thread counts before the
first numerical library is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__version__ = "0.1.0"


def load(folder: str | Path) -> pd.DataFrame:
    """Return the leaderboard as a DataFrame, one row per estimator, for a notebook.

    Parameters
    ----------
    folder : str or Path
        ``results/<dataset>``.

    Returns
    -------
    pandas.DataFrame
        The columns of ``leaderboard.csv``, recomputed from the stored predictions.
    """
    from benchmark import report

    return report.frame(Path(folder))
