"""All that a plugin imports: what it declares (`Estimator`) and what it is told (`Task`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from joblib import Memory
    from optuna.distributions import BaseDistribution
    from sklearn.pipeline import Pipeline

Family = Literal["classical", "cnn"]

USUAL_ROWS = 60_000
"""Training rows of Fashion-MNIST, for which most defaults were chosen first."""


@dataclass(frozen=True)
class Task:
    """What `Estimator.build` is told about the work ahead.

    Attributes
    ----------
    n_classes : int
        Number of classes; labels are ``0 .. n_classes - 1``.
    image_shape : tuple of int
        ``(height, width, channels)`` of an image, with 1 channel (grey) or 3 (red, green, blue). The pipeline
        gets it flattened: row by row, and the channels of a pixel one after the other.
    seed : int
        Give it to everything that draws random numbers: same seed, same predictions.
    threads : int
        How many threads to use; never take all cores unasked.
    device : str
        "cpu" or "cuda". An estimator that has no use for a GPU ignores it; what a row says that it
        ran on is read off its pipeline's `device` parameters.
    rows : int
        Training rows of the final fit, whatever the fit at hand: a default may follow their number (a kernel is
        wider with few rows), and is then the same in every trial and refit of a row.
    memory : joblib.Memory or None
        For scikit-learn's `memory` parameters: keeps what does not depend on the tuned
        parameters from one trial to the next. None where times are compared.
    """

    n_classes: int
    image_shape: tuple[int, int, int]
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    rows: int = USUAL_ROWS
    memory: Memory | None = None


@dataclass(frozen=True)
class Estimator:
    """One row of the leaderboard, as its plugin file declares it.

    There is no name field: the file's stem (or the entry point's key) is the name.

    Attributes
    ----------
    title : str
        What the leaderboard calls it.
    family : {"classical", "cnn"}
        The side of the question that it is on.
    build : callable
        ``build(task) -> sklearn.pipeline.Pipeline`` with a good default for every tuned
        parameter. The pipeline is fitted on ``X`` (uint8, (n, pixels)) and ``y`` (int64, (n,))
        and has `predict` and either `predict_proba` or `decision_function`, whose column i is
        that of class ``classes_[i]``. Import heavy libraries inside `build`.
    space : mapping of str to optuna.distributions.BaseDistribution, or callable
        What is tuned, keyed by the pipeline's parameter path (``"svm__C"``); or ``space(task)`` that returns it, where
        the range depends on the task as the default does. A choice is a number, text, a boolean, None, or a tuple,
        list or dict of these; NumPy's numbers count as numbers.
    smoke : mapping of str to object
        Parameters that make it tiny; used by tests, `check`, warm-up and ``--preset smoke``.
    thorough : mapping of str to object
        Parameters for ``--preset thorough``, where time is no object: more epochs, a wider net.
    augmentation : str
        What is done to training images ("mirrored, shifted"); empty if nothing.
        The leaderboard marks the row with it.
    augmented : callable, optional
        ``augmented(pipeline) -> str``: the same, read off a fitted pipeline that chose for itself. The record
        keeps this text instead of `augmentation`.
    history : callable, optional
        ``history(pipeline) -> {"train_loss": [0.9, 0.5, ...], ...}``: what its training looked like, a
        number per epoch or round, read off a fitted pipeline and kept in the record. Nothing is
        fitted or predicted for it.
    """

    title: str
    family: Family
    build: Callable[[Task], Pipeline]
    space: Mapping[str, BaseDistribution] | Callable[[Task], Mapping[str, BaseDistribution]] = field(
        default_factory=dict
    )
    smoke: Mapping[str, Any] = field(default_factory=dict)
    thorough: Mapping[str, Any] = field(default_factory=dict)
    augmentation: str = ""
    augmented: Callable[[Pipeline], str] | None = None
    history: Callable[[Pipeline], Mapping[str, Sequence[float]]] | None = None

    def space_for(self, task: Task) -> Mapping[str, BaseDistribution]:
        """Return what is tuned on a task."""
        return self.space(task) if callable(self.space) else self.space
