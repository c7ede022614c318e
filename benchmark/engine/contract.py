"""Tests whether one plugin keeps the contract: clause by clause, in a worker process, on small data.

What a run also asks of a plugin is asked here by the same code, so that `check` and `run` cannot differ.
"""

from __future__ import annotations

import math
import pickle
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.datasets.dataset import size_text
from benchmark.engine import declaration, jobs, pipelines, registry, worker_job
from benchmark.engine.executors.local import temporary_executor
from benchmark.engine.handover import hand_over
from benchmark.engine.jobs import Describe, Limits, WorkerDiedError
from benchmark.engine.saved_models import formats
from benchmark.engine.saved_models.save import CANNOT_BE_KEPT
from benchmark.estimator import Estimator, Task

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from sklearn.pipeline import Pipeline

ROWS = 300
"""Number of training rows of the digits."""

TEST_ROWS = 120
"""Number of other digits that are predicted."""

TURNED = (4, 7)
"""Digits that, turned by a quarter, are two classes more: from eleven on, numbers and words sort differently."""

N_CLASSES = 10 + len(TURNED)

OTHER_SHAPES = ((12, 9, 1), (40, 36, 3))
"""Shapes of images that an estimator must take besides those of the digits."""

DEADLINE_SECONDS = 600.0
"""Deadline for all clauses; the plugin is fitted with its `smoke` parameters, which make it tiny."""


SAVED = "can be saved and loaded with the same predictions, or says why not"
"""A plugin keeps this clause even if saving its model ends the process: a run only loses the model, and not the row."""


@dataclass(frozen=True)
class Clause:
    """One sentence of the contract, whether the plugin keeps it, and the reason or a detail."""

    text: str
    holds: bool
    detail: str = ""


def check(name: str) -> list[Clause]:
    """Test one plugin; a clause that raises an exception is broken.

    Parameters
    ----------
    name : str
        Of the plugin.

    Raises
    ------
    BenchmarkError
        There is no plugin of that name.
    """
    registry.get(name)
    with temporary_executor() as executor:
        try:
            return executor.call(name, 1, clauses, name, limits=Limits(DEADLINE_SECONDS)).result()
        except WorkerDiedError as error:
            return _until_death(error)
        except Exception as error:
            return [Clause("can be tested", False, jobs.one_line(error))]


def clauses(name: str) -> list[Clause]:
    """Test every clause; runs in the worker."""
    contract = _Contract(name)
    found: list[Clause] = []
    for text, test in contract.tests():
        hand_over((found, text))
        found.append(contract.clause(text, test))
    return found


def _until_death(error: WorkerDiedError) -> list[Clause]:
    """Return the clauses that were tested before the worker died, and the one that ended it."""
    found, text = error.handed_over or ([], "does not end its worker process")
    if text == SAVED:
        return [*found, Clause(text, True, f"{CANNOT_BE_KEPT}{error}")]
    return [*found, Clause(text, False, str(error))]


