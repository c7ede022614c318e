"""LightGBM: histogram-grown boosted trees on raw pixels."""

from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._trees import LIGHTGBM_SPACE, lightgbm


def build(task: Task) -> Pipeline:
    return Pipeline([("trees", lightgbm(task, colsample_bytree=0.1))])


ESTIMATOR = Estimator(
    title="LightGBM", family="classical", build=build, space=LIGHTGBM_SPACE, smoke={"trees__n_estimators": 5}
)
