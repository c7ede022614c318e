"""Audits a data set: duplicates, constant pixels, likely label errors.

The audit has no effect on the leaderboard: its one estimator is fitted on training rows only, and its predictions are
used only in the report.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from benchmark.analyses.data_audit import cross_val_predict as folds
from benchmark.analyses.data_audit import duplicates, label_errors
from benchmark.analyses.data_audit import record as audit_record
from benchmark.analyses.data_audit import schema as audit_schema
from benchmark.analyses.data_audit.cross_val_predict import Fold
from benchmark.analyses.data_audit.schema import PARTS, Audit, AuditData, Copies, LabelErrors, Pictures, Search
from benchmark.datasets.dataset import Dataset
from benchmark.datasets.memmap import materialise
from benchmark.engine.executors.local import LocalExecutor
from benchmark.engine.jobs import Describe, describe_seconds, failure_reason
from benchmark.engine.resources import Resources
from benchmark.environment import environment
from benchmark.errors import BenchmarkError, EngineError
from benchmark.estimator import Task
from benchmark.storage import records


@dataclass(frozen=True)
class Plan:
    """The settings of an audit.

    Attributes
    ----------
    dataset : Dataset
    estimator : str
        Label errors are searched with its out-of-fold probabilities.
    resources : Resources
        Its threads, device and limits of a refit are used, one fit at a time.
    folder : Path
        ``results/<dataset>``.
    logs : Path
        Folder for the output of the estimator.
    """

    dataset: Dataset
    estimator: str
    resources: Resources
    folder: Path
    logs: Path


def run(plan: Plan, say: Callable[[str], None]) -> AuditData:
    """Audit the data set, and write the audit to its results folder, which is locked.

    Parameters
    ----------
    plan : Plan
    say : callable
        Called with one line for each step.

    Raises
    ------
    EngineError
        No more jobs can run.
    """
    dataset = plan.dataset
    train, test = dataset.train.X, dataset.test.X
    with threadpool_limits(plan.resources.threads):
        say(f"copies: comparing {len(train):,} training and {len(test):,} test images")
        copies = {
            "train": duplicates.within(train),
            "test": duplicates.within(test),
            "across": duplicates.across(test, train),
        }
    search = _label_errors(plan, say)
    audit = Audit(
        schema=audit_schema.SCHEMA,
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        near=duplicates.NEAR,
        pairs={scope: each.n_pairs for scope, each in copies.items()},
        status=search.status,
        reason=search.reason,
        search=search.search,
        environment=environment(),
    )
    data = AuditData(
        audit=audit,
        y_train=dataset.train.y,
        constant={part: constant_pixels(getattr(dataset, part).X) for part in PARTS},
        flat={part: duplicates.flat(getattr(dataset, part).X) for part in PARTS},
        copies=copies,
        errors=search.errors,
        pictures=_pictures(dataset, copies, search.errors),
    )
    if dataset.train.names:
        data = replace(data, names={index: dataset.train.names[index] for index in data.mentioned().tolist()})
    return audit_record.write(plan.folder, data)


def constant_pixels(X: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the pixels with the same value in all images, (k, 2): index, row by row, and value."""
    if not len(X):
        return np.zeros((0, 2), dtype=np.int64)
    pixels = np.flatnonzero(X.min(axis=0) == X.max(axis=0))
    return np.column_stack([pixels, X[0, pixels]]).astype(np.int64)


@dataclass(frozen=True)
class _SearchResult:
    """The outcome of the search for label errors; see `Audit`."""

    status: Literal["ok", "skipped", "failed"]
    reason: str = ""
    search: Search | None = None
    errors: LabelErrors = field(default_factory=audit_schema.no_errors)


