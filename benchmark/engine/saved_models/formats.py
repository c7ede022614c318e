"""A fitted pipeline on disk, step by step, in files without code: nothing is ever pickled or unpickled.

::

    step-<i>.skops              the fitted state of step i, by skops
    step-<i>-<n>.ubj, .txt      a booster in that state, in XGBoost's or LightGBM's own format
    step-<i>.safetensors        instead of these, the tensors of a skorch net

Only fitted state is saved. It is read back into a new pipeline that the plugin builds, so a file can only fill in
values. skops creates objects of the classes that it trusts (scikit-learn's, NumPy's and SciPy's) and of the classes in
the plugin's pipeline. A file that asks for another class is refused.
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
from benchmark.storage import serialization

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_FORMATS = {".skops": "skops", ".safetensors": "safetensors", ".ubj": "XGBoost", ".txt": "LightGBM"}
"""Formats by file ending."""

ROUNDING = 1e-6
"""Tolerance of a probability after a model was read back; the models of this project do not differ at all."""


def save(pipeline: Pipeline, folder: Path) -> dict[str, str]:
    """Write a fitted pipeline into an empty folder; return the files' names and SHA-256.

    Raises
    ------
    BenchmarkError
        A step does not go into a safe format; says which, and why.
    """
    for path in folder.glob("step-*"):  # left by a worker that was killed externally: the job is tried again
        path.unlink()
    for number, (name, step) in _steps(pipeline):
        try:
            (_save_net if _is_net(step) else _save_state)(step, folder / f"step-{number}")
        except Exception as error:  # skops, the boosters and torch raise exceptions of many kinds
            raise BenchmarkError(f"its step {name!r} does not go into a safe format ({one_line(error)})") from error
    return {path.name: serialization.sha256(path) for path in sorted(folder.glob("step-*"))}


def names(files: Iterable[str]) -> tuple[str, ...]:
    """Return the formats of files, sorted: "LightGBM", "XGBoost", "safetensors", "skops"."""
    return tuple(sorted({_FORMATS[Path(file).suffix] for file in files}))


def load(pipeline: Pipeline, folder: Path, files: Mapping[str, str], n_classes: int) -> Pipeline:
    """Read the fitted state into a pipeline that the same plugin has built with the same parameters.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted; its state is filled in.
    folder : Path
    files : mapping of str to str
        As `save` returned them.
    n_classes : int
        Classes that the saved pipeline was fitted on.

    Returns
    -------
    Pipeline
        The pipeline that was passed in.

    Raises
    ------
    BenchmarkError
        A file is missing, damaged or malformed, or asks for a class that is not trusted.
    """
    trusted = _classes(pipeline)
    for file, checksum in files.items():
        try:
            found = serialization.sha256(folder / file)
        except OSError as error:
            raise BenchmarkError(f"{file} cannot be read ({error.strerror})") from error
        if found != checksum:
            raise BenchmarkError(f"{file} is damaged: its SHA-256 differs")
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
    """Placeholder in a step's state for a booster, which has a file of its own.

    Attributes
    ----------
    file : str
        End of its file's name, after the name of the step.
    """

    file: str


def _steps(pipeline: Pipeline) -> list[tuple[int, tuple[str, Any]]]:
    """Return the steps that are not left out, with their positions."""
    return [(i, (name, step)) for i, (name, step) in enumerate(pipeline.steps) if step not in (None, "passthrough")]


def _classes(pipeline: Pipeline) -> list[str]:
    """Return the classes of all estimators in a pipeline that the plugin has just built, and `TRUSTED_TYPES`."""
    every = {type(value) for value in pipeline.get_params(deep=True).values() if _is_estimator(value)}
    return sorted(f"{each.__module__}.{each.__qualname__}" for each in {*every, *TRUSTED_TYPES})


# --- steps of scikit-learn, of the boosters and of this project: by skops


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
            raise ValueError("it is compressed, so this program did not write it")  # and may unpack to any size

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
    """Import `skops.io` without torch.

    skops imports all of scikit-learn to list its classes, and with it scikit-learn's support for torch. But torch and
    the library of a booster in one process can crash it.
    """
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    try:
        import skops.io
    finally:
        if sys.modules["torch"] is None:
            del sys.modules["torch"]
    return skops.io


def _state(step: Any) -> dict[str, Any]:
    """Return the fitted state of an estimator: all attributes but its parameters, unless they hold estimators.

    The plugin sets the parameters. But some estimators, such as FeatureUnion, fit estimators that are parameters.
    """
    params = step.get_params(deep=False)
    return {name: value for name, value in vars(step).items() if name not in params or _holds_estimators(value)}


def _holds_estimators(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_estimators, value))
    return _is_estimator(value)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy in which every value inside containers and estimators, at any depth, is changed."""
    if isinstance(value, dict):
        mapping = copy.copy(value)  # keeps the type of mapping
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


TRUSTED_TYPES = (Part, OrderedDict)
"""Classes that a state may hold beyond those that skops trusts; LightGBM stores its scores in an OrderedDict."""

_TREE = ("sklearn.tree._tree.Tree",)

_FORESTS = ("sklearn.ensemble._forest", "sklearn.tree._classes")
"""Modules whose trees are read: they check the number of columns of an image before a tree uses it."""


def _check_tree(tree: Any, columns: int) -> None:
    """Refuse a tree whose links leave its nodes or form a loop, or that uses columns which do not exist.

    scikit-learn follows the links of a tree unchecked, so skops trusts no tree. In a tree that was grown, every node
    links to later nodes only.
    """
    if not 0 < tree.node_count <= tree.capacity:
        raise ValueError("a tree has more nodes than there are")
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    later = np.minimum(left, right) > np.arange(tree.node_count)
    within = (np.maximum(left, right) < tree.node_count) & (feature >= 0) & (feature < columns)
    if not ((left == -1) | (later & within)).all():
        raise ValueError("a tree leads out of its nodes or columns")


_BOOSTERS = {"xgboost": ".ubj", "lightgbm": ".txt"}
"""File endings of the libraries' own formats."""


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

    # Filters may be in channels-last memory format; a file has one layout.
    tensors = {name: each.detach().cpu().contiguous() for name, each in step.module_.state_dict().items()}
    save_file(tensors, f"{stem}.safetensors")


def _load_net(step: Any, stem: Path, n_classes: int) -> None:
    from safetensors.torch import load_file

    step.initialize()
    step.module_.load_state_dict(load_file(f"{stem}.safetensors"))
    if step.classes is None:  # then skorch infers them from the labels
        step.classes_inferred_ = np.arange(n_classes)
