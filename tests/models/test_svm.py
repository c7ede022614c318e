"""The support vector machine of the SVM rows, compared with libsvm."""

from __future__ import annotations

import platform
import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.svm import SVC

from benchmark import datasets
from models import _chunking, _svm
from models._pixels import ToUnit
from models._svm import RBFSVC
from tests.conftest import three_clusters

ROWS = 6_000


@pytest.mark.slow
def test_the_fast_solver_agrees_with_libsvm_on_the_test_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """On real images if they are available; the test labels are not used."""
    monkeypatch.setattr(_chunking, "MIN_ROWS", ROWS // 10)  # so that chunking is used with so few rows
    data = datasets.load(None)
    rows = min(ROWS, len(data.train.y))
    scale = ToUnit().fit(data.train.X)
    pca = PCA(0.9, svd_solver="covariance_eigh").fit(scale.transform(data.train.X[:rows]))
    train, test = (pca.transform(scale.transform(X)) for X in (data.train.X[:rows], data.test.X))
    for gamma in (0.01, 0.05):
        fast = RBFSVC(C=10.0, gamma=gamma, threads=2).fit(train, data.train.y[:rows])
        if platform.machine() == "x86_64" and sys.platform == "linux":
            assert "sklearnex" in fast.solver_
        reference = SVC(C=10.0, gamma=gamma, break_ties=True).fit(train.astype(np.float64), data.train.y[:rows])
        agreement = (fast.predict(test) == reference.predict(test.astype(np.float64))).mean()
        assert agreement >= 0.999, (gamma, agreement)


@pytest.mark.parametrize("kernel_rows", [0, 150], ids=["in pairs", "on a kernel"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_decision_values_equal_scikit_learns(classes: int, kernel_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_svm, "KERNEL_ROWS", kernel_rows)
    rng = np.random.default_rng(2)
    y = np.arange(150) % classes
    X, unseen = rng.normal(size=(150, 4)) + y[:, None], 3 * rng.normal(size=(1_100, 4))
    X = X.astype(np.float32).astype(np.float64)  # RBFSVC rounds to float32
    ours = RBFSVC(C=2.0, gamma=0.2, accelerate=False).fit(X, y)
    reference = SVC(C=2.0, gamma=0.2, break_ties=True).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(unseen), reference.decision_function(unseen), atol=1e-9)
    assert np.array_equal(ours.predict(unseen), reference.predict(unseen))


def test_a_machine_fitted_in_float32_is_asked_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearnex")
    monkeypatch.setattr(_svm, "KERNEL_ROWS", 0)
    rng = np.random.default_rng(4)
    y = np.arange(600) % 3
    X = (rng.normal(size=(600, 5)) + y[:, None]).astype(np.float32)
    fast = RBFSVC(C=10.0, gamma=0.2).fit(X, y)
    values = fast.decision_function(X)
    monkeypatch.setattr(RBFSVC, "_precision", np.float64)
    exact = fast.decision_function(X)
    assert not np.array_equal(values, exact)
    np.testing.assert_allclose(values, exact, atol=1e-4)


@pytest.mark.usefixtures("no_sklearnex")
def test_without_sklearnex_it_uses_scikit_learns_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_svm, "KERNEL_ROWS", 0)
    X, y = three_clusters()
    ours = RBFSVC(gamma=0.1).fit(X, y)
    assert ours.solver_.startswith("sklearn.")
    assert (ours.predict(X) == y).mean() > 0.9


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_prediction_is_the_class_of_the_highest_decision_value(
    accelerate: bool, classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_svm, "KERNEL_ROWS", 0)
    rng = np.random.default_rng(1)
    y = np.arange(120) % classes
    X = rng.normal(size=(120, 4)) + y[:, None]
    ours = RBFSVC(C=1.0, gamma=0.2, accelerate=accelerate).fit(X.astype(np.float32), y)
    values = ours.decision_function(X)
    assert values.shape == ((120,) if classes == 2 else (120, classes))
    predicted = (values > 0) if classes == 2 else values.argmax(axis=1)
    assert np.array_equal(ours.predict(X), ours.classes_[predicted.astype(int)])


@pytest.mark.parametrize(("apart", "whole"), [(6.0, False), (0.5, True)])
def test_chunking_gives_the_machine_of_all_rows(apart: float, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chunking, "KERNEL_BYTES", 400_000)  # margins of a few hundred rows at a time
    fitted: list[int] = []
    fit_chunk = _chunking._fit_chunk
    monkeypatch.setattr(_chunking, "_fit_chunk", lambda *args: fitted.append(len(args[-1])) or fit_chunk(*args))
    rng = np.random.default_rng(3)
    first = np.arange(4_000) % 3 == 0
    X = (rng.normal(size=(4_000, 5)) + apart * first[:, None] / np.sqrt(5)).astype(np.float32)
    machine = _chunking.fit(SVC(C=10.0, gamma=0.2), X, first)
    assert (max(fitted) == 4_000) == whole
    assert fitted[0] == 401  # every tenth of each class
    reference = SVC(C=10.0, gamma=0.2).fit(X, first)
    unseen = rng.normal(size=(500, 5)).astype(np.float32) * 2
    margins = _chunking.rbf_kernel(unseen, X[machine.support], 0.2) @ machine.dual_coef + machine.intercept
    np.testing.assert_allclose(margins, reference.decision_function(unseen), atol=0.05)


def test_rows_of_one_class_are_refused() -> None:
    with pytest.raises(ValueError, match="all rows are of class 3"):
        RBFSVC().fit(np.zeros((4, 2)), np.full(4, 3))
