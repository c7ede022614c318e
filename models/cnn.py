"""CNN: a small residual net, trained by Muon with progressive resizing on mirrored, optionally shifted images."""

import math

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._history import training_curves
from models._rows import by_rows

LARGEST = 32
"""Side of the largest images that the net needs no more halvings for."""

MOST_PIXELS = 64 * 64
"""Larger images are averaged down to it. On validation rows, with 2,727 photographs of clothes: 0.789 at 64 pixels a
side, 0.771 at 48 for little more than half of the time."""


def build(task: Task) -> Pipeline:
    import torch

    from models._muon import Muon
    from models._pixels import Shrunk, shrunk_shape
    from models._residual import ResidualNet
    from models._torch import Batches, Growing, SeededNet, ToImages, UpAndDown

    shape = shrunk_shape(task.image_shape, MOST_PIXELS)
    small = [] if shape == task.image_shape else [("shrink", Shrunk(task.image_shape, shape))]
    height, width, channels = shape
    # A grey image of usual size needs neither, and its net has the parameters that records of it have.
    large: dict[str, int] = {"module__channels": channels} if channels > 1 else {}
    if halvings := max(0, round(math.log2(max(height, width) / LARGEST))):
        large["module__halvings"] = halvings
    net = SeededNet(
        ResidualNet,
        module__n_classes=task.n_classes,
        module__width=48,
        **large,
        classes=list(range(task.n_classes)),
        criterion=torch.nn.CrossEntropyLoss,
        criterion__label_smoothing=0.05,
        optimizer=Muon,
        lr=0.1,
        max_epochs=22,
        min_steps=300,
        batch_size=256,
        iterator_train=Batches,
        iterator_train__augment=True,
        iterator_train__shift=0,
        iterator_train__device=task.device,
        iterator_valid=Batches,
        iterator_valid__device=task.device,
        train_split=None,  # skorch would hold out a fifth; the other estimators train on all rows
        # Few rows make few steps, and after a long phase on smaller images too few are left. On validation rows,
        # without such a phase and with it: 0.733 and 0.691 with 1,500 photographs of 48 pixels a side, 0.752 and 0.716
        # with 200 images of Fashion-MNIST, 0.831 and 0.830 with 1,000.
        callbacks=[("schedule", UpAndDown()), ("growing", Growing(by_rows(task, few=0.0, usual=0.7), zoom=4 / 7))],
        verbose=0,
        random_state=task.seed,
        threads=task.threads,
        device=task.device,
    )
    return Pipeline([*small, ("images", ToImages(shape)), ("net", net)])


def augmented(pipeline: Pipeline) -> str:
    """Return what was done to the training images of a fitted pipeline."""
    net = pipeline[-1]
    shift = net.get_params()["iterator_train__shift"]
    done = ["mirrored, because mirrored images keep their class" if net.mirror_ else ""]
    done += [f"shifted by up to {shift} / 28 of a side" if shift else ""]
    return "; ".join(filter(None, done))


ESTIMATOR = Estimator(
    title="CNN (residual)",
    family="cnn",
    build=build,
    space={
        "net__lr": FloatDistribution(0.05, 0.2, log=True),
        "net__criterion__label_smoothing": FloatDistribution(0.0, 0.1),
        "net__iterator_train__shift": IntDistribution(0, 1),
    },
    smoke={"net__max_epochs": 2, "net__min_steps": 0, "net__module__width": 4},
    thorough={"net__max_epochs": 60, "net__module__width": 64},
    augmentation="mirrored where training rows speak for it; shifted where tuning chose so",
    augmented=augmented,
    history=training_curves,
)
