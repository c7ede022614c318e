"""The command `show`."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analyses.analysis import Command, Session

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from benchmark.analyses.estimator_page.shown import Shown

MISTAKES = 10
"""Surest mistakes that are printed."""

MOST_CLASSES = 12
"""Beyond which the confusion matrix is too wide for a terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of its own."""
    parser.add_argument("name", metavar="NAME", help="an estimator that has a record")
    parser.add_argument(
        "--preset",
        choices=["smoke", "quick", "standard", "thorough"],
        help="take the results that run --preset wrote, where they stand apart in results/<dataset>-<preset>",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="whose record (default: the first that ended well)")


def measure(arguments: argparse.Namespace, session: Session) -> int:
    """Show one estimator."""
    from benchmark.analyses.estimator_page import inputs as showing
    from benchmark.analyses.estimator_page import write as show
    from benchmark.analyses.estimator_page.shown import Shown
    from benchmark.render import terminal as live
    from benchmark.storage import lock, records

    console = session.console
    folder, loaded = showing.place(arguments.results, arguments.dataset, arguments.preset, arguments.data_dir)
    results = records.read(folder)
    asked = [(f"--{flag}", getattr(arguments, flag)) for flag in ("dataset", "preset")]
    again = "".join(f" {flag} {shlex.quote(value)}" for flag, value in asked if value)
    record, seeds = showing.record_of(results, arguments.name, arguments.seed, again)
    pictures = showing.pictures_of(results.test_set, arguments.dataset, arguments.data_dir, loaded)
    if pictures.reason:
        live.warn(console, f"{pictures.reason}; of the pictures only those that are kept with the records are shown")
    proba = results.proba[record.estimator, record.seed]
    shown = Shown(record, results.test_set, proba, seeds, pictures, showing.space_of(record, results.test_set))
    with lock.locked(folder):
        written = show.write(folder, shown)
    _print(console, shown, written)
    return 0


def _print(console: Console, shown: Shown, written: list[Path]) -> None:
    """Print what the page says, but for the pictures."""
    from benchmark.analyses.estimator_page import answers, scores, tuned
    from benchmark.render import markdown as md
    from benchmark.render import terminal as live

    names = [live.escape(name) for name in shown.test_set.class_names]
    console.print(
        f"[bold]{live.escape(shown.record.title)}[/], seed {shown.record.seed}, on {len(shown.predicted):,} "
        f"test images of {live.escape(shown.test_set.dataset)}"
    )
    table = _table(*scores.HEADER)
    for line in scores.lines(shown):
        table.add_row(live.escape(line.name), *line.cells, style="bold" if line.total else "")
    console.print(table)
    if shown.n_classes <= MOST_CLASSES:
        table = _table("truth \\ answer", *names)
        for place, (name, row) in enumerate(zip(names, shown.confusion.tolist(), strict=True)):
            table.add_row(name, *(f"[bold]{n:,}[/]" if at == place else f"{n:,}" for at, n in enumerate(row)))
        console.print(table)
    for error in answers.errors(shown.confusion, 3):
        console.print(f"{error.images:,} {names[error.truth]} called {names[error.answer]}")
    wrong = answers.mistakes(shown, MISTAKES)
    score = "score (no probability)" if shown.softmax else "probability"
    if len(wrong):
        table = _table("wrong" if shown.softmax else "surest mistake", "truth", "answer", score, words=3)
        for index in wrong:
            truth, answer = names[shown.test_set.y[index]], names[shown.predicted[index]]
            table.add_row(f"#{index}", truth, answer, f"{shown.confidence[index]:.3f}")
        console.print(table)
    console.print(live.escape(tuned.tuning(shown)))
    if isinstance(shown.importance, str):
        console.print(live.escape(tuned.UNTOLD.format(reason=shown.importance)))
    else:
        table = _table("parameter", "share", "without some trials", "most by chance")
        found = shown.importance
        for place, name in enumerate(found.parameters):
            low, high = found.left_low[place], found.left_high[place]
            cells = (md.score(found.share[place]), f"{low:.3f} to {high:.3f}", md.score(found.chance[place]))
            table.add_row(live.escape(name), *cells)
        console.print(table)
        console.print(live.escape(tuned.answer(found).replace("**", "").replace("`", "")))
    console.print(f"[bold]{live.escape(str(written[0]))}[/], with {len(written) - 1} files beside it")


def _table(*header: str, words: int = 1) -> Table:
    """Return a table whose first columns are words and whose others are numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for place, text in enumerate(header):
        table.add_column(text, justify="left" if place < words else "right")
    return table


COMMAND = Command(
    name="show",
    help="one estimator, closely: scores by class, confusion, pictures, training, tuning, what mattered",
    description="Shows one estimator from its record: scikit-learn's classification report, the confusion matrix, "
    "test images that it is surest of and wrong about beside some that it gets right, training curves where the "
    "record has them, how tuning went, and which parameters mattered. Prints it, and writes it with figures to "
    "results/<dataset>/estimators/NAME.md. Nothing is fitted or predicted.",
    flags=("data", "results"),
    add_arguments=add_arguments,
)
