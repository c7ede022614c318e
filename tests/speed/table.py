"""The table, and what stands under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.speed.harness import FOLDS, PRESET, Projection, Recorded
from tests.speed.rows import BARS, POINTS_LOST, Row
from tests.speed.stock import SAYS


def show(console: Console, rows: Sequence[Row]) -> None:
    """Print the table, and under it what the stock way of each row is."""
    table = Table(box=None, pad_edge=False)
    table.add_column("family")
    for name in ("stock s", "ours s", "ratio", "bar", "met?", "accuracy stock", "accuracy ours"):
        table.add_column(name, justify="right")
    table.add_column("note")
    for row in rows:
        bar = BARS[row.family]
        table.add_row(
            bar.title,
            _number(row.stock, ",.1f"),
            _number(row.ours, ",.1f"),
            _number(row.ratio, ".2f"),
            f">= {bar.ratio:g}",
            row.verdict,
            _number(row.stock_accuracy, ".4f"),
            _number(row.ours_accuracy, ".4f"),
            row.failed or row.note,
        )
    console.print(table)
    console.print(f"\nMet: the ratio, and at most {POINTS_LOST:.1%} of accuracy lost where there is one. Stock is")
    for row in rows:
        console.print(f"- {BARS[row.family].title}: {SAYS[row.family]}.")


def show_harness(console: Console, projections: Mapping[str, Projection], known: Mapping[str, Recorded]) -> None:
    """Print the whole run family by family: accuracies that are beside each other here are not of the same rows."""
    table = Table(box=None, pad_edge=False)
    table.add_column("whole run, by family")
    for name in (
        "plain: sampled s",
        "plain: projected s",
        "ours: recorded s",
        "plain: defaults, one fold",
        "ours: validation",
        "ours: test",
    ):
        table.add_column(name, justify="right")
    for family, projection in projections.items():
        ours = known.get(family)
        of_ours = (ours.seconds, ours.validation_accuracy, ours.test_accuracy) if ours else (None, None, None)
        table.add_row(
            family,
            " + ".join(f"{fold.fit_seconds + fold.predict_seconds:,.1f}" for fold in projection.folds),
            f"{projection.seconds:,.0f}",
            _number(of_ours[0], ",.0f"),
            f"{projection.folds[0].accuracy:.4f}",
            _number(of_ours[1], ".4f"),
            _number(of_ours[2], ".4f"),
        )
    console.print()
    console.print(table)
    rows = max((fold.fit_rows for each in projections.values() for fold in each.folds), default=0)
    console.print(
        f"Projected: {PRESET.trials} trials x {FOLDS} folds at the sample's mean, and one refit. The plain accuracy is "
        f"that of the defaults, fitted on {rows:,} rows and scored on the fold's own third; our validation accuracy is "
        f"the winner's, fitted on {PRESET.rungs[-1]:,} rows, and our test accuracy the recorded one."
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
