"""The one exception that means "the user can act on this": what, where and what to do."""


class BenchmarkError(Exception):
    """An expected failure. The command line prints its text as one line and exits with 2.

    Write the message as one sentence that names the thing (a file, an estimator, a flag),
    says what is wrong with it, and says what to do next.
    """


class EngineError(BenchmarkError):
    """No job can be run any more: not one estimator's fault, so the run ends.

    The command line adds how to go on from there.
    """


INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def same_command(force: bool) -> str:
    """Return what to type to go on with a run; what ``--force`` forgot is forgotten, and not to be so again."""
    return "the same command without --force" if force else "the same command"
