"""Where worker processes come from: forks of a server that has imported what every estimator needs.

scikit-learn, with the SciPy and pandas that it imports, takes 2 s to load; a run starts some fifty workers. The server
has one thread, loads one OpenMP runtime only and runs no numerical code, so that a fork of it is as good as a new
process. Where forks are not safe (macOS), each worker is spawned and imports all by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext

from threadpoolctl import threadpool_limits

PRELOADED = ("sklearn.pipeline", "optuna.distributions")
"""Modules that the server imports. None is ours: a plugin must be read as it is when its worker starts."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

_starting = threading.Lock()


def start() -> None:
    """Start the server, if it does not run yet, and do not wait for it: called early, it imports beside us.

    Raises
    ------
    OSError
        It cannot be started.
    """
    if sys.platform != "linux":
        return
    with _starting, _preloading(), interrupts_blocked():
        forkserver.set_forkserver_preload(list(PRELOADED))
        forkserver.ensure_running()


def context() -> ForkServerContext | SpawnContext:
    """Return what starts a worker process on this system.

    Raises
    ------
    OSError
        See `start`.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    start()
    return multiprocessing.get_context("forkserver")


def set_threads(threads: int) -> None:
    """Set the thread count of this process's numerical libraries: of those to come, and of those already loaded."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    threadpool_limits(threads)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Block SIGINT in this thread, and in the processes that it starts meanwhile.

    The terminal's Ctrl-C would otherwise interrupt the imports of the server, or of a worker that has no session of its
    own yet.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _preloading() -> Iterator[None]:
    # OpenBLAS starts its threads when it is loaded, and they would not survive a fork; nor would that of the jemalloc
    # in pyarrow, which pandas imports where it is installed.
    alone = {**dict.fromkeys(THREAD_VARIABLES, "1"), "JE_ARROW_MALLOC_CONF": "background_thread:false"}
    settings = {**alone, "PYTHONSAFEPATH": "1"}  # the server imports nothing from the current folder
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
