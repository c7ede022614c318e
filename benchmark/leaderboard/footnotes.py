"""What a reader must know of a row before comparing it: the table's footnotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from benchmark.leaderboard.commands import refit_command
from benchmark.leaderboard.summary import Failed, Scored, Summary
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.storage.records import Record


@dataclass(frozen=True)
class Notes:
    """The footnotes of a table.

    Attributes
    ----------
    by_row : mapping of str to tuple of str
        Each row's, as inline markdown, by the row's name; rows that share a note share its text.
    """

    by_row: Mapping[str, tuple[str, ...]]

    @property
    def _letters(self) -> dict[str, str]:
        texts = dict.fromkeys(text for notes in self.by_row.values() for text in notes)
        return {text: md.mark(place) for place, text in enumerate(texts)}

    def marks(self, name: str) -> str:
        """Return the letters of a row's notes."""
        return " ".join(self._letters[text] for text in self.by_row.get(name, ()))

    @property
    def text(self) -> str:
        """The notes, a line each."""
        return "<br>\n".join(f"{letter} {text}" for text, letter in self._letters.items())


def notes(summary: Summary, *, every: bool = True) -> Notes:
    """Return the footnotes of a table of all rows.

    Parameters
    ----------
    summary : Summary
    every : bool
        Without it: those alone that a reader needs before comparing two rows at a glance.
    """
    usual = _usual_conditions(summary)
    usual_seeds = max((len(row.records) for row in summary.scored), default=0)
    folds = bool(summary.test_set.folds)
    mixed = len({_preset(row.record) for row in summary.scored}) > 1
    by_row: dict[str, tuple[str, ...]] = {}
    for row in summary.scored:
        texts = [*_training(row, mixed=mixed), *_time(row, summary.test_set.most_fit_rows)]
        if every:
            texts += [*_scores(row), *_seeds(row, usual_seeds, folds), *_conditions(row, usual), *_test_reads(row)]
        else:
            texts += _left_out(row, folds) + _elsewhere(row, usual)
        by_row[row.name] = tuple(texts)
    by_row |= {reference.name: (reference.note,) for reference in summary.references}
    return Notes(by_row)


def conditions_differ(rows: Sequence[Scored]) -> bool:
    """Return whether any of the rows was measured on another machine, thread count or version."""
    seen = [_condition(record) for row in rows for record in row.records]
    return any(len(values) > 1 for values in seen_values(seen).values())


def _training(row: Scored, *, mixed: bool) -> list[str]:
    record, texts = row.record, []
    if record.augmentation:
        texts.append(f"Trained on augmented images: {md.escape(record.augmentation)}.")
    if mixed:
        texts.append(f"Made with {effort(record)}, trained on {record.fit_rows:,} rows: not every row had the same.")
    return texts


def _time(row: Scored, all_rows: int) -> list[str]:
    plan, rows = row.record.time, row.record.fit_rows
    if plan is None or rows >= all_rows:
        return []
    needed = fmt.duration(plan.all_rows_seconds)
    return [f"Fitted on {rows:,} of {all_rows:,} rows, as its time allowed; all would take about {needed}."]


def _scores(row: Scored) -> list[str]:
    if row.record.scores != "decision_function":
        return []
    return [
        "Has no `predict_proba`: its stored scores are a softmax of `decision_function`, "
        "which rank the classes but are not probabilities."
    ]


def _left_out(row: Scored, folds: bool) -> list[str]:
    texts = []
    for record in row.left_out:
        if record.status == "ok":
            why = f"was made with less effort ({effort(record)})"
        else:
            why = f"ended as {record.status}: {md.escape(record.reason) or 'no reason given'}"
        which = f"Repeat {record.seed + 1}" if folds else f"Seed {record.seed}"
        texts.append(f"{which} does not count here: it {why}.")
    return texts


def _seeds(row: Scored, usual: int, folds: bool) -> list[str]:
    texts = _left_out(row, folds)
    if len(row.records) < usual:
        texts.append(f"{fmt.plural(len(row.records), 'repeat' if folds else 'seed')}; other rows have up to {usual}.")
    return texts


def _test_reads(row: Scored) -> list[str]:
    reads = max(record.test_reads for record in row.records)
    return (
        [f"Its test images were predicted up to {reads} times, counting records that this one replaced."]
        if reads > 1
        else []
    )


def _elsewhere(row: Scored, usual: Mapping[str, str]) -> list[str]:
    differ = bool(_conditions(row, usual))
    return (
        ["Times were measured under other conditions than most rows' (see [method.md](method.md))."] if differ else []
    )


def _conditions(row: Scored, usual: Mapping[str, str]) -> list[str]:
    values = seen_values([_condition(record) for record in row.records])
    # Seeds of one row may have been made on several machines: all of them are named.
    text = [
        f"{md.escape(key)} {md.escape(fmt.listing(sorted(found)))} (elsewhere {md.escape(usual[key])})"
        for key, found in values.items()
        if found != {usual[key]}
    ]
    return (
        [f"Measured under other conditions than most rows, so compare its times with care: {'; '.join(text)}."]
        if text
        else []
    )


def _condition(record: Record) -> dict[str, str]:
    return {**record.environment, "threads": str(record.threads), "device": record.device}


def seen_values(conditions: Sequence[Mapping[str, str]]) -> dict[str, set[str]]:
    """Return what each key was, over all that were measured."""
    # A key that only some records have (a library only one family needs) is no difference.
    keys = dict.fromkeys(key for condition in conditions for key in condition)
    return {key: {condition[key] for condition in conditions if key in condition} for key in keys}


def _usual_conditions(summary: Summary) -> dict[str, str]:
    """Return the most common value of each condition; of equally common ones, the leader's."""
    seen: dict[str, Counter[str]] = {}
    for row in summary.scored:
        for key, values in seen_values([_condition(record) for record in row.records]).items():
            seen.setdefault(key, Counter()).update(sorted(values))
    return {key: counter.most_common(1)[0][0] for key, counter in seen.items()}


def _preset(record: Record) -> str:
    return str(record.preset.get("name", "unknown"))


def effort(record: Record) -> str:
    """Return what a record was made with, for a sentence: "preset quick", or "time limit 10m"."""
    return f"{'preset' if record.time is None else 'time limit'} {md.escape(_preset(record))}"


def failure(row: Failed) -> str:
    """Return why an estimator has no score, as markdown."""
    label = {"failed": "failed", "timeout": "ran out of time", "oom": "ran out of memory"}[row.record.status]
    return f"**{label}**: {md.escape(row.record.reason)}" if row.record.reason else f"**{label}**"


def missing(
    summary: Summary, there: Collection[str], left_out: Mapping[str, str], nothing: str, verb: str
) -> list[str]:
    """Say which rows have no part in a section made from records, and how to get them into it.

    Parameters
    ----------
    summary : Summary
    there : collection of str
        Names of the estimators that have.
    left_out : mapping of str to str
        Titles of those whose part does not count, to a sentence that says so.
    nothing : str
        What is said of those that have none.
    verb : str
        Of the command that makes it.
    """
    out = list(left_out.values())
    none = [
        f"*{md.escape(row.title)}*" for row in summary.scored if row.name not in there and row.title not in left_out
    ]
    if none:
        out.append(f"{nothing}: {fmt.listing(none)}.")
    if not out:
        return []
    names = [row.name for row in summary.scored if row.name not in there]
    return [f"{' '.join(out)} Make what is missing with {md.code(refit_command(summary, verb, names))}."]
