"""What a reader must know of a row before comparing it: the table's footnotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from benchmark.leaderboard.summary import Failed, Scored, Summary
from benchmark.render import markdown as md
from benchmark.storage.records import Record


def notes(summary: Summary) -> dict[str, tuple[str, ...]]:
    """Return each estimator's footnotes, as markdown; rows that share a note share its text."""
    usual = _usual_conditions(summary)
    usual_seeds = max((len(row.records) for row in summary.scored), default=0)
    usual_presets = {_preset(row.record) for row in summary.scored}
    out: dict[str, tuple[str, ...]] = {}
    for row in summary.scored:
        out[row.name] = (
            *_training(row, mixed=len(usual_presets) > 1),
            *_seeds(row, usual_seeds),
            *_conditions(row, usual),
            *_test_reads(row),
        )
    out.update({row.name: () for row in summary.failed})
    return out


def conditions_differ(rows: Sequence[Scored]) -> bool:
    """Return whether any of the rows was measured on another machine, thread count or version."""
    seen = [_condition(record) for row in rows for record in row.records]
    return any(len(values) > 1 for values in seen_values(seen).values())


def _training(row: Scored, *, mixed: bool) -> list[str]:
    record, found = row.record, []
    if record.augmentation:
        found.append(f"Trained on augmented images: {md.escape(record.augmentation)}.")
    if record.scores == "decision_function":
        found.append(
            "Has no `predict_proba`: its stored scores are a softmax of `decision_function`, "
            "which rank the classes but are not probabilities."
        )
    if mixed:
        preset = md.escape(_preset(record))
        found.append(f"Made with preset {preset}, trained on {record.fit_rows:,} rows: not every row had the same.")
    return found


def _seeds(row: Scored, usual: int) -> list[str]:
    found = []
    for record in row.left_out:
        if record.status == "ok":
            why = f"was made with less effort (preset {md.escape(_preset(record))})"
        else:
            why = f"ended as {record.status}: {md.escape(record.reason) or 'no reason given'}"
        found.append(f"Seed {record.seed} does not count here: it {why}.")
    if len(row.records) < usual:
        found.append(f"{md.plural(len(row.records), 'seed')}; other rows have up to {usual}.")
    return found


def _test_reads(row: Scored) -> list[str]:
    reads = max(record.test_reads for record in row.records)
    return (
        [f"Its test images were predicted up to {reads} times, counting records that this one replaced."]
        if reads > 1
        else []
    )


def _conditions(row: Scored, usual: Mapping[str, str]) -> list[str]:
    values = seen_values([_condition(record) for record in row.records])
    # Seeds of one row may have been made on several machines: all of them are named.
    text = [
        f"{md.escape(key)} {md.escape(md.listing(sorted(found)))} (elsewhere {md.escape(usual[key])})"
        for key, found in values.items()
        if found != {usual[key]}
    ]
    return [f"Not measured as the other rows were, so compare its times with care: {'; '.join(text)}."] if text else []


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
        out.append(f"{nothing}: {md.listing(none)}.")
    if not out:
        return []
    names = " ".join(row.name for row in summary.scored if row.name not in there)
    return [f"{' '.join(out)} Make what is missing with `python -m benchmark {verb} {names}`."]
