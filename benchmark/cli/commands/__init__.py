"""One file, one subcommand: `add` adds it to the parser, and `command` runs it and returns the exit status.

Only these files and console.py print. Heavy imports are inside functions, so that ``--help`` is fast.
"""

from benchmark.cli.commands import (
    audit,
    budget,
    check,
    curve,
    data,
    explore,
    list_,
    people,
    predict,
    published,
    report,
    robustness,
    run,
    serve,
    show,
)

COMMANDS = (
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
    list_,
    check,
    report,
    data,
)
"""In the order of ``--help``."""
