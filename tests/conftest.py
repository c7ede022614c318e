"""What several test files need."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.warm import Warm

Ints = np.ndarray[Any, np.dtype[np.int64]]

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests' downloads, arrays and logs out of the user's cache."""
    os.environ["BENCHMARK_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True, scope="module")
def frozen() -> None:
    """Leave what is imported by now out of collections of garbage, of which statsmodels has one in each call."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def once() -> Iterator[dict[object, Any]]:
    """Draw a picture once a process, and resample once: many tests make one report with one thing changed.

    Whoever tests that the same inputs give the same outcome clears it first.
    """
    from benchmark.metrics import significance
    from benchmark.report import figures

    found: dict[object, Any] = {}
    draw, resample = figures.png_of, significance.resample

    def drawn(how: Callable[[Any], Any], data: object, inputs: str) -> bytes:
        if inputs not in found:
            found[inputs] = draw(how, data, inputs)
        return found[inputs]

    def resampled(y: Ints, predicted: Sequence[Ints], n_classes: int) -> significance.Resampled:
        key = y.tobytes(), tuple((answers.shape, answers.tobytes()) for answers in predicted), n_classes
        if key not in found:
            found[key] = resample(y, predicted, n_classes)
        return found[key]

    figures.png_of, significance.resample = drawn, resampled
    yield found
    figures.png_of, significance.resample = draw, resample


def benchmark(*arguments: str, cwd: Path = CHECKOUT, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Run the program as a user would, but for its first imports, which a process has done that it is forked from."""
    return _warm().run([*arguments], cwd, {**os.environ, "PYTHONPATH": str(cwd), **(env or {})}, 300)


@lru_cache
def _warm() -> Warm:
    return Warm()


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
