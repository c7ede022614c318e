"""XGBoost: the library's `XGBClassifier`, histogram-grown boosted trees on raw pixels."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from xgboost import XGBClassifier

    # The number of bins decides the time: at 60,000 images a round with 32 bins and a fifth of the columns at each
    # split takes 1.8 s of processor time, with the library's defaults 6.1 s. Column sampling alone saves little,
    # because XGBoost builds the histograms of all columns first (github.com/dmlc/xgboost/issues/7002). Subsampled
    # rows, zeros as missing values and one tree for all classes did not save any.
    model = XGBClassifier(
        n_estimators=250,
        learning_rate=0.2,
        max_depth=6,
        min_child_weight=3.0,
        reg_lambda=5.0,
        colsample_bynode=0.2,
        max_bin=32,
        tree_method="hist",
        n_jobs=task.threads,
        random_state=task.seed,
        device=task.device,
    )
    return Pipeline([("trees", model)])


ESTIMATOR = Estimator(
    title="XGBoost",
    family="classical",
    build=build,
    space={
        "trees__learning_rate": FloatDistribution(0.1, 0.5, log=True),
        "trees__max_depth": IntDistribution(4, 7),
        "trees__min_child_weight": FloatDistribution(0.5, 20.0, log=True),
        "trees__reg_lambda": FloatDistribution(0.1, 10.0, log=True),
    },
    smoke={"trees__n_estimators": 5},
)
