"""NAME.md, the page of one estimator: scores, confusions, pictures, training, tuning, and parameter importance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.analyses.estimator_page import predictions, scores, tuning
from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.engine import protocol
from benchmark.leaderboard.commands import WHICH, data_flags, run_command, word
from benchmark.leaderboard.footnotes import effort
from benchmark.metrics.scores import hardest_class, macro_f1, per_class, wilson_interval
from benchmark.render import fmt, thumbnails
from benchmark.render import markdown as md
from benchmark.render.document import Block, Heading, Quote, markdown_of, number, pictures, table, words

if TYPE_CHECKING:
    from benchmark.render.document import Figures
    from benchmark.render.thumbnails import Thumbnail

CONFUSIONS = 10
"""Rows of the table of confusions."""

NO_IMAGES = (
    "There are no pictures: the data were not available, and the records hold no test image. Name the data with "
    "`--dataset` or `--data-dir`."
)

SOFTMAX = (
    "The scores are a softmax of `decision_function`. They rank the classes of one image, but are **not "
    "probabilities**: a score of 0.9 does not mean that 9 of 10 such predictions are correct, and scores of different "
    "images are hard to compare."
)


def page(estimator: EvaluatedEstimator, figures: Figures) -> str:
    """Return the page.

    Parameters
    ----------
    estimator : EvaluatedEstimator
    figures : mapping of str to PlannedFigure
        Those with something to draw.
    """
    record = estimator.record
    curves: list[Block] = [*pictures(figures, "training")]
    first: list[Block] = [tuning.FIRST_FOLD] if estimator.test_set.folds else []
    sections: list[tuple[str, Sequence[Block]]] = [
        ("Scores of each class", class_scores(estimator)),
        ("Confusions", [*pictures(figures, "confusion"), *_confusions(estimator)]),
        ("Wrong and correct predictions", _images(estimator, figures)),
        ("Training", [*first, *(curves or [training(estimator)])]),
        ("Tuning", [*first, tuning.history(estimator), *pictures(figures, "tuning"), *tuning.trials(estimator)]),
        ("Parameter importance", [*tuning.importance(estimator), *pictures(figures, "importance")]),
    ]
    of = f"the record of seed {record.seed}"
    if estimator.test_set.folds:
        of = f"the records of the folds of repeat {record.seed + 1}, the first of which is seed-{estimator.tuned.seed}"
    parts: list[Block] = [
        f"<!-- {record.estimator}.md: written by python -m benchmark show -->",
        Heading(f"{md.escape(record.title)}: {md.escape(estimator.test_set.dataset)}", 1),
        *opening(estimator),
    ]
    for heading, blocks in sections:
        parts += [Heading(heading), *blocks]
    parts.append(
        f"*Written by {_command(estimator)} from {of} (SHA-256 of "
        f"its predictions `{_hexadecimal(record.proba_sha256)}…`) and, for the pictures, the test images. `report` "
        "does not update this page; run `show` again after another run of the estimator. All counts by true and "
        f"predicted class are in [confusion.csv]({record.estimator}/confusion.csv). The other estimators are on the "
        "[leaderboard](../leaderboard.md).*"
    )
    return markdown_of(parts) + "\n"


def shown(estimator: EvaluatedEstimator, figures: Figures) -> list[Thumbnail]:
    """Return the thumbnails of the images in the figure `images`, as far as their files are known."""
    if "images" not in figures:
        return []
    folder = f"{estimator.record.estimator}/{thumbnails.FOLDER}"
    return estimator.thumbnails(figures["images"].data.index, folder)


def _images(estimator: EvaluatedEstimator, figures: Figures) -> list[Block]:
    found: list[Block] = [*pictures(figures, "images")]
    return [*found, thumbnails.paragraph(shown(estimator, figures))] if found else [NO_IMAGES]


def _command(estimator: EvaluatedEstimator) -> str:
    """Return what makes the page again."""
    record, test_set = estimator.record, estimator.test_set
    flags = data_flags(test_set.dataset, test_set.given, test_set.group, test_set.asked_folds)
    words = [f"python -m benchmark show {record.estimator}", *flags]
    preset = str(record.preset.get("name", protocol.DEFAULT_PRESET))
    if preset != protocol.DEFAULT_PRESET:
        words.append(f"--preset {word(preset)}")
    if record.seed != estimator.seeds[0]:
        words.append(f"--seed {record.seed}")
    return md.code(" ".join(words))


def opening(estimator: EvaluatedEstimator) -> list[Block]:
    """Return the accuracy with its interval, the hardest class, the costs, and what the scores are."""
    record, test_set = estimator.record, estimator.test_set
    n, correct = len(test_set.y), int((estimator.predicted == test_set.y).sum())
    interval = wilson_interval(correct / n, n)
    f1 = per_class(estimator.confusion).f1
    text = (
        f"**Accuracy {fmt.accuracy(correct / n)}** (95 % interval over test images {fmt.score(interval.low)} to "
        f"{fmt.score(interval.high)}): {correct:,} of {fmt.plural(n, 'test image')} are classified correctly. Macro F1 "
        f"is {fmt.score(macro_f1(estimator.confusion))}."
    )
    worst = hardest_class(test_set.y, f1[None])
    if worst is not None and np.isfinite(f1).sum() > 1:
        best = int(np.nanargmax(f1))
        text += f" The hardest class is {_class(estimator, worst)} (F1 {fmt.score(f1[worst])}), the easiest "
        text += f"{_class(estimator, best)} ({fmt.score(f1[best])})."
    text += _cross_validated(estimator) or (
        f" Seed {record.seed} was fitted on {_fitted(estimator)} in {fmt.duration(record.fit_seconds)} and predicted "
        f"the test images in {fmt.duration(record.predict_seconds)}, on {md.escape(record.device)} with "
        f"{fmt.plural(record.threads, 'thread')}."
    )
    if len(estimator.seeds) > 1:
        listed = fmt.listing([str(seed) for seed in estimator.seeds])
        there = f"repeats {listed}, counted from 0" if test_set.folds else f"seeds {listed}"
        text += f" There are records of {there}; `--seed` shows another one."
    if record.augmentation:
        text += f" It was trained on augmented images: {md.escape(record.augmentation)}."
    blocks: list[Block] = [text]
    if record.preset.get("tiny") or record.fit_rows < test_set.most_fit_rows:
        tiny = ", with a model made tiny to test the program" if record.preset.get("tiny") else ""
        made = f"fitted on {_fitted(estimator)}{tiny} ({effort(record)})"
        blocks.insert(0, Quote(f"**A preview, not the result**: {made}."))
    return [*blocks, SOFTMAX] if estimator.softmax else blocks


def _cross_validated(estimator: EvaluatedEstimator) -> str:
    """Say how the predictions of a cross-validation came about; nothing if there is a test part."""
    record, folds = estimator.record, estimator.test_set.folds
    if not folds:
        return ""
    seconds = fmt.duration(record.fit_seconds), fmt.duration(record.predict_seconds)
    return (
        f" These are the predictions of repeat {record.seed + 1} of a cross-validation: for each of {folds} folds a "
        f"model was tuned and fitted on {_fitted(estimator)} of the other folds, on average in {seconds[0]}, on "
        f"{md.escape(record.device)} with {fmt.plural(record.threads, 'thread')}. All folds together were predicted in "
        f"{seconds[1]}."
    )


def _fitted(estimator: EvaluatedEstimator) -> str:
    rows, available = estimator.record.fit_rows, estimator.test_set.most_fit_rows
    return f"all {rows:,} training images" if rows == available else f"{rows:,} of {available:,} training images"


def class_scores(estimator: EvaluatedEstimator) -> list[Block]:
    """Return scikit-learn's classification report, and how to read it."""
    return [
        scores.report_table(estimator),
        "This is scikit-learn's `classification_report` of the stored predictions. Precision is the share of the "
        "images predicted to be of a class that are of it; recall is the share of a class's images that are predicted "
        f"to be of it; F1 is their harmonic mean. “{fmt.NONE}” means undefined.",
    ]


