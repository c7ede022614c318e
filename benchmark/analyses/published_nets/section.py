"""What nets that others published score here: the published figures beside ours, and what augmentation alone does.

Published are nets of Keras notebooks, with two figures each: the training accuracy that Keras prints
after the last epoch, and the accuracy on the test images; of several runs, hence ranges.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.datasets import FASHION_MNIST_SHA256
from benchmark.leaderboard.summary import Scored, Summary, is_preview
from benchmark.metrics.significance import Pair
from benchmark.render import markdown as md
from benchmark.render.document import Block, Figures, Section, table
from benchmark.storage.records import Record, TestSet

TITLE = "What others' nets score here"

TRAINING = "train_accuracy"
"""The series of a record's history whose last number is the training accuracy."""

Text = Callable[[str], str]
"""What makes a name harmless where it is shown: `markdown.escape` in a page."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Published:
    """A net that others published: the lowest and the highest figure.

    Attributes
    ----------
    name : str
        Of the plugin that makes it again.
    training, test : (float, float)
        Accuracies.
    """

    name: str
    training: Range
    test: Range


PUBLISHED = (
    Published("cnn_32", (0.9559, 0.9585), (0.911, 0.912)),
    Published("cnn_64", (0.9634, 0.9641), (0.915, 0.916)),
    Published("cnn_64_dropout", (0.942, 0.948), (0.918, 0.919)),
)

FINAL, WORST = 0.92, "Shirt"
"""Test accuracy at which another author ended, and the class of lowest F1 there."""

PAIR = AUGMENTED, UNAUGMENTED = "cnn_augmented", "cnn_unaugmented"

AUGMENTED_TEST = 0.895
"""Published test accuracy of a net that was trained on augmented images and stopped early."""


@dataclass(frozen=True)
class Net:
    """A published net beside the row of the leaderboard that makes it again."""

    published: Published
    row: Scored


def comparable(test_set: TestSet) -> bool:
    """Tell whether results are on the images that others' nets were published on."""
    return test_set.sha256 == FASHION_MNIST_SHA256


def nets(summary: Summary) -> tuple[Net, ...]:
    """Return the published nets that are on record with both figures; none of other data than Fashion-MNIST."""
    if not comparable(summary.test_set):
        return ()
    rows = _rows(summary)
    found = [Net(one, rows[one.name]) for one in PUBLISHED if one.name in rows]
    return tuple(net for net in found if not np.isnan(_training(net.row)))


def missing(summary: Summary) -> str:
    """Return which of the published nets are not on record, why, and the command that makes them; empty if all are."""
    rows, there = _rows(summary), {net.published.name for net in nets(summary)}
    reasons = {row.name: f"ended as {row.record.status} ({md.plain(row.record.reason)})" for row in summary.failed}
    reasons |= dict.fromkeys(rows, "has no training accuracy on record")
    names = [one.name for one in PUBLISHED if one.name not in there]
    if not names:
        return ""
    found = md.listing([f"{name} {reasons.get(name, 'has no record')}" for name in names])
    force = " --force" * any(name in rows for name in names)  # or such a record would be kept as it is
    return f"{found}; make what is missing with: {command(names)}{force}"


def command(names: Sequence[str]) -> str:
    """Return the command that makes records of these estimators."""
    return f"python -m benchmark run {' '.join(map(shlex.quote, names))}"


def tables(summary: Summary, escape: Text, strong: Text) -> list[tuple[list[str], list[list[str]]]]:
    """Return the table of accuracies and that of each class's F1, as header and rows; none unless all nets are there.

    Parameters
    ----------
    summary : Summary
    escape : callable
    strong : callable
        Sets a text off: the F1 of each net's worst class.
    """
    accuracies, scores = [], []
    for net in nets(summary):
        title, row, published = escape(net.row.title), net.row, net.published
        accuracies.append(
            [title, *_beside(_training(row), published.training), *_beside(row.accuracy.estimate, published.test)]
        )
        cells = [md.score(value) for value in row.f1]
        cells[_worst(row)] = strong(cells[_worst(row)])
        scores.append([title, *cells])
    if len(accuracies) < len(PUBLISHED):
        return []
    beside = ["Published", "Difference"]
    return [
        (["Net", "Training accuracy", *beside, "Test accuracy", *beside], accuracies),
        (["F1 of each class", *map(escape, summary.class_names)], scores),
    ]


FILE = "published-nets.md"


def compute(summary: Summary, data: object = None) -> Summary | None:
    """Return the leaderboard, from which all of it is read; None of other data than Fashion-MNIST."""
    return summary if comparable(summary.test_set) else None


def section(summary: Summary, figures: Figures) -> Section | None:
    """Return the section, or None where there is nothing to compare."""
    blocks = _blocks(summary)
    about = "Whether nets that others published score here what was published."
    return Section(FILE, TITLE, about, blocks) if blocks else None


def _blocks(summary: Summary) -> list[Block]:
    found = tables(summary, md.escape, lambda text: f"**{text}**")
    parts: list[Block] = []
    if found:
        accuracies, scores = (table(header, rows) for header, rows in found)
        parts = [answer(summary, md.escape), accuracies, rule(summary), scores, other_author(summary, md.escape)]
    return [*parts, *augmented(summary, md.escape)]


