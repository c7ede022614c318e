"""Process trees: how much memory they hold, and how to kill them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import psutil

TOKEN = "BENCHMARK_WORKER"
"""Environment variable that every process started by a worker inherits, and by which it is found."""


def kill_tree(pid: int, token: str | None = None) -> None:
    """Kill a worker's process group and every process that it started; no handler can prevent that.

    Parameters
    ----------
    pid : int
        Process that leads a group of its own; it may be dead already.
    token : str, optional
        Its `TOKEN`, which finds processes that left the group and whose parent is dead.
    """
    found: list[psutil.Process] = []
    with suppress(psutil.Error):
        found = psutil.Process(pid).children(recursive=True)
    if token:
        found += [process for process in psutil.process_iter() if _has(process, token)]
    itself = os.getpid()
    for process in found:
        with suppress(psutil.Error):
            if process.pid not in (pid, itself):
                process.kill()
    kill_group(pid)


def kill_group(pid: int) -> None:
    """Kill a process group, without taking a lock or waiting."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def resident(process: psutil.Process, children: bool) -> int | None:
    """Return the resident bytes of a process, with its descendants if asked; None if the process has ended."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        total = int(process.memory_info().rss)
        for child in process.children(recursive=True) if children else ():
            with suppress(psutil.Error):
                total += child.memory_info().rss
        return total
    except psutil.Error:
        return None


def _has(process: psutil.Process, token: str) -> bool:
    try:
        return bool(process.environ().get(TOKEN) == token)
    except (psutil.Error, OSError):
        return False
