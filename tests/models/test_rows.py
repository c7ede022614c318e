"""Defaults that follow the number of training rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.engine import declaration, registry
from benchmark.engine.jobs import Describe
from benchmark.estimator import USUAL_ROWS, Task
from models._rows import FEW_ROWS, by_rows


@pytest.mark.parametrize(
    ("rows", "value"), [(1, 0.5), (1_000, 0.5), (7_745, 0.9999), (60_000, 1.5), (10**7, 1.5)], ids=str
)
def test_a_default_lies_between_that_of_few_rows_and_the_usual_one(rows: int, value: float) -> None:
    assert by_rows(Task(10, (28, 28, 1), rows=rows), few=0.5, usual=1.5) == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize(("rows", "gamma", "lowest"), [(200, 0.5, 0.2), (60_000, 1.5, 0.7)])
def test_few_rows_get_a_wide_kernel_and_a_range_around_it(rows: int, gamma: float, lowest: float) -> None:
    found = declaration.describe(Describe("hog_svm", Task(10, (28, 28, 1), rows=rows)))
    assert found.defaults["svm__gamma"] == gamma
    assert found.space["svm__gamma"].low == lowest  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["extra_trees", "random_forest"])
@pytest.mark.parametrize("rows", [200, 60_000])
def test_tuning_makes_no_forest_of_many_rows_slower_than_its_default(name: str, rows: int) -> None:
    found = declaration.describe(Describe(name, Task(10, (28, 28, 1), rows=rows)))
    default, most = found.defaults["trees__max_features"], found.space["trees__max_features"].high  # type: ignore[attr-defined]
    assert (most == default) == (rows == USUAL_ROWS)
    assert found.defaults["trees__min_samples_leaf"] == 1  # the slowest


@pytest.mark.parametrize(
    ("task", "weights", "shape"),
    [
        (Task(10, (28, 28, 1), rows=200), "{'patches': '0.5'}", "['28', '28']"),
        (Task(10, (28, 28, 1)), "{'patches': '1.5'}", "['28', '28']"),
        (Task(7, (28, 28, 3), threads=2), "{'patches': '1.5'}", "['28', '28', '3']"),
    ],
)
def test_fixed_settings_are_those_of_the_task(task: Task, weights: str, shape: str) -> None:
    settings = declaration.describe(Describe("patches_svm", task)).settings
    assert settings["virtual__features__transformer_weights"] == weights
    assert settings["virtual__image_shape"] == shape


FOREST = ["trees__n_estimators", "trees__max_features", "trees__min_samples_split"]

FOLLOW = {
    "Random forest: trees, share of columns, rows that are split": ("random_forest", FOREST),
    "Extra trees: trees, share of columns, rows that are split": ("extra_trees", FOREST),
    "SVM on HOG: gamma": ("hog_svm", ["svm__gamma"]),
    "SVM on learned patches: weight of the patches, gamma": (
        "patches_svm",
        ["virtual__features__transformer_weights", "virtual__machine__gamma"],
    ),
    "XGBoost: learning rate, depth": ("xgboost", ["trees__learning_rate", "trees__max_depth"]),
    "XGBoost (column draws): learning rate, depth": (
        "xgboost_column_draws",
        ["trees__learning_rate", "trees__max_depth"],
    ),
    "LightGBM: learning rate, leaves": ("lightgbm", ["trees__learning_rate", "trees__num_leaves"]),
    "LightGBM on HOG: least sum of second derivatives of a leaf": ("hog_lightgbm", ["trees__min_child_weight"]),
    "Residual net: share of the steps on smaller images": ("cnn", ["net__callbacks__growing__share"]),
}
"""Rows of the table in docs/estimators.md: estimator, and the parameters that follow the number of rows."""


def documented(what: str) -> str:
    """Return a row of the table, as the plugin says it."""
    name, parameters = FOLLOW[what]

    def shown(rows: int) -> str:
        params = registry.get(name).load().build(Task(10, (28, 28, 1), rows=rows)).get_params()
        if name == "cnn":
            params["net__callbacks__growing__share"] = dict(params["net__callbacks"])["growing"].share
        values = [params[each] for each in parameters]
        return ", ".join(f"{value['patches'] if isinstance(value, dict) else value:g}" for value in values)

    return f"| {what} | {shown(FEW_ROWS)} | {shown(USUAL_ROWS)} |"


@pytest.mark.parametrize(
    ("name", "rows", "least"),
    [("lightgbm", 200, 1.0), ("lightgbm", 60_000, 1.0), ("hog_lightgbm", 200, 1.0), ("hog_lightgbm", 60_000, 0.001)],
)
def test_leaves_of_lightgbm_have_a_least_sum_of_second_derivatives(name: str, rows: int, least: float) -> None:
    settings = declaration.describe(Describe(name, Task(10, (28, 28, 1), rows=rows))).settings
    assert settings["trees__min_child_weight"] == str(least)


@pytest.mark.parametrize("what", FOLLOW)
def test_the_documented_defaults_are_those_of_the_plugins(what: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "estimators.md").read_text(encoding="utf-8")
    assert documented(what) in text
