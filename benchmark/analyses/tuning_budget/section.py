"""The page of shorter tunings: the answer, the table, the figure and how it was counted."""

from __future__ import annotations

from benchmark.analyses.tuning_budget.early_stopping import BUDGETS
from benchmark.analyses.tuning_budget.scores import BudgetScores, EarlyChoice, Pick
from benchmark.leaderboard.commands import refit_command
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import NOTHING, Block, Cell, Figures, Section, Table, number, pictures, table, words

FILE = "tuning-budget.md"
TITLE = "Would a shorter tuning do?"
ABOUT = "Test accuracy of each estimator, had its tuning stopped earlier."


def section(scores: BudgetScores, figures: Figures) -> Section | None:
    """Return the section, or None if there is neither a shorter tuning nor a figure."""
    drawn = pictures(figures, "validation-tuning-time")
    if not scores.budgets:
        none = f"No estimator was tuned for longer than {_minutes(BUDGETS[0])}, so no shorter tuning was examined."
        return Section(FILE, TITLE, ABOUT, [none, *drawn]) if drawn else None
    names = [row.name for row in scores.rows if row.name in scores.refitted]
    commands = [refit_command(scores.summary, "budget", names)] if names else []
    answer = " ".join([_same(scores), *_gains(scores), *_picks(scores)])
    blocks: list[Block] = [answer, _caption(scores), _table(scores), *drawn, _counted(scores)]
    return Section(FILE, TITLE, ABOUT, blocks, reproduce=commands)


def _same(scores: BudgetScores) -> str:
    """Say for how many estimators each budget leads to the same choice as the whole tuning."""
    of, (first, *_) = len(scores.rows), scores.budgets
    counts = [scores.final(index) for index in range(len(scores.budgets))]
    answer = "Yes" if counts[0] == of else "Mostly" if 2 * counts[0] > of else "Partly" if counts[0] else "No"
    later = [
        f"after {_minutes(budget)} for {count}" for budget, count in zip(scores.budgets[1:], counts[1:], strict=True)
    ]
    same = f"stopped after {_minutes(first)}, tuning would have chosen the same parameters for {counts[0]} of "
    return f"**{answer}: {same}{fmt.listing([fmt.plural(of, 'estimator'), *later])}.**"


def _gains(scores: BudgetScores) -> list[str]:
    """Say what tuning gained after the first budget, as far as it was measured."""
    changed, texts = scores.changed(0), []
    if not changed:
        return []
    for row, gain in scores.gains(0):
        estimate, low, high = (fmt.signed_points(value) for value in gain)
        texts.append(f"*{md.escape(row.title)}* {estimate} ({low} to {high})")
    estimators = fmt.plural(changed, "estimator")
    text = f"Tuning for longer than {_minutes(scores.budgets[0])} changed the choice for {estimators}"
    if not texts:
        return [f"{text}, but no earlier choice was refitted, so the gain in test accuracy is not known."]
    known = f", known for {len(texts)}" if len(texts) < changed else ""
    return [f"{text}. The gain in test accuracy{known}, in points with 95 % intervals: {fmt.listing(texts)}."]


def _picks(scores: BudgetScores) -> list[str]:
    """Say which estimator has the best validation accuracy after each budget, and its test accuracy."""
    times: dict[str, list[str]] = {}
    for index, budget in enumerate(scores.budgets):
        times.setdefault(_pick(scores.pick(index)), []).append(_minutes(budget))
    return [f"After {fmt.listing(budgets)}, {pick}." for pick, budgets in times.items()]


def _pick(pick: Pick | None) -> str:
    if pick is None:
        return "no estimator has a validation score"
    text = f"*{md.escape(pick.title)}* has the best validation accuracy"
    if pick.early.accuracy is not None:
        return f"{text}; its test accuracy is {fmt.accuracy(pick.early.accuracy)}"
    rung = pick.early.choice.rung
    return f"{text} ({rung.accuracy:.4f} with {rung.rows:,} rows); that trial was not refitted"


def _caption(scores: BudgetScores) -> str:
    seed = " with the first seed" if any(row.several_seeds for row in scores.rows) else ""
    text = f"**Test accuracy**{seed} of the trial that would have been chosen after each tuning time."
    if any(early is not None and early.accuracy is None for row in scores.rows for early in row.early):
        text += (
            " Values in parentheses are validation accuracies (training rows given): that trial was not refitted; "
            "`python -m benchmark budget` does it."
        )
    return text


def _table(scores: BudgetScores) -> Table:
    header = [
        "Estimator",
        *(f"After {_minutes(budget)}" for budget in scores.budgets),
        "After all trials",
        "All trials take",
    ]
    rows = [
        [
            words(row.title),
            *map(_cell, row.early),
            number(row.accuracy, fmt.accuracy),
            number(row.tuning_seconds, fmt.duration),
        ]
        for row in scores.rows
    ]
    return table(header, rows)


def _cell(early: EarlyChoice | None) -> Cell:
    if early is None:
        return NOTHING
    if early.accuracy is not None:
        return number(early.accuracy, fmt.accuracy)
    rung = early.choice.rung
    return Cell(f"({rung.accuracy:.4f} on {rung.rows:,})", rung.accuracy)


def _counted(scores: BudgetScores) -> str:
    text = (
        "Each estimator gets the same seconds for its own trials, one after the other. Then the trial with the best "
        "validation accuracy on the most rows so far is chosen, refitted on all rows and tested."
    )
    if any(early is not None and early.gain is not None for row in scores.rows for early in row.early):
        text += " Which trials these are was known before any of them was tested; no choice was based on the test."
    return text


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"
