"""k nearest neighbours: scikit-learn's `KNeighborsClassifier` on principal components, weighted by distance."""

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier

    from models._pixels import ToUnit, shrinking

    return Pipeline(
        [
            *shrinking(task.image_shape),
            ("scale", ToUnit(power=0.5)),
            # A share of the variance, not a fixed number of components, works for images of any size.
            ("pca", PCA(n_components=0.85, svd_solver="covariance_eigh", random_state=task.seed)),
            ("knn", KNeighborsClassifier(n_neighbors=8, weights="distance", algorithm="brute", n_jobs=task.threads)),
        ]
    )


ESTIMATOR = Estimator(
    title="k nearest neighbours",
    family="classical",
    build=build,
    space={
        "knn__n_neighbors": IntDistribution(1, 30, log=True),
        "knn__weights": CategoricalDistribution(["uniform", "distance"]),
        "pca__n_components": FloatDistribution(0.7, 0.95),
        "scale__power": FloatDistribution(0.25, 1.0),
    },
    smoke={"knn__n_neighbors": 3},
)
