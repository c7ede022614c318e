"""The answer: which family is more accurate, what that costs, and which row to pick; values first, then words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.leaderboard import about_pictures, cautions
from benchmark.leaderboard.footnotes import conditions_differ, effort, failure
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics import significance as inference
from benchmark.metrics.significance import Pair
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import Block, Bullets, Quote

CLASSICAL, CNN = "classical", "cnn"

UNEVEN = 1.5
"""Times its even share of the test images, from which the verdict names the largest class."""

LARGE = 0.05
"""A lead that is not significant counts as undecided from here on, and not as a tie to be settled by cost."""

WIDE = 0.05
"""Half the width of a lead's interval from which rows that do not differ significantly are no tie.

The test images are too few then: either row may be better by more than this.
"""

Outcome = Literal[
    "cnn", "classical", "tie", "undecided", "too few", "one family", "neither family", "none finished", "empty"
]


@dataclass(frozen=True)
class Cheapest:
    """The row that is fastest to fit among those that tie with another one.

    Attributes
    ----------
    row : Scored
        The cheapest.
    rival : Scored
        The row that it ties with.
    lead : Pair
        The rival's lead over it.
    """

    row: Scored
    rival: Scored
    lead: Pair


@dataclass(frozen=True)
class Picks:
    """Which row to pick for which need, among the rows of the first rank that are not far behind.

    Ties are transitive, so with few test images a chain of them may lead from the best row to the worst.

    Attributes
    ----------
    most_accurate, cheapest, fastest, smallest : Scored
    uncertain : tuple of Scored
        Other rows of the first rank, which no need is met by: too few test images compare them with the most accurate.
    """

    most_accurate: Scored
    cheapest: Scored
    fastest: Scored
    smallest: Scored
    uncertain: tuple[Scored, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The answer to "do I need a CNN?".

    Attributes
    ----------
    outcome : str
        Which family is ahead, or why that is not known.
    classical, cnn : Scored or None
        The most accurate row of each family.
    lead : Pair or None
        Of the more accurate of these two over the other.
    cheapest : Cheapest or None
        The cheapest row, of all rows, that ties with the best CNN; None where that is the CNN itself, or there is
        no CNN.
    cheapest_of_best : Cheapest or None
        The same for the most accurate row of all; None where nothing cheaper ties with it.
    picks : Picks or None
    """

    outcome: Outcome
    classical: Scored | None = None
    cnn: Scored | None = None
    lead: Pair | None = None
    cheapest: Cheapest | None = None
    cheapest_of_best: Cheapest | None = None
    picks: Picks | None = None


def decide(summary: Summary) -> Verdict:
    """Return the verdict on what is on record."""
    if not summary.scored:
        return Verdict("none finished" if summary.failed else "empty")
    classical, cnn = summary.best_of(CLASSICAL), summary.best_of(CNN)
    best = summary.scored[0]
    lead: Pair | None = None
    outcome: Outcome = "one family" if classical or cnn else "neither family"
    if classical and cnn:
        lead = summary.pair(cnn, classical)
        leader: Outcome = "cnn"
        if lead.difference.estimate < 0:
            lead, leader = lead.reversed, "classical"
        outcome = _not_significant(lead) or leader
    return Verdict(
        outcome,
        classical,
        cnn,
        lead,
        None if cnn is None else _cheapest(summary, cnn),
        _cheapest(summary, best),
        _picks(summary),
    )


def _is_large(lead: Pair) -> bool:
    """Return whether a lead is large and significant by itself, and only the correction for many pairs undoes it."""
    return lead.p < inference.LEVEL and not lead.difference.contains_zero and abs(lead.difference.estimate) >= LARGE


def _is_wide(lead: Pair) -> bool:
    """Return whether a lead that is not significant has so wide an interval that it is no tie either."""
    return not lead.significant and _half_width(lead) > WIDE


def _half_width(lead: Pair) -> float:
    return (lead.difference.high - lead.difference.low) / 2


