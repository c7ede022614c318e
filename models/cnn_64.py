"""CNN of 64 filters: one convolution and one dense layer, as published in many a notebook."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._history import curves


def build(task: Task) -> Pipeline:
    from models._published import pipeline

    return pipeline(task, filters=64)


ESTIMATOR = Estimator(
    title="CNN (64 filters)",
    family="cnn",
    build=build,
    space={
        "net__lr": FloatDistribution(3e-4, 3e-3, log=True),
        "net__batch_size": IntDistribution(128, 512, log=True),
    },
    smoke={"net__max_epochs": 2, "net__min_steps": 0, "net__module__filters": 4},
    history=curves,
)
