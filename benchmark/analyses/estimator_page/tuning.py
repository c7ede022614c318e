"""How tuning went and which parameters mattered, in words and tables."""

from __future__ import annotations

from typing import Any

from benchmark.analyses.estimator_page.evaluated import EvaluatedEstimator
from benchmark.analyses.estimator_page.importance import FOLDS, PERMUTATIONS, Importance
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import NOTHING, Block, Cell, number, table, words
from benchmark.storage.schema import TrialResult

FIRST_FOLD = "Each fold is tuned and fitted by itself. This is the first fold of the repeat."

LISTED = 20
"""Trials in the table, at most."""


def history(estimator: EvaluatedEstimator) -> str:
    """Return how many trials there were, how they ended, and what the best one scored."""
    record = estimator.tuned
    if not record.trials:
        return "No trial is on record."
    counts = {state: sum(trial.state == state for trial in record.trials) for state in _STATES}
    states = fmt.listing([f"{count} {_STATES[state]}" for state, count in counts.items() if count])
    text = (
        f"{fmt.plural(len(record.trials), 'trial')} ({states}) took {fmt.duration(record.tuning_seconds)} "
        "of fitting and "
        f"predicting, summed over workers. "
    )
    rungs = sorted({rung.rows for trial in record.trials for rung in trial.rungs})
    if len(rungs) > 1:
        reached = [sum(rows in _rows(trial) for trial in record.trials) for rows in rungs]
        fits = [
            f"{n} {'was' if n == 1 else 'were'} fitted on {rows:,} rows" for n, rows in zip(reached, rungs, strict=True)
        ]
        text += f"The worst trials are pruned at each rung: {fmt.listing(fits)}. "
    if record.validation_accuracy is not None:
        text += (
            f"The best trial has a validation accuracy of {fmt.accuracy(record.validation_accuracy)}, fitted on "
            f"{record.validation_fit_rows:,} rows."
        )
    return text.strip()


def importance(estimator: EvaluatedEstimator) -> list[Block]:
    """Return which parameters mattered, a table and the method; or why that is unknown."""
    found = estimator.importance
    if isinstance(found, str):
        return [f"Parameter importance is unknown: {md.escape(found)}."]
    rows = [
        [
            _parameter(name),
            number(float(found.share[place]), fmt.score),
            _range(found.low[place], found.high[place]),
            _range(found.subset_low[place], found.subset_high[place]),
            number(float(found.chance[place]), fmt.score),
        ]
        for place, name in enumerate(found.parameters)
    ]
    header = ["Parameter", "Share", "Over forests", "Without some trials", "Highest by chance"]
    return [conclusion(found), table(header, rows), _method(found)]


def conclusion(found: Importance) -> str:
    """Return which parameters have a larger share than by chance, and how sure that is."""
    few = f"{fmt.plural(found.trials, 'trial')} of {fmt.plural(len(found.parameters), 'parameter')}"
    weak = [name for name in found.above_chance if name not in found.robust]
    parts = []
    for names, trials in (
        (found.robust, "whichever trials are left out"),
        (weak, "but not if some trials are left out"),
    ):
        if names:
            listed = fmt.listing([f"`{_code(name)}`" for name in names])
            verb = "matters" if len(names) == 1 else "matter"
            parts.append(f"**{listed} {verb}**: more than in each of {PERMUTATIONS} random permutations, {trials}. ")
    if not parts:
        return (
            f"**No parameter matters more than by chance**, compared with {PERMUTATIONS} random permutations of the "
            f"scores: {few} are too few to tell."
        )
    return (
        f"{''.join(parts)}This is a hint only: there are {few}, the sampler does not draw them evenly, and 1 in "
        f"{PERMUTATIONS + 1} parameters without effect exceeds all permutations by chance. What matters on "
        f"{found.rows:,} rows may not matter on all."
    )


