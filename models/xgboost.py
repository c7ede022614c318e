"""XGBoost: the library's `XGBClassifier`, histogram-grown boosted trees on raw pixels."""

from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._rows import by_rows
from models._trees import XGBOOST_SPACE, pixel_columns


def build(task: Task) -> Pipeline:
    from xgboost import XGBClassifier

    # The number of bins decides the time: at 60,000 images a round with 32 bins and a fifth of the columns at each
    # split takes 1.8 s of processor time, with the library's defaults 6.1 s. Column sampling alone saves little,
    # because XGBoost builds the histograms of all columns first (github.com/dmlc/xgboost/issues/7002). Subsampled
    # rows, zeros as missing values and one tree for all classes did not save any.
    model = XGBClassifier(
        n_estimators=250,
        # Few rows: on validation rows, shallow and slow trees 0.808 and 0.803 at 1,000 images, in half of the time.
        learning_rate=by_rows(task, few=0.1, usual=0.2),
        max_depth=round(by_rows(task, few=4, usual=6)),
        min_child_weight=3.0,
        reg_lambda=5.0,
        colsample_bynode=0.2,
        max_bin=32,
        tree_method="hist",
        n_jobs=task.threads,
        random_state=task.seed,
        device=task.device,
    )
    return Pipeline([*pixel_columns(task), ("trees", model)])


ESTIMATOR = Estimator(
    title="XGBoost",
    family="classical",
    build=build,
    space=XGBOOST_SPACE,
    smoke={"trees__n_estimators": 5},
)
