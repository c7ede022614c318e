"""CNN on images as they are: what cnn_augmented is compared with, the same net stopped early in the same way."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._history import curves


def build(task: Task) -> Pipeline:
    from models._published import stopped

    return stopped(task)


ESTIMATOR = Estimator(
    title="CNN (not augmented)",
    family="cnn",
    build=build,
    # That of cnn_augmented: what is done to the images is all that differs.
    space={
        "net__lr": FloatDistribution(3e-4, 3e-3, log=True),
        "net__batch_size": IntDistribution(128, 512, log=True),
    },
    smoke={"net__max_epochs": 2, "net__min_steps": 0, "net__module__filters": 4},
    history=curves,
)
