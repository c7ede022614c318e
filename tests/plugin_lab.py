"""Plugins dropped into a copy of models/: what someone who adds an estimator does."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests import CHECKOUT

GOOD = '''"""Nearest centroid."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from sklearn.naive_bayes import GaussianNB

    return Pipeline([("bayes", GaussianNB(var_smoothing=0.1))])


ESTIMATOR = Estimator(
    title="Naive Bayes",
    family="classical",
    build=build,
    space={"bayes__var_smoothing": FloatDistribution(0.01, 1.0, log=True)},
)
'''


def bad(step: str) -> str:
    """Return a plugin whose pipeline is one step, given as the body of its class."""
    return f"""from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline
import numpy as np, os, sys

from benchmark.estimator import Estimator


class Step(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)

{step}


def build(task):
    return Pipeline([("step", Step())])


ESTIMATOR = Estimator(title="Bad", family="classical", build=build)
"""


def models(folder: Path, *, alone: bool = False, **plugins: str) -> Path:
    """Copy models/ into a folder, and drop plugin files, given by stem, into it; return the folder.

    With `alone` they are the only ones there. The program, started there, is this checkout's: it looks for plugins in
    the folder that holds the link to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "benchmark").exists():
        (folder / "benchmark").symlink_to(CHECKOUT / "benchmark")
    # Bytecode that is whole goes along: compiling it anew takes longer than many a test.
    shutil.copytree(CHECKOUT / "models", folder / "models", ignore=shutil.ignore_patterns("*.pyc.*"))
    for path in (folder / "models").glob("[!_]*.py") if alone else ():
        path.unlink()
    for stem, source in plugins.items():
        (folder / "models" / f"{stem}.py").write_text(source, encoding="utf-8")
    return folder


def checkout(folder: Path, *, alone: bool = False, **plugins: str) -> Path:
    """Copy the whole program to a folder, with plugins as in `models`."""
    shutil.copytree(CHECKOUT / "benchmark", folder / "benchmark", ignore=shutil.ignore_patterns("*.pyc.*"))
    return models(folder, alone=alone, **plugins)
