"""What a limit of the wall time would have reached: replayed from the times of the fits on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmark.analyses.learning_curve.scores import Fit, LearningCurve

MINUTES = (1, 2, 5, 10, 30)
"""Limits of the whole command."""


@dataclass(frozen=True)
class Reached:
    """The best estimator of a family within its share.

    Attributes
    ----------
    title : str
    fit : Fit
    """

    title: str
    fit: Fit


@dataclass(frozen=True)
class WithinTime:
    """What all estimators reach, if each has an equal share of a time.

    Attributes
    ----------
    minutes : int
        Of the whole.
    seconds : float
        Of each estimator.
    answered : int
        Estimators that have an answer.
    classical, cnn : Reached or None
        The most accurate of each family.
    """

    minutes: int
    seconds: float
    answered: int
    classical: Reached | None
    cnn: Reached | None


def replay(curves: Sequence[LearningCurve]) -> list[WithinTime]:
    """Return what each of `MINUTES` reaches.

    An estimator has its share for the largest fit and the one before, from which the largest would be forecast; each
    predicts all test images.
    """
    found = []
    for minutes in MINUTES:
        seconds = 60.0 * minutes / max(1, len(curves))
        best = [(curve, fit) for curve in curves if (fit := _largest(curve, seconds)) is not None]
        families = {
            family: max(
                (Reached(curve.title, fit) for curve, fit in best if curve.family == family),
                key=lambda reached: reached.fit.accuracy or 0.0,
                default=None,
            )
            for family in ("classical", "cnn")
        }
        found.append(WithinTime(minutes, seconds, len(best), families["classical"], families["cnn"]))
    return found


def _largest(curve: LearningCurve, seconds: float) -> Fit | None:
    """Return the largest fit of the first seed that the seconds are enough for."""
    first = min((fit.seed for fit in curve.fits), default=0)
    fits = [fit for fit in curve.fits if fit.seed == first and fit.status == "ok"]
    enough = [fits[0]] if fits and _cost(fits[0]) <= seconds else []
    enough += [fit for before, fit in pairwise(fits) if _cost(before) + _cost(fit) <= seconds]
    return max(enough, key=lambda fit: fit.rows, default=None)


def _cost(fit: Fit) -> float:
    return fit.fit_seconds + fit.predict_seconds
