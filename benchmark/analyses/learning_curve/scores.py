"""The numbers of the learning curves: accuracy and fit time at each size, and who is ahead where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmark.analyses.learning_curve.record import Held
from benchmark.engine.fingerprint import stale
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Interval, Ints
from benchmark.storage import derived
from benchmark.storage.schema import Status

if TYPE_CHECKING:
    from benchmark.leaderboard.summary import Scored


@dataclass(frozen=True)
class Measured:
    """One fit, of a curve or of the record at its end.

    Attributes
    ----------
    rows, seed : int
    status : {"ok", "failed", "timeout", "oom"}
    reason : str
    fit_seconds, predict_seconds : float
    condition : mapping of str to str
        What the times were measured on: machine, versions, threads, device.
    test_reads : int
    right : ndarray of bool, (n_test,), or None
        None unless it is ok.
    record : bool
        Whether it is the record's.
    """

    rows: int
    seed: int
    status: Status
    reason: str
    fit_seconds: float
    predict_seconds: float
    condition: Mapping[str, str]
    test_reads: int
    right: npt.NDArray[np.bool_] | None
    record: bool = False

    @property
    def accuracy(self) -> float | None:
        """Share of the test images."""
        return None if self.right is None else float(self.right.mean())


@dataclass(frozen=True)
class Size:
    """One estimator after fits on so many rows.

    Attributes
    ----------
    title, family : str
        Of the estimator.
    rows : int
    seeds : tuple of int
        Those that ended well.
    right : ndarray of bool, (seeds, n_test)
    fit_seconds : float
        Mean over seeds.
    """

    title: str
    family: str
    rows: int
    seeds: tuple[int, ...]
    right: npt.NDArray[np.bool_]
    fit_seconds: float

    @property
    def accuracies(self) -> list[float]:
        """One for each seed."""
        return [float(value) for value in self.right.mean(axis=1)]

    @property
    def accuracy(self) -> float:
        """Mean over seeds."""
        return float(self.right.mean())

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the accuracy over seeds; None of one seed."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.seeds) > 1 else None


@dataclass(frozen=True)
class Learned:
    """An estimator's learning curve.

    Attributes
    ----------
    name, title, family : str
    measured : tuple of Measured
        All that was tried, by rows and seed; the records at its end included.
    sizes : tuple of Size
        Where a fit ended well, smallest first.
    """

    name: str
    title: str
    family: str
    measured: tuple[Measured, ...]
    sizes: tuple[Size, ...]

    def at(self, rows: int) -> Size | None:
        """Return what was measured at this size."""
        return next((size for size in self.sizes if size.rows == rows), None)


@dataclass(frozen=True)
class Stand:
    """How the best CNN and the best classical pipeline compare at one place.

    Attributes
    ----------
    at : float
        Training rows, or seconds of fitting.
    classical, cnn : Size or None
        The most accurate of each; None where none is that quick.
    lead : Interval or None
        Accuracy of the CNN minus that of the classical pipeline; None where there is but one.
    tied : bool
        Whether these are two rows that the leaderboard cannot tell apart: nobody leads then.
    """

    at: float
    classical: Size | None
    cnn: Size | None
    lead: Interval | None
    tied: bool = False

    @property
    def leader(self) -> str:
        """Whose lead the test images and the seeds can resolve: "classical", "cnn", or "" where they cannot."""
        if self.lead is None:
            return "classical" if self.classical else "cnn"
        if self.tied or self.lead.contains_zero:
            return ""
        return "cnn" if self.lead.estimate > 0 else "classical"


def curves(
    scored: Sequence[Scored], held: Mapping[str, Held], y: Ints
) -> tuple[tuple[Learned, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Score the curves that are of today's records, in the leaderboard's order.

    Returns
    -------
    tuple of Learned
    tuple of (str, tuple of str)
        Titles of estimators whose curve was made from another record, and what has changed since.
    """
    found, left_out = [], []
    for row in scored:
        if row.name not in held:
            continue
        changed = stale(held[row.name].curve.depends_on, derived.depends_on(row.record))
        if changed:
            left_out.append((row.title, tuple(changed)))
        else:
            found.append(_learned(row, held[row.name], y))
    return tuple(found), tuple(left_out)


def by_rows(learned: Iterable[Learned]) -> list[Stand]:
    """Compare the families at each size that both were fitted on, smallest first."""
    learned = list(learned)
    stands = []
    for rows in sorted({size.rows for one in learned for size in one.sizes if size.rows}):
        there = [size for one in learned for size in one.sizes if size.rows == rows]
        stand = _stand(rows, there)
        if stand.lead is not None:
            stands.append(stand)
    return stands


