"""The kinds of files that analyses write below records/. It imports little, so that a command line can name them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.storage.schema import TestSet


@dataclass(frozen=True)
class RecordKind:
    """A kind of file that an analysis leaves below ``records/``, and what reads it.

    Attributes
    ----------
    stem : str
        ``records/<estimator>/<stem>.json``, or ``records/<stem>.json``.
    read : callable
        ``read(path, test_set)``: reads one strictly, whatever is in it.
    per_estimator : bool
        Whether each estimator has one of its own.
    """

    stem: str
    read: Callable[[Path, TestSet], Any]
    per_estimator: bool = True

    def paths(self, folder: Path) -> list[Path]:
        """Return those that there are in ``results/<dataset>``, in the order of their names."""
        return sorted((folder / "records").glob(f"{'*/' * self.per_estimator}{self.stem}.json"))

    def load(self, folder: Path, test_set: TestSet) -> Any:
        """Return what `read` makes of those that there are: by estimator, or the one; None if that is missing."""
        found = {path.parent.name: self.read(path, test_set) for path in self.paths(folder)}
        return found if self.per_estimator else next(iter(found.values()), None)
