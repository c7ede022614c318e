"""The page about the data: exact and near duplicates, likely label errors, class balance, and constant pixels."""

from __future__ import annotations

import math

import numpy as np

from benchmark.analyses.data_audit import scores as audit_scores
from benchmark.analyses.data_audit.schema import PARTS, SCOPES, AuditData, Ints, parts_of
from benchmark.analyses.data_audit.scores import AuditScores
from benchmark.leaderboard.commands import data_flags, word
from benchmark.render import fmt, thumbnails
from benchmark.render import markdown as md
from benchmark.render.document import (
    NOTHING,
    Block,
    Bullets,
    Cell,
    Figures,
    Heading,
    Section,
    Table,
    number,
    pictures,
    table,
    words,
)
from benchmark.render.thumbnails import Thumbnail

FILE = "data-audit.md"

TITLE = "What is wrong with the data?"

CSV = "audit.csv"

BALANCED = 1.1
"""Classes are nearly balanced if the largest has at most this many times the images of the smallest."""

TOP = 10
"""Rows of the tables of label pairs and of suggested labels."""

NAMES = {"train": "training", "test": "test"}

DUPLICATE_OF = {"train": "another training image", "test": "another test image", "across": "a training image"}
"""By scope: what an image is compared with."""


def section(scores: AuditScores, figures: Figures) -> Section:
    """Return the page: the findings, their counts, each in detail, and the method."""
    search = scores.audit.audit.search
    test_set = scores.summary.test_set
    flags = data_flags(test_set.dataset, test_set.given, test_set.group, test_set.asked_folds)
    command = " ".join(["python -m benchmark audit", *flags])
    command += f" --estimator {word(search.estimator)}" if search else ""
    y = scores.y
    findings = [_duplicates(scores.audit), _effect(scores), _labels(scores), _balance(scores), _pixels(scores)]
    copies, errors = _copies(scores, figures), _error_thumbnails(scores, figures)
    blocks: list[Block] = [
        Bullets(tuple(filter(None, findings))),
        Heading("Counts"),
        counts(scores.audit, y["test"], len(scores.summary.class_names)),
        *_under(
            "Near duplicates",
            [_two_labels(scores), *_label_pairs(scores), *pictures(figures, "copies"), _copy_files(copies)],
        ),
        *_under("Accuracy without near duplicates", _rescored(scores)),
        *_under(
            "Likely label errors",
            [*_suggestions(scores), *pictures(figures, "label-errors"), thumbnails.paragraph(errors)],
        ),
        *_under("Images of each class", _class_sizes(scores)),
        Heading("How it was counted"),
        Bullets(tuple(_method(scores))),
    ]
    return Section(
        FILE,
        TITLE,
        "Duplicates, likely label errors, and constant pixels.",
        blocks,
        csv=audit_scores.frame(scores),
        reproduce=[command],
        source="the audit is read from its record",
        thumbnails=[*(each for pair in copies for each in pair), *errors],
    )


def _copies(scores: AuditScores, figures: Figures) -> list[list[Thumbnail]]:
    """Return the thumbnails of each pair in the figure `copies`."""
    if "copies" not in figures:
        return []
    shown = figures["copies"].data
    sides = [zip(shown.parts, pair, strict=True) for pair in shown.index]
    return [[each for part, image in pair for each in scores.thumbnails(part, np.array([image]))] for pair in sides]


def _copy_files(copies: list[list[Thumbnail]]) -> str:
    pairs = [" and ".join(f"{NAMES[each.part]} #{each.index} {each.link}" for each in pair) for pair in copies if pair]
    return f"Files: {'; '.join(pairs)}." if pairs else ""


def _error_thumbnails(scores: AuditScores, figures: Figures) -> list[Thumbnail]:
    return scores.thumbnails("train", figures["label-errors"].data.index) if "label-errors" in figures else []


