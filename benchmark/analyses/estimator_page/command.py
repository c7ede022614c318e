"""The command `show`."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Command, Session, preset

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
    from benchmark.render.document import Table

MISTAKES = 10
"""Rows of the table of confident mistakes."""

MOST_CLASSES = 12
"""Classes from which on the confusion matrix is too wide for a terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument("name", metavar="NAME", help="an estimator with a record")
    preset(parser)
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="seed of the record, or repeat of a cross-validation, from 0 (default: the first finished one)",
    )


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Print and write the page of one estimator."""
    from benchmark.analyses.estimator_page import inputs
    from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
    from benchmark.analyses.estimator_page.write import write
    from benchmark.render import terminal
    from benchmark.storage import lock, records

    console = session.console
    folder, loaded = inputs.locate(
        arguments.results, arguments.dataset, arguments.preset, arguments.data_dir, arguments.group, arguments.folds
    )
    results = records.read(folder)
    given = [(f"--{flag}", getattr(arguments, flag)) for flag in ("dataset", "group", "folds", "preset")]
    flags = "".join(f" {flag} {shlex.quote(str(value))}" for flag, value in given if value not in (None, ""))
    record, seeds = inputs.record_of(results, arguments.name, arguments.seed, flags)
    pictures = inputs.pictures_of(results.test_set, arguments.dataset, arguments.data_dir, loaded, arguments.group)
    if pictures.reason:
        terminal.warn(console, f"{pictures.reason}; only the pictures stored with the records are shown")
    proba = results.proba[record.estimator, record.seed]
    space, folds = inputs.space_of(record, results.test_set), results.test_set.folds
    path = records.record_path(folder, record.estimator, record.seed * folds)
    first = records.read_record(path) if folds else None
    estimator = EvaluatedEstimator(record, results.test_set, proba, seeds, pictures, space, first)
    with lock.locked(folder):
        written = write(folder, estimator)
    _print(console, estimator, written)
    return 0


def _print(console: Console, estimator: EvaluatedEstimator, written: list[Path]) -> None:
    """Print what the page says, without the pictures."""
    from benchmark.analyses.estimator_page import predictions, scores, tuning
    from benchmark.render import terminal

    names = [terminal.escape(name) for name in estimator.test_set.class_names]
    seed = estimator.record.seed
    which = f"repeat {seed + 1} (--seed {seed})" if estimator.test_set.folds else f"seed {seed}"
    console.print(
        f"[bold]{terminal.escape(estimator.record.title)}[/], {which}, on {len(estimator.predicted):,} test images of "
        f"{terminal.escape(estimator.test_set.dataset)}"
    )
    console.print(terminal.table(scores.report_table(estimator)))
    if estimator.n_classes <= MOST_CLASSES:
        console.print(terminal.table(_confusion_matrix(estimator)))
    for confusion in predictions.confusions(estimator.confusion, 3):
        console.print(f"{confusion.images:,} {names[confusion.label]} predicted as {names[confusion.predicted]}")
    mistakes = _mistakes(estimator)
    if mistakes.rows:
        console.print(terminal.table(mistakes))
    for block in (tuning.history(estimator), *tuning.importance(estimator)):
        terminal.show(console, block)
    console.print(f"[bold]{terminal.escape(str(written[0]))}[/], with {len(written) - 1} more files in its folder")


def _confusion_matrix(estimator: EvaluatedEstimator) -> Table:
    from benchmark.render import fmt
    from benchmark.render import markdown as md
    from benchmark.render.document import number, table, words

    names = estimator.test_set.class_names
    rows = [
        [words(name), *(number(count, fmt.count, bold=label == place) for place, count in enumerate(counts))]
        for label, (name, counts) in enumerate(zip(names, estimator.confusion.tolist(), strict=True))
    ]
    return table([r"true class \\ predicted", *map(md.escape, names)], rows)


def _mistakes(estimator: EvaluatedEstimator) -> Table:
    """Return the wrong predictions with the highest scores."""
    from benchmark.analyses.estimator_page.predictions import confident_mistakes
    from benchmark.render import fmt
    from benchmark.render.document import number, table, words

    names, y = estimator.test_set.class_names, estimator.test_set.y
    files = estimator.pictures.names
    rows = [
        [
            words(f"#{index}"),
            *([words(files[index])] if files else []),
            words(names[y[index]]),
            words(names[estimator.predicted[index]]),
            number(float(estimator.confidence[index]), fmt.score),
        ]
        for index in confident_mistakes(estimator, MISTAKES).tolist()
    ]
    score = "score (not a probability)" if estimator.softmax else "probability"
    header = ["confident mistake", *["file"] * bool(files), "label", "predicted", score]
    return table(header, rows, left=len(header) - 1)


COMMAND = Command(
    name="show",
    help="one estimator in detail: scores by class, confusions, pictures, training, tuning, parameter importance",
    description="Shows one estimator from its record: scikit-learn's classification report, the confusion matrix, "
    "confident mistakes and a sample of correct predictions in pictures, training curves if the record has them, the "
    "tuning history, and parameter importance. Prints it, and writes it with figures to "
    "results/<dataset>/estimators/NAME.md. Nothing is fitted or predicted.",
    flags=("data", "results"),
    add_arguments=add_arguments,
)
