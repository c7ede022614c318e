"""How far an estimator's probabilities can be believed: the numbers of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.leaderboard.rows import Scored
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import calibration
from benchmark.metrics.calibration import Quality, Reliability
from benchmark.metrics.scores import Ints


@dataclass(frozen=True)
class Trust:
    """One row's probabilities, scored; means over its seeds.

    Attributes
    ----------
    title : str
    own : Quality or None
        As stored; None where they are a softmax of a decision function and no probabilities.
    temperature : float or None
        Fitted on validation rows; None where the record does not hold them.
    mended : Quality or None
        At that temperature.
    own_curve, mended_curve : Reliability or None
        Of the first seed.
    """

    title: str
    own: Quality | None
    temperature: float | None
    mended: Quality | None
    own_curve: Reliability | None
    mended_curve: Reliability | None


def trust(row: Scored, y: Ints) -> Trust:
    """Score one row's probabilities against the test labels `y`, (n_test,)."""
    own = mended = own_curve = mended_curve = found = None
    logs = [calibration.log_probabilities(proba) for proba in row.proba]
    if row.record.scores == "predict_proba":
        own, own_curve = _mean([calibration.quality(y, one) for one in logs]), calibration.reliability(y, logs[0])
    known = next((one for one in row.validation if one is not None and len(one.y)), None)
    if known is not None:  # tuned once, so all seeds hold the same
        found = calibration.fit_temperature(known.y, calibration.log_probabilities(known.proba))
        logs = [calibration.temperature_scaled(one, found) for one in logs]
        mended = _mean([calibration.quality(y, one) for one in logs])
        mended_curve = calibration.reliability(y, logs[0])
    return Trust(row.title, own, found, mended, own_curve, mended_curve)


def _mean(qualities: list[Quality]) -> Quality:
    return Quality(
        float(np.mean([one.log_loss for one in qualities])),
        float(np.mean([one.brier for one in qualities])),
        float(np.mean([one.ece for one in qualities])),
    )


@dataclass(frozen=True)
class CalibrationScores:
    """How far each row's probabilities can be believed, in the order of the leaderboard."""

    summary: Summary
    trust: tuple[Trust, ...]


def compute(summary: Summary, data: object = None) -> CalibrationScores | None:
    """Return the scores of every row, or None where no row has probabilities."""
    rows = tuple(trust(row, summary.test_set.y) for row in summary.scored)
    return CalibrationScores(summary, rows) if any(one.own or one.mended for one in rows) else None
