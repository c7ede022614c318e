"""Tests of every plugin found, in place of a test file for each; those of one library share a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from benchmark.engine import contract as check
from benchmark.engine import registry
from benchmark.engine.executors.local import LocalExecutor, temporary_executor
from benchmark.engine.jobs import Limits
from benchmark.engine.saved_models.save import CANNOT_BE_KEPT
from benchmark.estimator import Task
from tests import odd_images
from tests.in_process import SECOND_RUNTIMES


@dataclass(frozen=True)
class PluginInWorker:
    """A plugin, and a way to have a function called with its name in a worker."""

    name: str
    call: Callable[[Callable[[str], Any]], Any]


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    with temporary_executor() as found:
        yield found


@pytest.fixture(params=list(registry.plugins()))
def plugin(request: pytest.FixtureRequest, executor: LocalExecutor) -> PluginInWorker:
    name, limits = request.param, Limits(check.DEADLINE_SECONDS)
    library = next((part for part in SECOND_RUNTIMES if part in name), "scikit-learn")
    return PluginInWorker(name, lambda function: executor.call(library, 1, function, name, limits=limits).result())


def test_keeps_the_contract(plugin: PluginInWorker) -> None:
    clauses = plugin.call(check.clauses)
    assert len(clauses) > 1
    assert [f"{clause.text}: {clause.detail}" for clause in clauses if not clause.holds] == []
    assert [clause.detail for clause in clauses if clause.detail.startswith(CANNOT_BE_KEPT)] == []


@pytest.mark.fault(22, "constant and all-zero images")
def test_constant_images_all_get_the_same_prediction(plugin: PluginInWorker) -> None:
    assert plugin.call(odd_images.of_nothing) == [0, 0]


@pytest.mark.fault(21, "a class absent from a rung's rows")
def test_a_class_absent_from_the_rows_shifts_no_other_class(plugin: PluginInWorker) -> None:
    accuracy, absent = plugin.call(odd_images.of_a_rare_class)
    assert absent == 0
    # Shifted columns would leave two classes of five correct. The smoke-sized nets are too small for this bound.
    assert accuracy > 0.55 or plugin.call(odd_images.is_net)


LIBRARY_ESTIMATORS = {
    "xgboost": "xgboost.XGBClassifier",
    "lightgbm": "lightgbm.LGBMClassifier",
    "hog_lightgbm": "lightgbm.LGBMClassifier",
    "random_forest": "sklearn.RandomForestClassifier",
    "extra_trees": "sklearn.ExtraTreesClassifier",
    "knn": "sklearn.KNeighborsClassifier",
    "logistic_regression": "sklearn.LogisticRegression",
    "hog_logistic_regression": "sklearn.LogisticRegression",
}


def test_faint_images_are_predicted_as_those_of_full_contrast(plugin: PluginInWorker) -> None:
    # The residual net standardises its images to the same values, up to rounding (test_nets.py), and training on so few
    # amplifies the rounding.
    assert min(plugin.call(odd_images.of_faint_images)) >= (0.5 if plugin.name == "cnn" else 0.99)


@pytest.mark.parametrize("name", ["lightgbm", "hog_lightgbm"])
def test_lightgbm_does_not_diverge_for_some_seeds(name: str, executor: LocalExecutor) -> None:
    limits = Limits(check.DEADLINE_SECONDS)
    # With a least sum of second derivatives of 0.001, three or four of these are below 0.3.
    assert min(executor.call("lightgbm", 1, odd_images.at_a_high_rate, name, limits=limits).result()) > 0.5


def classes_of_last_step(name: str) -> list[str]:
    """Return library and name of the class of a pipeline's last step, and of its base classes."""
    step = registry.get(name).load().build(Task(10, (28, 28, 1)))[-1]
    return [f"{cls.__module__.split('.')[0]}.{cls.__name__}" for cls in type(step).__mro__]


def test_a_row_with_a_librarys_name_is_that_librarys_estimator(plugin: PluginInWorker) -> None:
    expected = LIBRARY_ESTIMATORS.get(plugin.name)
    assert expected is None or expected in plugin.call(classes_of_last_step)


def titles_of_all() -> dict[str, str]:
    return {name: plugin.load().title for name, plugin in registry.plugins().items()}


def test_a_row_that_is_not_the_librarys_estimator_has_a_title_of_its_own(executor: LocalExecutor) -> None:
    titles = executor.call("all", 1, titles_of_all).result()  # which loads two OpenMP runtimes
    assert titles["xgboost_column_draws"] == "XGBoost (column draws)"
    assert {name for name, title in titles.items() if title in {"XGBoost", "LightGBM"}} == {"xgboost", "lightgbm"}


def test_the_main_estimators_exist() -> None:
    assert {"logistic_regression", "svm_pca", "xgboost", "lightgbm", "cnn"} <= set(registry.plugins())
