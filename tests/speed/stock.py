"""The stock way of each family: what a tutorial does, on the same rows and with the same parameters.

What must be the same is read off our own pipeline, so that it stays the same when a plugin
changes; all else is the library's default. Threads and seed are given to both sides alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmark.estimator import Task

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MACHINE = ("C", "gamma", "kernel", "degree", "coef0", "class_weight", "break_ties", "decision_function_shape")
"""Parameters of an SVM that its answers depend on; tolerance and cache are how it gets there, and stay default."""


def svm_pca(ours: Pipeline, task: Task) -> Pipeline:
    """Return scikit-learn's `SVC` behind the same steps, with the same C, kernel and gamma.

    Raises
    ------
    ValueError
        Our pipeline does not say what they are.
    """
    from sklearn.base import clone
    from sklearn.pipeline import Pipeline
    from sklearn.svm import SVC

    if not SVC.__module__.startswith("sklearn."):
        raise ValueError(f"sklearn.svm.SVC is patched: it comes from {SVC.__module__}, so nothing stock is left")
    params = ours[-1].get_params()
    same = {name: params[name] for name in MACHINE if name in params}
    if not {"C", "gamma"} <= same.keys():
        raise ValueError(f"the last step of our pipeline, {type(ours[-1]).__name__}, has no parameters C and gamma")
    return Pipeline([*((name, clone(step)) for name, step in ours.steps[:-1]), ("svm", SVC(**same))])


def lightgbm(ours: Pipeline, task: Task) -> Pipeline:
    """Return LightGBM with its defaults and as many rounds."""
    from lightgbm import LGBMClassifier
    from sklearn.pipeline import Pipeline

    model = LGBMClassifier(
        n_estimators=ours[-1].get_params()["n_estimators"], n_jobs=task.threads, random_state=task.seed, verbose=-1
    )
    return Pipeline([("trees", model)])


def xgboost_column_draws(ours: Pipeline, task: Task) -> Pipeline:
    """Return XGBoost with its defaults and as many rounds."""
    from sklearn.pipeline import Pipeline
    from xgboost import XGBClassifier

    model = XGBClassifier(
        n_estimators=ours[-1].get_params()["n_estimators"], n_jobs=task.threads, random_state=task.seed
    )
    return Pipeline([("trees", model)])


def logistic_regression(ours: Pipeline, task: Task) -> Pipeline:
    """Return scikit-learn's `LogisticRegression`, lbfgs, on float64 pixels of the same power, with the same C.

    How many steps it takes is for the caller to say (``logistic__max_iter``): as many as bring it
    to the loss that ours ends at.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    params = ours.get_params()
    power = next((value for name, value in params.items() if name.endswith("__power")), 1.0)
    C = params.get(f"{ours.steps[-1][0]}__C", 1.0)
    scale = FunctionTransformer(to_unit, kw_args={"power": power})
    return Pipeline([("scale", scale), ("logistic", LogisticRegression(C=C, random_state=task.seed))])


def cnn(ours: Pipeline, task: Task) -> Any:
    """Return a plain PyTorch loop that trains the same net."""
    from tests.speed.plain_loop import PlainLoop

    net = ours[-1]
    shift = net.get_params().get("iterator_train__shift", 1)
    return PlainLoop(net, task.image_shape, shift, seed=task.seed, threads=task.threads)


STOCK: Mapping[str, Callable[[Any, Task], Any]] = {
    "svm_pca": svm_pca,
    "lightgbm": lightgbm,
    "xgboost_column_draws": xgboost_column_draws,
    "logistic_regression": logistic_regression,
    "cnn": cnn,
}

SAYS = {
    "svm_pca": "scikit-learn's SVC after the same scaling and PCA, same C and gamma; fit and predict",
    "lightgbm": "LGBMClassifier, library defaults, as many rounds; fit",
    "xgboost_column_draws": "XGBClassifier, library defaults, as many rounds; fit",
    "logistic_regression": (
        "LogisticRegression (lbfgs) on float64 pixels in [0, 1], raised to the same power, same C, stopped at the "
        "step that brings its mean cross-entropy over the training rows to ours (within 0.1 %, in its favour); fit"
    ),
    "cnn": (
        "the same net under a plain PyTorch loop: DataLoader of single images, each mirrored in turn (and cropped, "
        "where ours moves them), same batch size, SGD; one epoch of training, which is timed and not scored. Ours "
        "shows small images first and whole ones last, as it always does; the note has the speed if none are small"
    ),
    "whole": (
        "Optuna's tutorial objective, estimator after estimator, each with all threads: as many trials in our search "
        "space, 3-fold, no rungs, refit. Boosters, net and logistic regression are ours, the SVM is scikit-learn's: "
        "it is the harness that is compared"
    ),
}
"""What each family is compared with, for the output."""


def rounds(pipeline: Pipeline) -> int | None:
    """Return how many rounds a pipeline's boosted trees take; None if it has no such trees."""
    found: int | None = pipeline[-1].get_params().get("n_estimators")
    return found


def to_unit(X: npt.NDArray[np.uint8], power: float) -> npt.NDArray[np.float64]:
    """Return grey values as float64 in [0, 1], raised to a power."""
    unit: npt.NDArray[np.float64] = (X / 255.0) ** power
    return unit
