"""What runs in a worker process: it prepares the process, then runs one call after another.

Imports the standard library, psutil and threadpoolctl only. A numerical library reads its thread count when it is
loaded, so the environment variables must be set before; one that a fork server has loaded is told (`set_threads`).
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
import warnings
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from benchmark.engine import handover
from benchmark.engine.executors.fork_server import set_threads
from benchmark.engine.executors.process_tree import TOKEN, kill_tree


def serve(
    threads: int, environment: dict[str, str], token: str, scratch: str, channel: Connection, output: Connection
) -> None:
    """Prepare this process and run the calls that come through a pipe, until it is closed.

    Parameters
    ----------
    threads : int
        For numerical libraries.
    environment : dict
        Environment variables of the parent. A fork server has those that it was started with.
    token : str
        Value of the environment variable `TOKEN`.
    scratch : str
        Folder for temporary files. The parent removes it.
    channel : Connection
        Receives (function, arguments). Sends (False, result) for each result that the function hands over before
        its end, then (True, result) or (True, the exception that it raised).
    output : Connection
        Receives all that is printed, also by libraries that bypass Python; on the terminal it would break the live
        view.
    """
    handover.through(channel)
    os.environ.clear()
    os.environ.update(environment)
    _prepare(threads, token, scratch, output)
    while True:
        try:
            function, args = channel.recv()
        except (EOFError, OSError):
            return
        except Exception as error:  # the function's module cannot be imported
            _send(channel, error)
            continue
        try:
            result = function(*args)
        except BaseException as error:  # SystemExit too: it must not end the worker without a word
            result = error
        _send(channel, result)


def warn_only() -> None:
    """Let no warning be an error in this process, as ``PYTHONWARNINGS=error`` makes each one."""
    if any(action == "error" for action, *_ in warnings.filters):
        warnings.simplefilter("default")


def _send(channel: Connection, result: Any) -> None:
    try:
        channel.send((True, result))
    except OSError:  # the parent is gone
        os._exit(1)
    except Exception as error:
        channel.send((True, RuntimeError(f"its result cannot be pickled ({type(error).__name__}: {error})")))


def _prepare(threads: int, token: str, scratch: str, output: Connection) -> None:
    """Give this process a session, a thread count, a scratch folder and a log of its own."""
    # A process group of its own can be killed as a whole, and the terminal's Ctrl-C does not reach it.
    os.setsid()
    # One that came before was blocked (see worker.py), and is dropped here.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    warn_only()
    os.environ[TOKEN] = token
    os.environ["TMPDIR"] = os.environ["JOBLIB_TEMP_FOLDER"] = scratch
    set_threads(threads)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if (stream := getattr(sys, name)) is not None:  # it was closed when the program started
            stream.flush()
        os.dup2(output.fileno(), number)
        # Whatever the parent's terminal can show: a fit must not fail for what it prints.
        text = open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, text)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # an aborting plugin leaves no core dump of gigabytes
    with suppress(OSError):  # if memory runs out, the kernel kills a worker and not the run
        Path("/proc/self/oom_score_adj").write_text("1000")
    threading.Thread(target=_die_with_parent, name="die-with-parent", daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    kill_tree(os.getpid(), os.environ.get(TOKEN))
    os._exit(1)
