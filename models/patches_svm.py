"""SVM on patches: responses to patches learned without labels beside oriented gradients, RBF kernel; no net."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import FeatureUnion, Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._features import gradients, patches
    from models._svm import RBFSVC

    features = FeatureUnion(
        [("patches", patches(task)), ("gradients", gradients(task))], transformer_weights={"patches": 1.5}
    )
    return Pipeline([("features", features), ("svm", RBFSVC(C=10.0, gamma=0.3, threads=task.threads))])


ESTIMATOR = Estimator(
    title="SVM on learned patches",
    family="classical",
    build=build,
    space={
        "svm__C": FloatDistribution(2.0, 50.0, log=True),
        "svm__gamma": FloatDistribution(0.1, 1.0, log=True),
    },
    smoke={
        "features__patches__transformer__n_components": 20,
        "features__patches__transformer__features__filters": 10,
        "features__patches__transformer__features__samples": 2_000,
        "features__gradients__transformer__n_components": 20,
    },
)
