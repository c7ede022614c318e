"""`Form`: a form in which data are published, as one file of this folder declares it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmark.datasets.request import Notify, Request
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError

__all__ = ["Form", "Notify", "Request", "can_choose", "chosen"]

T = TypeVar("T")


@dataclass(frozen=True)
class Form:
    """A form in which data are published.

    Attributes
    ----------
    title : str
        What a path of this form has, for the message that lists all forms.
    recognises : callable
        Returns whether a path has this form, from names and first lines; it decodes no picture. A path that does not
        exist has it if it chooses one of several data sets in a folder, see `chosen`.
    read : callable
        Reads a path of this form.
    pictures : bool
        Whether the reader decodes pictures, so that a size or grey may be asked for.
    """

    title: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Request], FileDataset]
    pictures: bool = False


def chosen(path: Path, find: Callable[[Path], Mapping[str, T]]) -> T:
    """Return the one data set of a folder, or the one that a path chooses of several: ``FOLDER/emnist-letters``.

    Parameters
    ----------
    path : Path
        The folder, or a path that does not exist: the folder and the name of a data set.
    find : callable
        Returns the data sets of a folder by name. The name is the beginning of the names of their files.

    Raises
    ------
    BenchmarkError
        The folder has several; the message lists what to give.
    """
    if not path.is_dir():
        return find(path.parent)[path.name]
    found = find(path)
    if len(found) > 1:
        raise BenchmarkError(
            f"{path}: {len(found)} data sets are in it; give one of them: "
            + ", ".join(f"--dataset {shlex.quote(str(path / name))}" for name in sorted(found))
        )
    return next(iter(found.values()))


def can_choose(path: Path, find: Callable[[Path], Mapping[str, T]]) -> bool:
    """Return whether a path is a folder with such data sets, or chooses one of them."""
    try:
        if path.is_dir():
            return bool(find(path))
        return not path.exists() and path.parent.is_dir() and path.name in find(path.parent)
    except (OSError, ValueError):  # an impossible file name, or a folder without permission
        return False
