"""What several test files need."""

from __future__ import annotations

import gc
import os
import sys

import numpy as np
import pytest

from tests import CHECKOUT as CHECKOUT
from tests.golden import golden as golden
from tests.golden import smoke_results as smoke_results
from tests.in_process import benchmark as benchmark

COLLECTED = pytest.StashKey[list[pytest.Item]]()
"""Every test that was collected, those too that no marker or name then selects."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[COLLECTED] = list(items)


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests' downloads, arrays and logs out of the user's cache."""
    os.environ["BENCHMARK_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True, scope="module")
def frozen() -> None:
    """Leave what is imported by now out of collections of garbage, of which statsmodels has one in each call."""
    gc.freeze()


@pytest.fixture
def no_sklearnex(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make scikit-learn-intelex impossible to import, as on a machine that has no wheel of it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearnex"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearnex", None)


def three_clusters() -> tuple[np.ndarray, np.ndarray]:
    """Return 90 points of five coordinates, of three classes that are easily told apart."""
    X, y = np.random.default_rng(0).normal(size=(90, 5)), np.repeat(np.arange(3), 30)
    X[np.arange(90), y] += 4
    return X, y


_PNGS: dict[str, bytes] = {}


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a figure of given inputs once a process. Asked for by tests of what the report does with figures."""
    from benchmark.render.figure import PlannedFigure

    draw = PlannedFigure.png

    def png(planned: PlannedFigure) -> bytes:
        inputs = planned.inputs
        if inputs not in _PNGS:
            _PNGS[inputs] = draw(planned)
        return _PNGS[inputs]

    monkeypatch.setattr(PlannedFigure, "png", png)
