"""Audits a data set: duplicates, constant pixels, likely label errors.

Nothing here enters the leaderboard. The one estimator that is fitted sees training rows only, and its predictions are
used for the audit alone.
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
    """What `audit` is asked to do.

    Attributes
    ----------
    dataset : Dataset
    estimator : str
        Whose out-of-fold probabilities find label errors.
    resources : Resources
        Those of refits are used, because one fit runs at a time.
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
    """Audit the data set and write the result into a locked folder.

    Parameters
    ----------
    plan : Plan
    say : callable
        Called with one line for each step.

    Raises
    ------
    EngineError
        No more jobs can be run.
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
    found = _label_errors(plan, say)
    audit = Audit(
        schema=audit_schema.SCHEMA,
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        near=duplicates.NEAR,
        pairs={scope: found.n_pairs for scope, found in copies.items()},
        status=found.status,
        reason=found.reason,
        search=found.search,
        environment=environment(),
    )
    held = AuditData(
        audit=audit,
        y_train=dataset.train.y,
        constant={part: constant_pixels(getattr(dataset, part).X) for part in PARTS},
        flat={part: duplicates.flat(getattr(dataset, part).X) for part in PARTS},
        copies=copies,
        errors=found.errors,
        pictures=_pictures(dataset, copies, found.errors),
    )
    return audit_record.write(plan.folder, held)


def constant_pixels(X: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the pixels with the same value in all images, (k, 2): flat index and value."""
    if not len(X):
        return np.zeros((0, 2), dtype=np.int64)
    places = np.flatnonzero(X.min(axis=0) == X.max(axis=0))
    return np.column_stack([places, X[0, places]]).astype(np.int64)


@dataclass(frozen=True)
class _Found:
    """Result of the search for label errors; see `Audit`."""

    status: Literal["ok", "skipped", "failed"]
    reason: str = ""
    search: Search | None = None
    errors: LabelErrors = field(default_factory=audit_schema.no_errors)


def _label_errors(plan: Plan, say: Callable[[str], None]) -> _Found:
    y = plan.dataset.train.y
    rows = folds.assign(y)
    looked_at = np.flatnonzero(rows >= 0)
    if not label_errors.available():
        return _without_cleanlab(plan, say)
    if len(np.unique(y[looked_at])) < 2:
        reason = f"fewer than two classes have {folds.FOLDS} training images"
        say(f"label errors: not looked for: {reason}")
        return _Found("skipped", reason)
    try:
        title, proba = _out_of_fold(plan, rows, say)
    except EngineError:
        raise
    except Exception as error:  # of the plugin or its worker: the rest of the audit is still valid
        reason = f"{plan.estimator}: {failure_reason(error)}"
        say(f"label errors: failed: {reason}")
        return _Found("failed", reason)
    errors, share = label_errors.find_label_errors(y[looked_at], proba[looked_at])
    search = Search(
        estimator=plan.estimator,
        title=title,
        folds=folds.FOLDS,
        images=len(looked_at),
        accuracy=float((proba[looked_at].argmax(axis=1) == y[looked_at]).mean()),
        share=share,
        cleanlab=label_errors.cleanlab_version(),
    )
    return _Found("ok", search=search, errors=replace(errors, index=looked_at[errors.index]))


def _without_cleanlab(plan: Plan, say: Callable[[str], None]) -> _Found:
    """Return the label errors of an earlier audit of these data that had cleanlab, or none."""
    with suppress(BenchmarkError):
        test_set = records.read_test_set(plan.folder)
        before = audit_record.read(plan.folder, test_set) if test_set else None
        if before is not None and before.audit.search is not None:
            say("label errors: kept from the last audit of these data")
            return _Found("ok", search=before.audit.search, errors=before.errors)
    say(f"label errors: not looked for: {label_errors.MISSING}")
    return _Found("skipped", label_errors.MISSING)


def _out_of_fold(
    plan: Plan, rows: npt.NDArray[np.int64], say: Callable[[str], None]
) -> tuple[str, npt.NDArray[np.float32]]:
    """Return the estimator's title, and a row of probabilities for each training image that is in a fold."""
    dataset, given = plan.dataset, plan.resources
    materialise(dataset)
    task = Task(
        n_classes=len(dataset.class_names),
        image_shape=dataset.image_shape,
        threads=given.threads,
        device=given.device,
    )
    proba = np.zeros((len(dataset.train.y), len(dataset.class_names)), dtype=np.float32)
    executor = LocalExecutor(plan.logs)
    try:
        limits = replace(given.refit, seconds=describe_seconds(given.refit.seconds))
        title = executor.describe(Describe(plan.estimator, task, limits)).result().title
        for number in range(folds.FOLDS):
            held_out = np.flatnonzero(rows == number)
            say(f"label errors: fold {number + 1} of {folds.FOLDS}, fitted without {len(held_out):,} images")
            future: Future[Any] = executor.call(
                plan.estimator,
                given.threads,
                folds.predict,
                Fold(plan.estimator, task, dataset.sha256, number),
                limits=given.refit,
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
        for part, places in zip(audit_schema.parts_of(scope), chosen.T, strict=True):
            shown[part] += places.tolist()
    index = {part: np.unique(np.asarray(places, dtype=np.int64)) for part, places in shown.items()}
    return {part: Pictures(places, getattr(dataset, part).X[places]) for part, places in index.items()}
