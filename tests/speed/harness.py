"""The whole run against the plain harness, whose time is projected from a sample of its trials.

The plain harness is Optuna's tutorial objective: every trial is cross-validated, three-fold, on all
training rows, one after the other, and the winner is fitted once more on all of them. Its first ten
trials are drawn at random (`TPESampler`'s `n_startup_trials`), so a sample is drawn at random, too.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.engine import pipelines, protocol
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from tests.speed.measure import Bench, Order

FOLDS = 3

PRESET = protocol.PRESETS["standard"]


@dataclass(frozen=True)
class Fold:
    """One fold of one trial, timed.

    Attributes
    ----------
    params : mapping of str to object
        Empty for the plugin's defaults.
    fit_rows : int
    fit_seconds, predict_seconds : float
    accuracy : float
        Over the fold's own third of the training rows.
    """

    params: Mapping[str, Any]
    fit_rows: int
    fit_seconds: float
    predict_seconds: float
    accuracy: float


@dataclass(frozen=True)
class Projection:
    """What the plain harness would take for one family.

    Attributes
    ----------
    folds : tuple of Fold
        One of each sampled trial, the defaults' first.
    """

    folds: tuple[Fold, ...]

    @property
    def sampled_seconds(self) -> float:
        """Seconds that were measured."""
        return sum(fold.fit_seconds + fold.predict_seconds for fold in self.folds)

    @property
    def seconds(self) -> float:
        """Seconds projected: all trials at the sample's mean, and a refit of the defaults.

        The refit's time is taken to grow with the rows, which is kind to the plain harness (an
        SVM's grows faster), and its prediction of the test images is left out.
        """
        mean = statistics.mean(fold.fit_seconds + fold.predict_seconds for fold in self.folds)
        return PRESET.trials * FOLDS * mean + self.folds[0].fit_seconds * FOLDS / (FOLDS - 1)


@dataclass(frozen=True)
class Recorded:
    """What a recorded run says of one family."""

    seconds: float
    validation_accuracy: float | None
    test_accuracy: float
    environment: Mapping[str, str]


def fold(order: Order, draw: int) -> Fold:
    """Time one fold of one trial; runs in a process of its own.

    Parameters
    ----------
    order : Order
        `rows` are those that are shared out to the folds.
    draw : int
        0 is the plugin's defaults, any other a draw from its search space.
    """
    from sklearn.model_selection import StratifiedKFold

    bench = Bench(order)
    params = _draw(bench.estimator.space_for(bench.task), draw) if draw else {}
    rows = protocol.final_rows(bench.y, PRESET)[: order.rows]
    fitted, held_out = next(StratifiedKFold(FOLDS).split(rows, bench.y[rows]))
    X, y, target = bench.X[rows[fitted]], bench.y[rows[fitted]], bench.X[rows[held_out]]
    bench.warm_up()
    model = bench.model(params=params)
    start = time.perf_counter()
    classes = pipelines.fit(model, X, y)
    middle = time.perf_counter()
    scores = bench.predict(model, target, classes)
    done = time.perf_counter()
    accuracy = float((scores.argmax(axis=1) == bench.y[rows[held_out]]).mean())
    return Fold(params, len(y), middle - start, done - middle, accuracy)


def recorded(folder: Path, families: Sequence[str], dataset: str) -> dict[str, Recorded]:
    """Read what a `standard` run of the same data set took, family by family.

    Seconds are those of tuning, added up over the workers and divided by how many there were, and
    of the refit and the prediction, which had the machine to themselves. What the harness spends
    around them is not in the records.

    Raises
    ------
    BenchmarkError
        No such records.
    """
    results = records.read(folder)
    found = {record.estimator: record for record in results.records if record.seed == 0 and record.status == "ok"}
    missing = [name for name in families if name not in found]
    if missing:
        raise BenchmarkError(f"{folder}: no record of {', '.join(missing)}; run them, or give --run-seconds")
    read: dict[str, Recorded] = {}
    for name in families:
        record = found[name]
        # Only the first seed's refit is read, however many there are.
        made = protocol.Preset.recorded(record.preset).replace(seeds=PRESET.seeds)
        if (record.dataset, made) != (dataset, PRESET):
            raise BenchmarkError(
                f"{folder}: {name} was recorded on {record.dataset} at {record.preset['name']} with "
                f"{record.preset['trials']} trials, not on {dataset} at {PRESET.name} with {PRESET.trials}; "
                "name another --run-record"
            )
        read[name] = Recorded(
            record.tuning_seconds / max(1, record.tuning_parallel) + record.fit_seconds + record.predict_seconds,
            record.validation_accuracy,
            float((results.proba[name, 0].argmax(axis=1) == results.test_set.y).mean()),
            record.environment,
        )
    return read


def _draw(space: Mapping[str, Any], seed: int) -> dict[str, Any]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return dict(study.ask(dict(space)).params)
