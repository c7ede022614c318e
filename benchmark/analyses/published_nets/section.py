"""The page about published nets: do they score here what was published, and what does augmentation alone do?"""

from __future__ import annotations

from benchmark.analyses.published_nets.scores import (
    OTHER_TEST,
    OTHER_WORST,
    Augmentation,
    Comparison,
    PublishedScores,
    mean_epochs,
    reached_last_epoch,
    training_accuracy,
)
from benchmark.leaderboard.summary import Scored, is_preview
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, Figures, Heading, Section, Table, number, table, words

FILE = "published-nets.md"

TITLE = "Do published nets score here what was published?"


def section(scores: PublishedScores, figures: Figures) -> Section | None:
    """Return the page, or None if no comparison is possible."""
    blocks = [*nets(scores), *augmentation(scores)]
    about = "Whether nets that others published reach their published accuracies here."
    return Section(FILE, TITLE, about, blocks) if blocks else None


def nets(scores: PublishedScores) -> list[Block]:
    """Return the comparison of the nets with what was published; nothing unless all of them are on record."""
    if not scores.is_complete:
        return []
    return [
        _verdict(scores),
        _other_author(scores),
        Heading("Accuracy"),
        _accuracies(scores),
        "*Difference* is to the nearer end of the published range. Training accuracy is the mean over the batches of "
        "the last epoch, each scored before its update, as Keras prints it. The 95 % interval of a test accuracy is "
        f"about ±{scores.half_width:.3f}.",
        Heading("F1 of each class"),
        _f1(scores),
        "Each net's worst class is bold.",
    ]


def _verdict(scores: PublishedScores) -> str:
    worse = [f"*{md.escape(net.row.title)}*" for net in scores.nets if net.is_worse]
    if worse:
        answer = f"No, not all of them: {fmt.listing(worse)} {'scores' if len(worse) == 1 else 'score'} less"
    else:
        answer = "Yes, as far as the test images can tell"
    text = (
        f"**{answer}.** Each net has one convolution, one pooling layer and one dense layer before the softmax. They "
        "were published in Keras notebooks and are reimplemented here; they are tuned, trained and tested like every "
        "other row."
    )
    test_set = scores.summary.test_set
    previews = {net.row.record.fit_rows for net in scores.nets if is_preview(net.row.record, test_set)}
    if previews:
        rows = fmt.listing([f"{n:,}" for n in sorted(previews)])
        text += f" **This is a preview, which compares nothing**: trained on {rows} of the {test_set.n_train:,} rows."
    return text


def _other_author(scores: PublishedScores) -> str:
    best = scores.best
    test = Comparison(best.test.measured, (OTHER_TEST, OTHER_TEST))
    worst = scores.summary.class_names[best.worst_class]
    same = f"{OTHER_WORST}, too" if worst == OTHER_WORST else md.escape(worst)
    return (
        f"Another author's net reaches {OTHER_TEST:g}, and its worst class is {OTHER_WORST}. The best of these nets, "
        f"*{md.escape(best.row.title)}*, reaches {fmt.accuracy(test.measured)} ({fmt.signed(test.difference, 4)}), and "
        f"its worst class is {same} (F1 {fmt.score(best.row.f1[best.worst_class])})."
    )


def _accuracies(scores: PublishedScores) -> Table:
    rows = [[words(net.row.title), *_cells(net.training), *_cells(net.test)] for net in scores.nets]
    return table(
        ["Net", "Training accuracy", "Published", "Difference", "Test accuracy", *["Published", "Difference"]], rows
    )


def _cells(comparison: Comparison) -> list[Cell]:
    low, high = comparison.published
    difference = fmt.signed(comparison.difference, 4)
    return [
        Cell(fmt.accuracy(comparison.measured), comparison.measured, comparison.interval),
        Cell(f"{low:g}" if low == high else f"{low:g}–{high:g}", low),
        Cell("within" if comparison.within else difference, comparison.difference),
    ]


def _f1(scores: PublishedScores) -> Table:
    rows = []
    for net in scores.nets:
        ends = zip(net.row.f1.tolist(), net.row.f1_low.tolist(), net.row.f1_high.tolist(), strict=True)
        cells = []
        for label, (f1, low, high) in enumerate(ends):
            cell = number(f1, fmt.score, bold=label == net.worst_class)
            cells.append(Cell(cell.text, cell.value, None if cell.value is None else (low, high)))
        rows.append([words(net.row.title), *cells])
    return table(["Net", *map(md.escape, scores.summary.class_names)], rows)


def augmentation(scores: PublishedScores) -> list[Block]:
    """Return what augmentation alone does; nothing unless both nets are on record."""
    found = scores.augmentation
    if found is None:
        return []
    estimate, low, high = map(fmt.signed_points, found.lead.difference)
    row, plain = found.augmented, found.unaugmented
    return [
        Heading("The effect of augmentation alone"),
        f"**{estimate} points** (95 % interval {low} to {high}): {_effect(scores, found)}.",
        f"*{md.escape(plain.title)}* reaches {fmt.accuracy(plain.accuracy.estimate)} after {_training(plain)}. "
        f"*{md.escape(row.title)}* is the same net, trained on images that are {md.escape(row.record.augmentation)}; "
        f"it reaches {fmt.accuracy(row.accuracy.estimate)} after {_training(row)}. Both were tuned with the "
        "same effort "
        "over the same search space, and stopped early by the loss on held-out training rows. The published accuracy "
        f"with augmentation is {found.test.published[0]:g} ({fmt.signed(found.test.difference, 4)}).",
    ]


def _effect(scores: PublishedScores, found: Augmentation) -> str:
    return {
        "better": "augmentation makes this net better",
        "worse": "augmentation makes this net worse",
        "within noise": f"not significant on {fmt.plural(scores.summary.n_test, 'test image')}",
        "not after correction": "not significant after Holm's correction for "
        f"{fmt.plural(len(scores.summary.pairs), 'comparison')}",
    }[found.effect]


def _training(row: Scored) -> str:
    """Return how long a net was trained, the tuned parameters, and its training accuracy."""
    last = ", with the lowest held-out loss in the last epoch tried" * reached_last_epoch(row)
    tuned = [
        f"{name.split('__')[-1]} {f'{value:.2g}' if isinstance(value, float) else value}"
        for name, value in sorted(row.record.params.items())
    ]
    return (
        f"{fmt.plural(mean_epochs(row), 'epoch')} ({', '.join(map(md.escape, tuned)) or 'nothing tuned'}; training "
        f"accuracy {fmt.accuracy(training_accuracy(row))}{last})"
    )
