"""One file, one verb: `add` gives the parser its flags, `command` does it and returns the exit status.

Together with live.py the only place that prints. Heavy imports stay inside functions, so that
``--help`` answers at once.
"""

from benchmark.verbs import audit, check, curve, data, listing, people, predict, report, robustness, run, serve

VERBS = (run, curve, robustness, people, audit, predict, serve, listing, check, report, data)
"""In the order of ``--help``."""
