"""LightGBM on HOG: the features of the SVM on HOG under boosted trees."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from lightgbm import LGBMClassifier

    from models._features import gradients

    model = LGBMClassifier(
        n_estimators=400,
        learning_rate=0.12,
        num_leaves=31,
        min_child_samples=20,
        colsample_bytree=0.2,
        max_bin=63,
        force_row_wise=True,
        deterministic=True,
        n_jobs=task.threads,
        random_state=task.seed,
        verbose=-1,
    )
    return Pipeline([("features", gradients(task)), ("trees", model)])


ESTIMATOR = Estimator(
    title="LightGBM on HOG",
    family="classical",
    build=build,
    space={
        "trees__learning_rate": FloatDistribution(0.05, 0.3, log=True),
        "trees__num_leaves": IntDistribution(15, 63, log=True),
        "trees__min_child_samples": IntDistribution(5, 100, log=True),
        "trees__reg_lambda": FloatDistribution(0.0, 10.0),
    },
    smoke={"features__transformer__n_components": 20, "trees__n_estimators": 5},
)
