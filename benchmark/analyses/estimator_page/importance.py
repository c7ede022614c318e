"""Which tuned parameters mattered, by fANOVA on the trials of a record, and how little so few trials say.

fANOVA (Hutter, Hoos and Leyton-Brown 2014) fits a random forest to the scores of the trials and takes
its variance apart. Trials of different rungs were fitted on different rows, so only scores on one and
the same rung are compared. Around each share stand three checks: other forests, fewer trials, and
scores that were dealt to the trials at random.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.metrics.scores import Floats
from benchmark.storage.schema import TrialResult

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study

FEWEST = 4
"""Trials on one rung, at least, of which anything is said."""

TREES = 32

FORESTS = 10
"""Seeds of the random forest, of so many trees each."""

FOLDS = 10
"""Of so few trials or fewer, each is left out once; of more, a tenth at a time."""

DEALS = 19
"""Times that the scores are dealt to the trials at random: one share in twenty is above all of them by chance."""


@dataclass(frozen=True)
class Importance:
    """How much of what a forest makes of the scores each parameter explains by itself, p parameters.

    Attributes
    ----------
    rows : int
        Training rows of the rung.
    trials, all_trials : int
        Scored on that rung; all that there are.
    worst, best : float
        Validation accuracy of these trials.
    parameters : tuple of str
        Those that could vary, the most important first.
    share : ndarray of float64, (p,)
        Of the variance, mean over forests; what is missing to one is how parameters work together.
    low, high : ndarray of float64, (p,)
        Over forests.
    left_low, left_high : ndarray of float64, (p,)
        Without some of the trials (see `FOLDS`).
    chance : ndarray of float64, (p,)
        The largest share when scores are dealt at random.
    """

    rows: int
    trials: int
    all_trials: int
    worst: float
    best: float
    parameters: tuple[str, ...]
    share: Floats
    low: Floats
    high: Floats
    left_low: Floats
    left_high: Floats
    chance: Floats

    @property
    def standing_out(self) -> tuple[str, ...]:
        """Parameters whose share is above every one by chance."""
        return self._above_chance(self.share)

    @property
    def standing_firm(self) -> tuple[str, ...]:
        """Those of them for which that holds whichever trials are left out."""
        return self._above_chance(self.left_low)

    def _above_chance(self, values: Floats) -> tuple[str, ...]:
        above = values > self.chance
        return tuple(name for name, stands in zip(self.parameters, above, strict=True) if stands)


def too_little(trials: Sequence[TrialResult], tuned: int) -> str:
    """Return why nothing can be said of trials, as a clause; empty if something can.

    Parameters
    ----------
    trials : sequence of TrialResult
    tuned : int
        Parameters.
    """
    if not tuned:
        return "nothing was tuned"
    if tuned == 1:
        return "only one parameter was tuned, so there is none to compare it with"
    rows, scores = _rung(trials)
    if len(scores) < FEWEST:
        return (
            f"{len(scores)} of {len(trials)} trials have a score on the same rung, and fewer than {FEWEST} say nothing"
        )
    if len(set(scores.values())) == 1:
        return f"all {len(scores)} trials have the same score on {rows:,} rows"
    return ""


def importance(trials: Sequence[TrialResult], space: Mapping[str, BaseDistribution]) -> Importance | str:
    """Return what the trials say of the parameters, or why they say nothing, as a clause.

    Parameters
    ----------
    trials : sequence of TrialResult
        Of one study, in its order.
    space : mapping of str to optuna.distributions.BaseDistribution
        That they were drawn from.
    """
    varying = [name for name, distribution in space.items() if not distribution.single()]
    if reason := too_little(trials, len(varying)):
        return reason
    rows, found = _rung(trials)
    scored = [trial for trial in trials if trial.number in found]
    scores = np.array([found[trial.number] for trial in scored])
    try:
        drawn = [_evenly(trial.params, {name: space[name] for name in varying}) for trial in scored]
        forests = np.array([_shares(drawn, scores, varying, seed) for seed in range(FORESTS)])
    except (ValueError, TypeError, KeyError):
        return "its trials do not fit the search space that the plugin declares"
    if not forests.any():
        return "no parameter differs between trials whose scores do"
    folds = np.array_split(np.arange(len(scored)), min(len(scored), FOLDS))
    kept = [np.setdiff1d(np.arange(len(scored)), fold) for fold in folds]
    left = np.array([_shares([drawn[place] for place in some], scores[some], varying, 0) for some in kept])
    deals = [np.random.default_rng(deal).permutation(scores) for deal in range(DEALS)]
    chance = np.array([_shares(drawn, dealt, varying, 0) for dealt in deals])
    order = np.argsort(-forests.mean(axis=0), kind="stable")
    return Importance(
        rows=rows,
        trials=len(scored),
        all_trials=len(trials),
        worst=float(scores.min()),
        best=float(scores.max()),
        parameters=tuple(varying[place] for place in order),
        share=forests.mean(axis=0)[order],
        low=forests.min(axis=0)[order],
        high=forests.max(axis=0)[order],
        left_low=left.min(axis=0)[order],
        left_high=left.max(axis=0)[order],
        chance=chance.max(axis=0)[order],
    )


def _rung(trials: Sequence[TrialResult]) -> tuple[int, dict[int, float]]:
    """Return the rung that most trials reached, of equals the highest, and the scores there by trial number."""
    reached = Counter(rung.rows for trial in trials for rung in trial.rungs)
    if not reached:
        return 0, {}
    rows = max(reached, key=lambda rows: (reached[rows], rows))
    return rows, {trial.number: rung.accuracy for trial in trials for rung in trial.rungs if rung.rows == rows}


Drawn = tuple[dict[str, Any], dict[str, "BaseDistribution"]]
"""A trial's parameters and their distributions."""


def _evenly(params: Mapping[str, Any], space: Mapping[str, BaseDistribution]) -> Drawn:
    """Put logarithmic parameters on the scale on which tuning drew them evenly.

    fANOVA weighs every part of a range alike, and Optuna's does so without logarithms: of a range from 0.01 to
    100, nine tenths of what it looks at would lie above 10.
    """
    from optuna.distributions import FloatDistribution, IntDistribution

    values, distributions = {}, {}
    for name, distribution in space.items():
        values[name], distributions[name] = params[name], distribution
        if isinstance(distribution, FloatDistribution | IntDistribution) and distribution.log:
            values[name] = math.log(params[name])
            distributions[name] = FloatDistribution(math.log(distribution.low), math.log(distribution.high))
    return values, distributions


def _shares(drawn: Sequence[Drawn], scores: Floats, names: Sequence[str], seed: int) -> Floats:
    """Return each parameter's share of the variance of one forest, (p,); zeros if it has none."""
    from optuna.exceptions import ExperimentalWarning
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    study, evaluator = _study(drawn, scores), FanovaImportanceEvaluator(n_trees=TREES, seed=seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # of `normalize`, pinned with Optuna's version
            found = get_param_importances(study, evaluator=evaluator, normalize=False)
    except RuntimeError:  # a forest of stumps: trials that differ in score differ in no parameter
        return np.zeros(len(names))
    return np.array([found[name] for name in names])


def _study(drawn: Sequence[Drawn], scores: Floats) -> Study:
    """Build a study in memory, as if it had done these trials.

    Raises
    ------
    ValueError
        A parameter lies outside its distribution.
    """
    import optuna

    optuna.logging.set_verbosity(logging.WARNING)
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        [
            optuna.trial.create_trial(params=values, distributions=distributions, value=float(score))
            for (values, distributions), score in zip(drawn, scores, strict=True)
        ]
    )
    return study
