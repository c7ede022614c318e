"""The numbers of the learning curves: accuracy and fit time at each size, and which family leads where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from benchmark.analyses.learning_curve.record import CurveData
from benchmark.engine.fingerprint import stale
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Interval, Ints
from benchmark.storage import derived
from benchmark.storage.schema import Status

if TYPE_CHECKING:
    from benchmark.leaderboard.summary import Scored

Leader = Literal["classical", "cnn", ""]
"""The family whose lead is significant; empty where neither's is."""


@dataclass(frozen=True)
class Fit:
    """One fit: a point of a curve, or the leaderboard's own fit at its end.

    Attributes
    ----------
    rows, seed : int
    status : {"ok", "failed", "timeout", "oom"}
    reason : str
        Why it failed; empty if ok.
    fit_seconds, predict_seconds : float
    condition : mapping of str to str
        What the times were measured on: machine, versions, threads, device.
    test_reads : int
        How often the test images were predicted for it.
    correct : ndarray of bool, (n_test,), or None
        None unless it is ok.
    is_record : bool
        Whether it is the leaderboard's.
    """

    rows: int
    seed: int
    status: Status
    reason: str
    fit_seconds: float
    predict_seconds: float
    condition: Mapping[str, str]
    test_reads: int
    correct: npt.NDArray[np.bool_] | None
    is_record: bool = False

    @property
    def accuracy(self) -> float | None:
        """Test accuracy; None unless it is ok."""
        return None if self.correct is None else float(self.correct.mean())


@dataclass(frozen=True)
class CurvePoint:
    """One estimator at one size of the training set, over its seeds.

    Attributes
    ----------
    title, family : str
        Of the estimator.
    rows : int
    seeds : tuple of int
        Seeds whose fit succeeded.
    correct : ndarray of bool, (seeds, n_test)
    fit_seconds : float
        Mean over seeds.
    """

    title: str
    family: str
    rows: int
    seeds: tuple[int, ...]
    correct: npt.NDArray[np.bool_]
    fit_seconds: float

    @property
    def accuracies(self) -> list[float]:
        """Test accuracy of each seed."""
        return [float(value) for value in self.correct.mean(axis=1)]

    @property
    def accuracy(self) -> float:
        """Mean test accuracy over seeds."""
        return float(self.correct.mean())

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the accuracy over seeds; None with one seed."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.seeds) > 1 else None


@dataclass(frozen=True)
class LearningCurve:
    """An estimator's learning curve.

    Attributes
    ----------
    name, title, family : str
    fits : tuple of Fit
        All fits, failed ones and the leaderboard's own included, by rows and seed.
    points : tuple of CurvePoint
        The sizes at which a fit succeeded, smallest first.
    """

    name: str
    title: str
    family: str
    fits: tuple[Fit, ...]
    points: tuple[CurvePoint, ...]

    def at(self, rows: int) -> CurvePoint | None:
        """Return the point of this size."""
        return next((point for point in self.points if point.rows == rows), None)


@dataclass(frozen=True)
class FamilyComparison:
    """The best CNN against the best classical pipeline, at one size or within one time.

    Attributes
    ----------
    at : float
        Training rows, or seconds of fitting.
    classical, cnn : CurvePoint or None
        The most accurate of each family; None where no fit of the family is fast enough.
    lead : Interval or None
        Accuracy of the CNN minus that of the classical pipeline; None where only one of them exists.
    tied : bool
        Whether both are rows of the leaderboard that do not differ significantly there: then neither leads here.
    """

    at: float
    classical: CurvePoint | None
    cnn: CurvePoint | None
    lead: Interval | None
    tied: bool = False

    @property
    def leader(self) -> Leader:
        """The family whose lead is significant over test images and seeds; empty where neither's is."""
        if self.lead is None:
            return "classical" if self.classical else "cnn"
        if self.tied or self.lead.contains_zero:
            return ""
        return "cnn" if self.lead.estimate > 0 else "classical"


@dataclass(frozen=True)
class CurveScores:
    """The learning curves of the leaderboard's estimators.

    Attributes
    ----------
    summary : Summary
    curves : tuple of LearningCurve
        In the order of the leaderboard.
    outdated : tuple of (str, tuple of str)
        Titles of estimators whose curve was made from another record, and what has changed since.
    by_rows : tuple of FamilyComparison
        At each size that both families were fitted on, smallest first.
    by_seconds : tuple of FamilyComparison
        Within each time at which a family gets better; each holds until the time of the next.
    """

    summary: Summary
    curves: tuple[LearningCurve, ...]
    outdated: tuple[tuple[str, tuple[str, ...]], ...] = ()
    by_rows: tuple[FamilyComparison, ...] = ()
    by_seconds: tuple[FamilyComparison, ...] = ()

    @property
    def sizes(self) -> list[int]:
        """Numbers of training rows that any estimator was fitted on, smallest first."""
        return sorted({fit.rows for curve in self.curves for fit in curve.fits})

    @property
    def curve_fits(self) -> list[Fit]:
        """All fits that were made for the curves, without the leaderboard's own."""
        return [fit for curve in self.curves for fit in curve.fits if not fit.is_record]