def training(estimator: EvaluatedEstimator) -> str:
    """Return why there are no training curves, and how to get them."""
    record = estimator.tuned
    if record.history is None:
        again = run_command(record, estimator.test_set).replace(WHICH, f"{record.estimator} --force", 1)
        return (
            "There are no training curves: the record is older than they are. If the plugin reports its training, "
            f"`{again}` makes a record with curves. It repeats the tuning and reads the test set again, which the new "
            "record says."
        )
    return (
        "There are no training curves: the plugin does not report its training. `Estimator.history` is for that; an "
        "estimator without epochs or rounds has nothing to report."
    )


def _confusions(estimator: EvaluatedEstimator) -> list[Block]:
    found = predictions.confusions(estimator.confusion, CONFUSIONS)
    if not found:
        return ["All test images are classified correctly."]
    names, images = estimator.test_set.class_names, estimator.confusion.sum(axis=1)
    errors = int(estimator.confusion.sum() - np.trace(estimator.confusion))
    rows = [
        [
            words(names[confusion.label]),
            words(names[confusion.predicted]),
            number(confusion.images, fmt.count),
            number(float(confusion.images / images[confusion.label]), fmt.percent),
            number(confusion.images / errors, fmt.percent),
        ]
        for confusion in found
    ]
    header = ["Label", "Predicted", "Images", "Share of the class", "Share of all errors"]
    return ["The most frequent confusions:", table(header, rows, left=2)]


def _class(estimator: EvaluatedEstimator, label: int) -> str:
    return md.escape(estimator.test_set.class_names[label])


def _hexadecimal(text: str) -> str:
    return "".join(char for char in text if char in "0123456789abcdef")[:12]
