"""LightGBM on HOG: the library's `LGBMClassifier` on the features of the SVM on HOG."""

from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._rows import by_rows
from models._trees import LIGHTGBM_SPACE, lightgbm


def build(task: Task) -> Pipeline:
    from models._features import hog_features

    trees = lightgbm(
        task,
        n_estimators=400,
        learning_rate=0.12,
        min_child_samples=20,
        colsample_bytree=0.2,
        # With 60,000 rows it is LightGBM's own minimum, which the records of Fashion-MNIST were made with.
        min_child_weight=by_rows(task, few=1.0, usual=0.001),
    )
    return Pipeline([("features", hog_features(task)), ("trees", trees)])


ESTIMATOR = Estimator(
    title="LightGBM on HOG",
    family="classical",
    build=build,
    space=LIGHTGBM_SPACE,
    smoke={"features__transformer__n_components": 20, "trees__n_estimators": 5},
)
