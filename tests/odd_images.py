"""Images that say nothing, a class of two, faint images: shown to one estimator in a worker that has its libraries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

from benchmark.engine import pipelines, registry
from benchmark.engine.protocol import PRESETS
from benchmark.estimator import Task

RARE = 2
"""The class of two, in the middle, where a gap shifts the others."""


def rare_digits() -> dict[str, npt.NDArray]:
    """Return six classes of digits, one with two training images, and every ninth image black or of one grey."""
    images, labels = load_digits(return_X_y=True)
    images = (images * (255 / 16)).astype(np.uint8)
    usual = labels < 5
    X, y = images[usual], labels[usual]
    y = np.where(y >= RARE, y + 1, y)
    train, test = slice(720), slice(720, None)
    X_train, y_train = np.vstack([X[train], images[labels == 7][:2]]), np.r_[y[train], RARE, RARE]
    X_train[::9] = 0
    X_train[4::9] = np.arange(len(X_train[4::9]))[:, None] % 256
    X_test, y_test = np.vstack([X[test], images[labels == 7][2:6]]), np.r_[y[test], [RARE] * 4]
    X_test[::11] = 0
    X_test[5::11] = 255
    return {"X_train": X_train, "y_train": y_train, "X_test": X_test, "y_test": y_test}


def black() -> dict[str, npt.NDArray]:
    """Return 600 images of nothing, three classes of them, one of which is rare."""
    y = np.arange(600) % 2 * 2
    y[100::300] = 1
    X = np.zeros((600, 8, 8), np.uint8)
    return {"X_train": X, "y_train": y, "X_test": X[:90], "y_test": y[:90]}


def predicted(name: str, X: npt.NDArray[np.uint8], y: npt.NDArray, unseen: npt.NDArray[np.uint8]) -> npt.NDArray:
    """Return the scores of an estimator, fitted and asked as a smoke job does it; whatever is wrong is raised."""
    estimator, n_classes = registry.get(name).load(), int(y.max()) + 1
    X, unseen = X.reshape(len(X), -1), unseen.reshape(len(unseen), -1)
    task = Task(n_classes=n_classes, image_shape=(8, 8, 1))
    params = pipelines.parameters(estimator, task, PRESETS["smoke"], {})
    pipeline = pipelines.build(estimator, task, len(np.unique(y)), params)
    classes = pipelines.fit(pipeline, X, y.astype(np.int64))
    proba = pipelines.predict(pipeline, unseen, classes, n_classes)
    pipelines.check_labels(pipeline, unseen, classes, proba)
    return proba


def is_net(name: str) -> bool:
    """Return whether it says that it is one."""
    return registry.get(name).load().family == "cnn"


def of_nothing(name: str) -> list[float]:
    """Return by how much the scores of black images differ, after black images of two classes and of three."""
    data = black()
    both = data["y_train"] != 1  # where two classes are there, libraries take another path
    asked = ((data["X_train"][both], data["y_train"][both]), (data["X_train"], data["y_train"]))
    kept = (predicted(name, X, y, data["X_test"]).astype(np.float16) for X, y in asked)  # as records keep them
    return [float(np.ptp(proba.astype(np.float64), axis=0).max()) for proba in kept]


def of_a_rare_class(name: str) -> tuple[float, float]:
    """Return the accuracy on test images after rows that lack a class, and the score that they give that class."""
    data = rare_digits()
    there = data["y_train"] != RARE
    proba = predicted(name, data["X_train"][there][:400], data["y_train"][there][:400], data["X_test"])
    whole = predicted(name, data["X_train"][-400:], data["y_train"][-400:], data["X_test"])
    assert whole.shape == proba.shape
    return float((proba.argmax(axis=1) == data["y_test"]).mean()), float(proba[:, RARE].max())


FAINT = ((1, 235), (1, 100), (5, 85))
"""Factor of a digit's levels 0..16, and what is added; the plain digits have 15 and 0."""


def of_faint_images(name: str) -> list[float]:
    """Return the share of predictions on digits of less contrast that are as on plain digits, for each `FAINT`."""
    levels, labels = load_digits(return_X_y=True)
    levels = levels.astype(np.uint8)

    def labelled(factor: int, added: int) -> npt.NDArray:
        X = factor * levels + np.uint8(added)
        return predicted(name, X[:300], labels[:300], X[300:500]).argmax(axis=1)

    plain = labelled(15, 0)
    return [float((labelled(*each) == plain).mean()) for each in FAINT]


def at_a_high_rate(name: str) -> list[float]:
    """Return the accuracies on digits of boosted trees at a learning rate of 1, for four seeds."""
    images, labels = load_digits(return_X_y=True)
    X = (images * 15).astype(np.uint8)
    accuracies = []
    for seed in range(4):
        pipeline = registry.get(name).load().build(Task(10, (8, 8, 1), seed=seed, rows=600))
        few = {"features__transformer__n_components": 40} if "features" in pipeline.named_steps else {}
        pipeline.set_params(trees__learning_rate=1.0, trees__n_estimators=60, **few)
        accuracies.append(float(pipeline.fit(X[:600], labels[:600]).score(X[600:1_000], labels[600:1_000])))
    return accuracies
