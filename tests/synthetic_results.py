"""Builds results folders with known answers, so that the report can be tested without a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.analyses.learning_curve import record as curve_record
from benchmark.analyses.learning_curve.record import CurveData, Point
from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.robustness.record import Robustness
from benchmark.datasets import corruptions
from benchmark.engine import protocol
from benchmark.storage import derived, records
from benchmark.storage.records import FoldNumber, Record, RungResult, TestSet, TrialResult

CLASSES = ("Top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")
ENVIRONMENT = {
    "python": "3.11.9",
    "system": "Linux x86_64",
    "processor": "Some CPU",
    "cores": "2",
    "memory": "8 GiB",
    "numpy": "2.4.0",
    "scikit-learn": "1.9.0",
}
PRESET = dataclasses.asdict(protocol.PRESETS["standard"])


def write_test_set(
    folder: Path,
    y: Sequence[int] | np.ndarray[Any, Any],
    classes: Sequence[str] = CLASSES,
    n_train: int = 60_000,
    examples: Sequence[int] | None = None,
    images: np.ndarray[Any, Any] | None = None,
    dataset: str = "fashion-mnist",
) -> TestSet:
    """Write labels and, as pictures, noise of 8×8 pixels (or `images`, (k, 784))."""
    y = np.asarray(y, dtype=np.int64)
    index = np.asarray(range(min(40, len(y))) if examples is None else examples, dtype=np.int64)
    if images is None:
        images = np.random.default_rng(0).integers(0, 256, (len(index), 64), dtype=np.uint8)
    side = round(images.shape[1] ** 0.5) if len(images) else 8
    test_set = TestSet(dataset, "d" * 64, tuple(classes), (side, side, 1), n_train, y, index, images)
    records.write_test_set(folder, test_set)
    return test_set


def make_record(name: str, seed: int = 0, **changes: Any) -> Record:
    """Return a finished record with plausible costs; `changes` are fields of `Record`."""
    record = Record(
        schema=records.SCHEMA,
        dataset="fashion-mnist",
        dataset_sha256="d" * 64,
        estimator=name,
        title=name.replace("_", " ").capitalize(),
        family="classical",
        augmentation="",
        origin=f"models/{name}.py",
        seed=seed,
        status="ok",
        reason="",
        fingerprint={},
        preset=dict(PRESET),
        scores="predict_proba",
        params={},
        validation_accuracy=0.9,
        validation_fit_rows=40_000,
        validation_rows=10_000,
        trials=trials(),
        tuning_seconds=600.0,
        tuning_threads=1,
        tuning_parallel=2,
        fit_rows=60_000,
        fit_seconds=30.0,
        predict_seconds=2.0,
        threads=2,
        device="cpu",
        peak_memory_bytes=700_000_000,
        model_bytes=5_000_000,
        test_reads=1,
        proba_sha256="",
        environment=dict(ENVIRONMENT),
    )
    return dataclasses.replace(record, **changes)


def trials(seconds: float = 10.0, best: float = 0.9) -> tuple[TrialResult, ...]:
    """Return four trials, one of them pruned and one failed."""

    def rung(rows: int, accuracy: float) -> RungResult:
        return RungResult(rows, accuracy, seconds * rows / 40_000, seconds * rows / 400_000)

    def complete(number: int, final: float) -> TrialResult:
        rungs = (rung(2_500, final - 0.06), rung(10_000, final - 0.03), rung(40_000, final))
        return TrialResult(number, "complete", {}, rungs)

    return (
        complete(0, best - 0.015),
        TrialResult(1, "pruned", {}, (rung(2_500, best - 0.2),)),
        TrialResult(2, "failed", {}, (), "ValueError: no"),
        complete(3, best),
    )


def write_predictions(
    folder: Path, test_set: TestSet, name: str, predicted: Sequence[int] | np.ndarray[Any, Any], **changes: Any
) -> Record:
    """Write a record whose stored rows have their maximum where `predicted` says."""
    proba = np.full((len(test_set.y), len(test_set.class_names)), 0.05, dtype=np.float16)
    proba[np.arange(len(test_set.y)), np.asarray(predicted)] = 0.9
    return records.write(folder, make_record(name, **{"dataset": test_set.dataset, **changes}), proba)


def cross_validated(
    folder: Path, y: Sequence[int] | np.ndarray[Any, Any], classes: Sequence[str], folds: int
) -> TestSet:
    """Write a test set whose images, which also train, are cross-validated."""
    found = dataclasses.replace(write_test_set(folder, y, classes, n_train=len(y), dataset="few"), folds=folds)
    records.write_test_set(folder, found)
    return found


def write_folds(
    folder: Path,
    test_set: TestSet,
    name: str,
    predicted: np.ndarray[Any, Any],
    folds: np.ndarray[Any, Any],
    **changes: Any,
) -> list[Record]:
    """Write a record for each fold of each repeat; `predicted` and `folds` are (repeats, n)."""
    written = []
    for repeat, (answers, its) in enumerate(zip(predicted, folds, strict=True)):
        for number in range(test_set.folds):
            rows = np.flatnonzero(its == number)
            proba = np.full((len(rows), len(test_set.class_names)), 0.05, dtype=np.float16)
            proba[np.arange(len(rows)), answers[rows]] = 0.9
            fields = {"dataset": test_set.dataset, "fit_rows": len(its) - len(rows), **changes}
            fold = FoldNumber(test_set.folds, repeat, number)
            record = make_record(name, repeat * test_set.folds + number, fold=fold, **fields)
            written.append(records.write(folder, record, proba, rows=rows))
    return written


def write_failure(folder: Path, name: str, **changes: Any) -> Record:
    """Write the record of an estimator that failed."""
    fields: dict[str, Any] = {"status": "failed", "reason": "ValueError: no", "validation_accuracy": None, "trials": ()}
    return records.write(folder, make_record(name, **{**fields, **changes}), None)


def answers(
    y: np.ndarray[Any, Any], accuracy: float, confusable: Mapping[int, Sequence[int]], seed: int, n_classes: int = 10
) -> np.ndarray[Any, Any]:
    """Return predictions of about this accuracy: images differ in difficulty, and classes in `confusable` more.

    The same images are hard for every estimator, as in life: a shared difficulty plus some of one's own.
    """
    shared, own = np.random.default_rng(99), np.random.default_rng(seed)
    hard = shared.random(len(y)) * np.where(np.isin(y, list(confusable)), 1.0, 0.93)
    hard = 0.8 * hard + 0.2 * own.random(len(y)) * np.where(np.isin(y, list(confusable)), 1.0, 0.93)
    hard += np.where(y == next(iter(confusable)), 0.05, 0.0)
    wrong = hard > np.quantile(hard, accuracy)
    among = [confusable.get(int(label), range(n_classes)) for label in y]
    drawn = own.integers([len(each) for each in among])
    destination = np.array([each[index] for each, index in zip(among, drawn, strict=True)])
    destination = np.where(destination == y, (y + 1) % n_classes, destination)
    return np.where(wrong, destination, y)


TOPS = {6: (0, 0, 0, 2, 2, 4, 4, 3), 0: (6, 6, 6, 3), 2: (4, 4, 6, 6), 4: (2, 2, 6, 6, 3), 3: (6, 4, 0)}
"""What upper garments are taken for; class 6 is the hardest."""


def write_realistic(
    folder: Path,
    n_test: int = 2_000,
    seeds: int = 1,
    classes: Sequence[str] = CLASSES,
    y: np.ndarray[Any, Any] | None = None,
    images: np.ndarray[Any, Any] | None = None,
    examples: Sequence[int] | None = None,
    **changes: Any,
) -> TestSet:
    """Write five estimators shaped like the real ones: two of them tied, one failed seed nowhere."""
    y = np.arange(n_test) % 10 if y is None else y
    test_set = write_test_set(folder, y, classes, images=images, examples=examples)
    for place, (name, title, family, accuracy, fit, predict, tuning, augmentation) in enumerate(
        (
            ("logistic_regression", "Logistic regression", "classical", 0.853, 21.0, 0.06, 320.0, ""),
            ("svm_pca", "SVM on PCA", "classical", 0.905, 34.0, 5.1, 610.0, ""),
            ("xgboost", "XGBoost", "classical", 0.902, 208.0, 0.4, 2400.0, ""),
            ("lightgbm", "LightGBM", "classical", 0.903, 70.0, 0.7, 1100.0, ""),
            ("cnn", "CNN (residual)", "cnn", 0.930, 556.0, 3.6, 3700.0, "mirrored, shifted"),
        )
    ):
        for seed in range(seeds):
            predicted = answers(y, accuracy, TOPS, 100 * place + seed)
            fields: dict[str, Any] = {
                "seed": seed,
                "title": title,
                "family": family,
                "augmentation": augmentation,
                "validation_accuracy": accuracy + 0.002,
                "fit_seconds": fit,
                "predict_seconds": predict,
                "tuning_seconds": tuning,
                "trials": trials(tuning / 2.5, accuracy + 0.002),
                "scores": "decision_function" if name == "svm_pca" else "predict_proba",
            }
            write_predictions(folder, test_set, name, predicted, **{**fields, **changes})
    return test_set


def write_curve(
    folder: Path,
    name: str,
    points: Mapping[int, Sequence[np.ndarray[Any, Any] | str]],
    seconds_per_row: float = 1e-3,
    **changes: Any,
) -> CurveData:
    """Write a curve for a record that is there.

    Parameters
    ----------
    points : mapping of int to sequence
        Rows to what each seed predicted, (n_test,), or the reason why it failed.
    **changes
        Fields of `Curve`.
    """
    test_set = records.read_test_set(folder)
    assert test_set is not None
    record = records.read_record(records.record_path(folder, name, 0))
    held = curve_record.empty(record, len(test_set.y), len(test_set.class_names))
    for rows, seeds in points.items():
        for seed, predicted in enumerate(seeds):
            failed = isinstance(predicted, str)
            point = Point(
                rows=rows,
                seed=seed,
                status="failed" if failed else "ok",
                reason=predicted if isinstance(predicted, str) else "",
                fit_seconds=seconds_per_row * rows,
                predict_seconds=2.0,
                threads=record.threads,
                device=record.device,
                test_reads=1,
            )
            labels = None if isinstance(predicted, str) else predicted
            held = curve_record.added(held, point, record.environment, labels)
    held = CurveData(dataclasses.replace(held.curve, **changes), held.predicted)
    curve_record.write(folder, held)
    return held


def write_robustness(
    folder: Path, name: str, wrong: Mapping[str, int], images: int = 4_000, **changes: Any
) -> robustness_record.RobustnessData:
    """Write the answers to corrupted images for a record that is there.

    Parameters
    ----------
    wrong : mapping of str to int
        Kind of corruption ("none": the images as they are) to how many of the images, the first, are answered
        wrongly under each of its severities; none of those that are not named.
    images : int
        Asked about, at most.
    **changes
        Fields of `Robustness`.
    """
    test_set = records.read_test_set(folder)
    assert test_set is not None
    record = records.read_record(records.record_path(folder, name, 0))
    truth = test_set.y[list(protocol.corrupted_images(test_set.y, images))]
    kinds = ["none", *(corruption.kind for corruption in corruptions.CORRUPTIONS)]
    predicted = np.stack(
        [np.where(np.arange(len(truth)) < wrong.get(kind, 0), (truth + 1) % 4, truth) for kind in kinds]
    )
    made = Robustness(
        **{
            **derived.header_fields(record, robustness_record.SCHEMA),
            "depends_on": robustness_record.depends_on(record),
        },
        status="ok",
        reason="",
        images=len(truth),
        corruptions=tuple(corruption.name for corruption in corruptions.CORRUPTIONS),
        fit_seconds=1.0,
        predict_seconds=0.1,
        threads=record.threads,
        device=record.device,
        environment=record.environment,
        test_reads=1,
        arrays_sha256="",
    )
    made = dataclasses.replace(made, **changes)
    picture = np.arange(np.prod(test_set.image_shape)).astype(np.uint8)
    held = robustness_record.RobustnessData(made, predicted.astype(np.uint8), picture)
    return robustness_record.write(folder, held if made.status == "ok" else robustness_record.RobustnessData(made))


STARTS = {"logistic_regression": 0.70, "svm_pca": 0.72, "xgboost": 0.63, "lightgbm": 0.52, "cnn": 0.55}


def write_realistic_curves(folder: Path) -> None:
    """Give the five estimators of `write_realistic` curves that bend as the real ones do; the CNN starts low."""
    results = records.read(folder)
    y, points = results.test_set.y, protocol.curve_points(60_000)
    for record in results.records:
        if record.seed:
            continue
        right = float((results.proba[record.estimator, 0].argmax(axis=1) == y).mean())
        start = STARTS[record.estimator]
        bend = 1.6 if record.estimator == "cnn" else 2.2
        found: dict[int, list[Any]] = {}
        for rows, seed in points:
            left = 1 - np.log(rows / 100) / np.log(600)
            noise = np.random.default_rng([rows, seed]).normal(0, 0.25 / rows**0.5)
            accuracy = right - (right - start) * left**bend + noise
            found.setdefault(rows, []).append(answers(y, accuracy, TOPS, rows + seed))
        write_curve(folder, record.estimator, found, seconds_per_row=record.fit_seconds / 60_000)