def counts(audit: AuditData, y_test: Ints, n_classes: int) -> Table:
    """Return the table of counts, for the page and for the terminal."""
    y = {"train": audit.y_train, "test": y_test}
    copies = [audit.copies[scope] for scope in SCOPES]
    two_labels = [int(audit_scores.differing(audit, scope, y).sum()) for scope in SCOPES]
    rows = [
        [words("Images"), *(number(len(y[part]), fmt.count) for part in PARTS), NOTHING],
        [words("Images of each class"), *(_range(y[part], n_classes) for part in PARTS), NOTHING],
        [words("Images with an exact duplicate"), *(_count(len(found.equal)) for found in copies)],
        [words("Images with a near duplicate"), *(_count(len(found.images)) for found in copies)],
        [words("Pairs of near duplicates"), *(_count(found.n_pairs) for found in copies)],
        [words("Pairs of near duplicates with two labels"), *map(_count, two_labels)],
        [words("Images of one grey value"), *(_count(len(audit.flat[part])) for part in PARTS), NOTHING],
        [words("Constant pixels"), *(_count(len(audit.constant[part])) for part in PARTS), NOTHING],
        [words("Likely label errors"), _errors(audit), NOTHING, NOTHING],
    ]
    return table(["", "Training", "Test", "Test against training"], rows)


def _count(images: int) -> Cell:
    return Cell(_some(images), images)


def _range(y: Ints, n_classes: int) -> Cell:
    """Return the sizes of the classes, as "1,000" or "139 to 146"."""
    sizes = np.bincount(y, minlength=n_classes)
    return Cell(_spread(sizes), int(sizes.min()))


def _errors(audit: AuditData) -> Cell:
    if audit.audit.search is None:
        return Cell("not searched for")
    n = len(audit.errors.index)
    return Cell(f"{_some(n)} ({fmt.percent(n / audit.audit.search.images)})", n)


def _under(heading: str, blocks: list[Block]) -> list[Block]:
    """Return blocks under a heading, or nothing if all are empty."""
    return [Heading(heading), *blocks] if any(blocks) else []


def _duplicates(audit: AuditData) -> str:
    copies = audit.copies
    if any(len(copies[scope].equal) for scope in SCOPES):
        exact = fmt.listing([_has(len(copies[scope].equal), scope, "an exact duplicate") for scope in SCOPES])
    else:
        exact = "there are no exact duplicates"
    if any(len(copies[scope].images) for scope in SCOPES):
        near = fmt.listing([_has(len(copies[scope].images), scope, "a near duplicate") for scope in SCOPES])
    else:
        near = "no image has a near duplicate"
    return f"**Duplicates**: {exact}. {near[0].upper()}{near[1:]}."


def _has(images: int, scope: str, what: str) -> str:
    first, second = (NAMES[part] for part in parts_of(scope))
    subject = fmt.plural(images, f"{first} image") if images else f"no {first} image"
    verb, object_ = "have" if images > 1 else "has", what if scope == SCOPES[0] else "one"
    return f"{subject} {verb} {object_} among the {second} images"


def _effect(scores: AuditScores) -> str:
    """Return what near duplicates do to the accuracies."""
    duplicates = len(scores.audit.copies["across"].images)
    if not scores.summary.scored or not duplicates:
        return ""
    opening = "**Effect on the accuracies**:"
    if duplicates == scores.summary.n_test:
        return f"{opening} not known, as every test image has a near duplicate in training."
    images = f"{duplicates:,} test images that have" if duplicates > 1 else "one test image that has"
    without = f"{opening} without the {images} a near duplicate in training,"
    changes = [row.change for row in scores.rescored if row.change]
    if not changes:
        return f"{without} no accuracy changes."
    low, high = fmt.signed_points(min(changes)), fmt.signed_points(max(changes))
    span = f"by {low} points" if low == high else f"by {low} to {high} points"
    which = "accuracies change" if len(changes) > 1 else "one accuracy changes"
    rest = len(scores.rescored) - len(changes)
    others = "" if not rest else " The other one does not." if rest == 1 else f" The other {rest} do not."
    return f"{without} {which} {span}; {_order(scores)}.{others}"


