"""`Form`: a form in which data are published, as one file of this folder declares it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.datasets.picture_cache import Asked
from benchmark.datasets.validate import FileDataset

Notify = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What a reader is told beside the path.

    Attributes
    ----------
    name : str
        Of the data set; `validate.build_dataset` converts it to a valid folder name.
    asked : Asked
        What the user asks of pictures.
    notify : callable
        Called with one line for what was left out, split off, or is unusual.
    """

    name: str
    asked: Asked
    notify: Notify


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
