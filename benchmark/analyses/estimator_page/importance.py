"""Importance of the tuned parameters, by fANOVA on the trials of a record, and how uncertain it is.

fANOVA (Hutter, Hoos and Leyton-Brown 2014) fits a random forest to the scores of the trials and
decomposes its variance. Trials of different rungs were fitted on different rows, so only scores on the same rung are
compared. Each share has three checks: other forests, fewer trials, and random permutations of the scores.
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

MIN_TRIALS = 4
"""Trials on one rung, at least, from which importance is estimated."""

TREES = 32

FORESTS = 10
"""Seeds of the random forest, each with `TREES` trees."""

FOLDS = 10
"""Up to this many trials are left out one at a time; more, a tenth at a time."""

PERMUTATIONS = 19
"""Random permutations of the scores: the share of a parameter without effect exceeds all of them 1 time in 20."""


@dataclass(frozen=True)
class Importance:
    """How much of the variance of the scores each of p parameters explains by itself, according to random forests.

    Attributes
    ----------
    rows : int
        Training rows of the rung.
    trials, all_trials : int
        Scored on that rung; in all.
    worst, best : float
        Validation accuracy of these trials.
    parameters : tuple of str
        Those with more than one possible value, the most important first.
    share : ndarray of float64, (p,)
        Of the variance, mean over forests; interactions of parameters make up the rest.
    low, high : ndarray of float64, (p,)
        Range over forests.
    subset_low, subset_high : ndarray of float64, (p,)
        Range when some of the trials are left out (see `FOLDS`).
    chance : ndarray of float64, (p,)
        Largest share over random permutations of the scores.
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
    subset_low: Floats
    subset_high: Floats
    chance: Floats

    @property
    def above_chance(self) -> tuple[str, ...]:
        """Parameters with a larger share than in any permutation."""
        return self._above(self.share)

    @property
    def robust(self) -> tuple[str, ...]:
        """Those for which that is true whichever trials are left out."""
        return self._above(self.subset_low)

    def _above(self, values: Floats) -> tuple[str, ...]:
        above = values > self.chance
        return tuple(name for name, is_above in zip(self.parameters, above, strict=True) if is_above)


def why_unknown(trials: Sequence[TrialResult], tuned: int) -> str:
    """Return why importance cannot be estimated from trials, as a clause; empty if it can.

    Parameters
    ----------
    trials : sequence of TrialResult
    tuned : int
        Number of tuned parameters.
    """
    if not tuned:
        return "nothing was tuned"
    if tuned == 1:
        return "only one parameter was tuned"
    rows, scores = _rung(trials)
    if len(scores) < MIN_TRIALS:
        return (
            f"{len(scores)} of {len(trials)} trials have a score on the same rung, and at least {MIN_TRIALS} are needed"
        )
    if len(set(scores.values())) == 1:
        return f"all {len(scores)} trials have the same score on {rows:,} rows"
    return ""


def importance(trials: Sequence[TrialResult], space: Mapping[str, BaseDistribution]) -> Importance | str:
    """Return the importance of the parameters, or why it is unknown, as a clause.

    Parameters
    ----------
    trials : sequence of TrialResult
        Of one study, in order.
    space : mapping of str to optuna.distributions.BaseDistribution
        The search space.
    """
    varying = [name for name, distribution in space.items() if not distribution.single()]
    if reason := why_unknown(trials, len(varying)):
        return reason
    rows, found = _rung(trials)
    scored = [trial for trial in trials if trial.number in found]
    scores = np.array([found[trial.number] for trial in scored])
    try:
        drawn = [_log_scaled(trial.params, {name: space[name] for name in varying}) for trial in scored]
        forests = np.array([_fanova(drawn, scores, varying, seed) for seed in range(FORESTS)])
    except (ValueError, TypeError, KeyError):
        return "its trials do not fit the search space that the plugin declares"
    if not forests.any():
        return "trials with different scores have the same parameters"
    folds = np.array_split(np.arange(len(scored)), min(len(scored), FOLDS))
    kept = [np.setdiff1d(np.arange(len(scored)), fold) for fold in folds]
    left = np.array([_fanova([drawn[place] for place in some], scores[some], varying, 0) for some in kept])
    permuted = [np.random.default_rng(seed).permutation(scores) for seed in range(PERMUTATIONS)]
    chance = np.array([_fanova(drawn, shuffled, varying, 0) for shuffled in permuted])
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
        subset_low=left.min(axis=0)[order],
        subset_high=left.max(axis=0)[order],
        chance=chance.max(axis=0)[order],
    )


def _rung(trials: Sequence[TrialResult]) -> tuple[int, dict[int, float]]:
    """Return the rung that most trials reached (the highest, if several), and the scores there by trial number."""
    reached = Counter(rung.rows for trial in trials for rung in trial.rungs)
    if not reached:
        return 0, {}
    rows = max(reached, key=lambda rows: (reached[rows], rows))
    return rows, {trial.number: rung.accuracy for trial in trials for rung in trial.rungs if rung.rows == rows}


Drawn = tuple[dict[str, Any], dict[str, "BaseDistribution"]]
"""A trial's parameters and their distributions."""


def _log_scaled(params: Mapping[str, Any], space: Mapping[str, BaseDistribution]) -> Drawn:
    """Put logarithmic parameters on a logarithmic scale, as the sampler does.

    fANOVA weights all parts of a range equally, and Optuna's ignores logarithms: of a range from 0.01 to 100, the
    values above 10 would have nine tenths of the weight.
    """
    from optuna.distributions import FloatDistribution, IntDistribution

    values, distributions = {}, {}
    for name, distribution in space.items():
        values[name], distributions[name] = params[name], distribution
        if isinstance(distribution, FloatDistribution | IntDistribution) and distribution.log:
            values[name] = math.log(params[name])
            distributions[name] = FloatDistribution(math.log(distribution.low), math.log(distribution.high))
    return values, distributions


def _fanova(drawn: Sequence[Drawn], scores: Floats, names: Sequence[str], seed: int) -> Floats:
    """Return each parameter's share of the variance of one forest, (p,); zeros if the forest has no variance."""
    from optuna.exceptions import ExperimentalWarning
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    study, evaluator = _study(drawn, scores), FanovaImportanceEvaluator(n_trees=TREES, seed=seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # of `normalize`, pinned with Optuna's version
            found = get_param_importances(study, evaluator=evaluator, normalize=False)
    except RuntimeError:  # a forest without splits: trials with different scores have the same parameters
        return np.zeros(len(names))
    return np.array([found[name] for name in names])


def _study(drawn: Sequence[Drawn], scores: Floats) -> Study:
    """Return a study in memory that has these trials.

    Raises
    ------
    ValueError
        A parameter is outside its distribution.
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
