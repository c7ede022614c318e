"""Where the hardest class fails: a paragraph and a picture on the leaderboard, and a page of its own."""

from __future__ import annotations

from benchmark.analyses.hardest_class import (
    always_wrong,
    confusable_classes,
    confusions,
    one_vs_rest,
    only_cnn_correct,
    thresholds,
    upper_bounds,
)
from benchmark.analyses.hardest_class.scores import HardestClass, title_of
from benchmark.render import fmt, thumbnails
from benchmark.render.document import Block, Cell, Figures, Heading, Section, Table, number, pictures, table, words
from benchmark.render.pages import class_page

IMAGES = ("hardest-images", "always-misclassified", "found-by-cnn-only", "found-by-others-only")
"""The figures that show test images."""


def section(hardest: HardestClass, figures: Figures) -> Section:
    """Return the section; its page is named after the class."""
    name = hardest.name
    parts: list[tuple[str, list[Block]]] = [
        (f"What {name} is mistaken for", [*pictures(figures, "hardest-flow"), *confusions.blocks(hardest)]),
        (
            "Images that every model misclassifies",
            [*always_wrong.blocks(hardest), *_images(hardest, figures, "always-misclassified")],
        ),
        (
            "What only the CNN gets right",
            [
                *only_cnn_correct.blocks(hardest),
                *_images(hardest, figures, "found-by-cnn-only"),
                *_images(hardest, figures, "found-by-others-only"),
            ],
        ),
        (f"{name} against all other classes", [*one_vs_rest.blocks(hardest), *pictures(figures, "hardest-ranking")]),
        ("Would another threshold help?", thresholds.blocks(hardest)),
        (f"{name} and the classes it is confused with", confusable_classes.blocks(hardest)),
        ("How high could F1 go?", upper_bounds.blocks(hardest)),
    ]
    blocks: list[Block] = [_introduction(hardest), _recall_table(hardest)]
    for title, content in parts:
        if content:
            blocks += [Heading(title), *content]
    about = f"What {name} is mistaken for, which images every model misclassifies, and how high its F1 could go."
    return Section(
        class_page(hardest.summary.class_names[hardest.label], hardest.label),
        f"Where {name} fails",
        about,
        blocks,
        on_leaderboard=[_lead(hardest), *_images(hardest, figures, "hardest-images")],
        thumbnails=[
            each for name in IMAGES if name in figures for each in hardest.thumbnails(figures[name].data.index)
        ],
    )


def _images(hardest: HardestClass, figures: Figures, name: str) -> list[Block]:
    """Return a figure of test images, and the files that they come from; nothing if there is no such figure."""
    if name not in figures:
        return []
    return [*pictures(figures, name), thumbnails.paragraph(hardest.thumbnails(figures[name].data.index))]


def _lead(hardest: HardestClass) -> str:
    name, everyone = hardest.name, int(hardest.summary.wrong_under_all.sum())
    here = len(hardest.categories.always_wrong)
    who = f"all {len(hardest.rows)} estimators" if len(hardest.rows) > 1 else "the only estimator"
    share = f"{fmt.percent(here / everyone)} of them and " if everyone else ""
    seeds = " with every seed" if hardest.several_seeds else ""
    return (
        f"{name} is the class with the lowest F1, {fmt.score(hardest.mean_f1)} on average over the estimators. "
        f"{everyone:,} of {fmt.plural(hardest.summary.n_test, 'test image')} "
        f"({fmt.percent(everyone / hardest.summary.n_test)}) {'is' if everyone == 1 else 'are'} misclassified by {who}"
        f"{seeds}. Of these, {here:,} are {name}: {share}"
        f"{fmt.percent(here / hardest.n_images)} of all {name} images."
    )


def _introduction(hardest: HardestClass) -> str:
    name, best, always = hardest.name, hardest.best, len(hardest.categories.always_wrong)
    text = (
        f"**{name} has the lowest F1 of the {len(hardest.summary.class_names)} classes**: {fmt.score(hardest.mean_f1)} "
        f"on average over {fmt.plural(len(hardest.rows), 'estimator')}, {fmt.score(best.f1[hardest.label])} "
        "for the best "
        f"({title_of(best)}). {always:,} of its {fmt.plural(hardest.n_images, 'test image')} "
        f"{'is' if always == 1 else 'are'} misclassified by every estimator."
    )
    f1 = [estimate.bound.f1 for estimate in upper_bounds.estimates(hardest)]
    if f1:
        text += f" F1 could reach about {min(f1):.2f} to {max(f1):.2f}, by the estimates at the end of this page."
    text += (
        f" In the table, recall is the share of the {name} images that are classified as {name}; precision is the "
        f"share of the answers “{name}” that are right."
    )
    return text + (" Counts are means over seeds, unless a line says otherwise." if hardest.several_seeds else "")


def _recall_table(hardest: HardestClass) -> Table:
    label = hardest.label
    missed, mistaken = (confusions.errors(hardest, incoming=incoming).totals for incoming in (False, True))
    rows = []
    for place, row in enumerate(hardest.rows):
        f1, low, high = (float(ends[label]) for ends in (row.f1, row.f1_low, row.f1_high))
        rows.append(
            [
                words(row.title),
                number(float(row.recall[label]), fmt.score),
                number(float(row.precision[label]), fmt.score),
                Cell(fmt.score(f1), f1, (low, high), f" ({fmt.score(low)}–{fmt.score(high)})"),
                number(float(missed[place]), fmt.count),
                number(float(mistaken[place]), fmt.count),
            ]
        )
    name = hardest.name
    header = ["Estimator", "Recall", "Precision", "F1 (95 % interval)", f"{name} images missed", f"Mistaken for {name}"]
    return table(header, rows)
