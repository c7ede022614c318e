"""LightGBM: the library's `LGBMClassifier`, histogram-grown boosted trees on raw pixels."""

from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._rows import by_rows
from models._trees import LIGHTGBM_SPACE, lightgbm, pixel_columns


def build(task: Task) -> Pipeline:
    # Few rows: on validation rows, smaller and slower trees 0.814 and 0.806 at 1,000 images.
    trees = lightgbm(
        task,
        n_estimators=300,
        learning_rate=by_rows(task, few=0.1, usual=0.15),
        num_leaves=round(by_rows(task, few=15, usual=31)),
        min_child_samples=5,
        colsample_bytree=0.15,
    )
    return Pipeline([*pixel_columns(task), ("trees", trees)])


ESTIMATOR = Estimator(
    title="LightGBM", family="classical", build=build, space=LIGHTGBM_SPACE, smoke={"trees__n_estimators": 5}
)
