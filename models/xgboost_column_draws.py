"""XGBoost (column draws): boosted trees on raw pixels; every five rounds use a new random 40 % of the pixels."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from models._columns import DrawnColumns

    model = DrawnColumns(
        n_estimators=300,
        columns=0.4,
        rounds_a_draw=5,
        learning_rate=0.3,
        max_depth=6,
        min_child_weight=1.0,
        reg_lambda=1.0,
        max_bin=64,
        n_jobs=task.threads,
        random_state=task.seed,
        device=task.device,
    )
    return Pipeline([("trees", model)])


ESTIMATOR = Estimator(
    title="XGBoost (column draws)",
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
