"""A fit that `tools.speed` holds against an earlier one; the earlier tree is not checked out here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tools.speed import __main__ as speed


def test_a_fit_says_what_it_took(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(400) % 10
    X = (rng.integers(0, 50, (400, 64)) + 20 * y[:, None]).astype(np.uint8)
    held = {"held_out": X[300:], "held_out_y": y[300:]}
    np.savez(tmp_path / "data.npz", X=X[:300], y=y[:300], shape=(8, 8, 1), **held)
    said = speed._fitted(speed.ROOT, "svm_pca", 1, tmp_path)
    assert said["accuracy"] > 0.9
    assert 0 < said["predict"] < 5
    assert 0 < said["fit"] < 30
    assert 1_000 < said["bytes"] < 1_000_000
