"""scikit-learn's bundled digits: 1,797 images of 8 by 8 pixels, available on every machine."""

from __future__ import annotations

import numpy as np

from benchmark.datasets import validate

NAME = "digits"


def load() -> validate.FileDataset:
    """Return the digits, 0..16 scaled to 0..255; one fixed, stratified fifth is the test part.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    X = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    train, test = train_test_split(np.arange(len(X)), test_size=0.2, stratify=bunch.target, random_state=0)
    return validate.build_dataset(
        NAME,
        "bundled with scikit-learn",
        validate.RawPart(X[train], bunch.target[train], NAME, NAME),
        validate.RawPart(X[test], bunch.target[test], NAME, NAME),
    )
