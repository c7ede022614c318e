"""Learning curves: which rows, and the sentence that people come for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from benchmark.analyses.learning_curve import crossing
from benchmark.analyses.learning_curve.scores import Learned, Size, Stand, by_rows, by_seconds
from benchmark.engine import protocol
from benchmark.engine.protocol import PRESETS
from benchmark.metrics import scores
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


# --- the sentence


def size(family: str, rows: int, accuracies: Sequence[float] = (0.8,), seconds: float = 1.0) -> Size:
    # Each family gets other images wrong, as in life; so half a point of 1,000 images is not resolved.
    images = np.roll(np.arange(1_000), 500 * (family == "cnn"))
    right = np.stack([images < round(1_000 * accuracy) for accuracy in accuracies])
    return Size(family.upper(), family, rows, tuple(range(len(right))), right, seconds)


def stands(*leads: tuple[int, float]) -> list[Stand]:
    """Return stands of these rows and leads; a lead below 0.02 is not resolved."""
    return [
        Stand(rows, size("classical", rows), size("cnn", rows), Interval(lead, lead - 0.02, lead + 0.02))
        for rows, lead in leads
    ]


def of_rows(*leads: tuple[int, float]) -> str:
    """Return the sentence without its last part, which names the best at both ends."""
    text = crossing.of_rows(stands(*leads))
    head, ends = text.rsplit(" At ", 1)
    assert ends.endswith("*CLASSICAL* 0.800 against *CNN* 0.800.")
    return head


ROWS: dict[str, tuple[list[tuple[int, float]], str]] = {
    "one crossing": (
        [(100, -0.2), (300, -0.1), (1_000, -0.05), (3_000, 0.05), (10_000, 0.1)],
        "**Up to 1,000 training images a classical model wins; from 3,000 on the CNN does.** "
        "They cross between 1,000 and 3,000 (about 1,700).",
    ),
    "within the noise where they cross": (
        [(100, -0.2), (300, -0.1), (1_000, -0.01), (3_000, 0.01), (10_000, 0.1)],
        "**Up to 300 training images a classical model wins; at 10,000 the CNN does.** "
        "They cross between 300 and 10,000 (about 1,700). From 1,000 to 3,000 the difference is within what other test "
        "images and other seeds would change.",
    ),
    "to and fro within the noise": (
        [(100, -0.2), (300, 0.01), (1_000, -0.01), (3_000, 0.2)],
        "**At 100 training images a classical model wins; at 3,000 the CNN does.** They cross between 100 and "
        "3,000. From 300 to 1,000 the difference is within what other test images and other seeds would change.",
    ),
    "the other way round": (
        [(100, 0.1), (300, 0.1), (1_000, -0.1), (3_000, -0.2)],
        "**Up to 300 training images the CNN wins; from 1,000 on a classical model does.** "
        "They cross between 300 and 1,000 (about 550).",
    ),
    "never": (
        [(100, -0.2), (300, -0.1), (1_000, -0.05)],
        "**A classical model wins at every size from 100 to 1,000 training images**: the CNN never does.",
    ),
    "always": (
        [(100, 0.2), (300, 0.1), (1_000, 0.05)],
        "**The CNN wins at every size from 100 to 1,000 training images**: a classical model never does.",
    ),
    "caught up with, but not overtaken": (
        [(100, -0.2), (300, -0.1), (1_000, 0.01)],
        "**Up to 300 training images a classical model wins; the CNN does at no size measured.** At 1,000 the "
        "difference is within what other test images and other seeds would change.",
    ),
    "from some size on": (
        [(100, 0.01), (300, 0.1), (1_000, 0.2)],
        "**From 300 training images on the CNN wins; a classical model does at no size measured.** At 100 the "
        "difference is within what other test images and other seeds would change.",
    ),
    "nothing to be seen": (
        [(100, 0.01), (300, -0.01), (1_000, 0.0)],
        "**From 100 to 1,000 training images the test set cannot tell a classical model from the CNN**: at no size is "
        "the difference larger than what other test images and other seeds would change.",
    ),
    "several crossings": (
        [(100, -0.1), (300, 0.1), (1_000, -0.1), (3_000, -0.1)],
        "**At 100 training images a classical model wins; at 300 the CNN does; from 1,000 on a classical model does.** "
        "They cross between 100 and 300 (about 170). They cross between 300 and 1,000 (about 550).",
    ),
    "one size": (
        [(500, -0.1)],
        "**At 500 training images, the only size that can be compared, a classical model wins.**",
    ),
    "one size, and nothing to be seen": (
        [(500, -0.01)],
        "**At 500 training images, the only size that can be compared, a classical model and the CNN cannot be told "
        "apart.**",
    ),
}


@pytest.mark.parametrize(("leads", "text"), ROWS.values(), ids=list(ROWS))
def test_who_wins_below_and_above_how_many_images(leads: list[tuple[int, float]], text: str) -> None:
    assert of_rows(*leads) == text


def test_a_crossing_is_read_off_a_line_over_the_logarithm() -> None:
    found = stands((1_000, -0.03), (3_000, 0.09))
    before, after = crossing.spans(found)
    assert crossing.crossing(found, before, after) == pytest.approx(1_000 * 3**0.25)


def curves(**families: list[tuple[int, float, float]]) -> list[Learned]:
    """Return one curve a family, of (rows, seconds, accuracy)."""
    return [
        Learned(
            family,
            family.upper(),
            family,
            (),
            tuple(size(family, rows, (accuracy,), seconds) for rows, seconds, accuracy in points),
        )
        for family, points in families.items()
    ]


SECONDS: dict[str, tuple[list[Learned], str]] = {
    "the CNN overtakes": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)],
            cnn=[(100, 0.5, 0.5), (1_000, 5.0, 0.7), (10_000, 500.0, 0.9)],
        ),
        "**Up to 5.0 s of fitting a classical model wins; at 8.3 min the CNN does.** They cross between 5.0 s and 8.3 "
        "min (about 50 s). Within 5.0 s, *CLASSICAL* 0.800 (from 1,000 images) against *CNN* 0.700 (from 1,000 "
        "images); within 8.3 min, *CLASSICAL* 0.800 (from 1,000 images) against *CNN* 0.900 (from 10,000 images).",
    ),
    "and a classical model again": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 100.0, 0.95)],
            cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.8)],
        ),
        "**Up to 0.50 s of fitting a classical model wins; at 50 s the CNN does; at 1.7 min a classical model does.** "
        "They cross between 0.50 s and 50 s (about 11 s). They cross between 50 s and 1.7 min (about 66 s). Within "
        "0.50 s, *CLASSICAL* 0.700 (from 100 images) against *CNN* 0.500 (from 100 images); within 50 s, *CLASSICAL* "
        "0.700 (from 100 images) against *CNN* 0.800 (from 10,000 images).",
    ),
    "never": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.9)], cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.8)]),
        "**A classical model wins at every time from 10 ms to 50 s of fitting**: the CNN never does. Within 50 s, "
        "*CLASSICAL* 0.900 (from 1,000 images) against *CNN* 0.800 (from 10,000 images).",
    ),
    "a longer fit that brings nothing": (
        curves(
            classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)],
            cnn=[(100, 0.5, 0.5), (1_000, 5.0, 0.95), (10_000, 50.0, 0.9)],
        ),
        "**Up to 1.0 s of fitting a classical model wins; from 5.0 s on the CNN does.** They cross between 1.0 s and "
        "5.0 s (about 2.9 s). Within 1.0 s, *CLASSICAL* 0.800 (from 1,000 images) against *CNN* 0.500 (from 100 "
        "images); within 5.0 s, *CLASSICAL* 0.800 (from 1,000 images) against *CNN* 0.950 (from 1,000 images).",
    ),
    "caught up with, but not overtaken": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.9)], cnn=[(100, 0.5, 0.5), (10_000, 50.0, 0.905)]),
        "**Up to 1.0 s of fitting a classical model wins; the CNN does at no time measured.** At 50 s the difference "
        "is within what other test images and other seeds would change. Within 50 s, *CLASSICAL* 0.900 (from 1,000 "
        "images) against *CNN* 0.905 (from 10,000 images).",
    ),
    "nothing to compare it with before": (
        curves(classical=[(100, 0.01, 0.7), (1_000, 1.0, 0.8)], cnn=[(1_000, 5.0, 0.9)]),
        "**Up to 1.0 s of fitting a classical model wins; at 5.0 s the CNN does.** They cross between 1.0 s and 5.0 s. "
        "Within 1.0 s, only *CLASSICAL* 0.800 (from 1,000 images); within 5.0 s, *CLASSICAL* 0.800 (from 1,000 images) "
        "against *CNN* 0.900 (from 1,000 images).",
    ),
}


@pytest.mark.parametrize(("learned", "text"), SECONDS.values(), ids=list(SECONDS))
def test_who_wins_within_how_many_seconds(learned: list[Learned], text: str) -> None:
    assert crossing.of_seconds(by_seconds(learned)) == text


def test_families_are_compared_at_sizes_that_both_have() -> None:
    learned = curves(classical=[(100, 1, 0.7), (300, 1, 0.8)], cnn=[(300, 1, 0.7), (500, 1, 0.9)])
    assert [stand.at for stand in by_rows(learned)] == [300]
    assert by_seconds(curves(classical=[(100, 1, 0.7)])) == []


def test_rows_that_share_a_rank_have_no_leader_here_either() -> None:
    learned = curves(classical=[(100, 1, 0.9), (300, 1, 0.95)], cnn=[(100, 1, 0.7), (300, 1, 0.8)])
    stands = by_rows(learned)
    assert [stand.leader for stand in stands] == ["classical", "classical"]
    tied = [stands[0], dataclasses.replace(stands[1], tied=True)]
    text = crossing.of_rows(tied)
    assert text.startswith("**At 100 training images a classical model wins; the CNN does at no size measured.**")
    assert "At 300 they share a rank on the leaderboard" in text


def test_seeds_that_disagree_widen_the_interval() -> None:
    def seeds(*accuracies: float) -> np.ndarray:
        return size("cnn", 100, accuracies).right

    one = scores.paired_difference_over_seeds(seeds(0.8), seeds(0.7))
    assert one == scores.paired_difference(seeds(0.8)[0].astype(float), seeds(0.7)[0].astype(float))
    steady = scores.paired_difference_over_seeds(seeds(0.8, 0.8), seeds(0.7, 0.7))
    assert steady == pytest.approx(one)
    unsteady = scores.paired_difference_over_seeds(seeds(0.85, 0.75), seeds(0.7, 0.7))
    assert unsteady.estimate == pytest.approx(0.1)
    assert not steady.contains_zero
    assert unsteady.contains_zero  # of two seeds little is known: Student's factor is 12.7
    # What both seeds gain alike, on rows that they share, is no spread of the difference.
    assert scores.paired_difference_over_seeds(seeds(0.9, 0.8), seeds(0.8, 0.7)) == pytest.approx(one, abs=0.01)
