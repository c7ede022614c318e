"""XGBoost (column draws): boosted trees on raw pixels; every five rounds use a new random 40 % of the pixels."""

from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._rows import by_rows
from models._trees import XGBOOST_SPACE, pixel_columns


def build(task: Task) -> Pipeline:
    from models._columns import DrawnColumns

    model = DrawnColumns(
        n_estimators=300,
        columns=0.4,
        rounds_a_draw=5,
        learning_rate=by_rows(task, few=0.15, usual=0.3),
        max_depth=round(by_rows(task, few=4, usual=6)),
        min_child_weight=1.0,
        reg_lambda=1.0,
        max_bin=64,
        n_jobs=task.threads,
        random_state=task.seed,
        device=task.device,
    )
    return Pipeline([*pixel_columns(task), ("trees", model)])


ESTIMATOR = Estimator(
    title="XGBoost (column draws)",
    family="classical",
    build=build,
    space=XGBOOST_SPACE,
    smoke={"trees__n_estimators": 5},
)
