"""The first thing that runs in a worker process.

Imports nothing but the standard library: thread counts are read when a numerical library is
loaded, so they must stand in the environment before the first of them is.
"""

from __future__ import annotations

import os
import sys

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def initialise(threads: int, log: str) -> None:
    """Set the thread counts and send whatever a library prints to the log file.

    Parameters
    ----------
    threads : int
    log : str
        Appended to; estimators write here, past Python, and would tear the live view.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
