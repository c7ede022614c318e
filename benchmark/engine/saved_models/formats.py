"""A fitted pipeline on disk, step by step, in files that hold no code: nothing is ever pickled or unpickled.

::

    step-<i>.skops              the fitted state of step i, written by skops
    step-<i>-<n>.ubj, .txt      a booster in it, in XGBoost's or LightGBM's own format
    step-<i>.safetensors        in place of these, the tensors of a neural net under skorch

The unfitted pipeline comes from the plugin, and the files only fill in the fitted state: a file can set values and do
nothing else. skops creates objects of the classes that it trusts itself (those of scikit-learn, NumPy and SciPy) and
of the classes that the plugin puts into its pipeline; a file that asks for any other class is refused.
"""

from __future__ import annotations

import copy
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.engine.jobs import one_line
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_FORMATS = {".skops": "skops", ".safetensors": "safetensors", ".ubj": "XGBoost", ".txt": "LightGBM"}
"""File formats, by file name extension."""

ROUNDING = 1e-6
"""Largest allowed difference of a probability after loading; for the models of this project there is none."""


def save(pipeline: Pipeline, folder: Path) -> dict[str, str]:
    """Write a fitted pipeline to an empty folder; return the SHA-256 of each file, by name.

    Raises
    ------
    BenchmarkError
        A step does not fit into a safe format; the message names the step and the reason.
    """
    for partial_file in folder.glob("step-*"):  # left by a killed worker: the job is retried in the same folder
        partial_file.unlink()
    for number, (name, step) in _steps(pipeline):
        try:
            (_save_net if _is_net(step) else _save_state)(step, folder / f"step-{number}")
        except Exception as error:  # skops, the boosters and torch raise exceptions of any class
            raise BenchmarkError(f"its step {name!r} does not fit into a safe format ({one_line(error)})") from error
    return {path.name: serialization.sha256(path) for path in sorted(folder.glob("step-*"))}


def names(files: Iterable[str]) -> tuple[str, ...]:
    """Return the formats of files, sorted: some of "LightGBM", "XGBoost", "safetensors" and "skops"."""
    return tuple(sorted({_FORMATS[Path(file).suffix] for file in files}))


def load(pipeline: Pipeline, folder: Path, files: Mapping[str, str], n_classes: int) -> Pipeline:
    """Load the fitted state of a pipeline into an unfitted one from the same plugin, with the same parameters.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted; it is changed in place.
    folder : Path
    files : mapping of str to str
        SHA-256 by file name, as `save` returned them.
    n_classes : int
        Number of classes that the pipeline was fitted on.

    Returns
    -------
    Pipeline
        The same object.

    Raises
    ------
    BenchmarkError
        A file is missing, damaged or in another format, or asks for a class that is not trusted.
    """
    trusted = _trusted_types(pipeline)
    for file, checksum in files.items():
        try:
            actual = serialization.sha256(folder / file)
        except OSError as error:
            raise BenchmarkError(f"{file} cannot be read ({error.strerror})") from error
        if actual != checksum:
            raise BenchmarkError(f"{file} is damaged: its SHA-256 does not match")
    for number, (name, step) in _steps(pipeline):
        try:
            if _is_net(step):
                _load_net(step, folder / f"step-{number}", n_classes)
            else:
                _load_state(step, folder / f"step-{number}", trusted)
        except Exception as error:
            raise BenchmarkError(f"its step {name!r} cannot be loaded ({one_line(error)})") from error
    return pipeline


@dataclass(frozen=True)
class BoosterFile:
    """Placeholder in the state of a step for a booster, which is saved in a file of its own.

    Attributes
    ----------
    file : str
        The file's name without the stem that all files of the step share.
    """

    file: str


# A skops file names each class by module and name. Files of all versions use the name that this class had first.
_FIRST_MODULE = types.ModuleType("benchmark.formats")
_FIRST_MODULE.Part = BoosterFile  # type: ignore[attr-defined]
BoosterFile.__module__, BoosterFile.__name__, BoosterFile.__qualname__ = _FIRST_MODULE.__name__, "Part", "Part"


def _steps(pipeline: Pipeline) -> list[tuple[int, tuple[str, Any]]]:
    """Return the steps that are estimators, each with its index in the pipeline."""
    return [(i, (name, step)) for i, (name, step) in enumerate(pipeline.steps) if step not in (None, "passthrough")]


def _trusted_types(pipeline: Pipeline) -> list[str]:
    """Return the classes that a file may ask for: those of all estimators in a pipeline that the plugin has built."""
    own = {type(value) for value in pipeline.get_params(deep=True).values() if _is_estimator(value)}
    return sorted(f"{one.__module__}.{one.__qualname__}" for one in {*own, *TRUSTED_TYPES})


# --- scikit-learn's estimators, the boosters and our own estimators: by skops


def _save_state(step: Any, stem: Path) -> None:
    boosters: list[Any] = []

    def save_booster(value: Any) -> Any:
        if not _is_booster(value):
            return value
        file = f"-{len(boosters)}{_BOOSTERS[_library(value)]}"
        boosters.append(value)
        value.save_model(f"{stem}{file}")
        return BoosterFile(file)

    _skops().dump(_map_leaves(_fitted_state(step), save_booster), f"{stem}.skops")


