"""A folder to write in before what is whole is moved into place; those of killed processes are cleared away."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_NAME = re.compile(r"\.new-(?P<host>.+)-(?P<process>\d+)-[^-]+")

_DAY = 24 * 3_600.0
"""Seconds after which a folder of another machine, of whose processes nothing is known here, is taken for left."""


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Give an empty folder under `parent`, on the same file system, and remove it with all that is left in it.

    Parameters
    ----------
    parent : Path
        Must exist. Folders that killed processes left there are removed first.

    Yields
    ------
    Path

    Raises
    ------
    OSError
        It cannot be made.
    """
    remove_abandoned(parent)
    made = make_folder(parent)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def make_folder(parent: Path) -> Path:
    """Make an empty folder under `parent` that `remove_abandoned` knows for this process's; it is not removed.

    Raises
    ------
    OSError
    """
    return Path(tempfile.mkdtemp(dir=parent, prefix=f".new-{socket.gethostname()}-{os.getpid()}-"))


def remove_abandoned(parent: Path) -> None:
    """Remove the scratch folders under `parent` whose process is gone; those of living ones are left alone."""
    found: list[Path] = []
    with suppress(OSError):  # no such folder, or one that may not be looked into
        found = list(parent.glob(".new-*"))
    for path in found:
        with suppress(OSError):  # another process may be sweeping, too
            if _abandoned(path):
                shutil.rmtree(path, ignore_errors=True)


def _abandoned(path: Path) -> bool:
    made = path.stat().st_mtime
    name = _NAME.fullmatch(path.name)
    if name is None:  # not one of ours
        return False
    if name["host"] != socket.gethostname():
        return time.time() - made > _DAY
    try:
        process = psutil.Process(int(name["process"]))
        # A process that began after the folder was made has only inherited the number (common in containers).
        return process.status() == psutil.STATUS_ZOMBIE or process.create_time() > made + 1
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:  # it lives, and may not be looked at
        return False
