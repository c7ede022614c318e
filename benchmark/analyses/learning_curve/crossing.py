"""Below how many images a classical model wins, from where the CNN does, and after how many seconds.

Only a lead that the test images and the seeds can resolve counts. Where the lead changes between
two sizes, or two times, the place is read off a straight line over their logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from benchmark.analyses.learning_curve.scores import Size, Stand
from benchmark.render import markdown as md

WHO = {"classical": "a classical model", "cnn": "the CNN"}
OTHER = {"classical": "the CNN", "cnn": "a classical model"}


@dataclass(frozen=True)
class Axis:
    """What the families are compared along.

    Attributes
    ----------
    say : callable
        A place as text.
    unit : str
        What stands behind it, the first time.
    noun : str
        Of a place.
    """

    say: Callable[[float], str]
    unit: str
    noun: str


ROWS = Axis(lambda at: f"{at:,.0f}", " training images", "size")
SECONDS = Axis(md.duration, " of fitting", "time")


@dataclass(frozen=True)
class Span:
    """A stretch over which one family leads, as far as can be resolved.

    Attributes
    ----------
    leader : {"classical", "cnn"}
    first, last : int
        Places of its ends among the stands; any in between that are not resolved are part of it.
    """

    leader: str
    first: int
    last: int


def spans(stands: Sequence[Stand]) -> list[Span]:
    """Return who leads where, in order; stands that cannot be resolved begin and end none."""
    found: list[Span] = []
    for place, stand in enumerate(stands):
        if not stand.leader:
            continue
        if found and found[-1].leader == stand.leader:
            found[-1] = Span(stand.leader, found[-1].first, place)
        else:
            found.append(Span(stand.leader, place, place))
    return found


def crossing(stands: Sequence[Stand], before: Span, after: Span) -> float | None:
    """Return where the lead is zero between two spans, on a line over the logarithm.

    None if it is so more than once, or if one family has nothing to compare at the first span's end.
    """
    between = [(stand.at, stand.lead.estimate) for stand in stands[before.last : after.first + 1] if stand.lead]
    zeros = [
        math.exp(math.log(a) + (math.log(b) - math.log(a)) * lead / (lead - then))
        for (a, lead), (b, then) in pairwise(between)
        if lead * then < 0
    ]
    zeros += [at for at, lead in between if lead == 0]
    return zeros[0] if len(zeros) == 1 else None


def of_rows(stands: Sequence[Stand]) -> str:
    """Return the answer in training images, as markdown.

    Parameters
    ----------
    stands : sequence of Stand
        Of `benchmark.analyses.learning_curve.scores.by_rows`; at least one.
    """
    ends = [stands[0], stands[-1]][: len(stands)]
    shown = "; ".join(f"at {ROWS.say(stand.at)}, {_both(stand, _accuracy)}" for stand in ends)
    return f"{_answer(stands, ROWS)} {_start(shown)}."


def of_seconds(stands: Sequence[Stand]) -> str:
    """Return the answer in seconds of fitting, as markdown.

    Parameters
    ----------
    stands : sequence of Stand
        Of `benchmark.analyses.learning_curve.scores.by_seconds`; at least one.
    """
    found = spans(stands)
    ends = [stands[found[0].last], stands[found[1].first]] if len(found) > 1 else [stands[-1]]
    shown = "; ".join(f"within {md.duration(stand.at)}, {_both(stand, _accuracy_and_rows)}" for stand in ends)
    return f"{_answer(stands, SECONDS)} {_start(shown)}."


def _answer(stands: Sequence[Stand], axis: Axis) -> str:
    found = spans(stands)
    low, high = axis.say(stands[0].at), axis.say(stands[-1].at)
    if len(stands) == 1:
        who = f"{WHO[stands[0].leader]} wins" if found else "a classical model and the CNN cannot be told apart"
        return f"**At {low}{axis.unit}, the only {axis.noun} that can be compared, {who}.**"
    if not found:
        return (
            f"**From {low} to {high}{axis.unit} the test set cannot tell a classical model from the CNN**: at no "
            f"{axis.noun} is the difference larger than what other test images and other seeds would change."
        )
    leader = found[0].leader
    if len(found) > 1:
        parts = [f"{_stretch(stands, found[0], axis, axis.unit)} {WHO[leader]} wins"]
        parts += [f"{_stretch(stands, span, axis)} {WHO[span.leader]} does" for span in found[1:]]
        head = [f"**{_start('; '.join(parts))}.**"]
        head += [_cross(stands, before, after, axis) for before, after in pairwise(found)]
    elif (found[0].first, found[0].last) == (0, len(stands) - 1):
        where = f"at every {axis.noun} from {low} to {high}{axis.unit}"
        head = [f"**{_start(WHO[leader])} wins {where}**: {OTHER[leader]} never does."]
    else:
        where = _stretch(stands, found[0], axis, axis.unit)
        head = [f"**{_start(where)} {WHO[leader]} wins; {OTHER[leader]} does at no {axis.noun} measured.**"]
    return " ".join([*head, *_unresolved(stands, axis)])


def _stretch(stands: Sequence[Stand], span: Span, axis: Axis, unit: str = "") -> str:
    """Return "up to 1,000", "from 300 to 1,000", "from 3,000 on" or "at 300", the unit after the last number."""
    first, last = axis.say(stands[span.first].at), axis.say(stands[span.last].at)
    if first == last:
        return f"at {last}{unit}"
    if span.first == 0:
        return f"up to {last}{unit}"
    return f"from {first}{unit} on" if span.last == len(stands) - 1 else f"from {first} to {last}{unit}"


def _cross(stands: Sequence[Stand], before: Span, after: Span, axis: Axis) -> str:
    at = crossing(stands, before, after)
    about = "" if at is None else f" (about {axis.say(float(f'{at:.2g}'))})"
    return f"They cross between {axis.say(stands[before.last].at)} and {axis.say(stands[after.first].at)}{about}."


def _unresolved(stands: Sequence[Stand], axis: Axis) -> list[str]:
    """Say where nobody's lead can be resolved."""
    where: dict[bool, list[str]] = {False: [], True: []}
    for (leader, tied), group in groupby(enumerate(stands), key=lambda item: (item[1].leader, item[1].tied)):
        if not leader:
            places = [place for place, _ in group]
            where[tied].append(_stretch(stands, Span("", places[0], places[-1]), axis))
    why = {
        False: "the difference is within what other test images and other seeds would change",
        True: "they share a rank on the leaderboard, whose tests are corrected for all its pairs",
    }
    return [f"{_start(md.listing(found))} {why[tied]}." for tied, found in where.items() if found]


def _both(stand: Stand, say: Callable[[Size], str]) -> str:
    if stand.cnn is None or stand.classical is None:
        return " ".join(f"only {say(size)}" for size in (stand.classical, stand.cnn) if size)
    return f"{say(stand.classical)} against {say(stand.cnn)}"


def _accuracy(size: Size) -> str:
    return f"*{md.escape(size.title)}* {size.accuracy:.3f}"


def _accuracy_and_rows(size: Size) -> str:
    return f"{_accuracy(size)} (from {size.rows:,} images)"


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
