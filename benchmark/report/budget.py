"""What each estimator would have scored, had tuning stopped earlier: from the tuning logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmark import protocol
from benchmark.records import Record, RungResult, TrialResult
from benchmark.report import markdown as md
from benchmark.report.summary import Scored, Summary

HEADING = "Had tuning stopped earlier"

BUDGETS = (60.0, 300.0, 900.0, 1_800.0)
"""Seconds of one estimator's own fits and predictions while tuning, added up over the workers."""


@dataclass(frozen=True)
class Choice:
    """What validation would have chosen at some moment.

    Attributes
    ----------
    trial : TrialResult
    rung : RungResult
        The highest that any trial had finished by then, and this trial's result there.
    refitted : bool
        Whether it is the one that was chosen in the end, so that its test accuracy is known.
    """

    trial: TrialResult
    rung: RungResult
    refitted: bool


def choice(record: Record, seconds: float) -> Choice | None:
    """Return what would have been refitted, had tuning stopped after so many seconds; None if nothing was scored.

    Fits are taken one after the other, in the order in which tuning asked for them: by batches
    of trials, and in a batch rung by rung.
    """
    clock = 0.0
    found: tuple[TrialResult, RungResult] | None = None
    for trial, rung in in_order(record.trials):
        clock += rung.fit_seconds + rung.predict_seconds
        if clock > seconds:
            break
        if found is None or (rung.rows, rung.accuracy) > (found[1].rows, found[1].accuracy):
            found = trial, rung
    if found is None:
        return None
    # Equal parameters are the same model, whichever trial they were tried in.
    return Choice(*found, dict(found[0].params) == dict(record.params))


def section(summary: Summary) -> list[str]:
    """Return the section's paragraphs and table, without its heading; empty where nothing was tuned."""
    rows = [row for row in summary.scored if row.record.trials]
    budgets = [budget for budget in BUDGETS if any(row.record.tuning_seconds > budget for row in rows)]
    if not budgets:
        return []
    text = (
        "Each estimator gets the same seconds for its own trials, one after the other; then the trial with the best "
        "validation accuracy on the most rows so far is taken. Its test accuracy stands here where that trial is the "
        "one that was refitted in the end; for another there is only what validation said of it, in brackets with the "
        "rows that it was fitted on, since the test images are not read for trials that lost."
    )
    header = ["Estimator", *(f"After {_minutes(budget)}" for budget in budgets), "After all trials"]
    table = [
        [md.escape(row.title), *(_cell(row, choice(row.record, budget)) for budget in budgets), _final(row)]
        for row in rows
    ]
    said: dict[str, list[str]] = {}
    for budget in budgets:
        said.setdefault(_pick(rows, budget), []).append(_minutes(budget))
    sentences = [f"After {md.listing(times)} {pick}." for pick, times in said.items()]
    return [text, md.table(header, table), " ".join(sentences)]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"


def in_order(trials: Sequence[TrialResult]) -> Iterator[tuple[TrialResult, RungResult]]:
    """Give every fit in the order in which tuning asked for it: by batches of trials, and in a batch rung by rung."""
    ordered = sorted(trials, key=lambda trial: trial.number)
    for start in range(0, len(ordered), protocol.BATCH):
        batch = ordered[start : start + protocol.BATCH]
        for rows in sorted({rung.rows for trial in batch for rung in trial.rungs}):
            yield from ((trial, rung) for trial in batch for rung in trial.rungs if rung.rows == rows)


def _cell(row: Scored, chosen: Choice | None) -> str:
    if chosen is None:
        return md.NONE
    if chosen.refitted:
        return md.accuracy(row.accuracy.estimate)
    return f"({chosen.rung.accuracy:.4f} on {chosen.rung.rows:,})"


def _final(row: Scored) -> str:
    return f"{md.accuracy(row.accuracy.estimate)} in {md.duration(row.record.tuning_seconds)}"


def _pick(rows: Sequence[Scored], budget: float) -> str:
    """Say which estimator validation would have picked, and what came of it."""
    found = [(row, chosen) for row in rows if (chosen := choice(row.record, budget)) is not None]
    if not found:
        return "none has a score"
    row, chosen = max(found, key=lambda pair: pair[1].rung.accuracy)
    text = f"validation is highest for *{md.escape(row.title)}*"
    if chosen.refitted:
        return f"{text}, whose test accuracy is {md.accuracy(row.accuracy.estimate)}"
    return f"{text} ({chosen.rung.accuracy:.4f} after {chosen.rung.rows:,} rows), with a trial that was not refitted"
