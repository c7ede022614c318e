"""CNN on augmented images: the net of cnn_32, its images turned, shifted and mirrored, stopped early."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._history import curves


def build(task: Task) -> Pipeline:
    from models._published import stopped

    return stopped(task, degrees=10.0, shift=0.1, mirror=True)


ESTIMATOR = Estimator(
    title="CNN (augmented)",
    family="cnn",
    build=build,
    # That of cnn_unaugmented: what is done to the images is all that differs.
    space={
        "net__lr": FloatDistribution(3e-4, 3e-3, log=True),
        "net__batch_size": IntDistribution(128, 512, log=True),
    },
    smoke={"net__max_epochs": 2, "net__min_steps": 0, "net__module__filters": 4},
    augmentation="turned by up to 10°, shifted by up to a tenth of height and width, mirrored",
    history=curves,
)
