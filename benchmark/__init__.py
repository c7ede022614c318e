"""Do I need a CNN for this, or will a classical model do, and what does each cost me?

How the data flows, in the order in which the files are best read::

    datasets/      a name or a path in, a Dataset out
    estimator.py   what a plugin in models/ declares: Estimator, and the Task it is told
    registry.py    finds the plugins
    protocol.py    the rules of the comparison, as frozen values
    jobs.py        one unit of work, as plain values
    work.py        what a worker process does with it, a pure function
    executors/     where jobs run: worker processes, or a Dask cluster
    tuning.py      one Optuna study per estimator; sees training rows only
    evaluation.py  refits the winner, predicts the test images once per seed
    lanes.py       runs many estimators side by side, and a refit alone
    runner.py      tunes and evaluates many estimators, leaves records on disk
    curve.py       fits the frozen winners on fewer rows, leaves learning curves on disk
    schema.py      what a record holds, field by field
    records.py     what is on disk: the one place where running and reporting meet; curve_record.py for curves
    metrics.py     arrays in, numbers out
    report/        records in; leaderboard.md, the same as HTML, figures and leaderboard.csv out
    cli.py         verbs and flags

This module imports nothing, so that a worker process can set its thread counts
before the first numerical library is loaded.
"""

__version__ = "0.1.0"
