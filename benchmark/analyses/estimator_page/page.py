"""NAME.md: one estimator, in the order in which questions arise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.analyses.estimator_page import answers, scores, tuned
from benchmark.analyses.estimator_page.shown import Shown
from benchmark.leaderboard.commands import run_command
from benchmark.metrics.scores import macro_f1, per_class, wilson_interval
from benchmark.render import markdown as md
from benchmark.render.document import Block, Heading, markdown_of, pictures, table

if TYPE_CHECKING:
    from benchmark.render.document import Figures

ERRORS = 10
"""Commonest errors that are listed."""

NO_IMAGES = (
    "The data were not at hand, and no test image's pixels are kept with the records, so there is nothing to show. "
    "With the data (`--dataset`, `--data-dir`) the same command does."
)

SOFTMAX = (
    "Its scores are a softmax of `decision_function`: they rank the classes of one image and are **no probabilities**. "
    "A score of 0.9 does not mean that it is right nine times in ten, and between images such scores compare "
    "badly: that the mistakes with the highest ones are those it is surest of must not be taken for granted."
)


def page(shown: Shown, figures: Figures) -> str:
    """Return the page.

    Parameters
    ----------
    shown : Shown
    figures : mapping of str to PlannedFigure
        Those that there is something for.
    """
    record = shown.record
    sections: list[tuple[str, Sequence[Block]]] = [
        ("Class by class", class_by_class(shown)),
        ("What it takes for what", [*pictures(figures, "confusion"), *_errors(shown)]),
        ("Where it is wrong, and where right", pictures(figures, "images") or [NO_IMAGES]),
        ("Training", pictures(figures, "training") or [training(shown)]),
        ("Tuning", [tuned.tuning(shown), *pictures(figures, "tuning"), *tuned.trials(shown)]),
        ("Which parameters mattered", [*tuned.importance(shown), *pictures(figures, "importance")]),
    ]
    parts: list[Block] = [
        f"<!-- {record.estimator}.md: written by python -m benchmark show -->",
        Heading(f"{md.escape(record.title)}, closely: {md.escape(shown.test_set.dataset)}", 1),
        *opening(shown),
    ]
    for heading, paragraphs in sections:
        parts += [Heading(heading), *paragraphs]
    parts.append(
        f"*Written by `python -m benchmark show {record.estimator}` from the record of seed {record.seed} (SHA-256 of "
        f"its predictions `{_hexadecimal(record.proba_sha256)}…`) and, for the pictures, the test images. `report` "
        "leaves this page as it is, so after another run of the estimator, show it once more. Every count by true "
        f"class and answer is in [confusion.csv]({record.estimator}/confusion.csv); how the estimator stands beside "
        "the others is in [leaderboard.md](../leaderboard.md).*"
    )
    return markdown_of(parts) + "\n"


def opening(shown: Shown) -> list[str]:
    """Return how good it is, what it took, and what must be known of its scores."""
    record, test_set = shown.record, shown.test_set
    n, hits = len(test_set.y), int((shown.predicted == test_set.y).sum())
    interval = wilson_interval(hits / n, n)
    f1 = per_class(shown.confusion).f1
    text = (
        f"It is right on {hits:,} of {md.plural(n, 'test image')}: accuracy **{md.accuracy(hits / n)}** (95 % interval "
        f"over other test images {md.score(interval.low)} to {md.score(interval.high)}), macro F1 "
        f"{md.score(macro_f1(shown.confusion))}."
    )
    if np.isfinite(f1).sum() > 1:
        worst, best = int(np.nanargmin(f1)), int(np.nanargmax(f1))
        text += f" The hardest class is {_class(shown, worst)} (F1 {md.score(f1[worst])}), the easiest "
        text += f"{_class(shown, best)} ({md.score(f1[best])})."
    text += (
        f" Seed {record.seed}, fitted on {_fitted(shown)} in "
        f"{md.duration(record.fit_seconds)}; all test images are predicted in {md.duration(record.predict_seconds)}, "
        f"on {md.escape(record.device)} with "
        f"{md.plural(record.threads, 'thread')}."
    )
    if len(shown.seeds) > 1:
        listed = md.listing([str(seed) for seed in shown.seeds])
        text += f" There are records of seeds {listed}; `--seed` shows another one."
    if record.augmentation:
        text += f" Trained on augmented images: {md.escape(record.augmentation)}."
    out = [text]
    if record.preset.get("tiny") or record.fit_rows < test_set.n_train:
        tiny = ", with a model made tiny to test the program" if record.preset.get("tiny") else ""
        name = md.escape(str(record.preset.get("name", "unknown")))
        out.insert(0, f"> **A preview, not the result**: fitted on {_fitted(shown)}{tiny} (preset {name}).")
    return out + ([SOFTMAX] if shown.softmax else [])


def _fitted(shown: Shown) -> str:
    rows, there = shown.record.fit_rows, shown.test_set.n_train
    return f"all {rows:,} training images" if rows == there else f"{rows:,} of {there:,} training images"


def class_by_class(shown: Shown) -> list[Block]:
    """Return scikit-learn's report with what it is."""
    return [
        "scikit-learn's `classification_report` of the stored predictions. Precision: of the images that got this "
        "answer, the share that are of the class; recall: of the class's images, the share that got it; F1: their "
        f"harmonic mean. {md.NONE} is where there is nothing to divide by.",
        scores.report(shown),
    ]


def training(shown: Shown) -> str:
    """Say why there are no curves, and how to get them."""
    record = shown.record
    if record.history is None:
        again = run_command(record).format(which=f"{record.estimator} --force")
        return (
            "No training curves: this record is from before they were kept. Where the plugin tells of its training, "
            f"`{again}` makes a record that has them; it tunes anew, reads the test images once more, and says so."
        )
    return (
        "No training curves: the plugin tells nothing of its training. `Estimator.history` is where it would; an "
        "estimator without epochs or rounds has nothing to tell."
    )


def _errors(shown: Shown) -> list[Block]:
    found = answers.errors(shown.confusion, ERRORS)
    if not found:
        return ["It makes no error."]
    images = shown.confusion.sum(axis=1)
    total = int(shown.confusion.sum() - np.trace(shown.confusion))
    rows = [
        [
            _class(shown, error.truth),
            _class(shown, error.answer),
            md.count(error.images),
            md.percent(error.images / images[error.truth]),
            md.percent(error.images / total),
        ]
        for error in found
    ]
    header = ["Truth", "Answer", "Images", "Of the class", "Of all errors"]
    return ["The commonest errors:", table(header, rows, left=2)]


def _class(shown: Shown, label: int) -> str:
    return md.escape(shown.test_set.class_names[label])


def _hexadecimal(text: str) -> str:
    return "".join(char for char in text if char in "0123456789abcdef")[:12]
