"""How well calibrated each estimator's probabilities are, with and without temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.leaderboard.rows import Scored
from benchmark.leaderboard.summary import Summary
from benchmark.metrics import calibration
from benchmark.metrics.calibration import Quality, Reliability
from benchmark.metrics.scores import Ints


@dataclass(frozen=True)
class Calibration:
    """The scores of one estimator's probabilities, means over its seeds.

    Attributes
    ----------
    title : str
    raw : Quality or None
        Of the stored probabilities; None where these are a softmax of a decision function.
    temperature : float or None
        Fitted on validation rows; None where the record has no predictions for them.
    scaled : Quality or None
        After temperature scaling; None without a temperature.
    raw_curve, scaled_curve : Reliability or None
        Of the first seed.
    """

    title: str
    raw: Quality | None
    temperature: float | None
    scaled: Quality | None
    raw_curve: Reliability | None
    scaled_curve: Reliability | None


@dataclass(frozen=True)
class CalibrationScores:
    """The estimators whose probabilities can be scored.

    Attributes
    ----------
    summary : Summary
    rows : tuple of Calibration
        In the order of the leaderboard; each has `raw` or `scaled`.
    """

    summary: Summary
    rows: tuple[Calibration, ...]

    @property
    def best(self) -> tuple[Calibration, Quality]:
        """The estimator with the lowest log loss, temperature-scaled where that is possible, and its scores."""
        usable = [(row, quality) for row in self.rows if (quality := row.scaled or row.raw) is not None]
        return min(usable, key=lambda item: item[1].log_loss)

    def ece_range(self, *, scaled: bool) -> tuple[Calibration, Calibration] | None:
        """Return the estimators with the lowest and the highest ECE; None if there is none.

        Parameters
        ----------
        scaled : bool
            After temperature scaling, or without it.
        """
        eces = [
            (quality.ece, index)
            for index, row in enumerate(self.rows)
            if (quality := row.scaled if scaled else row.raw) is not None
        ]
        return (self.rows[min(eces)[1]], self.rows[max(eces)[1]]) if eces else None


def compute(summary: Summary, data: object = None) -> CalibrationScores | None:
    """Return the scores of every estimator, or None if none has probabilities."""
    rows = [score(row, summary.test_set.y) for row in summary.scored]
    scored = tuple(row for row in rows if row.raw or row.scaled)
    return CalibrationScores(summary, scored) if scored else None


def score(row: Scored, y: Ints) -> Calibration:
    """Score one estimator's probabilities against the test labels `y`, (n_test,)."""
    raw = scaled = raw_curve = scaled_curve = temperature = None
    logs = [calibration.log_probabilities(proba) for proba in row.proba]
    if row.record.scores == "predict_proba":
        raw, raw_curve = _mean([calibration.quality(y, each) for each in logs]), calibration.reliability(y, logs[0])
    validation = next((each for each in row.validation if each is not None and len(each.y)), None)
    if validation is not None:  # tuned once, so all seeds have the same
        temperature = calibration.fit_temperature(validation.y, calibration.log_probabilities(validation.proba))
        logs = [calibration.temperature_scaled(each, temperature) for each in logs]
        scaled = _mean([calibration.quality(y, each) for each in logs])
        scaled_curve = calibration.reliability(y, logs[0])
    return Calibration(row.title, raw, temperature, scaled, raw_curve, scaled_curve)


def _mean(qualities: list[Quality]) -> Quality:
    return Quality(
        float(np.mean([quality.log_loss for quality in qualities])),
        float(np.mean([quality.brier for quality in qualities])),
        float(np.mean([quality.ece for quality in qualities])),
    )
