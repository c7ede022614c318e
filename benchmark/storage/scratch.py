"""Temporary folders for files that are moved into place once they are complete, and their removal after a kill."""

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
"""Age in seconds from which another machine's folder counts as abandoned: its processes cannot be checked here."""


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield an empty folder in `parent`, so on the same file system, and remove it with its content afterwards.

    Parameters
    ----------
    parent : Path
        Must exist. Folders that killed processes left in it are removed first.

    Yields
    ------
    Path

    Raises
    ------
    OSError
        The folder cannot be created.
    """
    remove_abandoned(parent)
    path = make_folder(parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def make_folder(parent: Path) -> Path:
    """Create an empty folder in `parent`; `remove_abandoned` removes it once this process has ended.

    Raises
    ------
    OSError
        The folder cannot be created.
    """
    return Path(tempfile.mkdtemp(dir=parent, prefix=f".new-{socket.gethostname()}-{os.getpid()}-"))


def remove_abandoned(parent: Path) -> None:
    """Remove the temporary folders in `parent` whose process has ended."""
    paths: list[Path] = []
    with suppress(OSError):  # no such folder, or no permission to list it
        paths = list(parent.glob(".new-*"))
    for path in paths:
        with suppress(OSError):  # another process may be removing it at the same time
            if _abandoned(path):
                shutil.rmtree(path, ignore_errors=True)


def _abandoned(path: Path) -> bool:
    created = path.stat().st_mtime
    name = _NAME.fullmatch(path.name)
    if name is None:  # not created by `make_folder`
        return False
    if name["host"] != socket.gethostname():
        return time.time() - created > _DAY
    try:
        process = psutil.Process(int(name["process"]))
        # A process that started after the folder was created only reuses the number, as is common in containers.
        return process.status() == psutil.STATUS_ZOMBIE or process.create_time() > created + 1
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:  # it is running, and we may not inspect it
        return False
