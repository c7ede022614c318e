"""SVM on HOG: HOG of three cell sizes and the pixels, PCA, RBF kernel. What solves it: see `RBFSVC` in _svm.py."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._features import hog_features
    from models._svm import RBFSVC

    return Pipeline([("features", hog_features(task)), ("svm", RBFSVC(C=10.0, gamma=1.5, threads=task.threads))])


ESTIMATOR = Estimator(
    title="SVM on HOG",
    family="classical",
    build=build,
    space={
        "svm__C": FloatDistribution(3.0, 30.0, log=True),
        "svm__gamma": FloatDistribution(0.7, 4.0, log=True),
    },
    smoke={"features__transformer__n_components": 20},
)
