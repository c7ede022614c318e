"""Every number of the report, computed once from the records; the other files only lay them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from benchmark import anatomy, metrics
from benchmark.curve_record import Held
from benchmark.metrics import Floats, Interval, Ints
from benchmark.records import Record, Results, TestSet
from benchmark.report import markdown as md
from benchmark.report.learned import Learned, curves
from benchmark.schema import Validation


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
    predicted : ndarray of int64, (seeds, n_test)
    correct : ndarray of float64, (n_test,)
        Share of the seeds that got the image right.
    accuracy : Interval
        Mean over seeds, with the interval over test images.
    seed_accuracy : tuple of float
        One for each of `records`.
    macro_f1 : float
        Mean over seeds, as are all that follow.
    precision, recall, f1 : ndarray of float64, (n_classes,)
    confusion : ndarray of float64, (n_classes, n_classes)
        Images by true class (row) and predicted class (column).
    proba : ndarray of float16, (seeds, n_test, n_classes)
        As stored.
    validation : tuple of Validation or None
        What each of `records` predicted for the validation rows, where that is stored.
    """

    name: str
    title: str
    family: str
    records: tuple[Record, ...]
    left_out: tuple[Record, ...]
    rank: int
    tied: bool
    predicted: Ints
    correct: Floats
    accuracy: Interval
    seed_accuracy: tuple[float, ...]
    macro_f1: float
    precision: Floats
    recall: Floats
    f1: Floats
    confusion: Floats
    proba: npt.NDArray[np.float16]
    validation: tuple[Validation | None, ...]

    @property
    def record(self) -> Record:
        """The lowest seed's record: what was tuned is the same in all."""
        return self.records[0]

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
    def model_bytes(self) -> int:
        """The largest of the seeds' models."""
        return max(record.model_bytes for record in self.records)


@dataclass(frozen=True)
class Failed:
    """An estimator of which no seed finished; the lowest seed's record says why."""

    name: str
    title: str
    family: str
    record: Record


@dataclass(frozen=True)
class Summary:
    """One data set's results, scored and ranked.

    Attributes
    ----------
    test_set : TestSet
    class_names : tuple of str
        One line each, and unique.
    scored : tuple of Scored
        Best first.
    failed : tuple of Failed
        By name.
    hardest : int or None
        The class whose F1, averaged over the estimators, is lowest; None if none finished.
    wrong_under_all : ndarray of bool, (n_test,)
        Images that no estimator got right under any seed.
    learned : tuple of Learned
        The learning curves that there are, in the order of `scored`.
    outdated : tuple of (str, tuple of str)
        Titles of estimators whose learning curve was made from another record, and what has changed.
    """

    test_set: TestSet
    class_names: tuple[str, ...]
    scored: tuple[Scored, ...]
    failed: tuple[Failed, ...]
    hardest: int | None
    wrong_under_all: np.typing.NDArray[np.bool_]
    learned: tuple[Learned, ...] = ()
    outdated: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def n_test(self) -> int:
        """Number of test images."""
        return len(self.test_set.y)

    @property
    def previews(self) -> tuple[Scored, ...]:
        """The rows that are no result: trained on part of the rows, or with `smoke` parameters."""
        return tuple(row for row in self.scored if is_preview(row.record, self.test_set))

    def best_of(self, family: str) -> Scored | None:
        """Return the most accurate estimator of a family."""
        return next((row for row in self.scored if row.family == family), None)


def is_preview(record: Record, test_set: TestSet) -> bool:
    """Return whether a record was made with less than all training rows, or a tiny model."""
    return record.fit_rows < test_set.n_train or bool(record.preset.get("tiny"))


