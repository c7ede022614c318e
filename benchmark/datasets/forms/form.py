"""`Form`: a form in which data are published, as one file of this folder declares it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.datasets.request import Notify, Request
from benchmark.datasets.validate import FileDataset

__all__ = ["Form", "Notify", "Request"]


@dataclass(frozen=True)
class Form:
    """A form in which data are published.

    Attributes
    ----------
    title : str
        What a path of this form has, for the message that lists all forms.
    recognises : callable
        Returns whether a path has this form, from names and first lines; it decodes no picture.
    read : callable
        Reads a path of this form.
    pictures : bool
        Whether the reader decodes pictures, so that a size or grey may be asked for.
    """

    title: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Request], FileDataset]
    pictures: bool = False
