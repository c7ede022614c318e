"""SVM on patches: responses to patches learned without labels beside oriented gradients, RBF kernel; no net."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import FeatureUnion, Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._features import gradients, patches
    from models._mirrored import Mirrored
    from models._svm import RBFSVC

    features = FeatureUnion(
        [("patches", patches(task)), ("gradients", gradients(task))], transformer_weights={"patches": 1.5}
    )
    # The features' variances sum to 1.5 squared and one: this gamma is 2 on features whose variances sum to one.
    machine = Pipeline([("features", features), ("svm", RBFSVC(C=10.0, gamma=0.6, threads=task.threads))])
    return Pipeline([("mirrored", Mirrored(machine, task.image_shape))])


ESTIMATOR = Estimator(
    title="SVM on learned patches",
    family="classical",
    build=build,
    space={
        "mirrored__estimator__svm__C": FloatDistribution(3.0, 30.0, log=True),
        "mirrored__estimator__svm__gamma": FloatDistribution(0.25, 1.5, log=True),
    },
    smoke={
        "mirrored__estimator__features__patches__transformer__n_components": 20,
        "mirrored__estimator__features__patches__transformer__features__filters": 10,
        "mirrored__estimator__features__patches__transformer__features__samples": 2_000,
        "mirrored__estimator__features__gradients__transformer__n_components": 20,
    },
    augmentation="mirrored",
)
