"""Finds plugins: models/*.py, then the entry-point group "benchmark.estimators"."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeGuard

from benchmark import environment
from benchmark.errors import BenchmarkError
from benchmark.estimator import Estimator
from benchmark.storage import schema

GROUP = "benchmark.estimators"
"""Entry-point group through which other installed packages add estimators."""

PACKAGE = environment.MODELS.name
"""The name under which our own plugins are imported, and saved models name their classes."""

_LONGEST_CAUSE = 300
"""Maximum characters of a plugin's import error that are quoted."""


@dataclass(frozen=True)
class Plugin:
    """Where an estimator comes from; its code is not imported before `load`.

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
            It cannot be imported or does not declare an `Estimator`; the message names the plugin and the cause.
        """
        try:
            if self.target is None:
                import_models()
                declared = importlib.import_module(f"{PACKAGE}.{self.name}").ESTIMATOR
            else:
                declared = self.target.load()
        except (Exception, SystemExit) as error:
            cause = f"{type(error).__name__}: {error}".splitlines()[0][:_LONGEST_CAUSE]
            raise BenchmarkError(f"estimator {self.name} ({self.origin}) cannot be imported: {cause}") from error
        if not isinstance(declared, Estimator):
            raise BenchmarkError(
                f"estimator {self.name} ({self.origin}) declares {type(declared).__name__}; "
                "declare ESTIMATOR = benchmark.estimator.Estimator(...)"
            )
        wrong = _wrong_field(declared)
        if wrong:
            raise BenchmarkError(f"estimator {self.name} ({self.origin}): {wrong}")
        return declared


def plugins() -> dict[str, Plugin]:
    """Return every usable plugin by name: those in models/ first, each group sorted.

    A plugin with an invalid or ambiguous name is left out; `refused` names it.
    """
    return _discover()[0]


def own() -> set[str]:
    """Return the names of the estimators in models/: those that come with the project."""
    return {plugin.name for plugin in _files()}


def refused() -> dict[str, str]:
    """Return the names that are refused, each with the reason in one line.

    Such a name is unsafe as the name of a folder, or several plugins have it, so that it would be unclear which of
    them a record was made with.
    """
    return _discover()[1]


def get(name: str) -> Plugin:
    """Return one plugin by name.

    Raises
    ------
    BenchmarkError
        The name is refused, with the reason; or no plugin has it, with the most similar name.
    """
    found, reasons = _discover()
    if name in found:
        return found[name]
    if name in reasons:
        raise BenchmarkError(reasons[name])
    near = difflib.get_close_matches(name, found, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(found)}"
    raise BenchmarkError(f"no estimator is called {name!r}; {hint}")


def _discover() -> tuple[dict[str, Plugin], dict[str, str]]:
    """Return the usable plugins by name, and the refused names with their reasons."""
    by_name: dict[str, list[Plugin]] = {}
    for plugin in (*_files(), *_entry_points()):
        by_name.setdefault(plugin.name.lower(), []).append(plugin)  # some file systems ignore upper and lower case
    found: dict[str, Plugin] = {}
    reasons: dict[str, str] = {}
    for namesakes in by_name.values():
        for plugin in namesakes:
            if not schema.is_safe_name(plugin.name):
                reasons[plugin.name] = (
                    f"estimator name {plugin.name!r} ({plugin.origin}): use up to 64 letters, digits, _ and - only, "
                    "a letter or digit first; rename it"
                )
            elif len(namesakes) > 1:
                origins = " and ".join(each.origin for each in namesakes)
                reasons[plugin.name] = f"{len(namesakes)} estimators are called {plugin.name}: {origins}; rename one"
            else:
                found[plugin.name] = plugin
    return found, reasons


def import_models() -> None:
    """Import the package of models/ that is next to this program, whichever `models` the path would give.

    A user's own `models`, in the current folder or on the path, is a common name and never ours.
    """
    folder = environment.MODELS
    loaded = sys.modules.get(PACKAGE)
    if loaded is not None and [Path(path).resolve() for path in getattr(loaded, "__path__", [])] == [folder.resolve()]:
        return
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise BenchmarkError(f"{folder}: cannot be imported; install the program again")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)


def _files() -> Iterable[Plugin]:
    stems = {path.stem for path in environment.MODELS.glob("*.py") if not path.stem.startswith("_")}
    return [Plugin(stem, f"{PACKAGE}/{_printable(stem)}.py") for stem in sorted(stems)]


def _entry_points() -> Iterable[Plugin]:
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return [
        Plugin(
            point.name,
            f"entry point of {_printable(point.dist.name)} {_printable(point.dist.version)}"
            if point.dist
            else "entry point",
            point,
        )
        for point in points
    ]


def _wrong_field(declared: Estimator) -> str:
    """Return why a declaration would break the run or the report, and not only its own fit; empty if it would not."""
    for field in ("title", "family", "augmentation"):
        value = getattr(declared, field)
        if not isinstance(value, str):
            return f"its {field} is a {type(value).__name__}; give a string"
    for field in ("smoke", "thorough"):
        if not _names_parameters(getattr(declared, field)):
            return f"its {field} is not a mapping of parameter names; give a dict"
    return "" if callable(declared.space) else wrong_space(declared.space)


def wrong_space(space: object) -> str:
    """Return why a search space would break the run; empty if it would not."""
    if not _names_parameters(space):
        return "its space is not a mapping of parameter names; give a dict"
    if space:
        from optuna.distributions import BaseDistribution  # the plugin has imported it already

        for key, value in space.items():
            if not isinstance(value, BaseDistribution):
                return f"its space has a {type(value).__name__} for {_printable(key)}; give an Optuna distribution"
    return ""


def _names_parameters(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _printable(text: str) -> str:
    """Return text with its control characters escaped; the name of a file may hold any byte."""
    return repr(text)[1:-1]
