"""What the leaderboard says of a row: a column is one entry in `COLUMNS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.analyses.human_labels.scores import Crowd
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics.scores import Floats, Interval
from benchmark.render import markdown as md

Value = str | int | float | None


@dataclass(frozen=True)
class Column:
    """One thing that the leaderboard says of an estimator that finished.

    Attributes
    ----------
    header : str
        In leaderboard.md, where ``{hardest}`` stands for the hardest class; empty if not shown.
    cell : callable
        ``cell(row, summary)``: the text in leaderboard.md.
    values : callable
        ``values(row, summary)``: columns of leaderboard.csv, raw, with the unit in the name. Where
        ``x_low`` and ``x_high`` go with ``x``, they are its 95 % interval.
    people : callable, optional
        ``people(crowd, summary)``: both of these of the people's majority; without it nothing is said of them.
    order : str, optional
        Which of `values` leaderboard.html sorts by: the first number, unless another is named; the
        number that `cell` begins with, if empty.
    """

    header: str
    cell: Callable[[Scored, Summary], str]
    values: Callable[[Scored, Summary], Mapping[str, Value]]
    people: Callable[[Crowd, Summary], tuple[str, Mapping[str, Value]]] | None = None
    order: str | None = None


COLUMNS: tuple[Column, ...] = (
    Column(
        "Test accuracy (95 % interval)",
        lambda row, _: _accuracy(row.accuracy),
        lambda row, _: _accuracy_values(row.accuracy),
        lambda people, _: (_accuracy(people.accuracy), _accuracy_values(people.accuracy)),
    ),
    Column(
        "Other images / other seeds, ± points",
        lambda row, _: f"{_half(row.accuracy_by_images)} / {_half(row.accuracy_by_seeds)}",
        lambda row, _: {
            "test_accuracy_low_by_images": row.accuracy_by_images.low,
            "test_accuracy_high_by_images": row.accuracy_by_images.high,
            "test_accuracy_low_by_seeds": row.accuracy_by_seeds.low if row.accuracy_by_seeds else None,
            "test_accuracy_high_by_seeds": row.accuracy_by_seeds.high if row.accuracy_by_seeds else None,
            "seeds": len(row.seed_accuracy),
            "test_accuracy_seed_min": min(row.seed_accuracy),
            "test_accuracy_seed_max": max(row.seed_accuracy),
        },
        order="",
    ),
    Column(
        "Macro F1",
        lambda row, _: _with_ends(row.macro_f1),
        lambda row, _: {
            "macro_f1": row.macro_f1.estimate,
            "macro_f1_low": row.macro_f1.low,
            "macro_f1_high": row.macro_f1.high,
        },
        lambda people, _: (md.score(people.macro_f1), {"macro_f1": people.macro_f1}),
    ),
    Column(
        "F1 of {hardest}",
        lambda row, summary: _with_ends(_f1(row, _hardest(summary))),
        lambda row, summary: {
            **_hardest_values(row.f1, summary),
            "hardest_class_f1_low": float(row.f1_low[_hardest(summary)]),
            "hardest_class_f1_high": float(row.f1_high[_hardest(summary)]),
        },
        lambda people, summary: (md.score(people.f1[_hardest(summary)]), _hardest_values(people.f1, summary)),
    ),
    Column(
        "Validation accuracy",
        lambda row, _: md.NONE if row.record.validation_accuracy is None else f"{row.record.validation_accuracy:.4f}",
        lambda row, _: {
            "validation_accuracy": row.record.validation_accuracy,
            "validation_fit_rows": row.record.validation_fit_rows,
        },
    ),
    Column(
        "Test minus validation, points",
        lambda row, _: md.NONE if row.gap is None else f"{row.gap * 100:+.2f}".replace("-", "−"),
        lambda row, _: {"test_minus_validation": row.gap},
    ),
    Column(
        "Tuning time",
        lambda row, _: md.duration(row.record.tuning_seconds),
        lambda row, _: {"tuning_seconds": row.record.tuning_seconds, "trials": len(row.record.trials)},
    ),
    Column(
        "Fit time",
        lambda row, _: md.duration(row.fit_seconds),
        lambda row, _: {"fit_seconds": row.fit_seconds, "fit_rows": row.record.fit_rows},
    ),
    Column(
        "Predict 1,000 images",
        lambda row, _: md.duration(row.predict_seconds_per_1000),
        lambda row, _: {"predict_seconds_per_1000": row.predict_seconds_per_1000},
    ),
    Column(
        "Peak memory",
        lambda row, _: md.size(row.peak_memory_bytes),
        lambda row, _: {"peak_memory_bytes": row.peak_memory_bytes},
    ),
    Column("Model size", lambda row, _: md.size(row.model_bytes), lambda row, _: {"model_bytes": row.model_bytes}),
    Column(
        "",
        lambda row, _: "",
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
        lambda row, _: "",
        lambda row, summary: {
            **_f1_values(row.f1, summary),
            **_f1_values(row.f1_low, summary, "_low"),
            **_f1_values(row.f1_high, summary, "_high"),
        },
        lambda people, summary: ("", _f1_values(people.f1, summary)),
    ),
)


def _accuracy(found: Interval) -> str:
    return f"{md.accuracy(found.estimate)} ({found.low:.3f}–{found.high:.3f})"


def _accuracy_values(found: Interval) -> dict[str, Value]:
    return {"test_accuracy": found.estimate, "test_accuracy_low": found.low, "test_accuracy_high": found.high}


def _f1_values(f1: Floats, summary: Summary, end: str = "") -> dict[str, Value]:
    found = {f"{name}{end}": float(value) for name, value in zip(summary.class_names, f1, strict=True)}
    # A class may be called as the column of another's interval would be.
    return {f"f1_{name}": value for name, value in found.items() if not end or name not in summary.class_names}


def _hardest_values(f1: Floats, summary: Summary) -> dict[str, Value]:
    hardest = _hardest(summary)
    return {"hardest_class": summary.class_names[hardest], "hardest_class_f1": float(f1[hardest])}


def _hardest(summary: Summary) -> int:
    assert summary.hardest is not None, "a row that finished has a hardest class"
    return summary.hardest


def _f1(row: Scored, place: int) -> Interval:
    return Interval(float(row.f1[place]), float(row.f1_low[place]), float(row.f1_high[place]))


def _with_ends(interval: Interval) -> str:
    if np.isnan(interval.estimate):
        return md.NONE
    return f"{md.score(interval.estimate)} ({md.score(interval.low)}–{md.score(interval.high)})"


def _half(interval: Interval | None) -> str:
    """Return half of an interval's width, in points."""
    return md.NONE if interval is None else f"{(interval.high - interval.low) * 50:.2f}"
