from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests import synthetic_results as synthetic


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """100 images of each of three classes and two estimators whose every confusion is set here."""
    y = np.repeat([0, 1, 2], 100)
    test_set = synthetic.write_test_set(tmp_path, y, ["left", "mid", "right"], n_train=600, examples=range(100, 200))
    a, b = y.copy(), y.copy()
    a[100:120], a[120:150], a[0:10] = 0, 2, 1  # mid: 20 called left, 30 called right; 10 left called mid
    b[100:110], b[120:124], b[200:225] = 0, 2, 1  # mid: 10 called left, 4 called right; 25 right called mid
    synthetic.write_predictions(tmp_path, test_set, "a", a, title="A", fit_rows=600, fit_seconds=10.0)
    synthetic.write_predictions(tmp_path, test_set, "b", b, title="B", family="cnn", fit_rows=600, fit_seconds=50.0)
    return tmp_path
