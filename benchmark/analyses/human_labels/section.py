"""The page about human labels: do people and models miss the same images?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmark.analyses.human_labels.record import Contrast
from benchmark.analyses.human_labels.scores import Disagreement, HumanScores, Relation
from benchmark.render import fmt
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

FILE = "human-labels.md"

TITLE = "Do people and models miss the same images?"

COMMAND = "python -m benchmark people"

NAMED = 3
"""Classes named as those that people disagree about most."""

_VERDICTS: dict[Relation, str] = {
    "more": "yes: people disagree more about the images that models miss.",
    "less": "no: people disagree less about the images that models miss.",
    "none": "no: people disagree as much about the images that models miss as about the others.",
    "mixed": "that depends on the model.",
    "unknown": "that is not known.",
}


def section(scores: HumanScores, figures: Figures) -> Section:
    """Return the page: the answer, the figure, a table of all classes and one of the hardest, and the method."""
    blocks: list[Block] = [_all_classes(scores), _hardest_class(scores), _left_out(scores)]
    blocks += pictures(figures, "people-disagree")
    if scores.comparisons:
        name = md.escape(scores.summary.class_names[scores.hardest])
        blocks += [
            Heading("All classes"),
            "Entropy is that of an image's human labels, in bits.",
            _table(scores, None),
            Heading(f"{name} only"),
            _table(scores, scores.hardest),
            Heading("How it was counted"),
            Bullets(tuple(_method(scores))),
        ]
    about = "Whether models miss the images that people disagree about."
    return Section(FILE, TITLE, about, blocks, reproduce=[COMMAND], source="human labels are read from stored sums")


def _all_classes(scores: HumanScores) -> str:
    found = scores.disagreement(None)
    opening = f"**Over all classes, {_VERDICTS[found.relation]}**"
    if not found.contrasts:
        return f"{opening} {_too_few(scores)}"
    entropy = np.array(scores.baseline.people.entropy)
    most = [int(label) for label in np.argsort(-entropy, kind="stable")[:NAMED]]
    text = (
        f"{opening} People disagree more about a missed image than about a correctly classified one with a probability "
        f"of {_auc(found)}{_by_estimator(found)}. A probability of 0.50 would mean no relation; {_intervals(found)}. "
        f"People disagree most about {_classes(scores, most)} and least about "
        f"{_classes(scores, [int(np.argmin(entropy))])}, measured as the entropy of their labels."
    )
    within = {label: scores.disagreement(label) for label in range(len(entropy))}
    means = {label: each.mean_auc for label, each in within.items() if each.contrasts}
    if len(means) > 1:
        low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
        names = scores.summary.class_names
        text += (
            f" Within one class the probability, averaged over the estimators, is between {means[low]:.2f} "
            f"({md.escape(names[low])}) and {means[high]:.2f} ({md.escape(names[high])})."
        )
    return text


def _hardest_class(scores: HumanScores) -> str:
    found = scores.disagreement(scores.hardest)
    name = md.escape(scores.summary.class_names[scores.hardest])
    opening = f"**Within {name}, the hardest class, {_VERDICTS[found.relation]}**"
    if not found.contrasts:
        return f"{opening} {_too_few(scores)}"
    contrasts = found.contrasts
    missed = [sum(contrast.fifths) for contrast in contrasts]
    same_answer = _shares([contrast.same_answer for contrast in contrasts], missed)
    label = _shares([contrast.label for contrast in contrasts], missed)
    return (
        f"{opening} There, the probability is {_auc(found)}{_by_estimator(found)}; {_intervals(found)}. The mean "
        f"entropy is {_span([contrast.entropy_missed for contrast in contrasts], _two)} bits for missed images and "
        f"{_span([contrast.entropy_right for contrast in contrasts], _two)} bits for correctly classified ones. "
        f"People's majority vote gives the model's answer for {same_answer} of the missed images, and the data set's "
        f"label for {label} of them. Of all {name} images it calls "
        f"{fmt.percent(float(scores.baseline.recall[scores.hardest]))} {name}."
    )


def _too_few(scores: HumanScores) -> str:
    if not scores.comparisons:
        return "No estimator's predictions were compared with human labels."
    fewest = scores.baseline.people.smallest
    return f"Each estimator missed, or classified correctly, fewer than {fewest} of the images."


def _table(scores: HumanScores, label: int | None) -> Table:
    rows = []
    for comparison in scores.comparisons:
        group = comparison.group(label)
        cells = [NOTHING] * 5 if group.contrast is None else _cells(group.contrast, group.missed)
        rows.append(
            [words(comparison.title), number(group.missed, fmt.count), *cells, number(group.spearman, _two)],
        )
    header = [
        "Estimator",
        "Missed",
        "Entropy, missed",
        "Entropy, correct",
        "AUC (95 % interval)",
        "Majority gives the model's answer",
        "Majority gives the label",
        "Correlation of entropies",
    ]
    return table(header, rows)


def _cells(contrast: Contrast, missed: int) -> list[Cell]:
    low, high = contrast.auc_low, contrast.auc_high
    return [
        number(contrast.entropy_missed, _two),
        number(contrast.entropy_right, _two),
        Cell(_two(contrast.auc), contrast.auc, (low, high), f" ({low:.2f}–{high:.2f})"),
        number(contrast.same_answer / missed, fmt.percent),
        number(contrast.label / missed, fmt.percent),
    ]


def _method(scores: HumanScores) -> list[str]:
    people = scores.baseline.people
    low, high = map(fmt.accuracy, scores.baseline.ties_broken)
    seeds = any(len(row.records) > 1 for row in scores.summary.scored)
    return [
        "**Human labels**: Fashion-MNIST-H (Ishida et al. 2023, *Is the Performance of My Deep Network Too Good to Be "
        f"True?*). Each image has {people.fewest} to {people.most} labels, {people.mean:.1f} on average. The labels "
        f"are licensed under GPL-3 and are not stored here: `{COMMAND}` downloads them and writes sums and means to "
        "`records/people.json`.",
        "**Entropy** of an image: that of the shares of its human labels, in bits. It is 0 if all people agree.",
        "**AUC**: the probability that a missed image has a higher entropy than a correctly classified one, ties "
        f"counted half (area under the ROC curve). Its interval comes from {people.resamples:,} bootstrap resamples of "
        "the images.",
        "**Majority**: the most frequent label; both columns are shares of the missed images. The most frequent labels "
        f"tie on {fmt.plural(people.ties, 'image')}, and the first in the order of the classes counts there. Depending "
        f"on how ties are broken, the accuracy of the majority vote is between {low} and {high}.",
        "**Correlation of entropies**: Spearman's rank correlation between the entropy of the human labels and that of "
        "the estimator's scores.",
        f"“{fmt.NONE}” means that fewer than {people.smallest} images were missed, or classified correctly; as a "
        "correlation, that all entropies are equal." + " Of several seeds the first is shown." * seeds,
    ]


def _left_out(scores: HumanScores) -> str:
    if not scores.left_out:
        return ""
    titles = fmt.listing([f"*{md.escape(title)}*" for title in scores.left_out])
    return f"The current predictions of {titles} were not compared with human labels; `{COMMAND}` does that."


def _by_estimator(found: Disagreement) -> str:
    return ", depending on the estimator" if len(found.contrasts) > 1 else ""


def _intervals(found: Disagreement) -> str:
    """Return how many of the intervals are below 0.50, above it, and around it."""
    counts = {"is below 0.50": found.below, "is above 0.50": found.above, "contains 0.50": found.around}
    parts = [f"{where} for {count}" for where, count in counts.items() if count]
    of = fmt.plural(len(found.contrasts), "estimator")
    return f"the 95 % interval {fmt.listing(parts)} of {of}"


def _auc(found: Disagreement) -> str:
    return _span([contrast.auc for contrast in found.contrasts], _two)


def _shares(counts: Sequence[int], of: Sequence[int]) -> str:
    return _span([count / total for count, total in zip(counts, of, strict=True)], fmt.percent)


def _span(values: Sequence[float], form: Callable[[float], str]) -> str:
    low, high = form(min(values)), form(max(values))
    return low if low == high else f"{low} to {high}"


def _classes(scores: HumanScores, labels: Sequence[int]) -> str:
    names, entropy = scores.summary.class_names, scores.baseline.people.entropy
    return fmt.listing([f"{md.escape(names[label])} ({_two(entropy[label])} bits)" for label in labels])


def _two(value: float) -> str:
    text = f"{value:.2f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")
