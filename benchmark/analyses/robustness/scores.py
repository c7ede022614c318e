"""The numbers of corrupted test images: accuracy under each kind, and who is ahead of whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.robustness.record import Held
from benchmark.datasets.corruptions import CORRUPTIONS, KINDS, Kind
from benchmark.engine import protocol
from benchmark.engine.fingerprint import stale
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats, Interval, Ints
from benchmark.render import markdown as md

if TYPE_CHECKING:
    from benchmark.leaderboard.summary import Scored

BREAKS = tuple(kind for kind in KINDS.values() if not kind.flip)
FLIPS = tuple(kind for kind in KINDS.values() if kind.flip)

ENDED = {"failed": "it failed", "timeout": "it ran out of time", "oom": "it ran out of memory"}


@dataclass(frozen=True)
class Withstood:
    """What one estimator's winner answered to test images as they are and corrupted.

    Attributes
    ----------
    name, title, family : str
    correct : ndarray of float64, (n_test,)
        Of its row of the leaderboard: share of the seeds that got the image right.
    clean : ndarray of float64, (images,)
        1 where it got an image right that nothing was done to.
    right : mapping of str to ndarray of float64, (images,)
        The same under each corruption, by its name.
    differing : int
        Images whose answer, nothing done to them, is not its record's.
    test_reads : int
    stored : bool
        The model was the one that is kept of its record; else it was fitted once more.
    picture : ndarray of int64, (pixels,)
        The first of the images.
    """

    name: str
    title: str
    family: str
    correct: Floats
    clean: Floats
    right: Mapping[str, Floats]
    differing: int
    test_reads: int
    stored: bool
    picture: Ints

    @property
    def images(self) -> int:
        """Number of images."""
        return len(self.clean)

    @property
    def accuracy(self) -> float:
        """On images that nothing was done to."""
        return float(self.clean.mean())

    def under(self, kind: Kind) -> Floats:
        """Return, for each image, the share of a kind's severities under which it got it right, (images,)."""
        return np.asarray(np.mean([self.right[one.name] for one in CORRUPTIONS if one.kind == kind.name], axis=0))

    def line(self, kind: Kind) -> Floats:
        """Return the accuracy on images as they are, then at each severity of a kind."""
        found = [self.right[one.name].mean() for one in CORRUPTIONS if one.kind == kind.name]
        return np.array([self.accuracy, *found])

    def kept(self, kind: Kind) -> float:
        """Return the accuracy under a kind as a share of that on images as they are; NaN of nothing."""
        return float(self.under(kind).mean()) / self.accuracy if self.accuracy else float("nan")


@dataclass(frozen=True)
class Stand:
    """Who is ahead under one kind.

    Attributes
    ----------
    kind : Kind
    best : tuple of Withstood
        The most accurate, and then those that the images cannot tell from it.
    lead : Interval or None
        Accuracy of the leaderboard's best CNN minus that of its best classical pipeline; None without one of each.
    """

    kind: Kind
    best: tuple[Withstood, ...]
    lead: Interval | None

    @property
    def leader(self) -> str:
        """Whose lead can be resolved: "classical", "cnn", or "" where it cannot."""
        return leader(self.lead)


def leader(lead: Interval | None) -> str:
    """Return "cnn" or "classical" where the interval leaves out zero, else ""."""
    if lead is None or lead.contains_zero:
        return ""
    return "cnn" if lead.estimate > 0 else "classical"


def withstood(
    scored: Sequence[Scored], held: Mapping[str, Held], y: Ints
) -> tuple[tuple[Withstood, ...], tuple[tuple[str, str], ...]]:
    """Score the answers that are of today's records and of the same images, in the leaderboard's order.

    Returns
    -------
    tuple of Withstood
    tuple of (str, str)
        Titles of estimators whose answers do not count, and why.
    """
    whole = [row for row in scored if row.name in held and not _unusable(row, held[row.name])]
    counts = Counter(held[row.name].robustness.images for row in whole)
    usual = max(counts, key=lambda images: (counts[images], images), default=0)
    found, left_out = [], []
    for row in scored:
        if row.name not in held:
            continue
        why = _unusable(row, held[row.name])
        images = held[row.name].robustness.images
        if not why and images != usual:
            why = f"it was asked about {images:,} images and not {usual:,}"
        if why:
            left_out.append((row.title, why))
        else:
            found.append(_withstood(row, held[row.name], y))
    return tuple(found), tuple(left_out)


def stand(kind: Kind, among: Sequence[Withstood]) -> Stand:
    """Compare all of them under one kind; the two that stand for the families are those that lead the leaderboard."""
    order = sorted(among, key=lambda one: -one.under(kind).mean())
    best = order[0].under(kind)
    tied = [one for one in order[1:] if metrics.paired_difference(best, one.under(kind)).contains_zero]
    pair = families(among)
    lead = None if pair is None else metrics.paired_difference(pair[1].under(kind), pair[0].under(kind))
    return Stand(kind, (order[0], *tied), lead)


def families(among: Sequence[Withstood]) -> tuple[Withstood, Withstood] | None:
    """Return the best classical pipeline and the best CNN by the leaderboard, None where one is missing."""
    best = [next((one for one in among if one.family == family), None) for family in ("classical", "cnn")]
    return (best[0], best[1]) if best[0] is not None and best[1] is not None else None


def _unusable(row: Scored, held: Held) -> str:
    changed = stale(held.robustness.depends_on, robustness_record.depends_on(row.record))
    if changed:
        return f"they are of another record ({md.listing(changed)} changed)"
    if held.predicted is None:
        return f"{ENDED[held.robustness.status]}: {held.robustness.reason}"
    return ""


def _withstood(row: Scored, held: Held, y: Ints) -> Withstood:
    assert held.predicted is not None
    assert held.picture is not None
    images = np.array(protocol.corrupted_images(y, held.robustness.images))
    right = (held.predicted == y[images]).astype(np.float64)
    return Withstood(
        name=row.name,
        title=row.title,
        family=row.family,
        correct=row.correct,
        clean=right[0],
        right=dict(zip(held.robustness.corruptions, right[1:], strict=True)),
        differing=int((held.predicted[0] != row.predicted[0][images]).sum()),
        test_reads=held.robustness.test_reads,
        stored=held.robustness.winner == "stored",
        picture=held.picture.astype(np.int64),
    )


@dataclass(frozen=True)
class RobustnessScores:
    """The answers to corrupted images beside the leaderboard.

    Attributes
    ----------
    summary : Summary
    withstood : tuple of Withstood
        In the order of the leaderboard.
    unusable : tuple of (str, str)
        Titles of estimators whose answers do not count, and why, as a clause.
    """

    summary: Summary
    withstood: tuple[Withstood, ...]
    unusable: tuple[tuple[str, str], ...] = ()


def compute(summary: Summary, data: Mapping[str, Held]) -> RobustnessScores | None:
    """Return the scores of the answers on disk, or None where there are none of an estimator on the leaderboard."""
    scores = RobustnessScores(summary, *withstood(summary.scored, data, summary.test_set.y))
    return scores if scores.withstood or scores.unusable else None
