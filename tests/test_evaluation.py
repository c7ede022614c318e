"""From a refit's outcome to a record."""

from __future__ import annotations

import numpy as np

from benchmark.evaluation import to_float16


def test_rounding_to_float16_never_changes_a_prediction() -> None:
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(10), 5_000).astype(np.float32)
    close = np.tile(np.float32([0.2, 0.25, 0.25001, 0.29999]), (3, 1))  # the last two tie once rounded
    close[1] = [0.30001, 0.30002, 0.2, 0.2]
    close[2] = [0.25, 0.25, 0.25, 0.25]
    for rows in (proba, close):
        rounded = to_float16(rows)
        assert rounded.dtype == np.float16
        assert (rounded.argmax(axis=1) == rows.argmax(axis=1)).all()
        assert np.abs(rounded.astype(np.float32) - rows).max() < 1e-3
