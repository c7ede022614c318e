"""The declaration of every published net; not in _published.py, so that a plugin is imported without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline

from benchmark.estimator import Estimator, Task
from models._history import training_curves


def declare(
    title: str,
    recipe: Literal["pipeline", "stopped"],
    tuned: Mapping[str, BaseDistribution] | None = None,
    augmentation: str = "",
    **settings: Any,
) -> Estimator:
    """Declare a net with one convolution.

    Parameters
    ----------
    title : str
    recipe : {"pipeline", "stopped"}
        The function of models/_published.py that builds it.
    tuned : mapping of str to optuna.distributions.BaseDistribution, optional
        What is tuned besides learning rate and batch size.
    augmentation : str
        As `Estimator.augmentation`.
    **settings
        Arguments of the recipe.
    """

    def build(task: Task) -> Pipeline:
        from models import _published

        pipeline: Pipeline = getattr(_published, recipe)(task, **settings)
        return pipeline

    return Estimator(
        title=title,
        family="cnn",
        build=build,
        space={
            "net__lr": FloatDistribution(3e-4, 3e-3, log=True),
            "net__batch_size": IntDistribution(128, 512, log=True),
            **(tuned or {}),
        },
        smoke={"net__max_epochs": 2, "net__min_steps": 0, "net__module__filters": 4},
        augmentation=augmentation,
        history=training_curves,
    )
