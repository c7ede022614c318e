"""Logistic regression on HOG: the features of the SVM on HOG under a linear head."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._features import gradients
    from models._logistic import logistic_regression

    # The components' variances sum to one, so a weak penalty takes a large C.
    model = logistic_regression(task, C=300.0, max_iter=200, tol=1e-3)
    return Pipeline([("features", gradients(task)), ("logistic", model)])


ESTIMATOR = Estimator(
    title="Logistic regression on HOG",
    family="classical",
    build=build,
    space={"logistic__C": FloatDistribution(10.0, 10_000.0, log=True)},
    smoke={"features__transformer__n_components": 20, "logistic__max_iter": 10},
)
