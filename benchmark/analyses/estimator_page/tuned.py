"""How tuning went and which parameters mattered, in words."""

from __future__ import annotations

from typing import Any

from benchmark.analyses.estimator_page.importance import DEALS, FOLDS, Importance
from benchmark.analyses.estimator_page.shown import Shown
from benchmark.render import markdown as md
from benchmark.render.document import Block, table
from benchmark.storage.schema import TrialResult

SHOWN = 20
"""Trials that are listed, at most."""

UNTOLD = "Of importance nothing can be said: {reason}."


def tuning(shown: Shown) -> str:
    """Say what tuning did."""
    record = shown.record
    if not record.trials:
        return "No trial is on record."
    counts = {state: sum(trial.state == state for trial in record.trials) for state in _STATES}
    fates = md.listing([f"{count} {_STATES[state]}" for state, count in counts.items() if count])
    text = (
        f"{md.plural(len(record.trials), 'trial')} ({fates}) in {md.duration(record.tuning_seconds)} of fitting and "
        f"predicting, added up over workers. "
    )
    rungs = sorted({rung.rows for trial in record.trials for rung in trial.rungs})
    if len(rungs) > 1:
        reached = [sum(rungs[place] in _rows(trial) for trial in record.trials) for place in range(len(rungs))]
        climbs = [
            f"{n} {'was' if n == 1 else 'were'} fitted on {m:,} rows" for n, m in zip(reached, rungs, strict=True)
        ]
        text += f"A trial climbs from rung to rung, and the losers are pruned: {md.listing(climbs)}. "
    if record.validation_accuracy is not None:
        text += (
            f"The winner has a validation accuracy of {md.accuracy(record.validation_accuracy)} after "
            f"{record.validation_fit_rows:,} rows."
        )
    return text.strip()


def importance(shown: Shown) -> list[Block]:
    """Return which parameters mattered with a table, or why that cannot be said."""
    found = shown.importance
    if isinstance(found, str):
        return [UNTOLD.format(reason=md.escape(found))]
    rows = [
        [
            f"`{_code(name)}`",
            md.score(found.share[place]),
            f"{found.low[place]:.3f} to {found.high[place]:.3f}",
            f"{found.left_low[place]:.3f} to {found.left_high[place]:.3f}",
            md.score(found.chance[place]),
        ]
        for place, name in enumerate(found.parameters)
    ]
    header = ["Parameter", "Share", "Over forests", "Without some trials", "Most by chance"]
    return [_method(found), answer(found), table(header, rows)]


def answer(found: Importance) -> str:
    """Say which parameters stand out of what chance would give."""
    few = f"{md.plural(found.trials, 'trial')} of {md.plural(len(found.parameters), 'parameter')}"
    few += ", which tuning drew where it hoped for more and not evenly"
    parts = []
    firm, weak = found.standing_firm, [name for name in found.standing_out if name not in found.standing_firm]
    for names, but in ((firm, "whichever trials are left out"), (weak, "but no longer when some trials are left out")):
        if names:
            listed = md.listing([f"`{_code(name)}`" for name in names])
            stands = "stands" if len(names) == 1 else "stand"
            parts.append(f"**{listed} {stands} out**: more than chance gave in any of {DEALS} deals, {but}. ")
    if not parts:
        return f"**No parameter stands out** from what chance gave in {DEALS} deals: {few}, do not say which matter."
    return (
        f"{''.join(parts)}It is a hint and no more: {few}, and one parameter in {DEALS + 1} that does nothing stands "
        f"above all deals by chance. What matters on {found.rows:,} rows need not matter on all."
    )


def _method(found: Importance) -> str:
    which = "all" if found.trials == found.all_trials else f"{found.trials} of {found.all_trials}"
    out = "each trial" if found.trials <= FOLDS else "each tenth of the trials"
    return (
        f"Trials of different rungs were fitted on different rows and cannot be compared, so this is about the rung "
        f"that most reached: {found.rows:,} rows, where {which} have a score, from {md.accuracy(found.worst)} to "
        f"{md.accuracy(found.best)}. fANOVA (Hutter et al. 2014, as Optuna has it) fits a random forest to these "
        "scores and takes its variance apart: the share is what a parameter explains by itself, averaged over "
        "forests of several seeds, and what is missing to one is how parameters work together. Beside it, how far it "
        f"moves with the forest's seed, how far when {out} is left out once, and the most that a parameter gets when "
        "the scores are dealt to the trials at random. A range that was searched on a logarithmic scale is taken on "
        "one."
    )


def trials(shown: Shown) -> list[Block]:
    """Return the trials as a table, those that got furthest first, and among these the best."""
    record = shown.record
    rungs = sorted({rung.rows for trial in record.trials for rung in trial.rungs})
    if not rungs:
        return []
    names = list(dict.fromkeys(name for trial in record.trials for name in trial.params))
    ordered = sorted(record.trials, key=lambda trial: (*(-score for score in _climb(trial)), trial.number))
    rows = []
    for trial in ordered[:SHOWN]:
        by_rows = {rung.rows: rung.accuracy for rung in trial.rungs}
        number = f"**{trial.number}**" if _won(shown, trial) else str(trial.number)
        cells = [md.accuracy(by_rows[rung]) if rung in by_rows else md.NONE for rung in rungs]
        params = [_value(trial.params[name]) if name in trial.params else md.NONE for name in names]
        spent = sum(rung.fit_seconds + rung.predict_seconds for rung in trial.rungs)
        rows.append([number, _STATES[trial.state], *cells, md.duration(spent), *params])
    header = ["Trial", "Fate", *(f"{rung:,} rows" for rung in rungs), "Worker time", *(f"`{_code(n)}`" for n in names)]
    text = "The winner's number is bold; trial 0 is the estimator's own defaults."
    if len(ordered) > SHOWN:
        text = f"The {SHOWN} of {len(ordered)} trials that got furthest. {text}"
    return [text, table(header, rows, left=2)]


_STATES = {
    "complete": "complete",
    "pruned": "pruned",
    "failed": "failed",
    "timeout": "over its time",
    "oom": "out of memory",
}


def _climb(trial: TrialResult) -> tuple[float, float]:
    last = trial.rungs[-1] if trial.rungs else None
    return (last.rows, last.accuracy) if last else (0.0, 0.0)


def _rows(trial: TrialResult) -> set[int]:
    return {rung.rows for rung in trial.rungs}


def _won(shown: Shown, trial: TrialResult) -> bool:
    record = shown.record
    top = trial.rungs[-1] if trial.rungs else None
    return (
        trial.state == "complete"
        and top is not None
        and (top.rows, top.accuracy) == (record.validation_fit_rows, record.validation_accuracy)
        and dict(trial.params) == dict(record.params)
    )


def _value(value: Any) -> str:
    """Return a parameter's value, a float to 4 significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else md.escape(str(value))


def _code(name: str) -> str:
    """Return text that can stand between backticks in a cell."""
    return "".join(char for char in md.plain(name) if char not in "`|")[: md.LONGEST_NAME] or "?"
