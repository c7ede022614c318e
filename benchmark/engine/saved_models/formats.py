"""A fitted pipeline on disk, step by step, in files that hold no code: nothing is ever pickled or unpickled.

::

    step-<i>.skops              what fitting left in step i, by skops
    step-<i>-<n>.ubj, .txt      a booster within it, in XGBoost's or LightGBM's own format
    step-<i>.safetensors        in place of these, the tensors of a net under skorch

What is not fitted comes from the plugin: a pipeline is read back into one that the plugin has built anew. So a file
can fill in values and choose nothing else. skops makes objects of the classes that it trusts by itself
(scikit-learn's, NumPy's and SciPy's) and of those that the plugin has put into its pipeline; what a file
asks for beyond them is refused.
"""

from __future__ import annotations

import copy
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.engine.jobs import one_line
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization as plain

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_FORMATS = {".skops": "skops", ".safetensors": "safetensors", ".ubj": "XGBoost", ".txt": "LightGBM"}
"""What the files are, by their endings."""

ROUNDING = 1e-6
"""By which a probability may differ once a model has been read back; those of this project do not differ at all."""


def save(pipeline: Pipeline, folder: Path) -> dict[str, str]:
    """Write a fitted pipeline into an empty folder; return the files' names and SHA-256.

    Raises
    ------
    BenchmarkError
        A step does not go into a safe format; says which, and why.
    """
    for left in folder.glob("step-*"):  # of a worker that was killed from outside: the job is tried once more
        left.unlink()
    for number, (name, step) in _steps(pipeline):
        try:
            (_save_net if _is_net(step) else _save_state)(step, folder / f"step-{number}")
        except Exception as error:  # skops, the boosters and torch raise what they like
            raise BenchmarkError(f"its step {name!r} does not go into a safe format ({one_line(error)})") from error
    return {path.name: plain.sha256(path) for path in sorted(folder.glob("step-*"))}


def names(files: Iterable[str]) -> tuple[str, ...]:
    """Return what files are, sorted: "LightGBM", "XGBoost", "safetensors", "skops"."""
    return tuple(sorted({_FORMATS[Path(file).suffix] for file in files}))


def load(pipeline: Pipeline, folder: Path, files: Mapping[str, str], n_classes: int) -> Pipeline:
    """Read a pipeline's fitted state into one that was built by the same plugin, with the same parameters.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted; it is filled in.
    folder : Path
    files : mapping of str to str
        As `save` returned them.
    n_classes : int
        That it was fitted on.

    Returns
    -------
    Pipeline
        The same.

    Raises
    ------
    BenchmarkError
        A file is missing, damaged, of another form, or asks for a class that is not the plugin's.
    """
    trusted = _classes(pipeline)
    for file, checksum in files.items():
        try:
            found = plain.sha256(folder / file)
        except OSError as error:
            raise BenchmarkError(f"{file} cannot be read ({error.strerror})") from error
        if found != checksum:
            raise BenchmarkError(f"{file} is damaged: its SHA-256 is another")
    for number, (name, step) in _steps(pipeline):
        try:
            if _is_net(step):
                _load_net(step, folder / f"step-{number}", n_classes)
            else:
                _load_state(step, folder / f"step-{number}", trusted)
        except Exception as error:
            raise BenchmarkError(f"its step {name!r} cannot be read back ({one_line(error)})") from error
    return pipeline


@dataclass(frozen=True)
class Part:
    """Stands in a step's state for a booster, which has a file of its own.

    Attributes
    ----------
    file : str
        What follows the step's name in that of its file.
    """

    file: str


def _steps(pipeline: Pipeline) -> list[tuple[int, tuple[str, Any]]]:
    """Return the steps that do something, with their places."""
    return [(i, (name, step)) for i, (name, step) in enumerate(pipeline.steps) if step not in (None, "passthrough")]


def _classes(pipeline: Pipeline) -> list[str]:
    """Return the classes of all estimators in a pipeline, which the plugin itself has just made."""
    every = {type(value) for value in pipeline.get_params(deep=True).values() if _is_estimator(value)}
    return sorted(f"{each.__module__}.{each.__qualname__}" for each in {*every, *HARMLESS})


# --- scikit-learn's, the boosters', and our own: by skops


def _save_state(step: Any, stem: Path) -> None:
    boosters: list[Any] = []

    def take(value: Any) -> Any:
        if not _is_booster(value):
            return value
        file = f"-{len(boosters)}{_BOOSTERS[_library(value)]}"
        boosters.append(value)
        value.save_model(f"{stem}{file}")
        return Part(file)

    _skops().dump(_mapped(_state(step), take), f"{stem}.skops")


