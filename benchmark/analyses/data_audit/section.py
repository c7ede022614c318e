"""What is odd about the data: images that are there twice, likely label errors, pixels that never vary."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from benchmark.analyses.data_audit import scores as findings
from benchmark.analyses.data_audit.schema import PARTS, SCOPES, AuditData, parts_of
from benchmark.analyses.data_audit.scores import AuditScores
from benchmark.leaderboard.commands import dataset_flag, word
from benchmark.render import markdown as md
from benchmark.render.document import Block, Figures, Section, pictures, table

TITLE = "What is odd about the data"

BALANCED = 1.1
"""The largest class by the smallest, up to which classes are nearly balanced."""

TOP = 10
"""Pairs of label and suggested label, or of two labels of one picture, that a table shows."""


FILE = "data-audit.md"


def section(scores: AuditScores, figures: Figures) -> Section:
    """Return the section."""
    search = scores.audit.audit.search
    command = " ".join(["python -m benchmark audit", *dataset_flag(scores.summary.test_set.dataset)])
    command += f" --estimator {word(search.estimator)}" if search else ""
    blocks = [*_blocks(scores), *pictures(figures, "copies", "label-errors")]
    return Section(
        FILE,
        TITLE,
        "Duplicates, likely label errors, and pixels that never vary.",
        blocks,
        csv=findings.frame(scores),
        reproduce=[command],
        source="what the audit found is taken from its record",
    )


def _blocks(scores: AuditScores) -> list[Block]:
    held = scores.audit
    return [
        _opening(held),
        table(findings.HEADER, findings.counts(held, scores.summary.test_set.y, len(scores.summary.class_names))),
        *_two_labels(scores, held),
        *_scores(scores, held),
        *_label_errors(scores, held),
        *_balance(scores, held),
        _pixels(scores, held),
        _listed(held),
    ]


def _opening(held: AuditData) -> str:
    copies = held.copies
    if any(len(copies[scope].equal) for scope in SCOPES):
        text = f"**Byte for byte, {md.listing([_equal(len(copies[scope].equal), scope) for scope in SCOPES])}.**"
    else:
        text = "**No image is there twice, byte for byte.**"
    if any(len(copies[scope].images) for scope in SCOPES):
        near = md.listing([_near(len(copies[scope].images), scope) for scope in SCOPES])
    else:
        near = "No image has a near copy"
    return (
        f"{text} {near[0].upper()}{near[1:]}. Near copies are pairs whose pixels correlate at {held.audit.near:g} or "
        "more (Pearson: each image's mean taken off, so brightness and contrast make no difference), equal ones "
        "among them. All pairs were compared."
    )


def _equal(number: int, scope: str) -> str:
    part, partner = findings.WHERE[scope]
    verb = "equal" if number > 1 else "equals"
    return f"{_images(number, part)} {verb} {partner}"


def _near(number: int, scope: str) -> str:
    first, second = (findings.NAMES[part] for part in parts_of(scope))
    verb = "have" if number > 1 else "has"
    return f"{_images(number, first)} {verb} {'a near copy' if scope == 'train' else 'one'} among the {second} images"


def _images(number: int, part: str) -> str:
    return md.plural(number, f"{part} image") if number else f"no {part} image"


def _two_labels(scores: AuditScores, held: AuditData) -> list[Block]:
    """Return what labels near copies have, and the classes between which they differ."""
    y = {"train": held.y_train, "test": scores.summary.test_set.y}
    total = sum(held.copies[scope].n_pairs for scope in SCOPES)
    listed = sum(len(held.copies[scope].pairs) for scope in SCOPES)
    if not total:
        return []
    tallies = np.zeros((len(SCOPES), len(scores.summary.class_names), len(scores.summary.class_names)), dtype=int)
    for place, scope in enumerate(SCOPES):
        differing = findings.differing(held, scope, y)
        first, second = parts_of(scope)
        pairs = held.copies[scope].pairs[differing]
        labels = np.sort(np.column_stack([y[first][pairs[:, 0]], y[second][pairs[:, 1]]]), axis=1)
        np.add.at(tallies[place], (labels[:, 0], labels[:, 1]), 1)
    of_all = tallies.sum(axis=0)
    only = "" if listed == total else f" Of the {total:,} pairs only the {listed:,} closest are looked at here."
    if not of_all.any():
        one = f"Both images of {'the pair' if total == 1 else 'each pair'} have the same label."
        return [f"{one}{only}"]
    order = np.argsort(-of_all, axis=None, kind="stable")
    rows = []
    for a, b in (np.unravel_index(place, of_all.shape) for place in order[:TOP]):
        if of_all[a, b]:
            classes = f"{md.escape(scores.summary.class_names[a])} ↔ {md.escape(scores.summary.class_names[b])}"
            rows.append([classes, *(findings.some(int(tally[a, b])) for tally in tallies)])
    differ = md.plural(int(of_all.sum()), "pair") + (
        " of near copies has" if of_all.sum() == 1 else " of near copies have"
    )
    return [
        f"**One picture, two labels**: {differ} two labels, so at least one of them is wrong or the classes overlap "
        f"there.{only}",
        table(["Labels", *findings.HEADER[1:]], rows),
    ]


def _scores(scores: AuditScores, held: AuditData) -> list[Block]:
    """Return what each estimator scores without the test images that have a near copy in training."""
    copied = held.copies["across"].images
    kept = np.delete(np.arange(scores.summary.n_test), copied)
    if not scores.summary.scored or not len(copied):
        return []
    if not len(kept):
        return ["Every test image has a near copy in training, so there is no score without them."]
    n = len(copied)
    them = f"the {n:,} test images that have" if n > 1 else "the one test image that has"
    changes, rows, after = [], [], []
    for row in scores.summary.scored:
        without = float(row.correct[kept].mean())
        after.append(round(without, 12))  # beyond that, two means of the same differ by how they were added up
        change = round(without - row.accuracy.estimate, 12)
        if change:
            changes.append(change)
            rows.append(
                [
                    md.escape(row.title),
                    md.accuracy(row.accuracy.estimate),
                    md.accuracy(without),
                    _signed(change),
                    md.percent(float(row.correct[copied].mean())),
                ]
            )
    title = f"**The scores without them**: without {them} a near copy in training,"
    if not rows:
        return [f"{title} no score changes."]
    low, high = _signed(min(changes)), _signed(max(changes))
    span = f"by {low} points" if low == high else f"by {low} to {high} points"
    which = "scores change" if len(rows) > 1 else "one score changes"
    rest = len(scores.summary.scored) - len(rows)
    others = f" {md.plural(rest, 'other score')} {'does' if rest == 1 else 'do'} not change." if rest else ""
    return [
        f"{title} {which} {span}, and {_order(scores, after)}.{others}",
        table(
            ["Estimator", "All test images", "Without the copies", "Change in points", f"Right on the {n:,} alone"],
            rows,
        ),
    ]


def _order(scores: AuditScores, after: Sequence[float]) -> str:
    """Return what becomes of the order of the rows, given the score that each has then."""
    titles = [f"*{md.escape(row.title)}*" for row in scores.summary.scored]
    swapped = [(b, a) for (a, x), (b, y) in combinations(zip(titles, after, strict=True), 2) if x < y]
    if not swapped:
        return "the order of the rows stays as it is"
    if len(swapped) > 2:
        return f"{len(swapped)} pairs of rows change places"
    return md.listing([f"{ahead} comes out ahead of {behind}" for ahead, behind in swapped])


def _label_errors(scores: AuditScores, held: AuditData) -> list[Block]:
    search, errors = held.audit.search, held.errors
    if search is None:
        were = "could not be" if held.audit.status == "failed" else "were not"
        return [f"**Likely label errors** {were} looked for: {md.escape(held.audit.reason)}."]
    n = len(errors.index)
    left_out = len(held.y_train) - search.images
    without = (
        f" ({md.plural(left_out, 'image')} of classes with fewer than {search.folds} left out)" if left_out else ""
    )
    text = (
        f"**Likely label errors**: *{md.escape(search.title)}*, with its default parameters, was fitted {search.folds} "
        f"times, each time without a part of the training images, and is right on {md.percent(search.accuracy)} of the "
        "images that it was not fitted on. From its probabilities confident learning (Northcutt, Jiang and Chuang "
        f"2021; cleanlab {md.escape(search.cleanlab)}, pruned by noise rate) estimates that {md.percent(search.share)} "
        f"of the labels are wrong, and names "
    )
    if not n:
        return [f"{text}no image{without}."]
    text += (
        f"{md.plural(n, 'image')} of {search.images:,} ({md.percent(n / search.images)}){without}. Read it as where "
        "labels and pictures are at odds, not as a count of mistakes: a model that cannot tell two classes apart is at "
        "odds with good labels, too."
    )
    if scores.summary.hardest is not None:
        either = int(
            (
                (held.y_train[errors.index] == scores.summary.hardest) | (errors.suggested == scores.summary.hardest)
            ).sum()
        )
        name = md.escape(scores.summary.class_names[scores.summary.hardest])
        text += f" {findings.some(either).capitalize()} of them ({md.percent(either / n)}) "
        text += f"{'are' if either != 1 else 'is'} labelled {name} or suggested to be."
    k = len(scores.summary.class_names)
    tally = np.bincount(held.y_train[errors.index] * k + errors.suggested, minlength=k * k).reshape(k, k)
    images = np.bincount(held.y_train, minlength=k)
    rows = []
    for place in np.argsort(-tally, axis=None, kind="stable")[:TOP]:
        given, suggested = divmod(int(place), k)
        number = int(tally[given, suggested])
        if number:
            names = [md.escape(scores.summary.class_names[label]) for label in (given, suggested)]
            rows.append([*names, f"{number:,}", md.percent(number / n), md.percent(number / images[given])])
    return [
        text,
        table(
            ["Label", "Suggested", "Images", "Share of all such images", "Share of the label's images"], rows, left=2
        ),
    ]


def _balance(scores: AuditScores, held: AuditData) -> list[Block]:
    k = len(scores.summary.class_names)
    train, test = (np.bincount(y, minlength=k) for y in (held.y_train, scores.summary.test_set.y))
    if all(counts.min() and counts.max() <= BALANCED * counts.min() for counts in (train, test)):
        nearly = "" if len(set(train)) == len(set(test)) == 1 else "nearly "
        each = f"{findings.spread(train)} training and {findings.spread(test)} test images each"
        return [f"**Classes** are {nearly}balanced: {each}."]
    share = [[md.percent(number / max(1, counts.sum())) for number in counts] for counts in (train, test)]
    rows = [
        [md.escape(name), f"{train[label]:,}", share[0][label], f"{test[label]:,}", share[1][label]]
        for label, name in enumerate(scores.summary.class_names)
    ]
    return [
        "**Classes** are not balanced; macro F1 counts each alike, accuracy does not.",
        table(["Class", "Training images", "Share", "Test images", "Share"], rows),
    ]


def _pixels(scores: AuditScores, held: AuditData) -> str:
    pixels = scores.summary.test_set.image_shape[0] * scores.summary.test_set.image_shape[1]
    parts = []
    for part in PARTS:
        number = len(held.constant[part])
        values = {int(value) for value in held.constant[part][:, 1]}
        value = f" (at {min(values)})" if len(values) == 1 else ""
        verb = "has" if number == 1 else "have"
        parts.append(f"{number or 'none'} {verb} one value{value} in all {findings.NAMES[part]} images")
    if not any(len(held.constant[part]) for part in PARTS):
        return f"**Pixels**: each of the {pixels:,} varies, in the training images and in the test images."
    return f"**Pixels**: of {pixels:,}, {md.listing(parts)}."


def _listed(held: AuditData) -> str:
    cut = any(len(held.copies[scope].pairs) < held.copies[scope].n_pairs for scope in SCOPES)
    which = "The closest pairs and every other finding are" if cut else "Every finding is"
    return f"{which} in [{findings.CSV}]({findings.CSV}), with indices, labels and similarity."


def _signed(change: float) -> str:
    """Return a difference of accuracies in points, with its sign."""
    text = f"{change * 100:+.2f}".replace("-", "−")
    return text if float(f"{change * 100:.2f}") else "0.00"
