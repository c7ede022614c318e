"""The exception for errors that the user can act on; its message says what is wrong, where, and what to do."""


class BenchmarkError(Exception):
    """An expected failure. The command line prints its message as one line and exits with status 2.

    Write the message as one sentence that names the thing (a file, an estimator, a flag),
    says what is wrong with it, and says what to do next.
    """


class EngineError(BenchmarkError):
    """A failure that stops the whole run, such as a full disk, and not of a single estimator.

    The command line adds how to resume the run.
    """


INTERRUPTED = 130
"""Exit status after Ctrl-C, as in shells: 128 + SIGINT."""


def same_command(force: bool) -> str:
    """Return what to type to resume a run: without ``--force``, which would discard the finished part again."""
    return "the same command without --force" if force else "the same command"
