"""What the leaderboard says of a row: a column is one entry in `COLUMNS`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmark.leaderboard.reference import Reference
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics.scores import Floats, Interval
from benchmark.render import fmt
from benchmark.render.document import NOTHING, Cell, Value, number

HARDEST = "{hardest}"
"""Replaced by the name of the hardest class in a header."""


@dataclass(frozen=True)
class Column:
    """One thing that the leaderboard says of an estimator that finished.

    Attributes
    ----------
    header : str
        In the table of every number, where ``{hardest}`` is replaced by the hardest class; empty if not shown there.
    cell : callable
        ``cell(row, summary)``: its cell.
    values : callable
        ``values(row, summary)``: columns of leaderboard.csv, raw, with the unit in the name. Where
        ``x_low`` and ``x_high`` go with ``x``, they are its 95 % interval.
    reference : callable, optional
        ``reference(row, summary)``: both of these of a row shown for comparison; without it nothing is said of it.
    first_screen : str
        Header of the same column in leaderboard.md; empty if it is not shown there.
    """

    header: str
    cell: Callable[[Scored, Summary], Cell]
    values: Callable[[Scored, Summary], Mapping[str, Value]]
    reference: Callable[[Reference, Summary], tuple[Cell, Mapping[str, Value]]] | None = None
    first_screen: str = ""


COLUMNS: tuple[Column, ...] = (
    Column(
        "Test accuracy (95 % interval)",
        lambda row, _: _accuracy(row.accuracy),
        lambda row, _: _accuracy_values(row.accuracy),
        lambda row, _: (_accuracy(row.accuracy), _accuracy_values(row.accuracy)),
        first_screen="Test accuracy (95 % interval)",
    ),
    Column(
        "Other images / other seeds, ± points",
        lambda row, _: Cell(f"{_half(row.accuracy_by_images)} / {_half(row.accuracy_by_seeds)}", _width(row)),
        lambda row, _: {
            "test_accuracy_low_by_images": row.accuracy_by_images.low,
            "test_accuracy_high_by_images": row.accuracy_by_images.high,
            "test_accuracy_low_by_seeds": row.accuracy_by_seeds.low if row.accuracy_by_seeds else None,
            "test_accuracy_high_by_seeds": row.accuracy_by_seeds.high if row.accuracy_by_seeds else None,
            "seeds": len(row.seed_accuracy),
            "test_accuracy_seed_min": min(row.seed_accuracy),
            "test_accuracy_seed_max": max(row.seed_accuracy),
        },
    ),
    Column(
        "Macro F1",
        lambda row, _: _score(row.macro_f1),
        lambda row, _: {
            "macro_f1": row.macro_f1.estimate,
            "macro_f1_low": row.macro_f1.low,
            "macro_f1_high": row.macro_f1.high,
        },
        lambda row, _: (number(row.macro_f1, fmt.score), {"macro_f1": row.macro_f1}),
    ),
    Column(
        "F1 of {hardest}",
        lambda row, summary: _score(_of_hardest(row, summary)),
        lambda row, summary: {
            **_hardest_values(row.f1, summary),
            "hardest_class_f1_low": _of_hardest(row, summary).low,
            "hardest_class_f1_high": _of_hardest(row, summary).high,
        },
        lambda row, summary: (_hardest_cell(row.f1, summary), _hardest_values(row.f1, summary)),
        first_screen="F1 of {hardest}",
    ),
    Column(
        "Validation accuracy",
        lambda row, _: number(row.record.validation_accuracy, fmt.accuracy),
        lambda row, _: {
            "validation_accuracy": row.record.validation_accuracy,
            "validation_fit_rows": row.record.validation_fit_rows,
        },
    ),
    Column(
        "Test minus validation, points",
        lambda row, _: number(row.gap, lambda gap: f"{gap * 100:+.2f}".replace("-", "−")),
        lambda row, _: {"test_minus_validation": row.gap},
    ),
    Column(
        "Tuning time",
        lambda row, _: number(row.record.tuning_seconds, fmt.duration),
        lambda row, _: {"tuning_seconds": row.record.tuning_seconds, "trials": len(row.record.trials)},
    ),
    Column(
        "Fit time",
        lambda row, _: number(row.fit_seconds, fmt.duration),
        lambda row, _: {"fit_seconds": row.fit_seconds, "fit_rows": row.record.fit_rows},
        first_screen="Fit",
    ),
    Column(
        "Predict 1,000 images",
        lambda row, _: number(row.predict_seconds_per_1000, fmt.duration),
        lambda row, _: {"predict_seconds_per_1000": row.predict_seconds_per_1000},
        first_screen="Predict 1,000",
    ),
    Column(
        "Peak memory",
        lambda row, _: number(row.peak_memory_bytes, fmt.size),
        lambda row, _: {"peak_memory_bytes": row.peak_memory_bytes},
    ),
    Column(
        "Model size",
        lambda row, _: number(row.model_bytes, fmt.size),
        lambda row, _: {"model_bytes": row.model_bytes},
        first_screen="Size",
    ),
    Column(
        "",
        lambda row, _: NOTHING,
        lambda row, _: {
            "preset": str(row.record.preset.get("name", "")),
            "augmentation": row.record.augmentation,
            "scores": row.record.scores,
            "threads": row.record.threads,
            "device": row.record.device,
            "test_reads": max(record.test_reads for record in row.records),
        },
    ),
    Column(
        "",
        lambda row, _: NOTHING,
        lambda row, summary: {
            **_f1_values(row.f1, summary),
            **_f1_values(row.f1_low, summary, "_low"),
            **_f1_values(row.f1_high, summary, "_high"),
        },
        lambda row, summary: (NOTHING, _f1_values(row.f1, summary)),
    ),
)


def _accuracy(interval: Interval) -> Cell:
    low, high = interval.low, interval.high
    return Cell(fmt.accuracy(interval.estimate), interval.estimate, (low, high), f" ({low:.3f}–{high:.3f})")


def _accuracy_values(interval: Interval) -> dict[str, Value]:
    return {"test_accuracy": interval.estimate, "test_accuracy_low": interval.low, "test_accuracy_high": interval.high}


def _f1_values(f1: Floats, summary: Summary, end: str = "") -> dict[str, Value]:
    values = {f"{name}{end}": float(value) for name, value in zip(summary.class_names, f1, strict=True)}
    # A class may be called as the column of another's interval would be.
    return {f"f1_{name}": value for name, value in values.items() if not end or name not in summary.class_names}


def _hardest_values(f1: Floats, summary: Summary) -> dict[str, Value]:
    hardest = summary.hardest
    name = "" if hardest is None else summary.class_names[hardest]
    return {"hardest_class": name, "hardest_class_f1": _value(f1, hardest)}


def _hardest_cell(f1: Floats, summary: Summary) -> Cell:
    return number(_value(f1, summary.hardest), fmt.score)


def _of_hardest(row: Scored, summary: Summary) -> Interval:
    return Interval(*(_value(values, summary.hardest) for values in (row.f1, row.f1_low, row.f1_high)))


def _value(f1: Floats, label: int | None) -> float:
    """Return a class's F1, or NaN of no class."""
    return math.nan if label is None else float(f1[label])


def _score(interval: Interval) -> Cell:
    cell = number(interval.estimate, fmt.score)
    if cell is NOTHING:
        return cell
    ends = f" ({fmt.score(interval.low)}–{fmt.score(interval.high)})"
    return Cell(cell.text, cell.value, (interval.low, interval.high), ends)


def _width(row: Scored) -> float:
    return row.accuracy_by_images.high - row.accuracy_by_images.low


def _half(interval: Interval | None) -> str:
    """Return half of an interval's width, in points."""
    return fmt.NONE if interval is None else f"{(interval.high - interval.low) * 50:.2f}"