def _load_state(step: Any, stem: Path, trusted: list[str]) -> None:
    path = Path(f"{stem}.skops")
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("it is compressed, so this program did not write it")  # and could be a zip bomb

    sys.modules[_FIRST_MODULE.__name__] = _FIRST_MODULE
    state = _skops().load(path, trusted=[*trusted, *_TREE] if type(step).__module__ in _FORESTS else trusted)
    if not isinstance(state, dict):
        raise ValueError(f"it holds a {type(state).__name__}, not a dict")

    def load_booster(value: Any) -> Any:
        if type(value).__name__ == "Tree":
            _check_tree(value, state["n_features_in_"])
        return _booster(stem, value) if isinstance(value, BoosterFile) else value

    state = _map_leaves(state, load_booster)
    for name in state:
        if callable(getattr(type(step), name, None)):
            raise ValueError(f"it replaces the method {name}")
    vars(step).update(state)


def _skops() -> Any:
    """Import `skops.io` without torch.

    skops imports all of scikit-learn to list its classes, and scikit-learn then imports torch if it is installed. But
    torch and the library of a booster in one process can crash it.
    """
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    try:
        import skops.io
    finally:
        if sys.modules["torch"] is None:
            del sys.modules["torch"]
    return skops.io


def _fitted_state(step: Any) -> dict[str, Any]:
    """Return the attributes that fitting may have set: all but the parameters, unless these hold estimators.

    The plugin sets the parameters. But some estimators, such as FeatureUnion, fit the estimators in their parameters.
    """
    params = step.get_params(deep=False)
    return {name: value for name, value in vars(step).items() if name not in params or _holds_estimators(value)}


def _holds_estimators(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_estimators, value))
    return _is_estimator(value)


def _map_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy in which `change` is applied to every value in nested containers and estimators."""
    if isinstance(value, dict):
        mapping = copy.copy(value)  # keeps a subclass of dict
        mapping.update({key: _map_leaves(item, change) for key, item in value.items()})
        return mapping
    if type(value) in (list, tuple):
        return type(value)(_map_leaves(item, change) for item in value)
    if _is_estimator(value):
        estimator = copy.copy(value)
        vars(estimator).update({name: _map_leaves(item, change) for name, item in vars(value).items()})
        return estimator
    return change(value)


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


TRUSTED_TYPES = (BoosterFile, OrderedDict)
"""Classes that a state may hold besides those that skops trusts; LightGBM keeps its scores in an OrderedDict."""

_TREE = ("sklearn.tree._tree.Tree",)

_FORESTS = ("sklearn.ensemble._forest", "sklearn.tree._classes")
"""Modules whose trees are loaded: these estimators check the number of columns before a tree reads an image."""


def _check_tree(tree: Any, columns: int) -> None:
    """Refuse a tree with a child index or column index out of range, or with a cycle.

    scikit-learn does not check these when it predicts, so skops trusts no tree. In a tree that was really fitted, each
    child comes after its parent.
    """
    if not 0 < tree.node_count <= tree.capacity:
        raise ValueError("a tree has more nodes than its arrays")
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    later = np.minimum(left, right) > np.arange(tree.node_count)
    within = (np.maximum(left, right) < tree.node_count) & (feature >= 0) & (feature < columns)
    if not ((left == -1) | (later & within)).all():
        raise ValueError("a tree has a child or column out of range")


_BOOSTERS = {"xgboost": ".ubj", "lightgbm": ".txt"}
"""Extensions of the libraries' own file formats."""


def _library(value: Any) -> str:
    return type(value).__module__.split(".")[0]


def _is_booster(value: Any) -> bool:
    return type(value).__name__ == "Booster" and _library(value) in _BOOSTERS


def _booster(stem: Path, placeholder: BoosterFile) -> Any:
    number, dot, extension = placeholder.file.removeprefix("-").partition(".")
    if not number.isdecimal() or dot + extension not in _BOOSTERS.values():
        raise ValueError(f"it names the file {placeholder.file[:80]!r}")
    path = stem.with_name(f"{stem.name}-{int(number)}.{extension}")
    if extension == "ubj":
        import xgboost

        return xgboost.Booster(model_file=path)
    import lightgbm

    return lightgbm.Booster(model_file=path)


# --- neural nets under skorch: by safetensors


def _is_net(step: Any) -> bool:
    return any(base.__module__.split(".")[0] == "skorch" for base in type(step).__mro__)


def _save_net(step: Any, stem: Path) -> None:
    from safetensors.torch import save_file

    # Filters may be stored channels-last in memory; safetensors needs contiguous tensors.
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in step.module_.state_dict().items()}
    save_file(tensors, f"{stem}.safetensors")


def _load_net(step: Any, stem: Path, n_classes: int) -> None:
    from safetensors.torch import load_file

    step.initialize()
    step.module_.load_state_dict(load_file(f"{stem}.safetensors"))
    if step.classes is None:  # skorch then infers the classes from the labels
        step.classes_inferred_ = np.arange(n_classes)
