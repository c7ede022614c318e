"""The first thing that runs inside a worker process.

Imports the standard library and psutil, which starts no threads: thread counts are read when a numerical library is
loaded, so they must stand in the environment before the first of them is.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

from benchmark.engine.executors.process_tree import TOKEN, kill_tree

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def initialise(threads: int, token: str, scratch: str, telling: Connection, output: Connection) -> None:
    """Make this process a worker: a session of its own, so many threads, nothing on the terminal.

    Parameters
    ----------
    threads : int
    token : str
        Value of `TOKEN`.
    scratch : str
        Folder for temporary files; whoever kills the worker removes it.
    telling : Connection
        Is sent the process id.
    output : Connection
        Takes what libraries print, past Python too; it would tear the live view.
    """
    # A group of its own can be killed as a whole, and the terminal's Ctrl-C does not reach it.
    os.setsid()
    # One that came before that has been held back (see worker.py), and is dropped here.
    heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, heeded)
    os.environ[TOKEN] = token
    os.environ["TMPDIR"] = os.environ["JOBLIB_TEMP_FOLDER"] = scratch
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # an aborting plugin leaves no gigabytes behind
    with suppress(OSError):  # where memory runs out, the kernel takes a worker and not the run
        Path("/proc/self/oom_score_adj").write_text("1000")
    threading.Thread(target=_die_with_parent, name="die-with-parent", daemon=True).start()
    telling.send(os.getpid())


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    kill_tree(os.getpid(), os.environ.get(TOKEN))
    os._exit(1)
