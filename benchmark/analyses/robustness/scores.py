"""The numbers of corrupted test images: accuracy under each kind of corruption, and which estimator and family lead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.robustness.record import RobustnessData
from benchmark.datasets.corruptions import CORRUPTIONS, KINDS, Kind
from benchmark.datasets.dataset import array_shape
from benchmark.engine import protocol
from benchmark.engine.fingerprint import stale
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats, Interval, Ints
from benchmark.render import fmt
from benchmark.render.thumbnails import Thumbnail

if TYPE_CHECKING:
    from benchmark.leaderboard.summary import Scored

CORRUPTION_KINDS = tuple(kind for kind in KINDS.values() if not kind.flip)
FLIP_KINDS = tuple(kind for kind in KINDS.values() if kind.flip)

FAILURE = {"failed": "it failed", "timeout": "it ran out of time", "oom": "it ran out of memory"}

Leader = Literal["classical", "cnn", ""]
"""The family whose lead is significant; empty where neither's is."""

Verdict = Literal[
    "holds", "not reversed", "partly reversed", "reversed", "depends", "one family leads", "no difference"
]
"""What becomes of the families' ranking under corruption.

If one family leads on clean images, its lead "holds" under every kind of corruption, or is "not reversed" under any but
not significant under some, or is "partly reversed", or is "reversed" wherever there is a significant lead. If neither
does, the leader under corruption "depends" on the kind, or "one family leads" wherever there is a significant lead, or
there is "no difference".
"""


@dataclass(frozen=True)
class RobustnessRow:
    """How one estimator classified the test images, clean and corrupted.

    Attributes
    ----------
    name, title, family : str
    leaderboard_correct : ndarray of float64, (n_test,)
        `Scored.correct` of its row of the leaderboard.
    clean : ndarray of float64, (images,)
        1 where it classified the clean image correctly.
    corrupted : mapping of str to ndarray of float64, (images,)
        The same under each corruption, by its name.
    n_differing : int
        Clean images that it classified differently from its record.
    test_reads : int
    is_saved_model : bool
        Whether it is the saved model of its record; else it was refitted.
    picture : ndarray of int64, (pixels,)
        The first of the images.
    """

    name: str
    title: str
    family: str
    leaderboard_correct: Floats
    clean: Floats
    corrupted: Mapping[str, Floats]
    n_differing: int
    test_reads: int
    is_saved_model: bool
    picture: Ints

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.clean)

    @property
    def accuracy(self) -> float:
        """Accuracy on the clean images."""
        return float(self.clean.mean())

    def correct(self, kind: Kind) -> Floats:
        """Return for each image the share of a kind's severities at which it was classified correctly, (images,)."""
        return np.asarray(np.mean([self.corrupted[name] for name in _names(kind)], axis=0))

    def accuracy_under(self, kind: Kind) -> float:
        """Return the accuracy under a kind, the mean over its severities."""
        return float(self.correct(kind).mean())

    def accuracies(self, kind: Kind) -> Floats:
        """Return the accuracy on clean images, then at each severity of a kind."""
        return np.array([self.accuracy, *(self.corrupted[name].mean() for name in _names(kind))])

    def relative_accuracy(self, kind: Kind) -> float:
        """Return the accuracy under a kind as a share of that on clean images; NaN where that is zero."""
        return self.accuracy_under(kind) / self.accuracy if self.accuracy else float("nan")

    @property
    def mean_relative_accuracy(self) -> float:
        """Mean of the relative accuracy over `CORRUPTION_KINDS`."""
        return float(np.mean([self.relative_accuracy(kind) for kind in CORRUPTION_KINDS]))


@dataclass(frozen=True)
class KindComparison:
    """The estimators and the families compared under one kind of corruption.

    Attributes
    ----------
    kind : Kind
    best : tuple of RobustnessRow
        The most accurate, then those that do not differ significantly from it.
    lead : Interval or None
        Accuracy of the leaderboard's best CNN minus that of its best classical pipeline; None if either is missing.
    """

    kind: Kind
    best: tuple[RobustnessRow, ...]
    lead: Interval | None

    @property
    def leader(self) -> Leader:
        """The family whose lead is significant; empty where neither's is."""
        return _leader(self.lead)