def _not_significant(lead: Pair) -> Outcome | None:
    """Return what a lead that is not significant amounts to; None of a significant one."""
    if lead.significant:
        return None
    return "undecided" if _is_large(lead) else "too few" if _is_wide(lead) else "tie"


def _cheapest(summary: Summary, rival: Scored) -> Cheapest | None:
    # Among many rows the correction excuses a lead that a reader, who sees its interval, would not call a tie.
    leads = [(row, summary.pair(rival, row)) for row in summary.scored if row is not rival]
    tied = [row for row, lead in leads if _not_significant(lead) == "tie" and lead.difference.contains_zero]
    row = min([rival, *tied], key=lambda row: row.fit_seconds)
    return None if row is rival else Cheapest(row, rival, summary.pair(rival, row))


def _picks(summary: Summary) -> Picks:
    best, *others = _near_the_best(summary)
    uncertain = [row for row in others if _is_wide(summary.pair(best, row))]
    first = [best, *(row for row in others if row not in uncertain)]
    return Picks(
        uncertain=tuple(uncertain),
        most_accurate=best,
        cheapest=min(first, key=lambda row: row.fit_seconds),
        fastest=min(first, key=lambda row: row.predict_seconds_per_1000),
        smallest=min(first, key=lambda row: row.model_bytes or math.inf),
    )


def _first_rank(summary: Summary) -> list[Scored]:
    return [row for row in summary.scored if row.rank == summary.scored[0].rank]


def _near_the_best(summary: Summary) -> list[Scored]:
    """Return the rows of the first rank, without those that the best row leads significantly and by `LARGE`."""
    best, *others = _first_rank(summary)
    leads = [(row, summary.pair(best, row)) for row in others]
    return [best, *(row for row, lead in leads if not lead.significant or lead.difference.estimate < LARGE)]


def cost_ratios(row: Scored, rival: Scored) -> dict[str, float | None]:
    """Return how many times as long the rival takes to fit, tune and predict; None where a time is 0."""
    return {what: theirs / own if min(own, theirs) > 0 else None for what, (own, theirs) in _times(row, rival).items()}


def _times(row: Scored, rival: Scored) -> dict[str, tuple[float, float]]:
    return {
        "fit": (row.fit_seconds, rival.fit_seconds),
        "tune": (row.record.tuning_seconds, rival.record.tuning_seconds),
        "predict": (row.predict_seconds_per_1000, rival.predict_seconds_per_1000),
    }


def blocks(summary: Summary) -> list[Block]:
    """Return the verdict as the first blocks of leaderboard.md: a warning if it is a preview, then bullets.

    They are three, and the cautions. Where many test images are copies of training images, all of them are about the
    others, and the accuracy on all of them comes last.
    """
    verdict = decide(summary)
    preview, folds = _preview(summary), cross_validation(summary)
    warning: list[Block] = [*([Quote(preview)] if preview else []), *([folds] if folds else [])]
    if verdict.outcome == "empty":
        return [*warning, "No estimator has been run on these data yet: `python -m benchmark run --all` does."]
    if verdict.outcome == "none finished":
        return [
            *warning,
            f"No estimator finished: {fmt.plural(len(summary.failed), 'row')} below, each with its reason.",
        ]
    counted = summary.without_copies or summary
    of_counted = verdict if counted is summary else decide(counted)
    first, last = [f"**Accuracy**: {_lead(summary, verdict)}"], []
    if summary.many_copies:
        last = [f"**Accuracy with the copies**, which says little: {_lead(summary, verdict)}"]
        first = [f"**Copies**: {about_pictures.copies(summary)}"]
        if counted is not summary:
            first.append(f"**Accuracy without the copies**: {_lead(counted, of_counted)}")
    bullets = [*first, *cautions.sentences(counted), _cost(counted, of_counted), _pick(counted, of_counted), *last]
    return [*warning, Bullets(tuple(filter(None, bullets))), _uneven(counted)]


