"""The rules of the comparison, as frozen values: splits, rungs, trials, seeds, presets.

Every estimator gets the same of everything in here; nothing in here knows an estimator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SPLIT_SEED = 0
"""Seed of the one split into rows to fit and rows to validate; the same for every run."""

TUNING_SEED = 0
"""Seed of the sampler and of every trial's estimator."""

REDUCTION_FACTOR = 4
"""Each rung has this many times the rows of the one below (Li et al. 2020, ASHA, use 4)."""

BATCH = 4
"""Trials that a study asks for at once. Fixed, and not tied to the number of workers, so
that the same command gives the same study on any machine."""

STARTUP_TRIALS = 5
"""Trials drawn at random before TPE (Bergstra et al. 2011) models the rest."""

MIN_ROWS_PER_CLASS = 10
"""No rung is smaller than this many rows a class, on average."""


@dataclass(frozen=True)
class Preset:
    """How much effort a run spends.

    Attributes
    ----------
    name : str
        "smoke", "quick", "standard" or "thorough".
    trials : int
        Optuna trials per estimator; trial 0 is the plugin's own defaults.
    rungs : tuple of int
        Training rows of each rung, lowest first, `REDUCTION_FACTOR` apart.
    final_rows : int or None
        Training rows of the refit; None means all.
    seeds : int
        Refits per estimator, seeds ``0 .. seeds - 1``.
    tiny : bool
        Set the plugins' `smoke` parameters: a test of the machinery, not a result.
    max_validation_rows : int
        Upper bound on the rows held out for validation.
    """

    name: str
    trials: int
    rungs: tuple[int, ...]
    final_rows: int | None
    seeds: int
    tiny: bool = False
    max_validation_rows: int = 10_000

    @property
    def thorough(self) -> bool:
        """Whether the plugins' `thorough` parameters are set."""
        return self.name == "thorough"

    def replace(self, *, trials: int | None = None, seeds: int | None = None) -> Preset:
        """Return this preset with the command line's ``--trials`` and ``--seeds``."""
        return dataclasses.replace(
            self,
            trials=self.trials if trials is None else trials,
            seeds=self.seeds if seeds is None else seeds,
        )

    @classmethod
    def recorded(cls, fields: Mapping[str, Any]) -> Preset:
        """Return the preset that a record was made with, from its fields as read from JSON.

        Raises
        ------
        TypeError, KeyError
            They are not those of a preset.
        """
        return cls(**{**fields, "rungs": tuple(fields["rungs"])})


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("smoke", trials=2, rungs=(100, 400), final_rows=500, seeds=1, tiny=True, max_validation_rows=500),
        Preset("quick", trials=4, rungs=(250, 1_000), final_rows=4_000, seeds=1, max_validation_rows=2_500),
        Preset("standard", trials=10, rungs=(1_250, 5_000, 20_000), final_rows=None, seeds=1),
        Preset("thorough", trials=64, rungs=(3_125, 12_500, 50_000), final_rows=None, seeds=5),
    )
}
"""Least effort first: a run never overwrites records of a preset that stands later here."""

DEFAULT_PRESET = "standard"

CURVE_ROWS = (100, 300, 1_000, 3_000, 10_000, 30_000)
"""Training rows of a learning curve, about half a power of ten apart; the refit's own rows come last."""

CURVE_SEEDS = (5, 5, 5, 3, 1, 1)
"""Seeds at each of `CURVE_ROWS`. Which 100 rows were drawn moves the accuracy by points, and a fit on them costs
next to nothing; which 10,000 moves it by less than 10,000 test images resolve. So all repeats together fit fewer
rows than the curve's last fit alone."""

CORRUPTED_IMAGES = 4_000
"""Test images that are predicted under each corruption: a pair of rows that disagree on a tenth of them is told apart
from a point on, and all twelve estimators answer in less time than two of them take to fit."""

CORRUPTED_SEED = 3
"""Of the order in which test images are taken for that."""

DEADLINE_SECONDS = {"smoke": 120.0, "quick": 600.0, "standard": 3_600.0, "thorough": 21_600.0}
"""Of one job, by preset. Not part of what a record depends on: it changes no number, only whether there is one."""