def _label_errors(plan: Plan, say: Callable[[str], None]) -> _SearchResult:
    y = plan.dataset.train.y
    rows = folds.assign(y)
    searched = np.flatnonzero(rows >= 0)
    if not label_errors.available():
        return _without_cleanlab(plan, say)
    if len(np.unique(y[searched])) < 2:
        reason = f"fewer than two classes have {folds.FOLDS} training images"
        say(f"label errors: not looked for: {reason}")
        return _SearchResult("skipped", reason)
    try:
        title, proba = _out_of_fold(plan, rows, say)
    except EngineError:
        raise
    except Exception as error:  # of the plugin or its worker: the rest of the audit is still valid
        reason = f"{plan.estimator}: {failure_reason(error)}"
        say(f"label errors: failed: {reason}")
        return _SearchResult("failed", reason)
    errors, share = label_errors.find_label_errors(y[searched], proba[searched])
    search = Search(
        estimator=plan.estimator,
        title=title,
        folds=folds.FOLDS,
        images=len(searched),
        accuracy=float((proba[searched].argmax(axis=1) == y[searched]).mean()),
        share=share,
        cleanlab=label_errors.cleanlab_version(),
    )
    return _SearchResult("ok", search=search, errors=replace(errors, index=searched[errors.index]))


def _without_cleanlab(plan: Plan, say: Callable[[str], None]) -> _SearchResult:
    """Return the result of an earlier audit of these data with cleanlab, or an empty one."""
    with suppress(BenchmarkError):
        test_set = records.read_test_set(plan.folder)
        before = audit_record.read(plan.folder, test_set) if test_set else None
        if before is not None and before.audit.search is not None:
            say("label errors: those that the last audit of these data found are kept")
            return _SearchResult("ok", search=before.audit.search, errors=before.errors)
    say(f"label errors: not looked for: {label_errors.MISSING}")
    return _SearchResult("skipped", label_errors.MISSING)


def _out_of_fold(
    plan: Plan, rows: npt.NDArray[np.int64], say: Callable[[str], None]
) -> tuple[str, npt.NDArray[np.float32]]:
    """Return the estimator's title, and its out-of-fold probabilities of each training image that is in a fold."""
    dataset, resources = plan.dataset, plan.resources
    materialise(dataset)
    task = Task(
        n_classes=len(dataset.class_names),
        image_shape=dataset.image_shape,
        threads=resources.threads,
        device=resources.device,
        rows=len(dataset.train.y),
    )
    proba = np.zeros((len(dataset.train.y), len(dataset.class_names)), dtype=np.float32)
    executor = LocalExecutor(plan.logs)
    try:
        limits = replace(resources.refit, seconds=describe_seconds(resources.refit.seconds))
        title = executor.describe(Describe(plan.estimator, task, limits)).result().title
        for number in range(folds.FOLDS):
            held_out = np.flatnonzero(rows == number)
            say(f"label errors: fold {number + 1} of {folds.FOLDS}, fitted without {len(held_out):,} images")
            future: Future[Any] = executor.call(
                plan.estimator,
                resources.threads,
                folds.predict,
                Fold(plan.estimator, task, dataset.sha256, number),
                limits=resources.refit,
            )
            proba[held_out] = future.result()
    finally:
        executor.close()
    return title, proba


def _pictures(dataset: Dataset, copies: dict[str, Copies], errors: LabelErrors) -> dict[str, Pictures]:
    """Return the images that the figures of the report show."""
    shown: dict[str, list[int]] = {"train": errors.index[: audit_schema.ERRORS_SHOWN].tolist(), "test": []}
    y = {part: getattr(dataset, part).y for part in PARTS}
    scope = audit_schema.shown_scope(copies)
    if scope is not None:
        chosen = copies[scope].pairs[audit_schema.pairs_to_show(scope, copies[scope], y)]
        for part, images in zip(audit_schema.parts_of(scope), chosen.T, strict=True):
            shown[part] += images.tolist()
    index = {part: np.unique(np.asarray(images, dtype=np.int64)) for part, images in shown.items()}
    return {part: Pictures(images, getattr(dataset, part).X[images]) for part, images in index.items()}