@dataclass(frozen=True)
class FamilyRanking:
    """The best classical pipeline against the best CNN, by the leaderboard.

    Attributes
    ----------
    classical, cnn : RobustnessRow
    lead : Interval
        Accuracy of the CNN minus that of the classical pipeline on the leaderboard.
    leader : {"classical", "cnn", ""}
        The leader on the leaderboard; empty where its tests, corrected for all pairs, find no significant difference.
    kinds : mapping of str to tuple of KindComparison
        By the leader under the kind, in the order of `CORRUPTION_KINDS`.
    """

    classical: RobustnessRow
    cnn: RobustnessRow
    lead: Interval
    leader: Leader
    kinds: Mapping[Leader, tuple[KindComparison, ...]]

    @property
    def verdict(self) -> Verdict:
        """What becomes of the ranking under corruption."""
        if not self.leader:
            families = sum(bool(self.kinds[family]) for family in ("classical", "cnn"))
            return "depends" if families == 2 else "one family leads" if families else "no difference"
        if self.kinds["cnn" if self.leader == "classical" else "classical"]:
            return "partly reversed" if self.kinds[self.leader] else "reversed"
        return "not reversed" if self.kinds[""] else "holds"


@dataclass(frozen=True)
class RobustnessScores:
    """The results on corrupted test images.

    Attributes
    ----------
    summary : Summary
    rows : tuple of RobustnessRow
        In the order of the leaderboard.
    unusable : tuple of (str, str)
        Titles of estimators whose results do not count, and why, as a clause.
    """

    summary: Summary
    rows: tuple[RobustnessRow, ...]
    unusable: tuple[tuple[str, str], ...] = ()

    @cached_property
    def comparisons(self) -> tuple[KindComparison, ...]:
        """One for each of `CORRUPTION_KINDS`."""
        pair = self._families()
        comparisons = []
        for kind in CORRUPTION_KINDS:
            lead = None if pair is None else metrics.paired_difference(pair[1].correct(kind), pair[0].correct(kind))
            comparisons.append(KindComparison(kind, best(self.rows, lambda row, kind=kind: row.correct(kind)), lead))  # type: ignore[misc]
        return tuple(comparisons)

    @property
    def ranking(self) -> FamilyRanking | None:
        """The families compared; None if either is missing."""
        pair = self._families()
        if pair is None:
            return None
        classical, cnn = pair
        lead = metrics.paired_difference(cnn.leaderboard_correct, classical.leaderboard_correct)
        rows = {row.name: row for row in self.summary.scored}
        # The leaderboard's verdict, whose tests are corrected for all pairs: two pages must not contradict each other.
        leader = _leader(lead) if self.summary.pair(rows[classical.name], rows[cnn.name]).significant else ""
        families: tuple[Leader, ...] = ("classical", "cnn", "")
        kinds = {family: tuple(one for one in self.comparisons if one.leader == family) for family in families}
        return FamilyRanking(classical, cnn, lead, leader, kinds)

    @property
    def example(self) -> list[Thumbnail]:
        """The picture of the first of the images, whose corruptions are shown; none where it comes from no file."""
        test_set = self.summary.test_set
        if not self.rows or not test_set.names:
            return []
        index = protocol.corrupted_images(test_set.y, self.rows[0].n_images)[0]
        pixels = self.rows[0].picture.astype(np.uint8).reshape(array_shape(test_set.image_shape))
        return [Thumbnail("test", index, test_set.names[index], pixels)]

    @property
    def relative_accuracy(self) -> dict[str, float]:
        """Mean over the estimators of the relative accuracy, by the name of the kind; empty if all are always wrong."""
        able = [row for row in self.rows if row.accuracy]
        if not able:
            return {}
        return {kind.name: float(np.mean([row.relative_accuracy(kind) for row in able])) for kind in CORRUPTION_KINDS}

    @property
    def half_widths(self) -> list[float]:
        """Half widths of the 95 % intervals of the differences from the best of each kind, smallest first."""
        leads = [
            metrics.paired_difference(one.best[0].correct(one.kind), row.correct(one.kind))
            for one in self.comparisons
            for row in self.rows
            if row is not one.best[0]
        ]
        return sorted((lead.high - lead.low) / 2 for lead in leads)

    def _families(self) -> tuple[RobustnessRow, RobustnessRow] | None:
        """Return the best classical pipeline and the best CNN by the leaderboard; None if either is missing."""
        classical = next((row for row in self.rows if row.family == "classical"), None)
        cnn = next((row for row in self.rows if row.family == "cnn"), None)
        return None if classical is None or cnn is None else (classical, cnn)