def cross_validation(summary: Summary) -> str:
    """Say how the numbers of a cross-validation came about; nothing if there is a test part."""
    folds = summary.test_set.folds
    if not folds:
        return ""
    most = max((len(row.records) for row in summary.scored), default=1)
    repeated = {1: "", 2: ", repeated twice"}.get(most, f", repeated {most} times")
    times = {1: "once", 2: "twice"}.get(most, f"{most} times")
    return (
        f"There is no test part, so these numbers are of a {folds}-fold cross-validation{repeated}: each of the "
        f"{fmt.plural(summary.n_test, 'image')} is a test image {times}, predicted by models that were tuned and "
        "fitted without it. Intervals allow for models that share training images (Nadeau and Bengio 2003)."
    )


def _lead(summary: Summary, verdict: Verdict) -> str:
    classical, cnn, pair = verdict.classical, verdict.cnn, verdict.lead
    if pair is None:
        return _one_family(summary, verdict)
    assert classical is not None, "a lead is of one over the other"
    assert cnn is not None, "a lead is of one over the other"
    estimate, low, high = fmt.points(pair.difference)
    interval = f"95 % interval {low} to {high}"
    rows = f"The best CNN is {_named(cnn)}; the best classical pipeline is {_named(classical)}."
    test = "corrected resampled t-test, " if summary.test_set.folds else "McNemar's"
    leader = "CNN" if summary.scored[pair.first] is cnn else "classical pipeline"
    if verdict.outcome == "cnn":
        return f"**the CNN is ahead by {estimate} points** ({interval}). {rows}"
    if verdict.outcome == "classical":
        return f"**no CNN needed: a classical pipeline is ahead of it by {estimate} points** ({interval}). {rows}"
    corrected = (
        f"{test} p = {fmt.p_value(pair.p)}, or {fmt.p_value(pair.p_holm)} after Holm's correction for "
        f"{fmt.plural(len(summary.pairs), 'comparison')}"
    )
    if verdict.outcome == "undecided":
        return (
            f"**not decided: {summary.n_test:,} test images are too few to rule out chance.** The {leader}'s lead of "
            f"{estimate} points ({interval}) is large, but not significant ({corrected}). More test images would "
            f"decide it. {rows}"
        )
    if verdict.outcome == "too few":
        one = "Both are equally accurate on them" if pair.difference.estimate == 0 else f"The {leader} leads"
        by = "" if pair.difference.estimate == 0 else f" by {estimate} points"
        return (
            f"**this cannot be decided with {fmt.plural(summary.n_test, 'test image')}.** {one}{by}, but the 95 % "
            f"interval of the difference is {low} to {high} points: either could be better by far. About "
            f"{_enough(summary, pair):,} test images would narrow it to ±{WIDE * 100:.0f} points. {rows}"
        )
    if pair.difference.estimate == 0:
        what = f"Both are equally accurate (95 % interval of the difference: {low} to {high} points)."
    elif pair.difference.contains_zero:
        what = f"The {leader}'s lead of {estimate} points ({interval}) is within what this test set can resolve."
    else:
        what = f"The {leader}'s lead of {estimate} points ({interval}) is not significant ({corrected})."
    return f"**a tie between the best CNN and the best classical pipeline.** {what} {rows}"


def _enough(summary: Summary, lead: Pair) -> int:
    """Return about how many test images narrow a lead's interval to `WIDE`, to two digits: its width falls with √n."""
    needed = summary.n_test * (_half_width(lead) / WIDE) ** 2
    return int(float(f"{needed:.1e}"))


def _one_family(summary: Summary, verdict: Verdict) -> str:
    row = verdict.classical or verdict.cnn
    if row is None:
        return f"no classical pipeline and no CNN has a result here; the best row is {_named(summary.scored[0])}."
    side, wanted, family = ("classical pipeline", "CNN", CNN)
    if verdict.classical is None:
        side, wanted, family = ("CNN", "classical pipeline", CLASSICAL)
    reasons = [f"{md.escape(each.title)} {failure(each)}" for each in summary.failed if each.family == family]
    why = f" ({'; '.join(reasons)})" if reasons else ""
    return f"**the question is open: no {wanted} has a result here**{why}. The best {side} is {_named(row)}."


