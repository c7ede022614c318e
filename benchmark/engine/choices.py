"""The choices of a search space as values that a study, a record and a model card can hold, and back.

Optuna's journal and the records are JSON, which holds numbers, text, booleans and None. A tuple would be read back as a
list, which some parameters refuse. So a study tunes its text, such as ``"(64, 32)"``, and a worker sets the value that
the plugin has declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

ALLOWED = "give numbers, text, booleans, None, or tuples, lists and dicts of these"


def plain(value: Any) -> str | float | None:
    """Return a choice or a default as a number, text, a boolean or None; a tuple, list or dict becomes its text.

    Raises
    ------
    TypeError
        It is, or holds, something else; the message ends with what to give.
    """
    value = _of_python(value)
    return repr(value) if isinstance(value, list | tuple | dict) else value


def plain_distribution(distribution: BaseDistribution) -> BaseDistribution:
    """Return a distribution of plain choices; one of numbers is returned as it is.

    Raises
    ------
    TypeError
        See `plain`.
    """
    from optuna.distributions import CategoricalDistribution

    if type(distribution) is not CategoricalDistribution:
        return distribution
    return CategoricalDistribution([plain(choice) for choice in distribution.choices])


def declared(space: Mapping[str, BaseDistribution], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return tuned parameters with the plugin's own choices in place of the plain ones.

    A value that is no choice is returned as it is; scikit-learn or the estimator refuses it.

    Parameters
    ----------
    space : mapping of str to optuna.distributions.BaseDistribution
        As the plugin declares it.
    params : mapping of str to object
        From a study, a record or a model card.
    """
    return {name: _declared(space[name], value) if name in space else value for name, value in params.items()}


def _declared(distribution: BaseDistribution, value: Any) -> Any:
    for choice in getattr(distribution, "choices", ()):
        known = plain(choice)
        if type(known) is type(value) and known == value:  # True is no 1
            return choice
    return value


def _of_python(value: Any) -> Any:
    """Return a value with Python's numbers in place of NumPy's."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if type(value) in (list, tuple):
        return type(value)(_of_python(each) for each in value)
    if type(value) is dict:
        return {_of_python(key): _of_python(each) for key, each in value.items()}
    raise TypeError(f"a {type(value).__name__}; {ALLOWED}")
