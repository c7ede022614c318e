"""What the loader did with the user's own images, and the copies that it found: values in, sentences out."""

from __future__ import annotations

import numpy as np

from benchmark.datasets.dataset import size_text
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import Block, Bullets

TITLE = "About these pictures"

LEADING = 3
"""Rows, from the most accurate, whose accuracy is given with and without copies."""


def blocks(summary: Summary) -> list[Block]:
    """Return the section; nothing where the loader has nothing to say, as of a published data set."""
    facts = sentences(summary)
    return [Bullets(tuple(facts))] if facts else []


def sentences(summary: Summary) -> list[str]:
    """Return size, colour, how the files were read, each remark of the loader, and the copies; often nothing."""
    test_set = summary.test_set
    few = "" if summary.many_copies else copies(summary)  # the verdict speaks of many
    told = [md.escape(text) for text in (test_set.read_as, *test_set.remarks) if md.plain(text)]
    if not told and not few:
        return []
    images = f"{test_set.n_train:,} training and {summary.n_test:,} test images"
    if test_set.folds:
        images = f"{summary.n_test:,} images, cross-validated in {test_set.folds} folds"
    return [f"{images}, {size_text(test_set.image_shape)}.", *(_ended(text) for text in told), *filter(None, [few])]


def copies(summary: Summary) -> str:
    """Say how many test images are copies of training images, and what the leading rows score without them."""
    n, rows = len(summary.test_set.copies), summary.test_set.copies
    if not n:
        return ""
    are = "has the pixels" if n == 1 else "have the pixels"
    text = f"{n:,} of {fmt.plural(summary.n_test, 'test image')} ({fmt.percent(n / summary.n_test)}) {are} of a "
    text += "training image"
    left = np.delete(np.arange(summary.n_test), rows)
    if not summary.scored:
        return f"{text}."
    if not len(left):
        return f"{text}, so no score here says how a model does on new images. Give other test images."
    without = summary.without_copies
    first = summary.scored if without is None else without.scored
    whole = {row.name: row for row in summary.scored}
    scores = [_with_and_without(whole[row.name], float(whole[row.name].correct[left].mean())) for row in first]
    images = np.bincount(summary.test_set.y[left], minlength=len(summary.class_names))
    largest, share = md.escape(summary.class_names[int(images.argmax())]), images.max() / len(left)
    return (
        f"{text}, and a model that remembers is right on them. Accuracy without them, on "
        f"{fmt.plural(len(left), 'image')}: {'; '.join(scores[:LEADING])}; always answering “{largest}” has "
        f"{fmt.accuracy(share)}."
    )


def _with_and_without(row: Scored, without: float) -> str:
    accuracy = row.accuracy.estimate
    return f"*{md.escape(row.title)}* {fmt.accuracy(without)} (with them {fmt.accuracy(accuracy)})"


def _ended(text: str) -> str:
    return text if text.endswith((".", "…")) else f"{text}."
