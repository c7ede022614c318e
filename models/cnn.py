"""CNN: a small residual net, one-cycle SGD, mirrored and shifted images."""

from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task


def build(task: Task) -> Pipeline:
    import torch

    from models._torch import Batches, OneCycle, ResidualNet, SeededNet, ToImages

    net = SeededNet(
        ResidualNet,
        module__n_classes=task.n_classes,
        module__width=32,
        classes=list(range(task.n_classes)),
        criterion=torch.nn.CrossEntropyLoss,
        criterion__label_smoothing=0.05,
        optimizer=torch.optim.SGD,
        optimizer__momentum=0.9,
        optimizer__nesterov=True,
        optimizer__weight_decay=5e-4,
        lr=0.15,
        max_epochs=8,
        batch_size=128,
        iterator_train=Batches,
        iterator_train__augment=True,
        iterator_train__shift=1,
        iterator_valid=Batches,
        train_split=None,  # skorch would hold out a fifth; the rivals train on all rows
        callbacks=[("one_cycle", OneCycle())],
        verbose=0,
        random_state=task.seed,
        threads=task.threads,
        device=task.device,
    )
    return Pipeline([("images", ToImages(task.image_shape)), ("net", net)])


ESTIMATOR = Estimator(
    title="CNN (residual)",
    family="cnn",
    build=build,
    space={
        "net__lr": FloatDistribution(0.03, 0.4, log=True),
        "net__optimizer__weight_decay": FloatDistribution(1e-4, 3e-3, log=True),
        "net__criterion__label_smoothing": FloatDistribution(0.0, 0.15),
        "net__iterator_train__shift": IntDistribution(0, 2),
    },
    smoke={"net__max_epochs": 2, "net__module__width": 4},
    augmentation="mirrored, shifted",
)