def by_seconds(learned: Iterable[Learned]) -> list[Stand]:
    """Compare what the families reach within so many seconds, at each time at which either reaches more, and last.

    Returns
    -------
    list of Stand
        Each holds from its time to that of the next.
    """
    timed = (size for one in learned for size in one.sizes if size.fit_seconds)  # zero has no logarithm
    sizes = sorted(timed, key=lambda size: size.fit_seconds)
    if {"classical", "cnn"} - {size.family for size in sizes}:
        return []
    stands: list[Stand] = []
    for seconds, _ in groupby(sizes, key=lambda size: size.fit_seconds):
        stand = _stand(seconds, [size for size in sizes if size.fit_seconds <= seconds])
        news = not stands or _best(stand) != _best(stands[-1]) or seconds == sizes[-1].fit_seconds
        if news and (stand.classical or stand.cnn):
            stands.append(stand)
    return stands


def _stand(at: float, sizes: Sequence[Size]) -> Stand:
    best = {
        family: max((size for size in sizes if size.family == family), key=lambda size: size.accuracy, default=None)
        for family in ("classical", "cnn")
    }
    classical, cnn = best["classical"], best["cnn"]
    return Stand(at, classical, cnn, None if classical is None or cnn is None else _lead(cnn, classical))


def _best(stand: Stand) -> list[tuple[str, int] | None]:
    return [(size.title, size.rows) if size else None for size in (stand.classical, stand.cnn)]


def _lead(cnn: Size, classical: Size) -> Interval:
    """Compare under the seeds that both have, which drew the same rows; under one of each, where they share none."""
    shared = [seed for seed in cnn.seeds if seed in classical.seeds]
    right = [
        size.right[[size.seeds.index(seed) for seed in shared]] if shared else size.right[:1]
        for size in (cnn, classical)
    ]
    return metrics.paired_difference_over_seeds(*right)


def _learned(row: Scored, held: Held, y: Ints) -> Learned:
    measured = [
        Measured(
            rows=point.rows,
            seed=point.seed,
            status=point.status,
            reason=point.reason,
            fit_seconds=point.fit_seconds,
            predict_seconds=point.predict_seconds,
            condition=_condition(held.curve.environments[point.environment], point.threads, point.device),
            test_reads=point.test_reads,
            right=labels == y if point.status == "ok" else None,
        )
        for point, labels in zip(held.curve.points, held.predicted, strict=True)
        if point.rows < row.record.fit_rows
    ]
    measured += [
        Measured(
            rows=record.fit_rows,
            seed=record.seed,
            status=record.status,
            reason=record.reason,
            fit_seconds=record.fit_seconds,
            predict_seconds=record.predict_seconds,
            condition=_condition(record.environment, record.threads, record.device),
            test_reads=record.test_reads,
            right=labels == y,
            record=True,
        )
        for record, labels in zip(row.records, row.predicted, strict=True)
    ]
    measured.sort(key=lambda one: (one.rows, one.seed))
    sizes = []
    for rows, group in groupby((one for one in measured if one.right is not None), key=lambda one: one.rows):
        fits = list(group)
        right = np.stack([one.right for one in fits if one.right is not None])
        seconds = float(np.mean([one.fit_seconds for one in fits]))
        sizes.append(Size(row.title, row.family, rows, tuple(one.seed for one in fits), right, seconds))
    return Learned(row.name, row.title, row.family, tuple(measured), tuple(sizes))


def _condition(environment: Mapping[str, str], threads: int, device: str) -> dict[str, str]:
    return {**environment, "threads": str(threads), "device": device}


@dataclass(frozen=True)
class CurveScores:
    """The learning curves beside the leaderboard.

    Attributes
    ----------
    summary : Summary
    learned : tuple of Learned
        In the order of the leaderboard.
    outdated : tuple of (str, tuple of str)
        Titles of estimators whose learning curve was made from another record, and what has changed.
    """

    summary: Summary
    learned: tuple[Learned, ...]
    outdated: tuple[tuple[str, tuple[str, ...]], ...] = ()


def compute(summary: Summary, data: Mapping[str, Held]) -> CurveScores | None:
    """Return the scores of the curves on disk, or None where there is none of an estimator on the leaderboard."""
    scores = CurveScores(summary, *curves(summary.scored, data, summary.test_set.y))
    return scores if scores.learned or scores.outdated else None
