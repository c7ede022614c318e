"""SVM on HOG: oriented gradients of several cell sizes beside the pixels, PCA, RBF kernel."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._features import gradients
    from models._mirrored import Mirrored
    from models._svm import RBFSVC

    machine = Pipeline([("features", gradients(task)), ("svm", RBFSVC(C=10.0, gamma=1.5, threads=task.threads))])
    return Pipeline([("mirrored", Mirrored(machine, task.image_shape))])


ESTIMATOR = Estimator(
    title="SVM on HOG",
    family="classical",
    build=build,
    space={
        "mirrored__estimator__svm__C": FloatDistribution(3.0, 30.0, log=True),
        "mirrored__estimator__svm__gamma": FloatDistribution(0.7, 4.0, log=True),
    },
    smoke={"mirrored__estimator__features__transformer__n_components": 20},
    augmentation="mirrored",
)
