"""Logistic regression: multinomial, on the square root of the grey values."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from sklearn.linear_model import LogisticRegression

    from models._pixels import ToUnit

    # On 50,000 rows lbfgs meets this tolerance after about 105 steps; stopping at 100 costs no validation accuracy.
    model = LogisticRegression(C=0.1, max_iter=100, tol=1e-3, random_state=task.seed)
    return Pipeline([("scale", ToUnit(power=0.5)), ("logistic", model)])


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
