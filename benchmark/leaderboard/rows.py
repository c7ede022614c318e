"""The rows of the leaderboard: each estimator's seeds scored, all of them resampled, compared and ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.metrics import scores as metrics
from benchmark.metrics import significance as inference
from benchmark.metrics.scores import Floats, Interval, Ints
from benchmark.metrics.significance import Folds, Pair
from benchmark.storage.records import Record, Results, Validation


@dataclass(frozen=True)
class Scored:
    """An estimator that finished, scored over all its seeds.

    Attributes
    ----------
    name, title, family : str
        `title` is unique: where two estimators share one, their names are added.
    records : tuple of Record
        The finished seeds that count, all made with the same preset; lowest seed first.
    left_out : tuple of Record
        Other seeds: failed, or made with less effort than those that count.
    rank : int
        From 1; shared where the test set cannot tell rows apart.
    tied : bool
        Whether another row has the same rank.
    letter_groups : tuple of int
        Numbers, from 0, of its groups; no two rows of a group differ significantly.
    predicted : ndarray of int64, (seeds, n_test)
    correct : ndarray of float64, (n_test,)
        Share of the seeds that got the image right.
    accuracy : Interval
        Mean over seeds; the interval is over test images and seeds, or over the folds of a cross-validation.
    accuracy_by_images : Interval
        Over test images alone, the seeds as they are.
    accuracy_by_seeds : Interval or None
        Over seeds alone, the images as they are; None of one seed, and of a cross-validation: its seeds are repeats.
    seed_accuracy : tuple of float
        One for each of `records`.
    macro_f1 : Interval
        Mean over seeds, as are all that follow.
    precision, recall, f1 : ndarray of float64, (n_classes,)
    f1_low, f1_high : ndarray of float64, (n_classes,)
        Ends of F1's intervals, over test images and seeds.
    confusion : ndarray of float64, (n_classes, n_classes)
        Images by true class (row) and predicted class (column).
    proba : ndarray of float16, (seeds, n_test, n_classes)
        As stored.
    validation : tuple of Validation or None
        What the winner of tuning said of the validation rows, where each of `records` holds it.
    """

    name: str
    title: str
    family: str
    records: tuple[Record, ...]
    left_out: tuple[Record, ...]
    rank: int
    tied: bool
    letter_groups: tuple[int, ...]
    predicted: Ints
    correct: Floats
    accuracy: Interval
    accuracy_by_images: Interval
    accuracy_by_seeds: Interval | None
    seed_accuracy: tuple[float, ...]
    macro_f1: Interval
    precision: Floats
    recall: Floats
    f1: Floats
    f1_low: Floats
    f1_high: Floats
    confusion: Floats
    proba: npt.NDArray[np.float16]
    validation: tuple[Validation | None, ...]

    @property
    def record(self) -> Record:
        """The lowest seed's record: what was tuned is the same in all."""
        return self.records[0]

    @property
    def gap(self) -> float | None:
        """Test accuracy minus validation accuracy; None where nothing was tuned."""
        validated = self.record.validation_accuracy
        return None if validated is None else self.accuracy.estimate - validated

    @property
    def fit_seconds(self) -> float:
        """Mean over seeds."""
        return float(np.mean([record.fit_seconds for record in self.records]))

    @property
    def predict_seconds_per_1000(self) -> float:
        """Mean over seeds."""
        seconds = float(np.mean([record.predict_seconds for record in self.records]))
        return seconds * 1000 / len(self.correct)

    @property
    def peak_memory_bytes(self) -> int:
        """The most that any seed took."""
        return max(record.peak_memory_bytes for record in self.records)

    @property
    def model_bytes(self) -> int | None:
        """The largest of the seeds' models; None if it could not be measured."""
        return max(record.model_bytes for record in self.records) or None


@dataclass(frozen=True)
class Failed:
    """An estimator of which no seed finished; the lowest seed's record says why."""

    name: str
    title: str
    family: str
    record: Record


@dataclass(frozen=True)
class Entry:
    """An estimator that finished, before it is scored; the fields are `Scored`'s."""

    name: str
    title: str
    records: tuple[Record, ...]
    left_out: tuple[Record, ...]
    predicted: Ints


