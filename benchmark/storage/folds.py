"""Puts the folds of each repeat of a cross-validation together: every image is predicted once, as in a test part."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError
from benchmark.storage.schema import Record, Results, Status, TestSet

Ints = npt.NDArray[np.int64]

Scores = npt.NDArray[np.float16]

Key = tuple[str, int]
"""Estimator and seed."""


def assemble(
    folder: Path, test_set: TestSet, records: Sequence[Record], proba: Mapping[Key, Scores], rows: Mapping[Key, Ints]
) -> Results:
    """Return one record for each estimator and repeat, whose seed is the number of the repeat.

    Of a repeat the fit time is the mean of its folds, tuning and prediction time are their sums, and memory and size
    are those of the largest. The parameters, the trials and the machine are those of the first fold: each fold is tuned
    by itself. A repeat whose folds are not all there has failed, and its reason says so. Validation scores are left
    out: the validation rows of one fold are the test images of others.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    test_set : TestSet
    records : sequence of Record
        One for each fold.
    proba : mapping of (estimator, seed) to ndarray of float16
        Of the test images of each fold whose status is "ok".
    rows : mapping of (estimator, seed) to ndarray of int64
        Which images these are.

    Raises
    ------
    BenchmarkError
        The folds of a repeat do not make up all images, or they are not the same for two estimators.
    """
    by_repeat: dict[Key, list[Record]] = {}
    for record in sorted(records, key=lambda each: (each.estimator, each.seed)):
        assert record.fold is not None, "checked by the reader"
        by_repeat.setdefault((record.estimator, record.fold.repeat), []).append(record)
    found, scores, folds = [], {}, dict[int, Ints]()
    for (name, repeat), parts in by_repeat.items():
        whole = _whole(parts, repeat, test_set.folds)
        found.append(whole)
        if whole.status != "ok":
            continue
        its = _folds(folder, parts, rows, len(test_set.y))
        if not np.array_equal(folds.setdefault(repeat, its), its):
            raise BenchmarkError(
                f"{folder}: {name} was tested on other folds than other estimators; run it again with: "
                f"python -m benchmark run {name} --force"
            )
        every = np.zeros((len(test_set.y), len(test_set.class_names)), dtype=np.float16)
        for part in parts:
            every[rows[name, part.seed]] = proba[name, part.seed]
        scores[name, repeat] = every
    return Results(folder, test_set, tuple(found), scores, folds=folds)


def _whole(parts: Sequence[Record], repeat: int, count: int) -> Record:
    """Return the record of a repeat."""
    failed = [part for part in parts if part.status != "ok"]
    status: Status = "ok"
    reason = ""
    if failed:
        number = failed[0].seed - repeat * count + 1
        status, reason = failed[0].status, f"fold {number} of {count}: {failed[0].reason}"
    elif len(parts) < count:
        status, reason = "failed", f"only {len(parts)} of {count} folds are there yet; the same run continues it"
    validated = [part.validation_accuracy for part in parts if part.validation_accuracy is not None]
    return dataclasses.replace(
        parts[0],
        seed=repeat,
        status=status,
        reason=reason,
        validation_accuracy=float(np.mean(validated)) if len(validated) == len(parts) else None,
        validation_fit_rows=sum(part.validation_fit_rows for part in parts) // len(parts),
        validation_rows=sum(part.validation_rows for part in parts) // len(parts),
        tuning_seconds=sum(part.tuning_seconds for part in parts),
        fit_rows=sum(part.fit_rows for part in parts) // len(parts),
        fit_seconds=float(np.mean([part.fit_seconds for part in parts])),
        predict_seconds=sum(part.predict_seconds for part in parts),
        peak_memory_bytes=max(part.peak_memory_bytes for part in parts),
        model_bytes=max(part.model_bytes for part in parts),
        test_reads=max(part.test_reads for part in parts),
        augmentation=_augmentation(parts),
        environment={**parts[0].environment, **_differing(parts)},
        history=None,
        fold=None,
    )


def _augmentation(parts: Sequence[Record]) -> str:
    """Return how training images were augmented, which a net may have chosen in each fold by itself."""
    counts = Counter(part.augmentation for part in parts)
    if len(counts) == 1:
        return parts[0].augmentation
    return "; ".join(
        f"{text or 'not augmented'} (in {number} of {len(parts)} folds)" for text, number in counts.items()
    )


def _differing(parts: Sequence[Record]) -> dict[str, str]:
    """Return what was not the same for all folds, with each of its values, so that the pages name it."""
    seen = [
        {**part.environment, "threads of folds": str(part.threads), "device of folds": part.device} for part in parts
    ]
    values = {key: sorted({each.get(key, "unknown") for each in seen}) for key in seen[0]}
    return {key: " and ".join(its) for key, its in values.items() if len(its) > 1}


def _folds(folder: Path, parts: Sequence[Record], rows: Mapping[Key, Ints], n_test: int) -> Ints:
    """Return the fold of each image in a repeat."""
    name = parts[0].estimator
    every = [rows[name, part.seed] for part in parts]
    if not np.array_equal(np.sort(np.concatenate(every)), np.arange(n_test)):
        raise BenchmarkError(
            f"{folder}: the folds of {name} do not make up all images; run it again with: "
            f"python -m benchmark run {name} --force"
        )
    its = np.zeros(n_test, dtype=np.int64)
    for number, tested in enumerate(every):
        its[tested] = number
    return its
