"""Refits the winner and predicts the test images, once per seed (and size); the only reader of those images.

The refit is measured alone on the machine. What comes out is a record; no score is computed
here, because no test label is at hand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.engine.jobs import Declaration, Job, Limits, Outcome
from benchmark.engine.protocol import Preset
from benchmark.engine.tuning import Tuned
from benchmark.storage.records import SCHEMA, Record, Validation


@dataclass(frozen=True)
class Circumstances:
    """What all records of one estimator in one run share.

    Attributes
    ----------
    name, origin : str
    declared : Declaration or None
        None if the plugin could not be imported.
    fingerprint : mapping of str to str
    dataset, dataset_sha256 : str
    preset : Preset
    environment : mapping of str to str
        Of this process, for a record of a refit that was not made.
    y_validation : ndarray of int64, (n_validation,)
        Labels of the training rows that trials are scored on.
    tuning_threads, tuning_parallel : int
    """

    name: str
    origin: str
    declared: Declaration | None
    fingerprint: Mapping[str, str]
    dataset: str
    dataset_sha256: str
    preset: Preset
    environment: Mapping[str, str]
    y_validation: npt.NDArray[np.int64]
    tuning_threads: int
    tuning_parallel: int


def refit_job(
    template: Job, params: Mapping[str, Any], rows: int, seed: int, threads: int, limits: Limits, draw: int = 0
) -> Job:
    """Return the job that refits the frozen winner, on all rows or for a learning curve, and predicts the test images.

    Parameters
    ----------
    template : Job
        As used for tuning.
    params : mapping of str to object
        The winner's.
    rows : int
        Training rows of the refit.
    seed, threads : int
    limits : Limits
        Of a job that has the machine to itself.
    draw : int
        See `Job`.
    """
    task = replace(template.task, seed=seed, threads=threads)
    return replace(template, params=params, rows=rows, task=task, test=True, limits=limits, draw=draw)


def to_float16(proba: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float16]:
    """Round to float16 so that each row's first maximum stays where it was.

    Rounding can tie the two highest scores; the prediction read back from disk must be the
    one that was made, so the winner is raised by one step where that happened.

    Parameters
    ----------
    proba : ndarray of float, (n, n_classes)

    Returns
    -------
    ndarray of float16, (n, n_classes)
    """
    rounded = proba.astype(np.float16)
    predicted = proba.argmax(axis=1)
    rows = np.flatnonzero(rounded.argmax(axis=1) != predicted)
    tied = rounded[rows].max(axis=1)
    rounded[rows, predicted[rows]] = np.nextafter(tied, np.float16(np.inf))
    return rounded


def record(
    shared: Circumstances, tuned: Tuned, seed: int, outcome: Outcome, job: Job | None, earlier_reads: int = 0
) -> tuple[Record, npt.NDArray[np.float16] | None, Validation | None]:
    """Put together what is written to disk for one seed.

    Parameters
    ----------
    shared : Circumstances
    tuned : Tuned
    seed : int
    outcome : Outcome
        Of the refit, or of what kept it from being made.
    job : Job or None
        The refit; None if it never came to one.
    earlier_reads : int
        Of the test images, for the record that this one replaces.

    Returns
    -------
    Record
    ndarray of float16, (n_test, n_classes), or None
        None unless the outcome is ok.
    Validation or None
        None where there is no winner.
    """
    declared, best = shared.declared, tuned.best
    proba = None if outcome.proba is None else to_float16(outcome.proba)
    made = Record(
        schema=SCHEMA,
        dataset=shared.dataset,
        dataset_sha256=shared.dataset_sha256,
        estimator=shared.name,
        title=declared.title if declared else shared.name,
        family=declared.family if declared else "",
        augmentation=declared.augmentation if declared else "",
        origin=shared.origin,
        seed=seed,
        status=outcome.status,
        reason=outcome.reason,
        fingerprint=dict(shared.fingerprint),
        preset=asdict(shared.preset),
        scores=outcome.scores,
        params=dict(best.params) if best else {},
        validation_accuracy=best.rungs[-1].accuracy if best else None,
        validation_fit_rows=best.rungs[-1].rows if best else 0,
        validation_rows=len(shared.y_validation),
        trials=tuned.trials,
        tuning_seconds=tuned.seconds,
        tuning_threads=shared.tuning_threads,
        tuning_parallel=shared.tuning_parallel,
        fit_rows=job.rows if job else 0,
        fit_seconds=outcome.fit_seconds,
        predict_seconds=outcome.predict_seconds,
        threads=job.task.threads if job else 0,
        device=outcome.device or (job.task.device if job else ""),
        peak_memory_bytes=outcome.peak_memory_bytes,
        model_bytes=outcome.model_bytes,
        test_reads=earlier_reads + (job is not None),
        proba_sha256="",
        environment=dict(outcome.environment or shared.environment),
        history=dict(outcome.history),
    )
    validation = None if tuned.proba is None else Validation(shared.y_validation, to_float16(tuned.proba))
    return made, proba, validation
