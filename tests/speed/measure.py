"""What a measuring process does: build one side, warm up, start the clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from benchmark import datasets
from benchmark.engine import pipelines, protocol, registry
from benchmark.engine import worker_job as work
from benchmark.estimator import Task
from tests.speed import stock

SEED = 0

PATIENCE = 10_000
"""Steps after which the stock logistic regression is no longer waited for."""

Side = Literal["ours", "stock"]


@dataclass(frozen=True)
class Order:
    """What is to be measured.

    Attributes
    ----------
    family : str
        The plugin's name.
    side : {"ours", "stock"}
    dataset : str
        Name or path.
    rows : int or None
        Training rows to fit, at most; None is all that there are.
    threads : int
    smoke : bool
        Set the plugin's `smoke` parameters: a test of the script, not a result.
    fixed : mapping of str to object
        Parameters of our last step to set beside (``max_epochs``); the stock side reads them off ours.
    iterations : int or None
        Steps of the stock logistic regression.
    """

    family: str
    side: Side
    dataset: str
    rows: int | None
    threads: int
    smoke: bool = False
    fixed: Mapping[str, Any] | None = None
    iterations: int | None = None


@dataclass(frozen=True)
class Measurement:
    """What came of it.

    Attributes
    ----------
    rows : int
        Training rows fitted.
    fit_seconds, predict_seconds : float
    accuracy : float or None
        Over the validation rows.
    cross_entropy : float or None
        Mean over the training rows, in nats, without any penalty; of the logistic regression.
    rounds : int or None
        Of boosted trees.
    labels : tuple of int
        Predicted for the validation rows.
    """

    rows: int
    fit_seconds: float
    predict_seconds: float = 0.0
    accuracy: float | None = None
    cross_entropy: float | None = None
    rounds: int | None = None
    labels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Traced:
    """After how many steps the stock logistic regression had a loss of at most the one asked for, if at all."""

    iterations: int
    cross_entropy: float
    reached: bool


class Bench:
    """The data of an order, and its models."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.estimator = registry.get(order.family).load()
        dataset = datasets.load(order.dataset)
        self.X, self.y = dataset.train.X, dataset.train.y  # nothing in this package looks at the test part
        self.task = Task(len(dataset.class_names), dataset.image_shape, seed=SEED, threads=order.threads)

    def model(self, tiny: bool = False, params: Mapping[str, Any] | None = None) -> Any:
        """Return the side's model, unfitted; `params` are of our pipeline, and the stock side reads them off it."""
        ours = self.estimator.build(self.task).set_params(**params or {})
        if tiny or self.order.smoke:
            ours.set_params(**self.estimator.smoke)
        ours[-1].set_params(**self.order.fixed or {})
        if self.order.side == "ours":
            return ours
        made = stock.STOCK[self.order.family](ours, self.task)
        if self.order.iterations is not None:
            made.set_params(logistic__max_iter=self.order.iterations)
        return made

    def warm_up(self) -> None:
        """Fit and predict once, tiny and untimed, so that no clock sees an import."""
        rows = protocol.stratified_order(self.y, protocol.SPLIT_SEED)[: work.WARM_UP_ROWS]
        model = self.model(tiny=True)
        classes = pipelines.fit(model, self.X[rows], self.y[rows])
        if hasattr(model, "predict"):  # the plain PyTorch loop only trains
            self.predict(model, self.X[rows], classes)

    def predict(self, model: Any, X: npt.NDArray[np.uint8], classes: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return scores, (n, n_classes), got as the benchmark itself gets them."""
        return pipelines.predict(model, X, classes, self.task.n_classes)

    def split(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the rows to fit and those to score, of the training part; the benchmark tunes on the same split."""
        parts = protocol.split(self.y, protocol.PRESETS[protocol.DEFAULT_PRESET])
        return parts.fit[: self.order.rows], parts.validation


def measure(order: Order) -> Measurement:
    """Fit one side on the rows to fit, predict the validation rows, and time both."""
    bench = Bench(order)
    rows, scored = bench.split()
    X, y, target = bench.X[rows], bench.y[rows], bench.X[scored]
    bench.warm_up()
    model = bench.model()
    start = time.perf_counter()
    classes = pipelines.fit(model, X, y)
    fitted = time.perf_counter()
    if order.family == "cnn":  # images a second in training: there is nothing to score after one epoch
        return Measurement(len(rows), fitted - start)
    scores = bench.predict(model, target, classes)
    done = time.perf_counter()
    labels = scores.argmax(axis=1)
    logistic = order.family == "logistic_regression"
    return Measurement(
        rows=len(rows),
        fit_seconds=fitted - start,
        predict_seconds=done - fitted,
        accuracy=float((labels == bench.y[scored]).mean()),
        cross_entropy=cross_entropy(bench.predict(model, X, classes), y) if logistic else None,
        rounds=stock.rounds(model),
        labels=tuple(labels.tolist()),
    )


def trace(order: Order, target: float) -> Traced:
    """Find the step at which the stock logistic regression comes to a loss; nothing is timed.

    A fresh fit that is stopped there takes the same steps, where one that goes on from another's
    coefficients would not: lbfgs remembers its last ten.

    Parameters
    ----------
    order : Order
        Of the stock side.
    target : float
        Mean cross-entropy over the training rows, in nats.
    """
    bench = Bench(order)
    rows, _ = bench.split()
    model = bench.model().set_params(logistic__max_iter=PATIENCE)
    watch = _Watch(target)
    model[-1].set_callbacks(watch)
    reached = False
    try:
        model.fit(bench.X[rows], bench.y[rows])
    except _ReachedError:
        reached = True
    return Traced(watch.iterations, watch.loss, reached)


def cross_entropy(proba: npt.NDArray[np.floating[Any]], y: npt.NDArray[np.int64]) -> float:
    """Return the mean cross-entropy, in nats, of probabilities, (n, n_classes), against labels, (n,)."""
    own = proba[np.arange(len(y)), y].astype(np.float64)
    return float(-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean())


class _ReachedError(Exception):
    """Ends a fit."""


class _Watch:
    """A scikit-learn callback that looks at the loss after every step of lbfgs."""

    def __init__(self, target: float) -> None:
        self.target = target
        self.iterations, self.loss = 0, float("inf")

    def setup(self, estimator: Any, context: Any) -> None:
        """Part of scikit-learn's protocol."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Part of scikit-learn's protocol."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Part of scikit-learn's protocol."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None, fitted_estimator: Any = None
    ) -> None:
        """Note the loss after a step; scikit-learn 1.9 does not yet heed a callback's wish to stop."""
        if context.task_name != "lbfgs-iter" or fitted_estimator is None:
            return
        self.iterations += 1
        self.loss = cross_entropy(fitted_estimator.predict_proba(X), y)
        if self.loss <= self.target:
            raise _ReachedError
