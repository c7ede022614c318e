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

from benchmark.analyses.analysis import Analysis
from benchmark.analyses.estimator_page import command

ANALYSIS = Analysis(name="estimator_page", order=5, measure=command.measure, command=command.COMMAND)