def _order(scores: AuditScores) -> str:
    pairs = [[f"*{md.escape(title)}*" for title in titles] for titles in scores.overtaken]
    if not pairs:
        return "the order of the estimators stays the same"
    if len(pairs) > 2:
        return f"{len(pairs)} pairs of estimators change places"
    return fmt.listing([f"{ahead} comes out ahead of {behind}" for ahead, behind in pairs])


def _labels(scores: AuditScores) -> str:
    audit = scores.audit.audit
    if audit.search is None:
        verb = "could not be" if audit.status == "failed" else "were not"
        return f"**Labels**: likely label errors {verb} searched for: {md.escape(audit.reason)}."
    n, images = len(scores.audit.errors.index), audit.search.images
    if not n:
        return "**Labels**: confident learning suspects no label to be wrong."
    text = f"**Labels**: confident learning suspects {n:,} of {images:,} training labels ({fmt.percent(n / images)})."
    if scores.summary.hardest is not None:
        name = md.escape(scores.summary.class_names[scores.summary.hardest])
        text += f" Of these, {_some(scores.hardest)} ({fmt.percent(scores.hardest / n)}) "
        text += f"{'is' if scores.hardest == 1 else 'are'} labelled {name}, or {name} is suggested."
    return f"{text} This is not a count of mistakes: a model that confuses two classes suspects correct labels, too."


def _balance(scores: AuditScores) -> str:
    train, test = _class_counts(scores)
    if _is_balanced(scores):
        nearly = "" if len(set(train)) == len(set(test)) == 1 else "nearly "
        return f"**Classes** are {nearly}balanced: {_spread(train)} training and {_spread(test)} test images each."
    return "**Classes** are not balanced: accuracy favours the large ones, while macro F1 weights all classes equally."


def _class_counts(scores: AuditScores) -> tuple[Ints, Ints]:
    train, test = (np.bincount(scores.y[part], minlength=len(scores.summary.class_names)) for part in PARTS)
    return train, test


def _is_balanced(scores: AuditScores) -> bool:
    return all(sizes.min() and sizes.max() <= BALANCED * sizes.min() for sizes in _class_counts(scores))


def _pixels(scores: AuditScores) -> str:
    count = math.prod(scores.summary.test_set.image_shape)
    constant = scores.audit.constant
    if not any(len(constant[part]) for part in PARTS):
        return f"**Pixels**: none of the {count:,} is constant in the training images or in the test images."
    parts = []
    for part in PARTS:
        pixels, values = len(constant[part]), {int(value) for value in constant[part][:, 1]}
        value = f" (value {min(values)})" if len(values) == 1 else ""
        parts.append(f"{_some(pixels)} {'is' if pixels == 1 else 'are'} constant in the {NAMES[part]} images{value}")
    return f"**Pixels**: of {count:,}, {fmt.listing(parts)}."


def _two_labels(scores: AuditScores) -> str:
    """Return whether the two images of near duplicates have the same label."""
    copies = scores.audit.copies
    total, listed = sum(copies[scope].n_pairs for scope in SCOPES), sum(len(copies[scope].pairs) for scope in SCOPES)
    if not total:
        return ""
    differing = sum(sum(each.pairs) for each in scores.label_pairs)
    if differing:
        verb = "has" if differing == 1 else "have"
        pairs = fmt.plural(differing, "pair")
        text = f"{pairs} {verb} two different labels: one of them is wrong, or the classes overlap."
    else:
        text = f"Both images of {'the pair' if total == 1 else 'each pair'} have the same label."
    return text if listed == total else f"{text} Only the {listed:,} closest of {total:,} pairs were compared for this."