def compute(summary: Summary, data: Mapping[str, CurveData]) -> CurveScores | None:
    """Return the scores of the curves on disk, or None if no estimator of the leaderboard has one.

    Parameters
    ----------
    summary : Summary
    data : mapping of str to CurveData
        By estimator.
    """
    curves, outdated = [], []
    for row in summary.scored:
        if row.name not in data:
            continue
        changed = stale(data[row.name].curve.depends_on, derived.depends_on(row.record))
        if changed:
            outdated.append((row.title, tuple(changed)))
        else:
            curves.append(_curve(row, data[row.name], summary.test_set.y))
    if not curves and not outdated:
        return None
    by_rows = tuple(_as_ranked(summary, comparison) for comparison in compare_by_rows(curves))
    # Without a common size there is nothing to say of seconds either.
    by_seconds = tuple(_as_ranked(summary, comparison) for comparison in compare_by_seconds(curves)) if by_rows else ()
    return CurveScores(summary, tuple(curves), tuple(outdated), by_rows, by_seconds)


def compare_by_rows(curves: Iterable[LearningCurve]) -> list[FamilyComparison]:
    """Compare the families at each size that both were fitted on, smallest first."""
    points = [point for curve in curves for point in curve.points]
    comparisons = [
        _compare(rows, [point for point in points if point.rows == rows])
        for rows in sorted({point.rows for point in points if point.rows})
    ]
    return [comparison for comparison in comparisons if comparison.lead is not None]


def compare_by_seconds(curves: Iterable[LearningCurve]) -> list[FamilyComparison]:
    """Compare what the families reach within a time: at each time at which either gets better, and at the longest.

    Returns
    -------
    list of FamilyComparison
        Each holds from its time to that of the next.
    """
    timed = (point for curve in curves for point in curve.points if point.fit_seconds)  # zero has no logarithm
    points = sorted(timed, key=lambda point: point.fit_seconds)
    if {"classical", "cnn"} - {point.family for point in points}:
        return []
    comparisons: list[FamilyComparison] = []
    for seconds, _ in groupby(points, key=lambda point: point.fit_seconds):
        comparison = _compare(seconds, [point for point in points if point.fit_seconds <= seconds])
        changed = not comparisons or _best(comparison) != _best(comparisons[-1])
        last = seconds == points[-1].fit_seconds
        if (changed or last) and (comparison.classical or comparison.cnn):
            comparisons.append(comparison)
    return comparisons


def _compare(at: float, points: Sequence[CurvePoint]) -> FamilyComparison:
    best = {
        family: max((point for point in points if point.family == family), key=lambda one: one.accuracy, default=None)
        for family in ("classical", "cnn")
    }
    classical, cnn = best["classical"], best["cnn"]
    return FamilyComparison(at, classical, cnn, None if classical is None or cnn is None else _lead(cnn, classical))


def _best(comparison: FamilyComparison) -> list[tuple[str, int] | None]:
    return [(point.title, point.rows) if point else None for point in (comparison.classical, comparison.cnn)]


def _lead(cnn: CurvePoint, classical: CurvePoint) -> Interval:
    """Compare under the seeds that both have, which drew the same rows; under the first of each if they share none."""
    shared = [seed for seed in cnn.seeds if seed in classical.seeds]
    correct = [
        point.correct[[point.seeds.index(seed) for seed in shared]] if shared else point.correct[:1]
        for point in (cnn, classical)
    ]
    return metrics.paired_difference_over_seeds(*correct)


def _as_ranked(summary: Summary, comparison: FamilyComparison) -> FamilyComparison:
    """Take the leaderboard's verdict where both are rows of it: two pages must not contradict each other."""
    rows = [
        row
        for point in (comparison.classical, comparison.cnn)
        for row in summary.scored
        if point and (point.title, point.rows) == (row.title, row.record.fit_rows)
    ]
    return replace(comparison, tied=len(rows) == 2 and not summary.pair(*rows).significant)


def _curve(row: Scored, data: CurveData, y: Ints) -> LearningCurve:
    fits = [
        Fit(
            rows=point.rows,
            seed=point.seed,
            status=point.status,
            reason=point.reason,
            fit_seconds=point.fit_seconds,
            predict_seconds=point.predict_seconds,
            condition=_condition(data.curve.environments[point.environment], point.threads, point.device),
            test_reads=point.test_reads,
            correct=labels == y if point.status == "ok" else None,
        )
        for point, labels in zip(data.curve.points, data.predicted, strict=True)
        if point.rows < row.record.fit_rows
    ]
    fits += [
        Fit(
            rows=record.fit_rows,
            seed=record.seed,
            status=record.status,
            reason=record.reason,
            fit_seconds=record.fit_seconds,
            predict_seconds=record.predict_seconds,
            condition=_condition(record.environment, record.threads, record.device),
            test_reads=record.test_reads,
            correct=labels == y,
            is_record=True,
        )
        for record, labels in zip(row.records, row.predicted, strict=True)
    ]
    fits.sort(key=lambda fit: (fit.rows, fit.seed))
    points = []
    for rows, group in groupby((fit for fit in fits if fit.correct is not None), key=lambda fit: fit.rows):
        at_size = list(group)
        correct = np.stack([fit.correct for fit in at_size if fit.correct is not None])
        seconds = float(np.mean([fit.fit_seconds for fit in at_size]))
        points.append(CurvePoint(row.title, row.family, rows, tuple(fit.seed for fit in at_size), correct, seconds))
    return LearningCurve(row.name, row.title, row.family, tuple(fits), tuple(points))


def _condition(environment: Mapping[str, str], threads: int, device: str) -> dict[str, str]:
    return {**environment, "threads": str(threads), "device": device}
