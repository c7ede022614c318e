"""XGBoost on random draws of the columns, compared with `XGBClassifier`."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from xgboost import XGBClassifier

from models._columns import DrawnColumns
from tests.conftest import three_clusters


@pytest.mark.parametrize("rounds_a_draw", [3, 4, 10])
def test_with_all_columns_it_equals_xgbclassifier(rounds_a_draw: int) -> None:
    X, y = three_clusters()
    X, y = X[20:], y[20:]  # ten of one class and thirty of the others
    ours = DrawnColumns(n_estimators=10, columns=1.0, rounds_a_draw=rounds_a_draw, max_bin=32).fit(X, y)
    margin = np.tile(np.log(np.bincount(y) / len(y)), (len(y), 1)).astype(np.float32)
    settings = {"n_estimators": 10, "learning_rate": 0.3, "max_depth": 6, "max_bin": 32, "tree_method": "hist"}
    reference = XGBClassifier(**settings).fit(X, y, base_margin=margin)
    expected = reference.predict_proba(X, base_margin=margin)
    np.testing.assert_allclose(ours.predict_proba(X), expected, atol=1e-5)


def test_each_draw_has_the_requested_share_of_columns_and_draws_differ() -> None:
    X, y = three_clusters()
    model = DrawnColumns(n_estimators=12, columns=0.4, rounds_a_draw=5).fit(X, y)
    drawn = [set(columns) for columns, _ in model.draws_]
    assert [trees.num_boosted_rounds() for _, trees in model.draws_] == [5, 5, 2]
    assert {len(columns) for columns in drawn} == {round(0.4 * X.shape[1])}
    assert drawn[0] != drawn[1]


def test_the_seed_determines_the_model() -> None:
    X, y = three_clusters()
    model = DrawnColumns(n_estimators=10, columns=0.2, random_state=3)
    first, second = (clone(model).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (clone(model).set_params(random_state=4).fit(X, y).predict_proba(X) != first).any()


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 7, 30]])
def test_any_labels_and_a_single_column_work(labels: list[object]) -> None:
    y = np.repeat(np.array(labels), 30)
    X = np.repeat(np.arange(len(labels), dtype=np.uint8), 30)[:, None] * 9
    model = DrawnColumns(n_estimators=5).fit(X, y)
    assert (model.predict(X) == y).all()
    assert model.predict_proba(X).shape == (len(y), len(labels))
