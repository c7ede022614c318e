"""The logistic regressions with scikit-learn-intelex's loss, compared with scikit-learn's."""

from __future__ import annotations

import platform
import sys
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmark import datasets
from benchmark.estimator import Task
from models._logistic import logistic_regression
from tests.conftest import three_clusters


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("C", [0.1, 10.0])
def test_coefficients_equal_scikit_learns(C: float, classes: int) -> None:
    train = datasets.load("digits").train
    rows = train.y < classes
    X, y = train.X[rows] / 255, train.y[rows]
    fast = logistic_regression(Task(classes, (8, 8, 1)), C=C, max_iter=2_000, tol=1e-8).fit(X, y)
    if platform.machine() == "x86_64" and sys.platform == "linux":
        assert type(fast).__module__.startswith("sklearnex")
    with threadpool_limits(1, user_api="blas"):  # threads that wait for each other took 65 times the processor time
        reference = LogisticRegression(C=C, max_iter=2_000, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(fast.predict_proba(X), reference.predict_proba(X), atol=1e-4)
    np.testing.assert_allclose(fast.coef_, reference.coef_, atol=1e-3)


@pytest.mark.usefixtures("no_sklearnex")
def test_without_sklearnex_it_is_scikit_learns_class() -> None:
    X, y = three_clusters()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = logistic_regression(Task(3, (1, 5, 1), threads=2), C=1.0).fit(X, y)
    assert type(model) is LogisticRegression
    assert model.score(X, y) > 0.9