def _cost(summary: Summary, verdict: Verdict) -> str:
    if verdict.cnn is None or verdict.classical is None:
        row = summary.scored[0]
        return (
            f"**Cost**: {_title(row)} took {fmt.duration(row.fit_seconds)} to fit, "
            f"{fmt.duration(row.record.tuning_seconds)} to tune and {fmt.duration(row.predict_seconds_per_1000)} to "
            "predict 1,000 images."
        )
    cnn, cheapest, best = verdict.cnn, verdict.cheapest, summary.scored[0]
    parts = []
    if verdict.outcome == "cnn":
        parts.append(_price(cnn, verdict.classical))
    elif verdict.outcome == "classical":
        parts.append(_price(verdict.classical, cnn))
        cheapest = None  # what ties with a CNN that is behind helps nobody
    elif verdict.outcome == "too few":
        # Which row is cheaper is known all the same; that it is as accurate is not.
        parts.append(f"{_title(cnn)}, compared with {_title(verdict.classical)}, is {_costs(cnn, verdict.classical)}.")
        cheapest = None
    elif cheapest is None:
        parts.append(f"no cheaper row ties with {_title(cnn)}, which fits in {fmt.duration(cnn.fit_seconds)}.")
    if cheapest is not None:
        parts.append(_beside(cheapest))
    of_best = verdict.cheapest_of_best
    if best is not cnn and verdict.outcome != "too few":
        if of_best is None:
            parts.append(
                f"No cheaper row ties with the most accurate one, {_title(best)}: {fmt.duration(best.fit_seconds)} to "
                f"fit, {fmt.duration(best.predict_seconds_per_1000)} to predict 1,000 images."
            )
        elif cheapest is None or of_best.row is not cheapest.row:
            parts.append(_beside(of_best))
    compared = [best, cnn, verdict.classical, *([cheapest.row] if cheapest else [])]
    if conditions_differ(compared):
        parts.append("Not all of these times were measured under the same conditions (see the footnotes).")
    return f"**Cost**: {' '.join(parts)}"


def _price(leader: Scored, rival: Scored) -> str:
    """Say what the leader costs, compared with the row that it is ahead of."""
    cheaper = leader.fit_seconds <= rival.fit_seconds
    says = "more accurate and cheaper" if cheaper else "more accurate, at a price"
    return f"**{_title(leader)} is {says}**. Compared with {_title(rival)}, it is {_costs(leader, rival)}."


def _beside(cheapest: Cheapest) -> str:
    """Say what the cheapest row saves, compared with the one that it ties with."""
    row, rival = cheapest.row, cheapest.rival
    estimate, low, high = fmt.points(cheapest.lead.difference)
    return (
        f"**{_title(row)} ties with {_title(rival)}** ({estimate} points behind, 95 % interval {low} to {high}) and is "
        f"cheaper: {_costs(row, rival)}."
    )


def _costs(row: Scored, rival: Scored) -> str:
    """Say how many times faster or slower a row is than its rival."""
    times = _times(row, rival)
    ratios = cost_ratios(row, rival).items()
    return fmt.listing([_ratio(ratio, what, *times[what]) for what, ratio in ratios if ratio is not None])


def _ratio(ratio: float, what: str, own: float, theirs: float) -> str:
    if 0.95 < ratio < 1.05:
        return f"as fast to {what}"
    factor = max(ratio, 1 / ratio)
    text = f"{factor:.1f}" if factor < 9.95 else f"{factor:,.0f}"
    times = f"{fmt.duration(own)} instead of {fmt.duration(theirs)}"
    return f"{text} times {'faster' if ratio > 1 else 'slower'} to {what} ({times})"