def best(rows: Sequence[RobustnessRow], correct: Callable[[RobustnessRow], Floats]) -> tuple[RobustnessRow, ...]:
    """Return the most accurate estimator, then those that do not differ significantly from it.

    Parameters
    ----------
    rows : sequence of RobustnessRow
    correct : callable
        ``correct(row)``: what they are compared by, (images,).
    """
    order = sorted(rows, key=lambda row: -float(correct(row).mean()))
    first = correct(order[0])
    ties = [row for row in order[1:] if metrics.paired_difference(first, correct(row)).contains_zero]
    return (order[0], *ties)


def compute(summary: Summary, data: Mapping[str, RobustnessData]) -> RobustnessScores | None:
    """Return the scores of the results on disk, or None if no estimator of the leaderboard has any.

    Results count if they are of today's record and of as many images as those of most estimators.

    Parameters
    ----------
    summary : Summary
    data : mapping of str to RobustnessData
        By estimator.
    """
    reasons = {row.name: _unusable(row, data[row.name]) for row in summary.scored if row.name in data}
    counts = Counter(data[name].robustness.images for name, reason in reasons.items() if not reason)
    usual = max(counts, key=lambda images: (counts[images], images), default=0)
    rows, unusable = [], []
    for row in summary.scored:
        if row.name not in data:
            continue
        reason, images = reasons[row.name], data[row.name].robustness.images
        if not reason and images != usual:
            reason = f"it predicted {images:,} images and not {usual:,}"
        if reason:
            unusable.append((row.title, reason))
        else:
            rows.append(_row(row, data[row.name], summary.test_set.y))
    return RobustnessScores(summary, tuple(rows), tuple(unusable)) if rows or unusable else None


def _leader(lead: Interval | None) -> Leader:
    if lead is None or lead.contains_zero:
        return ""
    return "cnn" if lead.estimate > 0 else "classical"


def _names(kind: Kind) -> list[str]:
    return [corruption.name for corruption in CORRUPTIONS if corruption.kind == kind.name]


def _unusable(row: Scored, data: RobustnessData) -> str:
    changed = stale(data.robustness.depends_on, robustness_record.depends_on(row.record))
    if changed:
        return f"they were made from another record ({fmt.listing(changed)} changed)"
    if data.predicted is None:
        return f"{FAILURE[data.robustness.status]}: {data.robustness.reason}"
    return ""


def _row(row: Scored, data: RobustnessData, y: Ints) -> RobustnessRow:
    assert data.predicted is not None
    assert data.picture is not None
    images = np.array(protocol.corrupted_images(y, data.robustness.images))
    correct = (data.predicted == y[images]).astype(np.float64)
    return RobustnessRow(
        name=row.name,
        title=row.title,
        family=row.family,
        leaderboard_correct=row.correct,
        clean=correct[0],
        corrupted=dict(zip(data.robustness.corruptions, correct[1:], strict=True)),
        n_differing=int((data.predicted[0] != row.predicted[0][images]).sum()),
        test_reads=data.robustness.test_reads,
        is_saved_model=data.robustness.winner == "stored",
        picture=data.picture.astype(np.int64),
    )
