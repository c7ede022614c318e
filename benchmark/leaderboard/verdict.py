"""The answer, in two or three sentences made from the numbers."""

from __future__ import annotations

import numpy as np

from benchmark.leaderboard.footnotes import conditions_differ, failure
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics import significance as inference
from benchmark.render import markdown as md

CLASSICAL, CNN = "classical", "cnn"

UNEVEN = 1.5
"""Times its even share of the test images, from which the largest class is named beside the verdict."""


LARGE = 0.05
"""Of a lead that is not told from luck: from here it is not called a tie to be settled by cost."""


def verdict(summary: Summary) -> str:
    """Return the verdict as markdown; a preview says so first."""
    classical, cnn = summary.best_of(CLASSICAL), summary.best_of(CNN)
    if classical and cnn:
        text = f"{_gap(summary, classical, cnn)} {_costs(classical, cnn)}"
    elif classical or cnn:
        text = _one_side(summary, classical, cnn)
    elif summary.scored:
        text = f"No classical pipeline and no CNN has a result here; the best row is {_named(summary.scored[0])}."
    elif not summary.failed:
        text = "No estimator has been run on these data yet: `python -m benchmark run --all` does."
    else:
        text = f"No estimator finished: {md.plural(len(summary.failed), 'row')} below, each with its reason."
    return "\n\n".join(filter(None, [_preview(summary), text, _uneven(summary)]))


def _uneven(summary: Summary) -> str:
    """Say what an accuracy is worth where one class has most of the images."""
    images = np.bincount(summary.test_set.y, minlength=len(summary.class_names))
    if not summary.scored or images.max() * len(images) < UNEVEN * summary.n_test:
        return ""
    largest = md.escape(summary.class_names[int(images.argmax())])
    return (
        f"The classes are uneven: whoever always answers “{largest}” has an accuracy of "
        f"{md.accuracy(images.max() / summary.n_test)} here. Macro F1 weighs every class alike."
    )


def _gap(summary: Summary, classical: Scored, cnn: Scored) -> str:
    pair, leader = summary.pair(cnn, classical), "CNN"
    if pair.difference.estimate < 0:
        pair, leader = pair.reversed, "classical model"
    gap = pair.difference
    rows = f"{_named(cnn)}; the best classical pipeline is {_named(classical)}"
    estimate, low, high = md.points(gap)
    interval = f"(95 % interval {low} to {high})"
    if not pair.significant and pair.p < inference.LEVEL and not gap.contains_zero and gap.estimate >= LARGE:
        lead = (
            f"**Not decided: {summary.n_test:,} test images are too few to rule out luck.** The {leader}'s lead of "
            f"{estimate} points {interval} is large, and taken alone it would do (McNemar's test p = "
            f"{md.p_value(pair.p)}); among {md.plural(len(summary.pairs), 'comparison')} luck brings such a one more "
            f"often (after Holm's correction {md.p_value(pair.p_holm)}). More test images would decide it."
        )
    elif not pair.significant:
        why = (
            "is within what this test set can resolve"
            if gap.contains_zero
            else f"is one that luck may bring among {md.plural(len(summary.pairs), 'comparison')} (McNemar's test "
            f"p = {md.p_value(pair.p)}, after Holm's correction {md.p_value(pair.p_holm)})"
        )
        what = f"The {leader}'s lead of {estimate} points {interval} {why}"
        if gap.estimate == 0:
            what = f"Both have the same accuracy (95 % interval of the difference {low} to {high} points)"
        lead = (
            f"**A tie: {summary.n_test:,} test images cannot tell the CNN from a classical model.** "
            f"{what}, so choose by cost."
        )
    elif leader == "CNN":
        lead = f"**The CNN is ahead by {estimate} points** {interval}."
    else:
        lead = f"**No CNN needed: a classical model is ahead of it by {estimate} points** {interval}."
    return f"{lead} The best CNN is {rows}."


def _costs(classical: Scored, cnn: Scored) -> str:
    def both(a: float, b: float) -> str:
        return f"{md.duration(a)} and the classical pipeline {md.duration(b)}{_ratio(a, b)}"

    text = (
        f"To train, the CNN took {both(cnn.fit_seconds, classical.fit_seconds)}; "
        f"to predict 1,000 images, {md.duration(cnn.predict_seconds_per_1000)} and "
        f"{md.duration(classical.predict_seconds_per_1000)}"
        f"{_ratio(cnn.predict_seconds_per_1000, classical.predict_seconds_per_1000)}; "
        f"to tune, {md.duration(cnn.record.tuning_seconds)} and {md.duration(classical.record.tuning_seconds)}."
    )
    if conditions_differ([classical, cnn]):
        text += " The two were not measured under the same conditions (see the footnotes), so compare times with care."
    return text


def _ratio(cnn: float, classical: float) -> str:
    if min(cnn, classical) <= 0:
        return ""
    ratio = max(cnn, classical) / min(cnn, classical)
    if ratio < 1.05:
        return " (about the same)"
    factor = f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"
    return f" (the {'CNN' if cnn > classical else 'classical one'} {factor} times as long)"


def _one_side(summary: Summary, classical: Scored | None, cnn: Scored | None) -> str:
    row = classical or cnn
    assert row is not None
    wanted, missing = ("CNN", CNN) if classical else ("classical pipeline", CLASSICAL)
    reasons = [f"{md.escape(one.title)} {failure(one)}" for one in summary.failed if one.family == missing]
    why = f" ({'; '.join(reasons)})" if reasons else ""
    side = "classical pipeline" if classical else "CNN"
    return (
        f"**The question is open: no {wanted} has a result here**{why}. The best {side} is {_named(row)}. "
        f"It took {md.duration(row.fit_seconds)} to train, {md.duration(row.predict_seconds_per_1000)} to predict "
        f"1,000 images and {md.duration(row.record.tuning_seconds)} to tune."
    )


def _named(row: Scored) -> str:
    low, high = row.accuracy.low, row.accuracy.high
    return f"*{md.escape(row.title)}*, test accuracy {md.accuracy(row.accuracy.estimate)} ({low:.3f}–{high:.3f})"


def _preview(summary: Summary) -> str:
    previews = summary.previews
    if not previews:
        return ""
    rows = sorted({row.record.fit_rows for row in previews})
    part = md.listing([f"{n:,}" for n in rows])
    text = f"trained on {part} of the {summary.test_set.n_train:,} rows"
    if any(row.record.preset.get("tiny") for row in previews):
        every = rows == [summary.test_set.n_train]  # fewer than the preset takes
        text = f"{f'trained on all {part} rows' if every else text}, with models made tiny to test the program"
    presets = md.listing(sorted({md.escape(str(row.record.preset.get("name", "unknown"))) for row in previews}))
    if len(previews) == len(summary.scored):
        return f"> **A preview, not the result**: {text} (preset {presets})."
    titles = md.listing([f"*{md.escape(row.title)}*" for row in previews])
    return f"> **In part a preview, not the result**: {titles} {text} (preset {presets})."
