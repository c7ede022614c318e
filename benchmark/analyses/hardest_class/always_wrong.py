"""The images of the hardest class that nobody finds, that only CNNs find, and that all but CNNs find."""

from __future__ import annotations

import numpy as np

from benchmark.analyses.hardest_class import measure as anatomy
from benchmark.analyses.hardest_class.scores import Subject, titled
from benchmark.leaderboard.summary import Scored
from benchmark.leaderboard.verdict import CNN
from benchmark.metrics import scores
from benchmark.metrics.scores import Ints
from benchmark.render import markdown as md
from benchmark.render.document import Block, Table, table


def core(one: Subject) -> list[Block]:
    """Return what is known of the hard core, without heading and figure."""
    index = one.kinds["core"]
    many = len(one.rows)
    who = f"all {many} estimators" if many > 1 else "the one estimator that there is"
    seeds = ", with every seed" if one.several_seeds else ""
    lead = (
        f"**{len(index):,} of the {one.size:,} {one.name} images ({md.percent(len(index) / one.size)}) are wrong under "
        f"{who}**{seeds}."
    )
    if not len(index):
        return [f"{lead} Each is found by someone, so nothing here is beyond all of them."]
    answers = np.stack([row.predicted[0, index] for row in one.rows])
    common, votes = anatomy.consensus(answers)
    if many == 1:
        return [lead, _called(one, common, votes)]
    alike = int((votes == many).sum())
    lead += (
        f" {alike:,} of them ({md.percent(alike / len(index))}) get one and the same wrong answer from every estimator."
        " Where so many methods agree on another class, the label may be wrong, or the picture may show what the other "
        "class looks like; where they scatter, the picture says too little."
    )
    if one.several_seeds:
        lead += " Answers are those of the lowest seed."
    levels, images = np.unique(votes, return_counts=True)
    rows = [[f"{level} of {many}", f"{n:,}"] for level, n in zip(levels[::-1], images[::-1], strict=True)]
    agree = table(["Estimators that give the commonest wrong answer", "Images"], rows)
    return [lead, _called(one, common, votes), agree]


def _called(one: Subject, common: Ints, votes: Ints) -> Table:
    """Return what the core's images are called by most, the commonest first."""
    labels, images = np.unique(common, return_counts=True)
    rows = []
    for place in np.argsort(-images, kind="stable"):
        label, n = int(labels[place]), int(images[place])
        cells = [one.named(label), f"{n:,}", md.percent(n / len(common))]
        if len(one.rows) > 1:
            cells.append(f"{int((votes[common == label] == len(one.rows)).sum()):,}")
        rows.append(cells)
    header = ["Called by most", "Images", "Share of the core", "Of these, by every estimator"]
    return table(header[: len(rows[0])], rows)


def rescues(one: Subject) -> list[Block]:
    """Return who finds what others miss, without heading and figures; empty with one family."""
    if not one.finds.cnn.any() or one.finds.cnn.all():
        return []
    cnns = int(one.finds.cnn.sum())
    others = len(one.rows) - cnns
    only, not_cnn = one.kinds["cnn"], one.kinds["others"]
    who, no_one = ("the CNN", "not by the CNN") if cnns == 1 else ("CNNs", "by no CNN")
    text = (
        f"**{md.plural(len(only), f'{one.name} image')} {'is' if len(only) == 1 else 'are'} found by {who} only**"
        f"{_mostly(one, only, cnn=False)}; **{len(not_cnn):,} by others and {no_one}**"
        f"{_mostly(one, not_cnn, cnn=True)}."
    )
    if others != cnns:
        text += (
            f" The two numbers are not to be compared: with {max(others, cnns)} tries against {min(others, cnns)}, one "
            "is right by luck more often."
        )
    return [text, *_head_to_head(one), _table(one)]


def _mostly(one: Subject, index: Ints, *, cnn: bool) -> str:
    """Return what those that miss the images say most."""
    if not len(index):
        return ""
    answers = np.stack([row.predicted[0, index] for row in one.rows if (row.family == CNN) == cnn])
    common, _ = anatomy.consensus(answers)
    counts = np.bincount(common[common != one.label], minlength=len(one.summary.class_names))
    if not counts.any():
        return ""
    first = int(counts.argmax())
    return f" ({counts[first]:,} of them most often called {one.named(first)})"


def _head_to_head(one: Subject) -> list[Block]:
    """Compare the best classical pipeline with the best CNN, image by image."""
    if len(one.rivals) < 2:
        return []
    classical, cnn = one.rivals
    a, b = (row.predicted[0, one.of_class] == one.label for row in (classical, cnn))
    gap = scores.paired_difference(cnn.correct[one.of_class], classical.correct[one.of_class])
    leader = cnn if gap.estimate >= 0 else classical
    ends = gap if gap.estimate >= 0 else scores.Interval(-gap.estimate, -gap.high, -gap.low)
    estimate, low, high = md.points(ends)
    text = (
        f"**Like with like**, {titled(classical)} against {titled(cnn)}: {int((a & b).sum()):,} {one.name} images are "
        f"found by both, {int((b & ~a).sum()):,} by the CNN only, {int((a & ~b).sum()):,} by the classical pipeline "
        f"only, {int((~a & ~b).sum()):,} by neither"
    )
    text += " (lowest seeds). " if one.several_seeds else ". "
    if gap.contains_zero:
        text += (
            f"The recall of {titled(leader)} is {estimate} points higher (95 % interval {low} to {high}): {one.size:,} "
            "images cannot tell which of the two finds more, only that they find different ones."
        )
    else:
        text += f"The recall of {titled(leader)} is {estimate} points higher (95 % interval {low} to {high})."
    missed = int((~b).sum())
    if missed:
        text += (
            f" Of what the CNN misses, the classical pipeline finds {md.percent((a & ~b).sum() / missed)}; together "
            f"they would find {md.percent((a | b).mean())}."
        )
    return [text]


def _table(one: Subject) -> Table:
    ever = one.finds.right[:, one.of_class] > 0
    rows = []
    for place, row in enumerate(one.rows):
        alone = ever[place] & (ever.sum(axis=0) == 1)
        cells = [
            md.escape(row.title),
            md.count(float(one.finds.right[place, one.of_class].sum())),
            md.count(alone.sum()),
        ]
        rows.append([*cells, *(_beside(one, row, rival) for rival in one.rivals)])
    header = ["Estimator", f"{one.name} images found", "By no one else"]
    return table([*header, *(f"Missed by {md.escape(rival.title)}" for rival in one.rivals)], rows)


def _beside(one: Subject, row: Scored, rival: Scored) -> str:
    if row is rival:
        return md.NONE
    return f"{int(((row.correct > 0) & (rival.correct == 0))[one.of_class].sum()):,}"
