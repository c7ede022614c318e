"""LightGBM: histogram-grown boosted trees on raw pixels."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from lightgbm import LGBMClassifier

    # A tenth of the pixels per tree and 63 bins cost a fraction of the time of all of them in
    # 255, and a tenth of a point. Row-wise is stated because auto-detection measures, and a
    # measurement can differ from run to run.
    model = LGBMClassifier(
        n_estimators=400,
        learning_rate=0.12,
        num_leaves=31,
        min_child_samples=20,
        colsample_bytree=0.1,
        max_bin=63,
        force_row_wise=True,
        deterministic=True,
        n_jobs=task.threads,
        random_state=task.seed,
        verbose=-1,
    )
    return Pipeline([("trees", model)])


ESTIMATOR = Estimator(
    title="LightGBM",
    family="classical",
    build=build,
    space={
        "trees__learning_rate": FloatDistribution(0.05, 0.3, log=True),
        "trees__num_leaves": IntDistribution(15, 63, log=True),
        "trees__min_child_samples": IntDistribution(5, 100, log=True),
        "trees__reg_lambda": FloatDistribution(0.0, 10.0),
    },
    smoke={"trees__n_estimators": 5},
)
