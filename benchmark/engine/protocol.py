"""The rules of the comparison, as constants: splits, rungs, trials, seeds, presets.

They are the same for every estimator, and nothing here depends on an estimator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import split as splits
from benchmark.datasets.dataset import no_groups, none_validates
from benchmark.storage.schema import most_fit_rows

SPLIT_SEED = 0
"""Seed of the split into fit rows and validation rows, the same in every run."""

TUNING_SEED = 0
"""Seed of the sampler and of every trial's estimator."""

REDUCTION_FACTOR = 4
"""A rung has this many times the rows of the rung below (Li et al. 2020, ASHA, use 4)."""

BATCH = 4
"""Trials that a study asks for at once. It does not depend on the number of workers, so the same command gives the
same study on any machine."""

STARTUP_TRIALS = 5
"""Random trials before TPE (Bergstra et al. 2011) models the rest."""

REPEATS = 2
"""Repeats of a cross-validation, each with other folds, unless the preset has more seeds or ``--seeds`` says otherwise.
One repeat tests every image once; a second shows how much the draw of the folds changes, and every repeat costs as much
as the first. The corrected interval hardly narrows with more (Bouckaert and Frank 2004)."""

MIN_ROWS_PER_CLASS = 10
"""Minimum rows of a rung, per class on average."""


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
        Whether the plugins' `smoke` parameters are set: that tests the program and gives no result.
    max_validation_rows : int
        Maximum number of validation rows.
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

    @property
    def cross_validated(self) -> Preset:
        """The same for a cross-validation, whose repeats are its seeds: at least `REPEATS`."""
        return dataclasses.replace(self, seeds=max(self.seeds, REPEATS))

    @classmethod
    def recorded(cls, fields: Mapping[str, Any]) -> Preset:
        """Return the preset that a record was made with, given its JSON fields.

        Raises
        ------
        TypeError, KeyError
            They are not the fields of a preset.
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
"""In order of effort, least first: a run never overwrites records of a later preset."""

DEFAULT_PRESET = "standard"


def timed(label: str) -> Preset:
    """Return the preset of a run with a time limit: the most that its clock may choose, whatever the limit."""
    # Validation rows are few, since each trial predicts them.
    rungs = (250, 1_000, 4_000, 16_000)
    return Preset(label, trials=13, rungs=rungs, final_rows=None, seeds=1, max_validation_rows=2_500)


def preset_named(name: str) -> Preset:
    """Return a preset by its name, which may be the label of a time limit, such as 10m."""
    return PRESETS.get(name) or timed(name)


CURVE_ROWS = (100, 300, 1_000, 3_000, 10_000, 30_000)
"""Training rows of a learning curve, about half a power of ten apart; the refit on record is its last point."""

CURVE_SEEDS = (5, 5, 5, 3, 1, 1)
"""Seeds at each of `CURVE_ROWS`. The draw of 100 rows changes accuracy by percentage points, and a fit on them is
cheap; the draw of 10,000 rows changes it by less than 10,000 test images can resolve. All repeats together fit fewer
rows than the last fit of the curve alone."""

CORRUPTED_IMAGES = 4_000
"""Test images that are predicted under each corruption. If two rows disagree on a tenth of them, a difference of one
point is significant; and all twelve estimators predict them in less time than two of them take to fit."""

CORRUPTED_SEED = 3
"""Seed of the order in which those test images are drawn."""

DEADLINE_SECONDS = {"smoke": 120.0, "quick": 600.0, "standard": 3_600.0, "thorough": 21_600.0}
"""Deadline of one job, by preset. A record does not depend on it: it changes no number, only whether there is one."""


@dataclass(frozen=True)
class Fold:
    """One fold of one repeat of a cross-validation: a training part and a test part, as rows of all images.

    Attributes
    ----------
    count : int
        Folds of a repeat.
    repeat, number : int
        From 0.
    train, test : ndarray of int64
        Ascending; together all images.
    """

    count: int
    repeat: int
    number: int
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]

    @property
    def seed(self) -> int:
        """Seed of its refit, and number of its record."""
        return self.repeat * self.count + self.number

    @property
    def part(self) -> str:
        """Name of its training part among the arrays, see `benchmark.datasets.memmap`."""
        return f"{self.count}-{self.repeat}-{self.number}"


def folds(y: npt.NDArray[np.int64], count: int, repeats: int, groups: npt.NDArray[np.int64] | None) -> list[Fold]:
    """Return all folds of a cross-validation, repeat by repeat; see `benchmark.datasets.split.folds`."""
    found = []
    for repeat in range(repeats):
        its = splits.folds(y, count, repeat, groups)
        for number in range(count):
            train, test = (np.flatnonzero(side).astype(np.int64) for side in (its != number, its == number))
            found.append(Fold(count, repeat, number, train, test))
    return found


@dataclass(frozen=True)
class Split:
    """Fit rows and validation rows, as indices into the training part.

    Attributes
    ----------
    fit : ndarray of int64, (n_fit,)
        Ordered so that every prefix is stratified. A rung of `r` rows is ``fit[:r]``, so each rung contains the rung
        below.
    validation : ndarray of int64, (n_validation,)
        Never fitted during tuning.
    rungs : tuple of int
        The preset's rungs, scaled down if the data have too few rows.
    """

    fit: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]
    rungs: tuple[int, ...]


def stratified_order(y: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Order rows so that every prefix has each class in its overall proportion.

    The i-th of the n shuffled rows of a class goes to position (i + 1/2)/n of the whole.

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


def split(
    y: npt.NDArray[np.int64],
    preset: Preset,
    groups: npt.NDArray[np.int64] | None = None,
    validates: npt.NDArray[np.bool_] | None = None,
) -> Split:
    """Split the training rows: five sixths to fit, one sixth to validate (50,000 and 10,000 of 60,000).

    No group has fit rows and validation rows, unless too few rows could be held out then. A validation part of the
    data validates as it is.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Training labels.
    preset : Preset
    groups : ndarray of int64, (n,), or empty
    validates : ndarray of bool, (n,), or empty
        See `benchmark.datasets.dataset.Part`.

    Returns
    -------
    Split
    """
    groups = no_groups() if groups is None else groups
    validates = none_validates() if validates is None else validates
    order = stratified_order(y, SPLIT_SEED)
    if len(validates):
        validation, fit = order[validates[order]], order[splits.apart(validates, groups)[order]]
    else:
        held = splits.hold_out_validation(y, groups, order, SPLIT_SEED)
        validation, fit = order[held[order]], order[~held[order]]
    fit = fit[stratified_order(y[fit], SPLIT_SEED + 1)]
    return Split(fit, validation[: preset.max_validation_rows], _rungs(preset, len(fit), len(np.unique(y))))


def final_rows(y: npt.NDArray[np.int64], preset: Preset, draw: int = 0) -> npt.NDArray[np.int64]:
    """Return the training rows of the refit: all of them, or the preset's stratified share.

    Every prefix is stratified and contains the shorter ones, so the subsets of a learning curve are prefixes too.

    Parameters
    ----------
    y : ndarray of int64, (n,)
        Training labels.
    preset : Preset
    draw : int
        Number of the order: 0 is the refit's, whatever its seed; other numbers draw other rows.

    Returns
    -------
    ndarray of int64, (min(n, preset.final_rows),)
    """
    order = stratified_order(y, SPLIT_SEED + 2 + draw)
    return order[: preset.final_rows]


def task_rows(n_train: int, folds: int, preset: Preset) -> int:
    """Return `Task.rows` of every job of a row: the training rows of its refit, the mean over folds if there are any.

    Folds differ by some rows, and defaults that follow the rows must be the same in all of them. So whoever asks again
    what an estimator declared for a record takes this number, not the record's own.

    Parameters
    ----------
    n_train : int
        Rows of the training part; of all images if they are cross-validated.
    folds : int
        Of a cross-validation; 0 if there is a test part.
    preset : Preset
    """
    most = most_fit_rows(n_train, folds)
    return most if preset.final_rows is None else min(most, preset.final_rows)


def curve_points(fit_rows: int, most_seeds: int | None = None) -> tuple[tuple[int, int], ...]:
    """Return the points of a learning curve below the refit on record, smallest first.

    Parameters
    ----------
    fit_rows : int
        Training rows of the refit.
    most_seeds : int, optional
        Seeds at the smallest sizes, instead of the maximum of `CURVE_SEEDS`. Larger sizes never get more seeds than
        `CURVE_SEEDS` says.

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
    """Return the test images that are predicted under corruptions: a stratified sample, the same for every estimator.

    Parameters
    ----------
    y : ndarray of int64, (n_test,)
        Test labels.
    images : int
        How many images; all, if there are fewer.

    Returns
    -------
    tuple of int
        Indices, ascending, so that their order tells nothing about their labels.
    """
    return tuple(sorted(stratified_order(y, CORRUPTED_SEED)[:images].tolist()))


def _rungs(preset: Preset, n_fit: int, n_classes: int) -> tuple[int, ...]:
    # Exactly geometric, because Optuna's SuccessiveHalvingPruner promotes at min_resource * factor**k.
    for count in range(len(preset.rungs), 0, -1):
        steps = [REDUCTION_FACTOR**k for k in range(count)]
        base = min(preset.rungs[len(preset.rungs) - count], n_fit // steps[-1])
        if base >= MIN_ROWS_PER_CLASS * n_classes:
            return tuple(base * step for step in steps)
    return (n_fit,)
