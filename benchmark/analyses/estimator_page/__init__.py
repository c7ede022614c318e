"""The page of one estimator, with figures, in ``results/<dataset>/estimators/``.

The command `show` makes it from one record and, for the pictures, the data. It is not part of the report, which reads
records only: `report` neither writes, checks nor removes anything in that folder.

::

    inputs.py       finds the record, the pixels and the search space
    evaluated.py    holds them
    predictions.py  confident mistakes, a sample of correct predictions, frequent confusions
    scores.py       scikit-learn's classification report
    importance.py   importance of the tuned parameters
    tuning.py       how tuning went, in words and tables
    page.py         NAME.md, from all of these
    figures/        its figures
    write.py        writes the page and the figures
"""

from benchmark.analyses.analysis import Analysis
from benchmark.analyses.estimator_page import command

ANALYSIS = Analysis(name="estimator_page", order=5, measure=command.measure, command=command.COMMAND)
