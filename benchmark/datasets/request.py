"""`Request`: what a reader of a user's own data is told in addition to the path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.datasets.picture_cache import Asked

Notify = Callable[[str], None]

ProgressBar = Callable[[int, int], None]
"""Called with the number of pictures that are decoded, and of all."""


def unseen(done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Request:
    """What a reader is told in addition to the path.

    Attributes
    ----------
    name : str
        Of the data set; `validate.build_dataset` converts it to a valid folder name.
    asked : Asked
        What the user asks of pictures.
    notify : callable
        Called with one line for what was left out, split off, or is unusual.
    progress : callable
        See `ProgressBar`.
    """

    name: str
    asked: Asked
    notify: Notify
    progress: ProgressBar = unseen
