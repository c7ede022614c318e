"""Checks a plugin against the contract, clause by clause, on small data in a worker process."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.engine import declaration, pipelines, registry
from benchmark.engine.executors.local import temporary_executor
from benchmark.engine.jobs import Limits, WorkerDiedError, one_line
from benchmark.engine.saved_models import formats
from benchmark.engine.worker_job import save
from benchmark.estimator import Estimator, Task

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

ROWS = 300
"""Training rows of the digits; predictions are made for `TEST_ROWS` others."""

TEST_ROWS = 120

CANNOT_BE_SAVED = "cannot be saved: "
"""Start of the detail of the clause on saving. A plugin that cannot be saved breaks no contract."""

DEADLINE_SECONDS = 600.0
"""Deadline of the whole contract, for which a plugin's `smoke` parameters are set."""


@dataclass(frozen=True)
class Clause:
    """One sentence of the contract, whether the plugin keeps it, and the reason or a figure."""

    text: str
    holds: bool
    detail: str = ""


def check(name: str) -> list[Clause]:
    """Check a plugin against the contract; a clause that cannot be tried counts as broken.

    Parameters
    ----------
    name : str

    Raises
    ------
    BenchmarkError
        No plugin has this name.
    """
    registry.get(name)
    with temporary_executor() as executor:
        try:
            return executor.call(name, 1, clauses, name, limits=Limits(DEADLINE_SECONDS)).result()
        except WorkerDiedError as error:
            return [Clause("survives the contract without losing its process", False, str(error))]
        except Exception as error:
            return [Clause("can be tried", False, one_line(error))]


def clauses(name: str) -> list[Clause]:
    """Try every clause; runs in the worker."""
    trial = _Trial(name)
    return [trial.clause(text, attempt) for text, attempt in trial.contract()]


