"""Describes a plugin: imports it in a worker process and returns what it declares as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.engine import choices, registry
from benchmark.engine.jobs import Declaration, Describe, one_line
from benchmark.errors import BenchmarkError
from benchmark.estimator import Estimator, Task

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


GREY_28 = (28, 28, 1)
"""Shape of the images of Fashion-MNIST."""


def describe(job: Describe) -> Declaration:
    """Import a plugin, build its pipeline, and return what it declares.

    Raises
    ------
    BenchmarkError
        Any exception of the plugin, in one line. Its own exception classes may not exist in the parent.
    """
    try:
        estimator = registry.get(job.estimator).load()
        params = estimator.build(job.task).get_params()
        space = estimator.space_for(job.task)
        if wrong := registry.wrong_space(space):
            raise BenchmarkError(wrong)
        return Declaration(
            title=str(estimator.title),
            family=str(estimator.family),
            augmentation=str(estimator.augmentation),
            space={name: _plain_distribution(name, value) for name, value in space.items()},
            smoke=_plain(estimator.smoke),
            thorough=_plain(estimator.thorough),
            defaults={name: _default(name, params, value) for name, value in space.items()},
            settings=_settings(estimator, job.task),
        )
    except BenchmarkError:
        raise
    except BaseException as error:  # KeyboardInterrupt too: raised by a plugin, it is the plugin's failure
        raise BenchmarkError(one_line(error)) from None


def describe_all(jobs: Sequence[Describe]) -> list[Declaration | BenchmarkError]:
    """Describe many plugins in one process; return the reason for each plugin that cannot be described."""
    found: list[Declaration | BenchmarkError] = []
    for job in jobs:
        try:
            found.append(describe(job))
        except BenchmarkError as error:
            found.append(error)
    return found


def _plain(params: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(dict(params), default=repr))


def _plain_distribution(name: str, distribution: BaseDistribution) -> BaseDistribution:
    from optuna.distributions import distribution_to_json, json_to_distribution

    try:
        distribution = choices.plain_distribution(distribution)
    except TypeError as error:
        raise BenchmarkError(f"its space has among the choices for {name} {error}") from error
    try:
        return json_to_distribution(distribution_to_json(distribution))
    except (TypeError, ValueError) as error:
        raise BenchmarkError(f"its space for {name} cannot be serialized: {one_line(error)}") from error


def _settings(estimator: Estimator, task: Task) -> dict[str, str]:
    """Return the fixed parameters of the pipeline as text, because a record depends on them.

    Of the task they depend on the shape of the images and on the rows; the number of threads or classes is always the
    same, since it does not change the estimator.
    """
    task = Task(n_classes=10, image_shape=task.image_shape, rows=task.rows)
    params = estimator.build(task).get_params()
    return {
        name: _written(value[:2] if value == GREY_28 else value)  # as records of the time before colour have it
        for name, value in sorted(params.items())
        if name not in estimator.space_for(task)
    }


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float | str | np.generic):
        return repr(value)
    if isinstance(value, Mapping):
        return repr({str(key): _written(each) for key, each in value.items()})
    if isinstance(value, list | tuple):
        return repr([_written(each) for each in value])
    if isinstance(value, np.ndarray):
        return repr(value.tolist())
    named = value if hasattr(value, "__qualname__") else type(value)  # the repr of most objects holds an address
    return f"{named.__module__}.{named.__qualname__}"


def _default(name: str, params: Mapping[str, Any], distribution: BaseDistribution) -> str | float | None:
    if name not in params:
        raise BenchmarkError(f"its space names {name}, which the pipeline does not have")
    try:
        value, distribution = choices.plain(params[name]), choices.plain_distribution(distribution)
    except TypeError as error:
        raise BenchmarkError(f"the default of {name} is {error}") from error
    if not _inside(distribution, value):
        raise BenchmarkError(f"the default of {name} is {value!r}, outside {distribution}")
    return value


def _inside(distribution: BaseDistribution, value: Any) -> bool:
    """Return whether a distribution can draw a value."""
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))
    except (ValueError, TypeError):
        return False
