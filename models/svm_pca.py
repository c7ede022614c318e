"""SVM on PCA: principal components of the pixels, RBF kernel. What solves it: see `RBFSVC` in _svm.py."""

from optuna.distributions import FloatDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from sklearn.decomposition import PCA

    from models._pixels import ToUnit, shrinking
    from models._svm import RBFSVC

    return Pipeline(
        [
            *shrinking(task.image_shape),
            ("scale", ToUnit()),
            # A fixed number of components would fail on images with fewer pixels; a share of the variance does not.
            ("pca", PCA(n_components=0.9, svd_solver="covariance_eigh", random_state=task.seed)),
            # No probabilities: Platt scaling would fit the SVM five more times.
            ("svm", RBFSVC(C=10.0, gamma=0.02, threads=task.threads)),
        ]
    )


ESTIMATOR = Estimator(
    title="SVM on PCA",
    family="classical",
    build=build,
    space={
        "pca__n_components": FloatDistribution(0.8, 0.95),
        "svm__C": FloatDistribution(1.0, 100.0, log=True),
        "svm__gamma": FloatDistribution(5e-3, 0.1, log=True),
    },
    smoke={"pca__n_components": 0.8},
)
