"""Logistic regression on HOG: scikit-learn's class (see _logistic.py) on the features of the SVM on HOG."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._features import hog_features
    from models._logistic import logistic_regression

    # The features' variances sum to one, so a weak penalty needs a large C.
    model = logistic_regression(task, C=300.0, max_iter=200, tol=1e-3)
    return Pipeline([("features", hog_features(task)), ("logistic", model)])


ESTIMATOR = Estimator(
    title="Logistic regression on HOG",
    family="classical",
    build=build,
    space={"logistic__C": FloatDistribution(10.0, 10_000.0, log=True)},
    smoke={"features__transformer__n_components": 20, "logistic__max_iter": 10},
)
