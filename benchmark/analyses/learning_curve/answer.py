"""The answer in words: which family wins below and above how many images, and how many seconds of fitting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.analyses.learning_curve.crossover import crossovers, stretches, undecided
from benchmark.analyses.learning_curve.scores import CurvePoint, FamilyComparison
from benchmark.render import fmt
from benchmark.render import markdown as md

FAMILY = {"classical": "a classical model", "cnn": "the CNN"}
OTHER_FAMILY = {"classical": "the CNN", "cnn": "a classical model"}


@dataclass(frozen=True)
class Axis:
    """What the families are compared along.

    Attributes
    ----------
    write : callable
        Writes a size or a time.
    unit : str
        Follows the number where it is first mentioned.
    noun : str
        "size" or "time".
    """

    write: Callable[[float], str]
    unit: str
    noun: str


ROWS = Axis(lambda at: f"{at:,.0f}", " training images", "size")
SECONDS = Axis(fmt.duration, " of fitting", "time")


def in_images(comparisons: Sequence[FamilyComparison]) -> str:
    """Return the answer in training images, as markdown.

    Parameters
    ----------
    comparisons : sequence of FamilyComparison
        `CurveScores.by_rows`; at least one.
    """
    ends = [comparisons[0], comparisons[-1]][: len(comparisons)]
    shown = "; ".join(f"at {ROWS.write(one.at)}: {_both(one, _accuracy)}" for one in ends)
    return f"{_leaders(comparisons, ROWS)} Accuracy {shown}."


def in_seconds(comparisons: Sequence[FamilyComparison]) -> str:
    """Return the answer in seconds of fitting, as markdown.

    Parameters
    ----------
    comparisons : sequence of FamilyComparison
        `CurveScores.by_seconds`; at least one.
    """
    leads = stretches(comparisons)
    ends = [comparisons[leads[0].last], comparisons[leads[1].first]] if len(leads) > 1 else [comparisons[-1]]
    shown = "; ".join(f"within {fmt.duration(one.at)}: {_both(one, _accuracy_and_rows)}" for one in ends)
    return f"{_leaders(comparisons, SECONDS)} Accuracy {shown}."


def _leaders(comparisons: Sequence[FamilyComparison], axis: Axis) -> str:
    leads = stretches(comparisons)
    low, high = axis.write(comparisons[0].at), axis.write(comparisons[-1].at)
    if len(comparisons) == 1:
        who = f"{FAMILY[comparisons[0].leader]} wins" if leads else "neither family is significantly better"
        return f"**At {low}{axis.unit}, the only {axis.noun} that can be compared, {who}.**"
    if not leads:
        return (
            f"**From {low} to {high}{axis.unit}, neither a classical model nor the CNN is significantly better**: at "
            f"no {axis.noun} is the difference larger than what other test images and other seeds could change."
        )
    leader = leads[0].leader
    if len(leads) > 1:
        parts = [f"{_range(comparisons, leads[0].first, leads[0].last, axis, axis.unit)} {FAMILY[leader]} wins"]
        parts += [f"{_range(comparisons, one.first, one.last, axis)} {FAMILY[one.leader]} wins" for one in leads[1:]]
        text = [f"**{_capitalised('; '.join(parts))}.**"]
        for crossover in crossovers(comparisons):
            low = axis.write(comparisons[crossover.before.last].at)
            high = axis.write(comparisons[crossover.after.first].at)
            about = "" if crossover.at is None else f" (at about {axis.write(float(f'{crossover.at:.2g}'))})"
            text.append(f"The curves cross between {low} and {high}{about}.")
    elif (leads[0].first, leads[0].last) == (0, len(comparisons) - 1):
        where = f"at every {axis.noun} from {low} to {high}{axis.unit}"
        text = [f"**{_capitalised(FAMILY[leader])} wins {where}.**"]
    else:
        where = _range(comparisons, leads[0].first, leads[0].last, axis, axis.unit)
        other = OTHER_FAMILY[leader]
        text = [f"**{_capitalised(where)} {FAMILY[leader]} wins; {other} wins at no {axis.noun} measured.**"]
    return " ".join([*text, *_undecided(comparisons, axis)])


def _range(comparisons: Sequence[FamilyComparison], first: int, last: int, axis: Axis, unit: str = "") -> str:
    """Return "up to 1,000", "from 300 to 1,000", "from 3,000 on" or "at 300", the unit after the last number."""
    low, high = axis.write(comparisons[first].at), axis.write(comparisons[last].at)
    if low == high:
        return f"at {high}{unit}"
    if first == 0:
        return f"up to {high}{unit}"
    return f"from {low}{unit} on" if last == len(comparisons) - 1 else f"from {low} to {high}{unit}"


def _undecided(comparisons: Sequence[FamilyComparison], axis: Axis) -> list[str]:
    """Say where neither family is significantly better, and by which test."""
    where: dict[bool, list[str]] = {False: [], True: []}
    for one in undecided(comparisons):
        where[one.tied].append(_range(comparisons, one.first, one.last, axis))
    why = {
        False: "the difference is within what other test images and other seeds could change",
        True: "the difference is not significant on the leaderboard, whose tests are corrected for all its pairs",
    }
    return [f"{_capitalised(fmt.listing(ranges))}, {why[tied]}." for tied, ranges in where.items() if ranges]


def _both(comparison: FamilyComparison, write: Callable[[CurvePoint], str]) -> str:
    points = [point for point in (comparison.classical, comparison.cnn) if point is not None]
    return ("only " if len(points) == 1 else "") + ", ".join(map(write, points))


def _accuracy(point: CurvePoint) -> str:
    return f"*{md.escape(point.title)}* {point.accuracy:.3f}"


def _accuracy_and_rows(point: CurvePoint) -> str:
    return f"{_accuracy(point)} (from {point.rows:,} images)"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
