"""What each estimator would have scored, had tuning stopped earlier: from the tuning logs, and from refits."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.report import markdown as md
from benchmark.report.summary import Scored, Summary
from benchmark.stopping import BUDGETS, Choice, choice

HEADING = "Had tuning stopped earlier"


def section(summary: Summary) -> list[str]:
    """Return the section's paragraphs and table, without its heading; empty where nothing was tuned."""
    rows = [row for row in summary.scored if row.record.trials]
    budgets = [budget for budget in BUDGETS if any(row.record.tuning_seconds > budget for row in rows)]
    if not budgets:
        return []
    choices = {(row.name, budget): choice(row.record, budget) for row in rows for budget in budgets}
    found = {key: _accuracy(summary, key[0], chosen) for key, chosen in choices.items() if chosen is not None}
    text = (
        "Each estimator gets the same seconds for its own trials, one after the other; then the trial with the best "
        "validation accuracy on the most rows so far is taken, refitted on all rows and tested."
    )
    if any(accuracy is None for accuracy in found.values()):
        text += (
            " A trial that lost in the end is refitted by `python -m benchmark budget`; where that was not done there "
            "is only what validation said of it, in brackets with the rows that it was fitted on."
        )
    if any(not chosen.won for key, chosen in choices.items() if chosen is not None and found[key] is not None):
        text += " Which trials these are was known before any of them was tested; nothing was chosen by it."
    header = ["Estimator", *(f"After {_minutes(budget)}" for budget in budgets), "After all trials"]
    table = [
        [
            md.escape(row.title),
            *(_cell(choices[row.name, budget], found.get((row.name, budget))) for budget in budgets),
            _final(row),
        ]
        for row in rows
    ]
    said: dict[str, list[str]] = {}
    for budget in budgets:
        said.setdefault(_pick(rows, {row.name: choices[row.name, budget] for row in rows}, summary), []).append(
            _minutes(budget)
        )
    sentences = [f"After {md.listing(times)} {pick}." for pick, times in said.items()]
    return [text, md.table(header, table), " ".join(sentences)]


def _accuracy(summary: Summary, name: str, chosen: Choice) -> float | None:
    """Return the test accuracy of what would have been chosen, or None where it was not refitted."""
    if chosen.won:
        return next(row.accuracy.estimate for row in summary.scored if row.name == name)
    return summary.stopped.get((name, chosen.trial.number))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"


def _cell(chosen: Choice | None, accuracy: float | None) -> str:
    if chosen is None:
        return md.NONE
    if accuracy is not None:
        return md.accuracy(accuracy)
    return f"({chosen.rung.accuracy:.4f} on {chosen.rung.rows:,})"


def _final(row: Scored) -> str:
    return f"{md.accuracy(row.accuracy.estimate)} in {md.duration(row.record.tuning_seconds)}"


def _pick(rows: Sequence[Scored], choices: dict[str, Choice | None], summary: Summary) -> str:
    """Say which estimator validation would have picked, and what came of it."""
    found = [(row, chosen) for row in rows if (chosen := choices[row.name]) is not None]
    if not found:
        return "none has a score"
    row, chosen = max(found, key=lambda pair: pair[1].rung.accuracy)
    text = f"validation is highest for *{md.escape(row.title)}*"
    accuracy = _accuracy(summary, row.name, chosen)
    if accuracy is not None:
        return f"{text}, whose test accuracy is {md.accuracy(accuracy)}"
    return f"{text} ({chosen.rung.accuracy:.4f} after {chosen.rung.rows:,} rows), with a trial that was not refitted"