def _label_pairs(scores: AuditScores) -> list[Block]:
    names = scores.summary.class_names
    rows = []
    for found in scores.label_pairs[:TOP]:
        first, second = (names[label] for label in found.labels)
        classes = Cell(f"{md.escape(first)} ↔ {md.escape(second)}", f"{first} ↔ {second}")
        rows.append([classes, *map(_count, found.pairs)])
    return [table(["Labels", "Training", "Test", "Test against training"], rows)] if rows else []


def _rescored(scores: AuditScores) -> list[Block]:
    rows = [
        [
            words(row.title),
            Cell(fmt.accuracy(row.accuracy.estimate), row.accuracy.estimate, (row.accuracy.low, row.accuracy.high)),
            number(row.without, fmt.accuracy),
            number(row.change, fmt.signed_points),
            number(row.on_duplicates, fmt.percent),
        ]
        for row in scores.rescored
        if row.change
    ]
    alone = f"Accuracy on the {len(scores.audit.copies['across'].images):,} alone"
    header = ["Estimator", "All test images", "Without near duplicates", "Change, points", alone]
    return [table(header, rows)] if rows else []


def _suggestions(scores: AuditScores) -> list[Block]:
    names = scores.summary.class_names
    rows = [
        [
            words(names[found.label]),
            words(names[found.suggested]),
            number(found.images, fmt.count),
            number(found.share, fmt.percent),
            number(found.share_of_label, fmt.percent),
        ]
        for found in scores.suggestions[:TOP]
    ]
    header = ["Label", "Suggested", "Images", "Share of likely errors", "Share of the label's images"]
    return [table(header, rows, left=2)] if rows else []


def _class_sizes(scores: AuditScores) -> list[Block]:
    if _is_balanced(scores):
        return []
    train, test = _class_counts(scores)
    rows = []
    for label, name in enumerate(scores.summary.class_names):
        cells = [words(name)]
        for sizes in (train, test):
            cells += [
                number(int(sizes[label]), fmt.count),
                number(float(sizes[label] / max(1, sizes.sum())), fmt.percent),
            ]
        rows.append(cells)
    return [table(["Class", "Training images", "Share", "Test images", "Share"], rows)]


def _method(scores: AuditScores) -> list[str]:
    audit, copies = scores.audit.audit, scores.audit.copies
    items = [
        "**Exact duplicates** have the same bytes. **Near duplicates** are pairs of images whose pixels have a Pearson "
        f"correlation of at least {audit.near:g}, exact duplicates among them; brightness and contrast make no "
        "difference. All pairs were compared.",
    ]
    if search := audit.search:
        left_out = len(scores.audit.y_train) - search.images
        without = f" {fmt.plural(left_out, 'image')} of classes with fewer than {search.folds} images were left out."
        items.append(
            f"**Likely label errors** are found by confident learning (Northcutt, Jiang and Chuang 2021; cleanlab "
            f"{md.escape(search.cleanlab)}, prune by noise rate), from out-of-fold probabilities of "
            f"*{md.escape(search.title)}* with its default parameters: {search.folds} folds, accuracy "
            f"{fmt.percent(search.accuracy)}. It estimates that {fmt.percent(search.share)} of the labels are "
            f"wrong.{without * bool(left_out)}"
        )
    cut = any(len(copies[scope].pairs) < copies[scope].n_pairs for scope in SCOPES)
    listed = "the closest pairs and every other finding" if cut else "every finding"
    file = "file, " if scores.has_files else ""
    items.append(
        f"**[{CSV}]({CSV})** lists {listed}, with index, {file}label and similarity. Its kinds are `equal` (exact "
        "duplicate), `near copy` (near duplicate), `one grey value` and `label` (likely label error)."
    )
    return items


def _some(images: int) -> str:
    """Return "1,234" or "none"."""
    return f"{images:,}" if images else "none"


def _spread(sizes: Ints) -> str:
    low, high = int(sizes.min()), int(sizes.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