class _Contract:
    def __init__(self, name: str) -> None:
        from benchmark.datasets import digits

        self.name = name
        data = digits.load()
        self.X, self.y = _with_turned(data.train.X[:ROWS], data.train.y[:ROWS], data.image_shape)
        self.unseen, _ = _with_turned(data.test.X[:TEST_ROWS], data.test.y[:TEST_ROWS], data.image_shape)
        self.task = Task(n_classes=N_CLASSES, image_shape=data.image_shape, seed=3)

    def tests(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("can be imported and declares an Estimator", self.imports),
            ("builds a scikit-learn Pipeline", self.builds),
            ("can be cloned, and the clone has the same parameters", self.clones),
            ("every key of the space is a parameter of the pipeline", self.space_keys),
            ("has a space that a run can tune, with a default inside it for every parameter", self.defaults),
            ("every key of smoke is a parameter of the pipeline", self.smoke_keys),
            ("every key of thorough is a parameter of the pipeline, and none is tuned", self.thorough_keys),
            ("can be fitted with the smoke parameters", self.fits),
            ("its class scores have the right shape, are finite and sum to one", self.probabilities),
            ("predict returns the class with the highest score", self.predicts),
            ("its training history, if it has one, consists of numbers", self.history),
            ("gives the same predictions with the same seed", self.repeats),
            ("can be pickled when fitted, and then gives the same predictions", self.pickles),
            ("a class that is missing from the training rows does not shift the other columns", self.missing_class),
            ("fitted on two classes, predict returns the one with the higher score", self.two_classes),
            ("can be fitted on images of another shape, and on colour", self.other_shape),
            (SAVED, self.saves),  # the last: it may end the process
        ]

    @staticmethod
    def clause(text: str, test: Callable[[], str]) -> Clause:
        try:
            return Clause(text, True, test())
        except (Exception, SystemExit) as error:
            return Clause(text, False, str(error) if isinstance(error, _BrokenError) else jobs.one_line(error))

    def imports(self) -> str:
        return f"{self.declared().title}, {self.declared().family}"

    def builds(self) -> str:
        from sklearn.pipeline import Pipeline

        pipeline = self.declared().build(self.task)
        _require(isinstance(pipeline, Pipeline), f"build returned a {type(pipeline).__name__}")
        return " -> ".join(step for step, _ in pipeline.steps)

    def clones(self) -> str:
        from sklearn.base import clone

        pipeline = self.declared().build(self.task)
        copy = clone(pipeline)
        for key in self._space():
            _require(copy.get_params()[key] == pipeline.get_params()[key], f"{key} differs")
        return ""

    def space_keys(self) -> str:
        return self._keys(self._space())

    def smoke_keys(self) -> str:
        return self._keys(self.declared().smoke)

    def thorough_keys(self) -> str:
        declared = self.declared()
        tuned = sorted(self._space().keys() & declared.thorough.keys())
        _require(not tuned, f"{tuned} are tuned, so thorough cannot set them")
        return self._keys(declared.thorough)

    def defaults(self) -> str:
        described = declaration.describe(Describe(self.name, self.task))
        return ", ".join(f"{key}={value}" for key, value in described.defaults.items())

    def fits(self) -> str:
        self.fitted()
        return f"{len(self.y)} rows"

    def probabilities(self) -> str:
        pipeline, classes = self.fitted()
        proba = pipelines.predict(pipeline, self.unseen, classes, N_CLASSES)
        return f"{pipelines.score_method(pipeline)}, {proba.shape}"

    def predicts(self) -> str:
        pipeline, classes = self.fitted()
        proba = pipelines.predict(pipeline, self.unseen, classes, N_CLASSES)
        return pipelines.check_labels(pipeline, self.unseen, classes, proba)

    def history(self) -> str:
        history = pipelines.history(self.declared(), self.fitted()[0])
        return ", ".join(f"{name} ({len(values)})" for name, values in history.items()) or "none"

    def repeats(self) -> str:
        first, second = (pipelines.predict(*self._fresh(), N_CLASSES) for _ in range(2))
        _require(np.array_equal(first, second), f"largest difference {np.abs(first - second).max():.2g}")
        return ""

    def pickles(self) -> str:
        pipeline, classes = self.fitted()
        blob = pickle.dumps(pipeline)
        loaded = pickle.loads(blob)
        before, after = (pipelines.predict(one, self.unseen, classes, N_CLASSES) for one in (pipeline, loaded))
        _require(np.array_equal(before, after), "predictions differ")
        return f"{len(blob) / 1e6:.2f} MB"

    def saves(self) -> str:
        pipeline, classes = self.fitted()
        with tempfile.TemporaryDirectory() as name:
            saved = worker_job.save(Path(name), pipeline, partial(self._unfitted, self.task), self.unseen, classes)
            size = sum((Path(name) / file).stat().st_size for file in saved.files)
        if saved.reason:
            return f"{CANNOT_BE_KEPT}{saved.reason}"  # which breaks no clause
        return f"{', '.join(formats.names(saved.files))}, {size / 1e6:.2f} MB"

    def missing_class(self) -> str:
        present = self.y != 4
        pipeline, classes = self._fitted_on(present)
        proba = pipelines.predict(pipeline, self.unseen, classes, N_CLASSES)
        _require(
            proba.shape == (len(self.unseen), N_CLASSES) and not proba[:, 4].any(),
            "the column of the missing class is not zero",
        )
        _require(len(np.unique(proba[:, 5:].argmax(axis=1))) > 1, "all images get the same class among those after it")
        return ""

    def two_classes(self) -> str:
        pipeline, classes = self._fitted_on(self.y < 2)
        proba = pipelines.predict(pipeline, self.unseen, classes, N_CLASSES)
        return pipelines.check_labels(pipeline, self.unseen, classes, proba)

    def other_shape(self) -> str:
        rng = np.random.default_rng(0)
        y = np.repeat(np.arange(3), 40)
        for shape in OTHER_SHAPES:
            X = np.clip(rng.normal(60 * y[:, None] + 40, 25, size=(120, math.prod(shape))), 0, 255).astype(np.uint8)
            pipeline = self._unfitted(Task(n_classes=3, image_shape=shape, seed=3))
            pipelines.predict(pipeline, X, pipelines.fit(pipeline, X, y), 3)
        return f"{'; '.join(map(size_text, OTHER_SHAPES))}; 3 classes"

    def declared(self) -> Estimator:
        return registry.get(self.name).load()

    def _space(self) -> Mapping[str, BaseDistribution]:
        return self.declared().space_for(self.task)

    def fitted(self) -> tuple[Pipeline, np.ndarray]:
        if not hasattr(self, "_fitted"):
            pipeline = self._unfitted(self.task)
            self._fitted = pipeline, pipelines.fit(pipeline, self.X, self.y)
        return self._fitted

    def _fresh(self) -> tuple[Pipeline, np.ndarray, np.ndarray]:
        pipeline = self._unfitted(self.task)
        classes = pipelines.fit(pipeline, self.X, self.y)
        return pipeline, self.unseen, classes

    def _fitted_on(self, rows: np.ndarray) -> tuple[Pipeline, np.ndarray]:
        """Fit the rows that are marked, which hold fewer classes."""
        pipeline = self._unfitted(replace(self.task, n_classes=len(np.unique(self.y[rows]))))
        return pipeline, pipelines.fit(pipeline, self.X[rows], self.y[rows])

    def _unfitted(self, task: Task) -> Pipeline:
        from sklearn.base import clone

        declared = self.declared()
        return clone(declared.build(task)).set_params(**declared.smoke)

    def _keys(self, keys: Iterable[str]) -> str:
        params = self.declared().build(self.task).get_params()
        unknown = [key for key in keys if key not in params]
        _require(not unknown, f"no parameter {', '.join(unknown)}")
        return ", ".join(keys) or "none"


def _with_turned(X: np.ndarray, y: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Add the digits of `TURNED`, turned by a quarter, as classes 10 and up."""
    images = X.reshape(len(X), *shape)
    added = [np.rot90(images[y == digit], axes=(1, 2)).reshape(-1, X.shape[1]) for digit in TURNED]
    labels = [np.full(len(each), 10 + number) for number, each in enumerate(added)]
    return np.concatenate([X, *added]), np.concatenate([y, *labels])


class _BrokenError(Exception):
    """A clause is broken; the message is the reason."""


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise _BrokenError(reason)
