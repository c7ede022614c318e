"""One contract test over every plugin found, in place of a test file for each."""

from __future__ import annotations

import pytest

from benchmark import registry
from benchmark.check import CANNOT, check


@pytest.mark.parametrize("name", list(registry.plugins()))
def test_keeps_the_contract(name: str) -> None:
    clauses = check(name)
    assert len(clauses) > 1
    assert [f"{clause.text}: {clause.detail}" for clause in clauses if not clause.holds] == []
    assert [clause.detail for clause in clauses if clause.detail.startswith(CANNOT)] == []


def test_the_five_families_are_there() -> None:
    assert {"logistic_regression", "svm_pca", "xgboost", "lightgbm", "cnn"} <= set(registry.plugins())