def _pick(summary: Summary, verdict: Verdict) -> str:
    picks = verdict.picks
    assert picks is not None, "there is a row"
    if not picks.most_accurate.accuracy.estimate:
        return "**Pick**: none. No row classifies any test image correctly."
    best, n_first = picks.most_accurate, len(_near_the_best(summary))
    far = len(_first_rank(summary)) - n_first
    if n_first == 1 and not far:
        return f"**Pick**: {_title(best)}, the only row of the first rank."
    if n_first == 1:
        return (
            f"**Pick**: {_title(best)}. The others of the first rank are significantly less accurate, by "
            f"{LARGE * 100:.0f} points or more; a chain of ties links them."
        )
    images, others = fmt.plural(summary.n_test, "test image"), len(picks.uncertain)
    if others == n_first - 1:
        highest = f"{_title(best)} has the highest accuracy ({fmt.accuracy(best.accuracy.estimate)})"
        of_rank = f"the {'other row' if others == 1 else f'{others} other rows'} of the first rank"
        return f"**Pick**: none yet. {highest}, but {images} are too few to compare it with {of_rank}."
    few = f" {images} are too few to compare {_title(best)} with {others} more." if others else ""
    are = "is" if far == 1 else "are"
    left = f" {far} more, linked by a chain of ties, {are} {LARGE * 100:.0f} points or more behind it." if far else ""
    return f"{_picked(picks)}{few}{left}"


def _picked(picks: Picks) -> str:
    """Say which row meets which need."""
    reasons: dict[str, tuple[Scored, list[str]]] = {}
    size = picks.smallest.model_bytes
    for row, reason in (
        (picks.most_accurate, f"the highest accuracy ({fmt.accuracy(picks.most_accurate.accuracy.estimate)})"),
        (picks.cheapest, f"the shortest fit ({fmt.duration(picks.cheapest.fit_seconds)})"),
        (
            picks.fastest,
            f"the fastest answer ({fmt.duration(picks.fastest.predict_seconds_per_1000)} for 1,000 images)",
        ),
        *([] if size is None else [(picks.smallest, f"the smallest file ({fmt.size(size)})")]),
    ):
        reasons.setdefault(row.name, (row, []))[1].append(reason)
    if len(reasons) == 1:
        return f"**Pick**: {_title(picks.most_accurate)}, the best of the first rank in accuracy, time and size."
    parts = [f"{_title(row)} for {fmt.listing(why)}" for row, why in reasons.values()]
    return f"**Pick**, among the rows of the first rank: {'; '.join(parts)}."


def _title(row: Scored) -> str:
    return f"*{md.escape(row.title)}*"


def _named(row: Scored) -> str:
    low, high = row.accuracy.low, row.accuracy.high
    return f"{_title(row)}, {fmt.accuracy(row.accuracy.estimate)} ({low:.3f}–{high:.3f})"


def _uneven(summary: Summary) -> str:
    """Say what an accuracy is worth where one class has most of the images."""
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    if not summary.scored or images.max() * len(images) < UNEVEN * summary.n_test:
        return ""
    largest = md.escape(summary.class_names[int(images.argmax())])
    return (
        f"The classes are uneven: a model that always answers “{largest}” has an accuracy of "
        f"{fmt.accuracy(images.max() / summary.n_test)} here. Macro F1 gives every class the same weight."
    )


def _preview(summary: Summary) -> str:
    previews = summary.previews
    if not previews:
        return ""
    rows = sorted({row.record.fit_rows for row in previews})
    part = fmt.listing([f"{n:,}" for n in rows])
    text = f"trained on {part} of the {summary.test_set.most_fit_rows:,} rows"
    if any(row.record.preset.get("tiny") for row in previews):
        every = rows == [summary.test_set.most_fit_rows]  # fewer than the preset takes
        text = f"{f'trained on all {part} rows' if every else text}, with models made tiny to test the program"
    presets = fmt.listing(sorted({effort(row.record) for row in previews}))
    if len(previews) == len(summary.scored):
        return f"**A preview, not the result**: {text} ({presets})."
    titles = fmt.listing([_title(row) for row in previews])
    return f"**In part a preview, not the result**: {titles} {text} ({presets})."
