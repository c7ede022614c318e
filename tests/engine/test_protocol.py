"""The rules of the comparison."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.engine import protocol
from benchmark.engine.protocol import PRESETS

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 6_000))


def test_sixty_thousand_rows_are_split_fifty_to_ten() -> None:
    parts = protocol.split(LABELS, PRESETS["standard"])
    assert (len(parts.fit), len(parts.validation)) == (50_000, 10_000)
    assert len(np.union1d(parts.fit, parts.validation)) == 60_000
    assert (np.bincount(LABELS[parts.validation]) == 1_000).all()


@pytest.mark.parametrize("rows", [100, 1_250, 20_000, 50_000])
def test_every_rung_is_stratified_and_holds_the_one_below(rows: int) -> None:
    parts = protocol.split(LABELS, PRESETS["standard"])
    counts = np.bincount(LABELS[parts.fit[:rows]], minlength=10)
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_rungs_are_exactly_geometric_as_the_pruner_needs(preset: protocol.Preset) -> None:
    for n in (300, 1_442, 60_000):
        parts = protocol.split(np.arange(n) % 10, preset)
        ratios = [after / before for before, after in zip(parts.rungs, parts.rungs[1:], strict=False)]
        assert ratios == [protocol.REDUCTION_FACTOR] * len(ratios)
        assert parts.rungs[-1] <= len(parts.fit)


def test_the_presets_rungs_are_used_as_stated_where_the_data_fill_them() -> None:
    for preset in PRESETS.values():
        assert protocol.split(LABELS, preset).rungs == preset.rungs


def test_the_refit_takes_all_rows_or_a_stratified_share() -> None:
    assert len(np.unique(protocol.final_rows(LABELS, PRESETS["standard"]))) == 60_000
    rows = protocol.final_rows(LABELS, PRESETS["quick"])
    assert (np.bincount(LABELS[rows]) == len(rows) // 10).all()


def test_the_split_does_not_depend_on_the_run() -> None:
    first, second = (protocol.split(LABELS, PRESETS["quick"]) for _ in range(2))
    assert (first.fit == second.fit).all()
    assert (first.validation == second.validation).all()


def test_five_images_of_a_class_are_shared_out() -> None:
    y = np.array([0] * 200 + [1] * 6)
    parts = protocol.split(y, PRESETS["standard"])
    assert set(y[parts.fit]) == set(y[parts.validation]) == {0, 1}
