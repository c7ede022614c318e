"""Learning curves: which rows are fitted, and which family leads where."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from benchmark.analyses.learning_curve import answer
from benchmark.analyses.learning_curve.crossover import crossovers, stretches, undecided
from benchmark.analyses.learning_curve.scores import (
    CurvePoint,
    FamilyComparison,
    LearningCurve,
    compare_by_rows,
    compare_by_seconds,
)
from benchmark.engine import protocol
from benchmark.engine.protocol import PRESETS
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Interval

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 6_000))

# --- which rows


def test_subsets_of_a_seed_are_nested_stratified_and_its_own() -> None:
    preset = PRESETS["standard"]
    orders = [protocol.final_rows(LABELS, preset, draw) for draw in range(max(protocol.CURVE_SEEDS))]
    assert (orders[0] == protocol.final_rows(LABELS, preset)).all()
    for rows in protocol.CURVE_ROWS:
        drawn = [set(order[:rows].tolist()) for order in orders]
        for order in orders:
            counts = np.bincount(LABELS[order[:rows]], minlength=10)
            assert counts.max() - counts.min() <= 1
        # Two draws of 100 of 60,000 share next to nothing, two of 30,000 about half.
        assert len(drawn[0] & drawn[1]) < rows * (rows / 60_000 + 0.1)


def test_the_smallest_subsets_lie_in_the_rows_of_a_smaller_refit_too() -> None:
    order = protocol.final_rows(LABELS, PRESETS["quick"])
    assert set(protocol.final_rows(LABELS, PRESETS["standard"])[:1_000].tolist()) <= set(order.tolist())


def test_small_sizes_have_more_seeds_and_the_refits_own_size_is_left_to_the_record() -> None:
    points = protocol.curve_points(60_000)
    seeds = {rows: [seed for at, seed in points if at == rows] for rows, _ in points}
    assert {rows: len(found) for rows, found in seeds.items()} == dict(
        zip(protocol.CURVE_ROWS, protocol.CURVE_SEEDS, strict=True)
    )
    assert [rows for rows, _ in points] == sorted(rows for rows, _ in points)
    assert {rows for rows, _ in protocol.curve_points(1_000)} == {100, 300}
    assert protocol.curve_points(100) == ()
    assert len(protocol.curve_points(60_000, 1)) == 6
    assert [len([0 for at, _ in protocol.curve_points(60_000, 9) if at == rows]) for rows in protocol.CURVE_ROWS] == [
        9,
        9,
        9,
        3,
        1,
        1,
    ]


# --- which family leads where


def point(family: str, rows: int, accuracies: Sequence[float] = (0.8,), seconds: float = 1.0) -> CurvePoint:
    # The families are wrong on different images, as real ones are: half a point of 1,000 images is not significant.
    images = np.roll(np.arange(1_000), 500 * (family == "cnn"))
    correct = np.stack([images < round(1_000 * accuracy) for accuracy in accuracies])
    return CurvePoint(family.upper(), family, rows, tuple(range(len(correct))), correct, seconds)


def comparisons(*leads: tuple[int, float]) -> list[FamilyComparison]:
    """Return comparisons at these rows with these leads; a lead below 0.02 is not significant."""
    return [
        FamilyComparison(rows, point("classical", rows), point("cnn", rows), Interval(lead, lead - 0.02, lead + 0.02))
        for rows, lead in leads
    ]


@dataclass(frozen=True)
class Leads:
    """What is expected: who leads from where to where, where the curves cross, and where neither leads."""

    leaders: list[tuple[str, float, float]]
    crossovers: list[tuple[float, float, float | None]] = field(default_factory=list)
    undecided: list[tuple[float, float]] = field(default_factory=list)


def leads_of(compared: Sequence[FamilyComparison]) -> Leads:
    """Return what is found, each place to two digits where it is interpolated."""

    def at(index: int) -> float:
        return compared[index].at

    return Leads(
        [(one.leader, at(one.first), at(one.last)) for one in stretches(compared)],
        [
            (at(one.before.last), at(one.after.first), None if one.at is None else float(f"{one.at:.2g}"))
            for one in crossovers(compared)
        ],
        [(at(one.first), at(one.last)) for one in undecided(compared)],
    )


ROWS: dict[str, tuple[list[tuple[int, float]], Leads]] = {
    "one crossover": (
        [(100, -0.2), (300, -0.1), (1_000, -0.05), (3_000, 0.05), (10_000, 0.1)],
        Leads([("classical", 100, 1_000), ("cnn", 3_000, 10_000)], [(1_000, 3_000, 1_700)]),
    ),
    "not significant where they cross": (
        [(100, -0.2), (300, -0.1), (1_000, -0.01), (3_000, 0.01), (10_000, 0.1)],
        Leads([("classical", 100, 300), ("cnn", 10_000, 10_000)], [(300, 10_000, 1_700)], [(1_000, 3_000)]),
    ),
    "several zeros within the noise": (
        [(100, -0.2), (300, 0.01), (1_000, -0.01), (3_000, 0.2)],
        Leads([("classical", 100, 100), ("cnn", 3_000, 3_000)], [(100, 3_000, None)], [(300, 1_000)]),
    ),
    "the other way round": (
        [(100, 0.1), (300, 0.1), (1_000, -0.1), (3_000, -0.2)],
        Leads([("cnn", 100, 300), ("classical", 1_000, 3_000)], [(300, 1_000, 550)]),
    ),
    "never": ([(100, -0.2), (300, -0.1), (1_000, -0.05)], Leads([("classical", 100, 1_000)])),
    "always": ([(100, 0.2), (300, 0.1), (1_000, 0.05)], Leads([("cnn", 100, 1_000)])),
    "caught up with, but not overtaken": (
        [(100, -0.2), (300, -0.1), (1_000, 0.01)],
        Leads([("classical", 100, 300)], undecided=[(1_000, 1_000)]),
    ),
    "from some size on": (
        [(100, 0.01), (300, 0.1), (1_000, 0.2)],
        Leads([("cnn", 300, 1_000)], undecided=[(100, 100)]),
    ),
    "nowhere significant": ([(100, 0.01), (300, -0.01), (1_000, 0.0)], Leads([], undecided=[(100, 1_000)])),
    "several crossovers": (
        [(100, -0.1), (300, 0.1), (1_000, -0.1), (3_000, -0.1)],
        Leads(
            [("classical", 100, 100), ("cnn", 300, 300), ("classical", 1_000, 3_000)],
            [(100, 300, 170), (300, 1_000, 550)],
        ),
    ),
    "one size": ([(500, -0.1)], Leads([("classical", 500, 500)])),
    "one size, not significant": ([(500, -0.01)], Leads([], undecided=[(500, 500)])),
}


@pytest.mark.parametrize(("leads", "expected"), ROWS.values(), ids=list(ROWS))
def test_which_family_leads_below_and_above_how_many_images(leads: list[tuple[int, float]], expected: Leads) -> None:
    assert leads_of(comparisons(*leads)) == expected


def test_the_crossover_is_interpolated_over_the_logarithm() -> None:
    (crossover,) = crossovers(comparisons((1_000, -0.03), (3_000, 0.09)))
    assert crossover.at == pytest.approx(1_000 * 3**0.25)


def curves(**families: list[tuple[int, float, float]]) -> list[LearningCurve]:
    """Return one curve a family, of (rows, seconds, accuracy)."""
    return [
        LearningCurve(
            family,
            family.upper(),
            family,
            (),
            tuple(point(family, rows, (accuracy,), seconds) for rows, seconds, accuracy in points),
        )
        for family, points in families.items()
    ]


SECONDS: dict[str, tuple[list[LearningCurve], Leads, list[tuple[float | None, float | None]]]] = {
    "the CNN overtakes": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)],
            cnn=[(100, 0.5, 0.5), (1_000, 5.0, 0.7), (10_000, 500.0, 0.9)],
        ),
        Leads([("classical", 0.01, 5.0), ("cnn", 500.0, 500.0)], [(5.0, 500.0, 50.0)]),
        [(0.7, None), (0.7, 0.5), (0.8, 0.5), (0.8, 0.7), (0.8, 0.9)],
    ),
    "and a classical model again": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 100.0, 0.95)],
            cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.8)],
        ),
        Leads(
            [("classical", 0.01, 0.5), ("cnn", 50.0, 50.0), ("classical", 100.0, 100.0)],
            [(0.5, 50.0, 11.0), (50.0, 100.0, 66.0)],
        ),
        [(0.7, None), (0.7, 0.5), (0.7, 0.8), (0.95, 0.8)],
    ),
    "never": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.9)], cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.8)]),
        Leads([("classical", 0.01, 50.0)]),
        [(0.7, None), (0.7, 0.5), (0.9, 0.5), (0.9, 0.8)],
    ),
    "a longer fit that gains nothing": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)],
            cnn=[(100, 0.5, 0.5), (1_000, 5.0, 0.95), (10_000, 50.0, 0.9)],
        ),
        Leads([("classical", 0.01, 1.0), ("cnn", 5.0, 50.0)], [(1.0, 5.0, 2.9)]),
        [(0.7, None), (0.7, 0.5), (0.8, 0.5), (0.8, 0.95), (0.8, 0.95)],
    ),
    "caught up with, but not overtaken": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.9)], cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.905)]),
        Leads([("classical", 0.01, 1.0)], undecided=[(50.0, 50.0)]),
        [(0.7, None), (0.7, 0.5), (0.9, 0.5), (0.9, 0.905)],
    ),
    "no CNN to compare with at first": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)], cnn=[(1_000, 5.0, 0.9)]),
        Leads([("classical", 0.01, 1.0), ("cnn", 5.0, 5.0)], [(1.0, 5.0, None)]),
        [(0.7, None), (0.8, None), (0.8, 0.9)],
    ),
}


@pytest.mark.parametrize(("measured", "expected", "best"), SECONDS.values(), ids=list(SECONDS))
def test_which_family_leads_within_how_many_seconds(
    measured: list[LearningCurve], expected: Leads, best: list[tuple[float | None, float | None]]
) -> None:
    compared = compare_by_seconds(measured)
    assert leads_of(compared) == expected
    assert [tuple(one and one.accuracy for one in (each.classical, each.cnn)) for each in compared] == best


def test_the_answer_in_words(file_regression: FileRegressionFixture) -> None:
    """Every form of the answer, for each of the cases above."""
    texts = [f"{name}: {answer.in_images(comparisons(*leads))}" for name, (leads, _) in ROWS.items()]
    texts += [f"{name}: {answer.in_seconds(compare_by_seconds(measured))}" for name, (measured, *_) in SECONDS.items()]
    tied = [dataclasses.replace(one, tied=one.at == 300) for one in comparisons((100, -0.2), (300, -0.2))]
    texts.append(f"not significant on the leaderboard: {answer.in_images(tied)}")
    file_regression.check("\n\n".join(texts) + "\n", extension=".md", encoding="utf-8")


def test_families_are_compared_at_sizes_that_both_have() -> None:
    measured = curves(classical=[(100, 1, 0.7), (300, 1, 0.8)], cnn=[(300, 1, 0.7), (500, 1, 0.9)])
    assert [comparison.at for comparison in compare_by_rows(measured)] == [300]
    assert compare_by_seconds(curves(classical=[(100, 1, 0.7)])) == []


def test_rows_that_tie_on_the_leaderboard_have_no_leader_here_either() -> None:
    measured = curves(classical=[(100, 1, 0.9), (300, 1, 0.95)], cnn=[(100, 1, 0.7), (300, 1, 0.8)])
    compared = compare_by_rows(measured)
    assert [one.leader for one in compared] == ["classical", "classical"]
    tied = [compared[0], dataclasses.replace(compared[1], tied=True)]
    assert leads_of(tied) == Leads([("classical", 100, 100)], undecided=[(300, 300)])
    assert [one.tied for one in undecided(tied)] == [True]


def test_seeds_that_disagree_widen_the_interval() -> None:
    def seeds(*accuracies: float) -> np.ndarray:
        return point("cnn", 100, accuracies).correct

    one = metrics.paired_difference_over_seeds(seeds(0.8), seeds(0.7))
    assert one == metrics.paired_difference(seeds(0.8)[0].astype(float), seeds(0.7)[0].astype(float))
    steady = metrics.paired_difference_over_seeds(seeds(0.8, 0.8), seeds(0.7, 0.7))
    assert steady == pytest.approx(one)
    unsteady = metrics.paired_difference_over_seeds(seeds(0.85, 0.75), seeds(0.7, 0.7))
    assert unsteady.estimate == pytest.approx(0.1)
    assert not steady.contains_zero
    assert unsteady.contains_zero  # of two seeds little is known: Student's factor is 12.7
    # What both seeds gain alike, on rows that they share, is no spread of the difference.
    assert metrics.paired_difference_over_seeds(seeds(0.9, 0.8), seeds(0.8, 0.7)) == pytest.approx(one, abs=0.01)
