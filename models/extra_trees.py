"""Extra trees: trees on all rows, random splits; on raw pixels."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(
        n_estimators=200, max_features=0.05, min_samples_leaf=1, n_jobs=task.threads, random_state=task.seed
    )
    return Pipeline([("trees", model)])


ESTIMATOR = Estimator(
    title="Extra trees",
    family="classical",
    build=build,
    space={
        "trees__max_features": FloatDistribution(0.02, 0.3, log=True),
        "trees__min_samples_leaf": IntDistribution(1, 8, log=True),
    },
    smoke={"trees__n_estimators": 5},
)
