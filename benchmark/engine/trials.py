"""The fits of a study's trials, in the order in which they ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.engine import protocol
from benchmark.storage.schema import RungResult, TrialResult


def in_order(trials: Sequence[TrialResult]) -> Iterator[tuple[TrialResult, RungResult]]:
    """Yield every fit in the order in which tuning asked for it: batch by batch, and within a batch rung by rung."""
    ordered = sorted(trials, key=lambda trial: trial.number)
    for start in range(0, len(ordered), protocol.BATCH):
        batch = ordered[start : start + protocol.BATCH]
        for rows in sorted({rung.rows for trial in batch for rung in trial.rungs}):
            yield from ((trial, rung) for trial in batch for rung in trial.rungs if rung.rows == rows)
