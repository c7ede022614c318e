"""What each estimator would have scored, had tuning stopped earlier: from the tuning logs, and from refits."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.analyses.tuning_budget.early_stop import BUDGETS, Choice, choice
from benchmark.analyses.tuning_budget.scores import BudgetScores
from benchmark.leaderboard.commands import refit_command
from benchmark.leaderboard.summary import Scored
from benchmark.metrics import scores as metrics
from benchmark.metrics.scores import Floats
from benchmark.render import markdown as md
from benchmark.render.document import Block, Figures, Section, pictures, table

TITLE = "Had tuning stopped earlier"


FILE = "tuning-budget.md"


def section(scores: BudgetScores, figures: Figures) -> Section | None:
    """Return the section: what a shorter tuning would have chosen, and how validation accuracy grew."""
    rows = [row for row in scores.summary.scored if row.record.trials]
    blocks = [*_blocks(scores), *pictures(figures, "validation-tuning-time")]
    refitted = {name for name, _ in scores.stopped}
    names = [row.name for row in rows if row.name in refitted]
    commands = [refit_command(scores.summary, "budget", names)] if names else []
    if not blocks:
        return None
    about = "What each estimator would have scored with a shorter tuning."
    return Section(FILE, TITLE, about, blocks, reproduce=commands)


def _blocks(scores: BudgetScores) -> list[Block]:
    rows = [row for row in scores.summary.scored if row.record.trials]
    budgets = [budget for budget in BUDGETS if any(row.record.tuning_seconds > budget for row in rows)]
    if not budgets:
        return []
    choices = {(row.name, budget): choice(row.record, budget) for row in rows for budget in budgets}
    found = {
        (row.name, budget): _right(scores, row, chosen)
        for row in rows
        for budget in budgets
        if (chosen := choices[row.name, budget]) is not None
    }
    text = (
        "Each estimator gets the same seconds for its own trials, one after the other; then the trial with the best "
        "validation accuracy on the most rows so far is taken, refitted on all rows and tested."
    )
    if any(right is None for right in found.values()):
        text += (
            " A trial that lost in the end is refitted by `python -m benchmark budget`; where that was not done there "
            "is only what validation said of it, in brackets with the rows that it was fitted on."
        )
    if any(not chosen.won for key, chosen in choices.items() if chosen is not None and found[key] is not None):
        text += " Which trials these are was known before any of them was tested; nothing was chosen by it."
    if any(len(row.records) > 1 for row in rows):
        text += " All of it is of each estimator's first seed."
    header = ["Estimator", *(f"After {_minutes(budget)}" for budget in budgets), "After all trials"]
    lines = [
        [
            md.escape(row.title),
            *(_cell(choices[row.name, budget], found.get((row.name, budget))) for budget in budgets),
            _final(scores, row),
        ]
        for row in rows
    ]
    said: dict[str, list[str]] = {}
    for budget in budgets:
        said.setdefault(_pick(rows, {row.name: choices[row.name, budget] for row in rows}, scores), []).append(
            _minutes(budget)
        )
    sentences = [f"After {md.listing(times)} {pick}." for pick, times in said.items()]
    gained = _gained(scores, [(row, choices[row.name, budgets[0]]) for row in rows], _minutes(budgets[0]))
    return [text, table(header, lines), " ".join([*sentences, *gained])]


def _right(scores: BudgetScores, row: Scored, chosen: Choice) -> Floats | None:
    """Return which images what would have been chosen got right, or None where it was not refitted."""
    return _winner(scores, row) if chosen.won else scores.stopped.get((row.name, chosen.trial.number))


def _winner(scores: BudgetScores, row: Scored) -> Floats:
    # Of the first seed, as the trials that lost are refitted with it.
    return metrics.correctness(scores.summary.test_set.y, row.predicted[:1])


def _gained(scores: BudgetScores, first: Sequence[tuple[Scored, Choice | None]], minutes: str) -> list[str]:
    """Say what tuning on bought those that had not found their winner after the first budget."""
    gains = []
    for row, chosen in first:
        before = None if chosen is None or chosen.won else _right(scores, row, chosen)
        if before is not None:
            gain = metrics.paired_difference(_winner(scores, row), before)
            low, high = (md.signed_points(end) for end in (gain.low, gain.high))
            gains.append(
                (-gain.estimate, f"*{md.escape(row.title)}* {md.signed_points(gain.estimate)} ({low} to {high})")
            )
    if not gains:
        return []
    return [
        f"Where tuning on after {minutes} changed the choice and the earlier one was refitted, it changed test "
        f"accuracy by so many points (95 % interval): {md.listing([text for _, text in sorted(gains)])}."
    ]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"


def _cell(chosen: Choice | None, right: Floats | None) -> str:
    if chosen is None:
        return md.NONE
    if right is not None:
        return md.accuracy(float(right.mean()))
    return f"({chosen.rung.accuracy:.4f} on {chosen.rung.rows:,})"


def _final(scores: BudgetScores, row: Scored) -> str:
    return f"{md.accuracy(float(_winner(scores, row).mean()))} in {md.duration(row.record.tuning_seconds)}"


def _pick(rows: Sequence[Scored], choices: dict[str, Choice | None], scores: BudgetScores) -> str:
    """Say which estimator validation would have picked, and what came of it."""
    found = [(row, chosen) for row in rows if (chosen := choices[row.name]) is not None]
    if not found:
        return "none has a score"
    row, chosen = max(found, key=lambda pair: pair[1].rung.accuracy)
    text = f"validation is highest for *{md.escape(row.title)}*"
    right = _right(scores, row, chosen)
    if right is not None:
        return f"{text}, whose test accuracy is {md.accuracy(float(right.mean()))}"
    return f"{text} ({chosen.rung.accuracy:.4f} after {chosen.rung.rows:,} rows), with a trial that was not refitted"
