"""Finds plugins: models/*.py, then the entry-point group "benchmark.estimators"."""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.estimator import Estimator

GROUP = "benchmark.estimators"
"""Entry-point group by which another installed package brings estimators."""

PACKAGE = "models"

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # a folder's name, a table cell, never a path


@dataclass(frozen=True)
class Plugin:
    """Where an estimator comes from; nothing of it is imported before `load`.

    Attributes
    ----------
    name : str
        The file's stem, or the entry point's key.
    origin : str
        "models/NAME.py", or "entry point of PACKAGE VERSION".
    target : EntryPoint or None
        None for a file in models/.
    """

    name: str
    origin: str
    target: EntryPoint | None = None

    def load(self) -> Estimator:
        """Import the plugin and return what it declares.

        Raises
        ------
        BenchmarkError
            If it cannot be imported or declares no `Estimator`; names the plugin and the cause.
        """
        try:
            if self.target is None:
                declared = importlib.import_module(f"{PACKAGE}.{self.name}").ESTIMATOR
            else:
                declared = self.target.load()
        except (Exception, SystemExit) as error:
            cause = f"{type(error).__name__}: {error}".splitlines()[0]
            raise BenchmarkError(f"estimator {self.name} ({self.origin}) cannot be imported: {cause}") from error
        if not isinstance(declared, Estimator):
            raise BenchmarkError(
                f"estimator {self.name} ({self.origin}) declares {type(declared).__name__}; "
                "declare ESTIMATOR = benchmark.estimator.Estimator(...)"
            )
        return declared


def plugins() -> dict[str, Plugin]:
    """Return every plugin by name: those in models/ first, each group sorted.

    Raises
    ------
    BenchmarkError
        Two plugins with one name, or a name that is unsafe as a folder's.
    """
    found: dict[str, Plugin] = {}
    for plugin in (*_files(), *_entry_points()):
        if not _SAFE_NAME.fullmatch(plugin.name):
            raise BenchmarkError(
                f"estimator name {plugin.name!r} ({plugin.origin}): use letters, digits, _ and - only; rename it"
            )
        if plugin.name in found:
            raise BenchmarkError(
                f"two estimators are called {plugin.name}: {found[plugin.name].origin} and {plugin.origin}; rename one"
            )
        found[plugin.name] = plugin
    return found


def get(name: str) -> Plugin:
    """Return one plugin by name, or raise with the nearest names there are."""
    found = plugins()
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(found)}"
    raise BenchmarkError(f"no estimator is called {name!r}; {hint}")


def _files() -> Iterable[Plugin]:
    package = importlib.import_module(PACKAGE)
    stems = {
        path.stem for folder in package.__path__ for path in Path(folder).glob("*.py") if not path.stem.startswith("_")
    }
    return [Plugin(stem, f"{PACKAGE}/{stem}.py") for stem in sorted(stems)]


def _entry_points() -> Iterable[Plugin]:
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return [
        Plugin(
            point.name, f"entry point of {point.dist.name} {point.dist.version}" if point.dist else "entry point", point
        )
        for point in points
    ]
