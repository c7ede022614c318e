"""Tests of every plugin found, in one worker each, in place of a test file for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from benchmark.engine import contract as check
from benchmark.engine import registry
from benchmark.engine.executors.local import temporary_executor
from benchmark.engine.jobs import Limits
from tests import odd_images


@dataclass(frozen=True)
class Asked:
    """A plugin, and a way to have a function called with its name in the worker that serves it."""

    name: str
    call: Callable[[Callable[[str], Any]], Any]


@pytest.fixture(scope="module", params=list(registry.plugins()))
def plugin(request: pytest.FixtureRequest) -> Iterator[Asked]:
    name, limits = request.param, Limits(check.DEADLINE_SECONDS)
    with temporary_executor() as executor:
        yield Asked(name, lambda function: executor.call(name, 1, function, name, limits=limits).result())


def test_keeps_the_contract(plugin: Asked) -> None:
    clauses = plugin.call(check.clauses)
    assert len(clauses) > 1
    assert [f"{clause.text}: {clause.detail}" for clause in clauses if not clause.holds] == []
    assert [clause.detail for clause in clauses if clause.detail.startswith(check.CANNOT_BE_SAVED)] == []


@pytest.mark.fault(22, "constant and all-zero images")
def test_images_that_say_nothing_are_all_told_the_same(plugin: Asked) -> None:
    assert plugin.call(odd_images.of_nothing) == [0, 0]


@pytest.mark.fault(21, "a class absent from a rung's rows")
def test_a_class_that_its_rows_lack_shifts_no_other(plugin: Asked) -> None:
    accuracy, absent = plugin.call(odd_images.of_a_rare_class)
    assert absent == 0
    # Shifted columns would leave two classes in five right; a net is made too tiny for a test to say.
    assert accuracy > 0.55 or plugin.call(odd_images.is_net)


def test_the_five_families_are_there() -> None:
    assert {"logistic_regression", "svm_pca", "xgboost", "lightgbm", "cnn"} <= set(registry.plugins())