def _method(found: Importance) -> str:
    which = "all" if found.trials == found.all_trials else f"{found.trials} of {found.all_trials}"
    out = "each trial" if found.trials <= FOLDS else "each tenth of the trials"
    return (
        f"How it was computed: scores on different rungs cannot be compared, so only the rung that most trials reached "
        f"is used. It has {found.rows:,} rows; {which} trials have a score there, from {fmt.accuracy(found.worst)} to "
        f"{fmt.accuracy(found.best)}. fANOVA (Hutter et al. 2014, in Optuna) fits a random forest to these scores and "
        "decomposes its variance. *Share* is what a parameter explains alone, averaged over forests with different "
        "seeds; interactions of parameters make up the rest. *Over forests* is its range over these seeds, *Without "
        f"some trials* its range when {out} is left out once, and *Highest by chance* the largest share after the "
        "scores were randomly permuted. Parameters with a logarithmic range are compared on a logarithmic scale."
    )


def trials(estimator: EvaluatedEstimator) -> list[Block]:
    """Return the table of trials: those with the most training rows first, and among these the best."""
    record = estimator.tuned
    rungs = sorted({rung.rows for trial in record.trials for rung in trial.rungs})
    if not rungs:
        return []
    names = list(dict.fromkeys(name for trial in record.trials for name in trial.params))
    ordered = sorted(record.trials, key=lambda trial: (*(-score for score in _last_rung(trial)), trial.number))
    rows = []
    for trial in ordered[:LISTED]:
        by_rows = {rung.rows: rung.accuracy for rung in trial.rungs}
        seconds = sum(rung.fit_seconds + rung.predict_seconds for rung in trial.rungs)
        rows.append(
            [
                number(trial.number, str, bold=_is_best(estimator, trial)),
                words(_STATES[trial.state]),
                *(number(by_rows.get(rung), fmt.accuracy) for rung in rungs),
                number(seconds, fmt.duration),
                *(_value(trial.params[name]) if name in trial.params else NOTHING for name in names),
            ]
        )
    header = [
        "Trial",
        "Status",
        *(f"{rung:,} rows" for rung in rungs),
        "Worker time",
        *(f"`{_code(n)}`" for n in names),
    ]
    text = "The number of the best trial is bold; trial 0 has the estimator's defaults."
    if len(ordered) > LISTED:
        text = f"The best {LISTED} of {len(ordered)} trials. {text}"
    return [text, table(header, rows, left=2)]


_STATES = {
    "complete": "complete",
    "pruned": "pruned",
    "failed": "failed",
    "timeout": "timed out",
    "oom": "out of memory",
}


def _last_rung(trial: TrialResult) -> tuple[float, float]:
    """Return rows and score of the last rung that a trial reached."""
    last = trial.rungs[-1] if trial.rungs else None
    return (last.rows, last.accuracy) if last else (0.0, 0.0)


def _rows(trial: TrialResult) -> set[int]:
    return {rung.rows for rung in trial.rungs}


def _is_best(estimator: EvaluatedEstimator, trial: TrialResult) -> bool:
    record = estimator.tuned
    top = trial.rungs[-1] if trial.rungs else None
    return (
        trial.state == "complete"
        and top is not None
        and (top.rows, top.accuracy) == (record.validation_fit_rows, record.validation_accuracy)
        and dict(trial.params) == dict(record.params)
    )


def _value(value: Any) -> Cell:
    """Return a parameter's value, a float to 4 significant digits."""
    if isinstance(value, float):
        return number(value, lambda value: f"{value:.4g}")
    return number(value, str) if type(value) is int else words(str(value))


def _range(low: float, high: float) -> Cell:
    return Cell(f"{low:.3f} to {high:.3f}", float(low))


def _parameter(name: str) -> Cell:
    return Cell(f"`{_code(name)}`", _code(name))


def _code(name: str) -> str:
    """Return text that is safe between backticks in a cell."""
    return "".join(char for char in md.plain(name) if char not in "`|")[: md.LONGEST_NAME] or "?"