def answer(summary: Summary, escape: Text) -> str:
    """Return whether the nets score what was published of them, as far as the test images can tell."""
    found = nets(summary)
    less = [f"*{escape(net.row.title)}*" for net in found if net.row.accuracy.high < net.published.test[0]]
    if less:
        lead = f"Not all of these nets score what was published of them: {md.listing(less)} scored less"
    else:
        lead = "These nets score what was published of them, as far as the test images can tell"
    text = (
        f"**{lead}.** Each is one convolution, a pool and one dense layer before the softmax, published in Keras "
        "notebooks and made again here: tuned, trained and read as every other row."
    )
    previews = {net.row.record.fit_rows for net in found if is_preview(net.row.record, summary.test_set)}
    if previews:
        rows = md.listing([f"{n:,}" for n in sorted(previews)])
        text += f" **A preview, which compares nothing**: trained on {rows} of the {summary.test_set.n_train:,} rows."
    return text


def rule(summary: Summary) -> str:
    """Return how the table of accuracies is to be read."""
    half = np.mean([net.row.accuracy.high - net.row.accuracy.low for net in nets(summary)]) / 2
    return (
        "The difference is to the nearer end of what was published; *within* is between its ends. Training accuracy is "
        "that of the last epoch's batches, each before its step, as Keras prints it. Over other test images a test "
        f"accuracy would be good to about ±{half:.3f}. Bold is the F1 of each net's worst class."
    )


def other_author(summary: Summary, escape: Text) -> str:
    """Return how the best of the nets stands beside another author's last figure."""
    best = max(nets(summary), key=lambda net: net.row.accuracy.estimate).row
    worst = summary.class_names[_worst(best)]
    ours, published, difference = _beside(best.accuracy.estimate, (FINAL, FINAL))
    return (
        f"Another author ends at {published} with {WORST} the worst class. The best of these nets, "
        f"*{escape(best.title)}*, has {ours} ({difference}), and its worst class is "
        f"{f'{WORST}, too' if worst == WORST else escape(worst)} (F1 {md.score(best.f1[_worst(best)])})."
    )


def augmentation(summary: Summary) -> Pair | None:
    """Return the net trained with augmentation beside itself without; None unless both are on record."""
    rows = {name: row for name, row in _rows(summary).items() if name in PAIR and _curve(row.record)}
    if not comparable(summary.test_set) or len(rows) < len(PAIR):
        return None
    return summary.pair(rows[AUGMENTED], rows[UNAUGMENTED])


def augmented(summary: Summary, escape: Text) -> list[str]:
    """Return the paragraph on what augmentation alone does; nothing unless both nets are on record."""
    pair = augmentation(summary)
    if pair is None:
        return []
    row, plain = summary.scored[pair.first], summary.scored[pair.second]
    estimate, low, high = map(md.signed_points, pair.difference)
    if pair.significant:
        verdict = "it makes this net better" if pair.difference.estimate > 0 else "it makes this net worse"
    elif pair.difference.contains_zero:
        verdict = f"{summary.n_test:,} test images cannot tell the two apart"
    else:
        verdict = f"luck may bring as much among {md.plural(len(summary.pairs), 'comparison')}"
    _, published, difference = _beside(row.accuracy.estimate, (AUGMENTED_TEST, AUGMENTED_TEST))
    return [
        f"**What augmentation alone does: {estimate} points** (95 % interval {low} to {high}), so {verdict}. "
        f"*{escape(plain.title)}* has {md.accuracy(plain.accuracy.estimate)} after {_trained(plain, escape)}; "
        f"*{escape(row.title)}* is the same net, its images {escape(row.record.augmentation)}, and has "
        f"{md.accuracy(row.accuracy.estimate)} after {_trained(row, escape)}. Both were tuned with the same effort "
        "over the same space, and stopped early by the loss on held-out training rows. Published with augmentation "
        f"was {published} ({difference})."
    ]


def _rows(summary: Summary) -> dict[str, Scored]:
    return {row.name: row for row in summary.scored}


def _training(row: Scored) -> float:
    """Return the training accuracy over the last epoch, mean over seeds; NaN where a record has none."""
    return float(np.mean([_curve(record)[-1] if _curve(record) else np.nan for record in row.records]))


def _curve(record: Record) -> tuple[float, ...]:
    return (record.history or {}).get(TRAINING, ())


def _worst(row: Scored) -> int:
    return int(np.nanargmin(row.f1))


def _beside(ours: float, published: Range) -> list[str]:
    """Return our accuracy, what was published, and the difference to its nearer end."""
    low, high = published
    text = f"{low:g}" if low == high else f"{low:g}–{high:g}"
    within = low < high and low <= ours <= high
    return [md.accuracy(ours), text, "within" if within else md.signed(ours - min(max(ours, low), high), 4)]


def _trained(row: Scored, escape: Text) -> str:
    """Return for how long a net was trained, with what was tuned, and how well it fits its training images."""
    epochs = float(np.mean([len(_curve(record)) for record in row.records]))
    # The search for the best epoch goes on after it, unless there were no more epochs to try.
    cut = any(len((record.history or {}).get("valid_loss", ())) == len(_curve(record)) for record in row.records)
    still = ", its held-out loss lowest at the last epoch that was tried" * cut
    chosen = [
        f"{name.split('__')[-1]} {f'{value:.2g}' if isinstance(value, float) else value}"
        for name, value in sorted(row.record.params.items())
    ]
    return (
        f"{md.plural(epochs, 'epoch')} ({', '.join(map(escape, chosen)) or 'nothing tuned'}; training accuracy "
        f"{md.accuracy(_training(row))}{still})"
    )
