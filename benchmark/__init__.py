"""Do I need a CNN for this, or will a classical model do, and what does each cost me?

How the data flows, in the order in which the files are best read::

    datasets/      a name or a path in, a Dataset out
    estimator.py   what a plugin in models/ declares: Estimator, and the Task it is told
    registry.py    finds the plugins
    protocol.py    the rules of the comparison, as frozen values
    jobs.py        one unit of work, as plain values
    work.py        what a worker process does with it, a pure function
    pipelines.py   what is done with a pipeline: built, fitted, asked, looked at
    executors/     where jobs run: worker processes, or a Dask cluster
    tuning.py      one Optuna study per estimator; sees training rows only
    evaluation.py  refits the winner, predicts the test images once per seed
    lanes.py       runs many estimators side by side, and a refit alone
    runner.py      tunes and evaluates many estimators, leaves records on disk
    winners.py     what is done with the frozen winners after a run, one estimator after the other
    curve.py       fits them on fewer rows, leaves learning curves on disk
    corruptions.py what is done to test images to see how an estimator breaks
    robustness.py  fits them again and predicts such images, leaves the answers on disk
    stopping.py    what tuning would have chosen, had it stopped earlier; budget.py refits that
    people.py      puts people beside the stored predictions, leaves sums and means on disk
    kept/ formats.py  keeps winners on disk, and has them answer; pictures.py prepares what they are asked about
    audit.py       looks the data over for copies and likely label errors, leaves what it finds on disk
    exploring.py   a first look at the data: pictures, spreads, maps and distances, for explore.md
    schema.py      what a record holds, field by field
    records.py     what is on disk: the one place where running and reporting meet; derived.py,
                   curve_, budget_ and robustness_record.py for what is made from a record,
                   people_record.py for people, audit_record.py for the audit
    metrics.py     arrays in, numbers out; anatomy.py and ceiling.py for the hardest class
    report/        records in; leaderboard.md, the same as HTML, figures and leaderboard.csv out
    showing.py     finds what one estimator's page is made from
    app/           the page of `serve`: kept models asked about a picture, and what the records say
    cli.py verbs/  verbs and flags

This module imports nothing heavy, so that a worker process can set its thread counts
before the first numerical library is loaded.
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