def summarise(results: Results, held: Mapping[str, Held] | None = None) -> Summary:
    """Score and rank everything that is on record.

    Parameters
    ----------
    results : Results
    held : mapping of str to Held, optional
        Learning curves by estimator.

    Returns
    -------
    Summary
    """
    test_set = results.test_set
    by_name = {name: tuple(group) for name, group in groupby(results.records, key=lambda record: record.estimator)}
    titles = _titles(by_name)
    failed: list[Failed] = []
    finished: list[Scored] = []
    for name, records in by_name.items():
        counted = _counted(records)
        if counted:
            finished.append(_score(results, titles[name], counted, tuple(r for r in records if r not in counted)))
        else:
            failed.append(Failed(name, titles[name], records[0].family, records[0]))
    scored = _ranked(finished)
    wrong = np.full(len(test_set.y), bool(scored))
    for row in scored:
        wrong &= row.correct == 0
    learned, outdated = curves(scored, held or {}, test_set.y)
    return Summary(
        test_set,
        _unique(test_set.class_names),
        scored,
        tuple(failed),
        anatomy.hardest(test_set.y, np.stack([row.f1 for row in scored])) if scored else None,
        wrong,
        learned,
        outdated,
    )


def _counted(records: Sequence[Record]) -> tuple[Record, ...]:
    """Return the finished records to average: all of the largest effort, never a mix."""
    finished = [record for record in records if record.status == "ok"]
    if not finished:
        return ()

    def effort(record: Record) -> tuple[bool, int, int]:
        return not record.preset.get("tiny"), record.fit_rows, len(record.trials)

    most = max(effort(record) for record in finished)
    return tuple(record for record in finished if effort(record) == most)


def _score(results: Results, title: str, records: tuple[Record, ...], left_out: tuple[Record, ...]) -> Scored:
    y, n_classes = results.test_set.y, len(results.test_set.class_names)
    keys = [(record.estimator, record.seed) for record in records]
    proba = np.stack([results.proba[key] for key in keys])
    predicted = np.stack([metrics.predict(one) for one in proba])
    counts = [metrics.confusion(y, answers, n_classes) for answers in predicted]
    # NaN under one seed (a class never predicted) stays NaN in the mean: it is not a zero.
    classes = [np.mean(values, axis=0) for values in zip(*(metrics.per_class(count) for count in counts), strict=True)]
    correct = metrics.correctness(y, predicted)
    return Scored(
        name=records[0].estimator,
        title=title,
        family=records[0].family,
        records=records,
        left_out=left_out,
        rank=0,
        tied=False,
        predicted=predicted,
        correct=correct,
        accuracy=metrics.wilson(float(correct.mean()), len(y)),
        seed_accuracy=tuple(metrics.accuracy(y, answers) for answers in predicted),
        macro_f1=float(np.mean([metrics.macro_f1(count) for count in counts])),
        precision=classes[0],
        recall=classes[1],
        f1=classes[2],
        confusion=np.mean(counts, axis=0),
        proba=proba,
        validation=tuple(results.validation.get(key) for key in keys),
    )


def _ranked(finished: Sequence[Scored]) -> tuple[Scored, ...]:
    rows = sorted(finished, key=lambda row: (-row.accuracy.estimate, row.fit_seconds, row.name))
    ranks = metrics.rank_groups([row.correct for row in rows])
    return tuple(replace(row, rank=rank, tied=ranks.count(rank) > 1) for row, rank in zip(rows, ranks, strict=True))


def _titles(by_name: dict[str, tuple[Record, ...]]) -> dict[str, str]:
    titles = [md.plain(records[0].title) or name for name, records in by_name.items()]
    return dict(zip(by_name, _apart(titles, list(by_name)), strict=True))


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    plain = [md.plain(name) or f"class {label}" for label, name in enumerate(names)]
    return tuple(_apart(plain, [str(label) for label in range(len(names))]))


def _apart(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Return names told apart by their keys where they need it; all of them where a name feigns such a mark."""
    marked = [f"{name} ({key})" for name, key in zip(names, keys, strict=True)]
    found = [mark if names.count(name) > 1 else name for name, mark in zip(names, marked, strict=True)]
    return found if len(set(found)) == len(found) else marked
