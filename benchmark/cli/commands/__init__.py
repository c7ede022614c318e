"""One file, one verb: `add` gives the parser its flags, `command` does it and returns the exit status.

Together with live.py the only place that prints. Heavy imports stay inside functions, so that
``--help`` answers at once.
"""

from benchmark.cli.commands import (
    audit,
    budget,
    check,
    curve,
    data,
    explore,
    people,
    predict,
    published,
    report,
    robustness,
    run,
    serve,
    show,
)
from benchmark.cli.commands import list_ as listing

VERBS = (
    run,
    show,
    curve,
    robustness,
    budget,
    people,
    published,
    audit,
    explore,
    predict,
    serve,
    listing,
    check,
    report,
    data,
)
"""In the order of ``--help``."""
