"""Logistic regression: scikit-learn's class (see _logistic.py), multinomial, on square roots of the grey values."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._logistic import logistic_regression
    from models._pixels import ToUnit, shrinking

    model = logistic_regression(task, C=0.1, max_iter=100, tol=1e-3)
    return Pipeline([*shrinking(task.image_shape), ("scale", ToUnit(power=0.5)), ("logistic", model)])


ESTIMATOR = Estimator(
    title="Logistic regression",
    family="classical",
    build=build,
    space={
        "logistic__C": FloatDistribution(1e-3, 10.0, log=True),
        "scale__power": FloatDistribution(0.25, 1.0),
    },
    smoke={"logistic__max_iter": 10},
)