def _load_state(step: Any, stem: Path, trusted: list[str]) -> None:
    path = Path(f"{stem}.skops")
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("it is compressed, so it was not written here")  # and might unpack to anything

    found = _skops().load(path, trusted=[*trusted, *_TREE] if type(step).__module__ in _FORESTS else trusted)
    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__}")

    def put(value: Any) -> Any:
        if type(value).__name__ == "Tree":
            _check_tree(value, found["n_features_in_"])
        return _booster(stem, value) if isinstance(value, Part) else value

    state = _mapped(found, put)
    for name in state:
        if callable(getattr(type(step), name, None)):
            raise ValueError(f"it has something in place of the method {name}")
    vars(step).update(state)


def _skops() -> Any:
    """Import `skops.io`, and not torch with it.

    To learn which classes scikit-learn has it imports all of that, and so what scikit-learn has for torch. But torch
    and a booster's library in one process can crash it.
    """
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    try:
        import skops.io
    finally:
        if sys.modules["torch"] is None:
            del sys.modules["torch"]
    return skops.io


def _state(step: Any) -> dict[str, Any]:
    """Return what fitting may have left in an estimator: all but parameters, unless they hold estimators.

    Parameters are the plugin's to set; but some estimators, as FeatureUnion, fit those that are their parameters.
    """
    params = step.get_params(deep=False)
    return {name: value for name, value in vars(step).items() if name not in params or _holds_estimators(value)}


def _holds_estimators(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_estimators, value))
    return _is_estimator(value)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy with everything changed that lies within containers and estimators, at any depth."""
    if isinstance(value, dict):
        mapping = copy.copy(value)  # of its own kind
        mapping.update({key: _mapped(each, change) for key, each in value.items()})
        return mapping
    if type(value) in (list, tuple):
        return type(value)(_mapped(each, change) for each in value)
    if _is_estimator(value):
        found = copy.copy(value)
        vars(found).update({name: _mapped(each, change) for name, each in vars(value).items()})
        return found
    return change(value)


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


HARMLESS = (Part, OrderedDict)
"""Classes that a state may hold beyond those that skops trusts: ours, and one that LightGBM files its scores under."""

_TREE = ("sklearn.tree._tree.Tree",)

_FORESTS = ("sklearn.ensemble._forest", "sklearn.tree._classes")
"""Whose trees are read: they see that an image has as many columns as they were fitted on before a tree looks at it."""


def _check_tree(tree: Any, columns: int) -> None:
    """Refuse a tree that leads out of its nodes, or round in them, or to columns that there are not.

    scikit-learn follows a tree without a look at where it leads, so skops trusts none; those that were grown lead
    from each node to later ones.
    """
    if not 0 < tree.node_count <= tree.capacity:
        raise ValueError("a tree has more nodes than there are")
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    later = np.minimum(left, right) > np.arange(tree.node_count)
    within = (np.maximum(left, right) < tree.node_count) & (feature >= 0) & (feature < columns)
    if not ((left == -1) | (later & within)).all():
        raise ValueError("a tree leads out of its nodes or columns")


_BOOSTERS = {"xgboost": ".ubj", "lightgbm": ".txt"}
"""Endings of the libraries' own formats."""


def _library(value: Any) -> str:
    return type(value).__module__.split(".")[0]


def _is_booster(value: Any) -> bool:
    return type(value).__name__ == "Booster" and _library(value) in _BOOSTERS


def _booster(stem: Path, part: Part) -> Any:
    number, dot, ending = part.file.removeprefix("-").partition(".")
    if not number.isdecimal() or dot + ending not in _BOOSTERS.values():
        raise ValueError(f"it names a file {part.file[:80]!r}")
    path = stem.with_name(f"{stem.name}-{int(number)}.{ending}")
    if ending == "ubj":
        import xgboost

        return xgboost.Booster(model_file=path)
    import lightgbm

    return lightgbm.Booster(model_file=path)


# --- nets under skorch: by safetensors


def _is_net(step: Any) -> bool:
    return any(each.__module__.split(".")[0] == "skorch" for each in type(step).__mro__)


def _save_net(step: Any, stem: Path) -> None:
    from safetensors.torch import save_file

    # Filters may lie in memory channel by channel; a file has one layout.
    tensors = {name: each.detach().cpu().contiguous() for name, each in step.module_.state_dict().items()}
    save_file(tensors, f"{stem}.safetensors")


def _load_net(step: Any, stem: Path, n_classes: int) -> None:
    from safetensors.torch import load_file

    step.initialize()
    step.module_.load_state_dict(load_file(f"{stem}.safetensors"))
    if step.classes is None:  # then skorch takes them from the labels
        step.classes_inferred_ = np.arange(n_classes)
