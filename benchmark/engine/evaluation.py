"""Makes the job that refits the best parameters and predicts the test images, and a record of its outcome.

A refit runs once per seed (and size), measured alone on the machine. No score is computed here, because no test label
is available here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.engine.jobs import Declaration, Job, Limits, Outcome, RefitJob
from benchmark.engine.protocol import Fold, Preset
from benchmark.engine.tuning import Tuned
from benchmark.storage.records import SCHEMA, FoldNumber, Record, Validation
from benchmark.storage.schema import TimePlan


@dataclass(frozen=True)
class RunContext:
    """What all records of one estimator in one run have in common.

    Attributes
    ----------
    name, origin : str
    declared : Declaration or None
        None if the plugin could not be imported.
    fingerprint : mapping of str to str
    dataset, dataset_sha256 : str
    preset : Preset
    environment : mapping of str to str
        Machine and versions of this process, for the record of a refit that did not run.
    y_validation : ndarray of int64, (n_validation,)
        Labels of the validation rows.
    fold : Fold or None
        Of a cross-validation.
    tuning_threads, tuning_parallel : int
        Threads of a tuning job, and tuning jobs at once.
    time : TimePlan or None
        What a clock chose.
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
    fold: Fold | None = None
    time: TimePlan | None = None


def refit_job(
    template: Job,
    params: Mapping[str, Any],
    rows: int,
    seed: int,
    threads: int,
    limits: Limits,
    draw: int = 0,
    save_to: str = "",
) -> RefitJob:
    """Return the job that refits chosen parameters, on all rows or on fewer, and predicts the test images.

    Parameters
    ----------
    template : Job
        Gives the estimator, the task, the preset and the data set.
    params : mapping of str to object
        Chosen by tuning.
    rows : int
        Training rows of the refit.
    seed, threads : int
    limits : Limits
        Of a job that has the machine to itself.
    draw : int
    save_to : str
        See `RefitJob`.
    """
    return RefitJob(
        estimator=template.estimator,
        params=params,
        task=replace(template.task, seed=seed, threads=threads),
        preset=template.preset,
        dataset=template.dataset,
        rows=rows,
        limits=limits,
        part=template.part,
        draw=draw,
        save_to=save_to,
    )


def to_float16(proba: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float16]:
    """Round to float16 without changing the first maximum of a row.

    Rounding can tie the two highest scores. The prediction read back from disk must be the one that was made, so the
    predicted class is raised by one step where that happened.

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
    context: RunContext, tuned: Tuned, seed: int, outcome: Outcome, job: RefitJob | None, earlier_reads: int = 0
) -> tuple[Record, npt.NDArray[np.float16] | None, Validation | None]:
    """Assemble what is written to disk for one seed.

    Parameters
    ----------
    context : RunContext
    tuned : Tuned
    seed : int
    outcome : Outcome
        Result of the refit, or the reason why there was none.
    job : RefitJob or None
        The refit; None if there was none.
    earlier_reads : int
        How often the test images were read for the record that this one replaces.

    Returns
    -------
    Record
    ndarray of float16, (n_test, n_classes), or None
        None unless the outcome is ok. Of a fold, `n_test` are the fold's test images.
    Validation or None
        None if tuning found no best trial.
    """
    declared, best = context.declared, tuned.best
    proba = None if outcome.proba is None else to_float16(outcome.proba)
    found = Record(
        schema=SCHEMA,
        dataset=context.dataset,
        dataset_sha256=context.dataset_sha256,
        estimator=context.name,
        title=declared.title if declared else context.name,
        family=declared.family if declared else "",
        augmentation=augmentation(declared, outcome),
        origin=context.origin,
        seed=seed,
        status=outcome.status,
        reason=outcome.reason,
        fingerprint=dict(context.fingerprint),
        preset=asdict(context.preset),
        scores=outcome.scores,
        params=dict(best.params) if best else {},
        validation_accuracy=best.rungs[-1].accuracy if best else None,
        validation_fit_rows=best.rungs[-1].rows if best else 0,
        validation_rows=len(context.y_validation),
        trials=tuned.trials,
        tuning_seconds=tuned.seconds,
        tuning_threads=context.tuning_threads,
        tuning_parallel=context.tuning_parallel,
        fit_rows=job.rows if job else 0,
        fit_seconds=outcome.fit_seconds,
        predict_seconds=outcome.predict_seconds,
        threads=job.task.threads if job else 0,
        device=outcome.device or (job.task.device if job else ""),
        peak_memory_bytes=outcome.peak_memory_bytes,
        model_bytes=outcome.model_bytes,
        test_reads=earlier_reads + (job is not None),
        proba_sha256="",
        environment=dict(outcome.environment or context.environment),
        history=dict(outcome.history),
        fold=None if (fold := context.fold) is None else FoldNumber(fold.count, fold.repeat, fold.number),
        time=context.time,
    )
    validation = None if tuned.proba is None else Validation(context.y_validation, to_float16(tuned.proba))
    return found, proba, validation


def augmentation(declared: Declaration | None, outcome: Outcome) -> str:
    """Return what was done to training images: as the fitted pipeline says it, or else as its plugin declares it."""
    if outcome.augmentation is not None:
        return outcome.augmentation
    return declared.augmentation if declared else ""