class _Trial:
    def __init__(self, name: str) -> None:
        from benchmark.datasets import digits

        self.name = name
        data = digits.load()
        self.X, self.y = data.train.X[:ROWS], data.train.y[:ROWS]
        self.unseen = data.test.X[:TEST_ROWS]
        self.task = Task(n_classes=10, image_shape=data.image_shape, seed=3)
        self.proba: np.ndarray | None = None

    def contract(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("can be imported and declares an Estimator", self.imports),
            ("builds a scikit-learn Pipeline", self.builds),
            ("clones, and the clone has the same parameters", self.clones),
            ("every key of the space is a parameter of the pipeline", self.space_keys),
            ("states a default inside the space for every tuned parameter", self.defaults),
            ("every key of smoke is a parameter of the pipeline", self.smoke_keys),
            ("every key of thorough is a parameter of the pipeline, and none is tuned", self.thorough_keys),
            ("fits the smoke rows", self.fits),
            ("probabilities (or softmaxed decisions) in shape, finite, summing to one", self.probabilities),
            ("predict agrees with the highest score", self.predicts),
            ("its history, if it has one, is numbers", self.historic),
            ("same seed, same predictions", self.repeats),
            ("survives a pickle, fitted, with the same predictions", self.pickles),
            ("is saved and read back with the same predictions, or says why not", self.is_saved),
            ("a class missing from the training rows does not shift the columns", self.missing_class),
            ("fits images of another shape", self.other_shape),
        ]

    @staticmethod
    def clause(text: str, attempt: Callable[[], str]) -> Clause:
        try:
            return Clause(text, True, attempt())
        except (Exception, SystemExit) as error:
            return Clause(text, False, str(error) if isinstance(error, _BrokenError) else one_line(error))

    def imports(self) -> str:
        return f"{self.declared().title}, {self.declared().family}"

    def builds(self) -> str:
        from sklearn.pipeline import Pipeline

        built = self.declared().build(self.task)
        _require(isinstance(built, Pipeline), f"build returned {type(built).__name__}")
        return " -> ".join(step for step, _ in built.steps)

    def clones(self) -> str:
        from sklearn.base import clone

        built = self.declared().build(self.task)
        copy = clone(built)
        for key in self.declared().space:
            _require(copy.get_params()[key] == built.get_params()[key], f"{key} differs")
        return ""

    def space_keys(self) -> str:
        return self._keys(self.declared().space)

    def smoke_keys(self) -> str:
        return self._keys(self.declared().smoke)

    def thorough_keys(self) -> str:
        declared = self.declared()
        tuned = sorted(declared.space.keys() & declared.thorough.keys())
        _require(not tuned, f"{tuned} are tuned, so nothing else can set them")
        return self._keys(declared.thorough)

    def defaults(self) -> str:
        params = self.declared().build(self.task).get_params()
        stated = []
        for key, distribution in self.declared().space.items():
            value = params[key]
            _require(declaration.inside(distribution, value), f"{key} is {value!r} by default, outside {distribution}")
            stated.append(f"{key}={value}")
        return ", ".join(stated)

    def fits(self) -> str:
        self.fitted()
        return f"{len(self.y)} rows"

    def probabilities(self) -> str:
        pipeline, classes = self.fitted()
        proba = pipelines.predict(pipeline, self.unseen, classes, 10)
        return f"{pipelines.score_method(pipeline)}, {proba.shape}"

    def predicts(self) -> str:
        pipeline, classes = self.fitted()
        predicted = np.asarray(pipeline.predict(self.unseen))
        highest = pipelines.predict(pipeline, self.unseen, classes, 10).argmax(axis=1)
        differing = int((classes[predicted] != highest).sum())
        _require(differing == 0, f"{differing} of {len(highest)} differ")
        return ""

    def historic(self) -> str:
        found = pipelines.history(self.declared(), self.fitted()[0])
        return ", ".join(f"{name} ({len(values)})" for name, values in found.items()) or "none"

    def repeats(self) -> str:
        first, second = (pipelines.predict(*self._fresh(self.y), 10) for _ in range(2))
        _require(np.array_equal(first, second), f"largest difference {np.abs(first - second).max():.2g}")
        return ""

    def pickles(self) -> str:
        pipeline, classes = self.fitted()
        blob = pickle.dumps(pipeline)
        again = pickle.loads(blob)
        before, after = (pipelines.predict(each, self.unseen, classes, 10) for each in (pipeline, again))
        _require(np.array_equal(before, after), "predictions differ")
        return f"{len(blob) / 1e6:.2f} MB"

    def is_saved(self) -> str:
        pipeline, classes = self.fitted()
        with tempfile.TemporaryDirectory() as name:
            saved = save(Path(name), pipeline, partial(self._built, self.task), self.unseen, classes)
            size = sum((Path(name) / file).stat().st_size for file in saved.files)
        if saved.reason:
            return f"{CANNOT_BE_SAVED}{saved.reason}"
        return f"{', '.join(formats.names(saved.files))}, {size / 1e6:.2f} MB"

    def missing_class(self) -> str:
        keep = self.y != 4
        pipeline = self._built(replace(self.task, n_classes=9))
        classes = pipelines.fit(pipeline, self.X[keep], self.y[keep])
        proba = pipelines.predict(pipeline, self.unseen, classes, 10)
        _require(proba.shape == (len(self.unseen), 10) and not proba[:, 4].any(), "its column is not empty")
        _require(len(np.unique(proba[:, 5:].argmax(axis=1))) > 1, "the columns after it are all alike")
        return ""

    def other_shape(self) -> str:
        rng = np.random.default_rng(0)
        y = np.repeat(np.arange(3), 40)
        X = np.clip(rng.normal(60 * y[:, None] + 40, 25, size=(120, 12 * 9)), 0, 255).astype(np.uint8)
        pipeline = self._built(Task(n_classes=3, image_shape=(12, 9), seed=3))
        pipelines.predict(pipeline, X, pipelines.fit(pipeline, X, y), 3)
        return "12 by 9, 3 classes"

    def declared(self) -> Estimator:
        return registry.get(self.name).load()

    def fitted(self) -> tuple[Pipeline, np.ndarray]:
        if not hasattr(self, "_fitted"):
            pipeline = self._built(self.task)
            self._fitted = pipeline, pipelines.fit(pipeline, self.X, self.y)
        return self._fitted

    def _fresh(self, y: np.ndarray) -> tuple[Pipeline, np.ndarray, np.ndarray]:
        pipeline = self._built(self.task)
        classes = pipelines.fit(pipeline, self.X, y)
        return pipeline, self.unseen, classes

    def _built(self, task: Task) -> Pipeline:
        from sklearn.base import clone

        declared = self.declared()
        return clone(declared.build(task)).set_params(**declared.smoke)

    def _keys(self, keys: Iterable[str]) -> str:
        params = self.declared().build(self.task).get_params()
        unknown = [key for key in keys if key not in params]
        _require(not unknown, f"no parameter {', '.join(unknown)}")
        return ", ".join(keys) or "none"


class _BrokenError(Exception):
    """A clause is broken; the text is the reason."""


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise _BrokenError(reason)