def entry(results: Results, title: str, records: Sequence[Record]) -> Entry | None:
    """Return what of an estimator's records counts, or None if no seed finished.

    Parameters
    ----------
    results : Results
    title : str
    records : sequence of Record
        All seeds of one estimator.
    """
    counted = _counted(records)
    if not counted:
        return None
    predicted = np.stack([metrics.predicted_labels(results.proba[record.estimator, record.seed]) for record in counted])
    left_out = tuple(record for record in records if record not in counted)
    return Entry(records[0].estimator, title, counted, left_out, predicted)


def score(results: Results, entries: Sequence[Entry]) -> tuple[tuple[Scored, ...], tuple[Pair, ...]]:
    """Sort, resample, compare and rank the rows.

    Returns
    -------
    tuple of Scored
        Best first; of equals the one that is faster to fit.
    tuple of Pair
        Every two of them.
    """
    if not entries:
        return (), ()
    y, n_classes = results.test_set.y, len(results.test_set.class_names)

    def best_first(one: Entry) -> tuple[float, float, str]:
        seconds = float(np.mean([record.fit_seconds for record in one.records]))
        return -float((one.predicted == y).mean()), seconds, one.name

    rows = sorted(entries, key=best_first)
    predicted = [row.predicted for row in rows]
    drawn = inference.resample(y, predicted, n_classes)
    folds = [_folds(results, row) for row in rows] if results.folds else None
    pairs = inference.compare(y, predicted, drawn.draws, folds)
    ranks = inference.rank_groups(len(rows), pairs)
    groups = inference.compact_letter_display(len(rows), pairs)
    found = []
    for place, row in enumerate(rows):
        counts = [metrics.confusion_matrix(y, answers, n_classes) for answers in row.predicted]
        # NaN under one seed (a class never predicted) stays NaN in the mean: it is not a zero.
        classes = [np.mean(v, axis=0) for v in zip(*(metrics.per_class(count) for count in counts), strict=True)]
        accuracies = tuple(metrics.accuracy(y, answers) for answers in row.predicted)
        found.append(
            Scored(
                name=row.name,
                title=row.title,
                family=row.records[0].family,
                records=row.records,
                left_out=row.left_out,
                rank=ranks[place],
                tied=ranks.count(ranks[place]) > 1,
                letter_groups=tuple(number for number, group in enumerate(groups) if place in group),
                predicted=row.predicted,
                correct=metrics.correctness(y, row.predicted),
                accuracy=drawn.accuracy[place]
                if folds is None
                else inference.accuracy_over_folds(float(np.mean(accuracies)), folds[place], len(y)),
                accuracy_by_images=drawn.accuracy_by_images[place],
                accuracy_by_seeds=inference.seed_interval(accuracies) if folds is None else None,
                seed_accuracy=accuracies,
                macro_f1=drawn.macro_f1[place],
                precision=classes[0],
                recall=classes[1],
                f1=classes[2],
                f1_low=drawn.f1_low[place],
                f1_high=drawn.f1_high[place],
                confusion=np.mean(counts, axis=0),
                proba=np.stack([results.proba[row.name, record.seed] for record in row.records]),
                validation=tuple(results.validation.get((row.name, record.seed)) for record in row.records),
            )
        )
    return tuple(found), pairs


def _folds(results: Results, row: Entry) -> Folds:
    repeats = [record.seed for record in row.records]
    return Folds.of(results.test_set.y, row.predicted, [results.folds[repeat] for repeat in repeats], repeats)


def _counted(records: Sequence[Record]) -> tuple[Record, ...]:
    """Return the finished records to average: all of the largest effort, never a mix."""
    finished = [record for record in records if record.status == "ok"]
    if not finished:
        return ()

    def effort(record: Record) -> tuple[bool, int, int]:
        return not record.preset.get("tiny"), record.fit_rows, len(record.trials)

    most = max(effort(record) for record in finished)
    return tuple(record for record in finished if effort(record) == most)