@dataclass(frozen=True)
class Split:
    """Which training rows are fitted and which validate; indices into the training part.

    Attributes
    ----------
    fit : ndarray of int64, (n_fit,)
        Ordered so that every prefix is stratified: a rung of `r` rows is ``fit[:r]``, and
        each rung holds the rows of the one below.
    validation : ndarray of int64, (n_validation,)
        Never fitted during tuning.
    rungs : tuple of int
        The preset's rungs, shrunk to what the data can fill.
    """

    fit: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]
    rungs: tuple[int, ...]


def stratified_order(y: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Order rows so that every prefix holds each class in its overall proportion.

    The i-th of a class's n shuffled rows goes to position (i + 1/2)/n of the whole.

    Parameters
    ----------
    y : ndarray of int64, (n,)
    seed : int

    Returns
    -------
    ndarray of int64, (n,)
        A permutation of ``0 .. n - 1``.
    """
    rng = np.random.default_rng(seed)
    place = np.empty(len(y))
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        place[rng.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.lexsort((rng.random(len(y)), place)).astype(np.int64)


def split(y: npt.NDArray[np.int64], preset: Preset) -> Split:
    """Split the training rows, one sixth (50,000 and 10,000 of 60,000) to validate.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Training labels.
    preset : Preset

    Returns
    -------
    Split
    """
    order = stratified_order(y, SPLIT_SEED)
    n_validation = max(1, len(y) // 6)
    validation, fit = order[:n_validation], order[n_validation:]
    fit = fit[stratified_order(y[fit], SPLIT_SEED + 1)]
    return Split(fit, validation[: preset.max_validation_rows], _rungs(preset, len(fit), len(np.unique(y))))


def final_rows(y: npt.NDArray[np.int64], preset: Preset, draw: int = 0) -> npt.NDArray[np.int64]:
    """Return the training rows of the refit: all of them, or the preset's stratified share.

    Every prefix is stratified and holds the shorter ones, so a learning curve takes its subsets
    from here.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Training labels.
    preset : Preset
    draw : int
        Which order: 0 is the refit's, whatever its seed; others draw other rows.

    Returns
    -------
    ndarray of int64, (min(n, preset.final_rows),)
    """
    order = stratified_order(y, SPLIT_SEED + 2 + draw)
    return order[: preset.final_rows]


def curve_points(fit_rows: int, most_seeds: int | None = None) -> tuple[tuple[int, int], ...]:
    """Return what a learning curve fits below the refit's own rows, smallest first.

    Parameters
    ----------
    fit_rows : int
        Of the refit.
    most_seeds : int, optional
        Of the smallest sizes, instead of the most in `CURVE_SEEDS`; never more at a larger size than stands there.

    Returns
    -------
    tuple of (int, int)
        Rows and seed.
    """
    most = most_seeds or max(CURVE_SEEDS)
    wanted = [most if seeds == max(CURVE_SEEDS) else min(seeds, most) for seeds in CURVE_SEEDS]
    return tuple(
        (rows, seed) for rows, seeds in zip(CURVE_ROWS, wanted, strict=True) for seed in range(seeds) if rows < fit_rows
    )


def corrupted_images(y: npt.NDArray[np.int64], images: int) -> tuple[int, ...]:
    """Return which test images are predicted under corruptions: a stratified sample, the same for every estimator.

    Parameters
    ----------
    y : ndarray of int64, (n_test,)
        Test labels.
    images : int
        How many; of fewer, all.

    Returns
    -------
    tuple of int
        Ascending, so that their order says nothing of their labels.
    """
    return tuple(sorted(stratified_order(y, CORRUPTED_SEED)[:images].tolist()))


def _rungs(preset: Preset, n_fit: int, n_classes: int) -> tuple[int, ...]:
    # Kept exactly geometric: Optuna's SuccessiveHalvingPruner promotes at min_resource * factor**k.
    for count in range(len(preset.rungs), 0, -1):
        steps = [REDUCTION_FACTOR**k for k in range(count)]
        base = min(preset.rungs[len(preset.rungs) - count], n_fit // steps[-1])
        if base >= MIN_ROWS_PER_CLASS * n_classes:
            return tuple(base * step for step in steps)
    return (n_fit,)
