"""The commands that make records again, as the pages print them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from benchmark.engine import protocol, registry
from benchmark.engine.time_limit import is_label
from benchmark.leaderboard.summary import Failed, Scored, Summary
from benchmark.render import markdown as md
from benchmark.storage.records import Record, TestSet

NAMED_DATASETS = ("fashion-mnist", "digits", "mnist", "kmnist")
"""What `--dataset` takes by name; but for OpenML's, anything else came from a path."""

DEFAULT_DATASET = "fashion-mnist"

WHICH = "{which}"
"""In a command, the place of the estimators."""


def run_commands(summary: Summary) -> list[str]:
    """Return the commands that make every record, one for each preset and number of seeds.

    A single command says ``--all`` if every estimator of the project has a row.
    """
    rows: list[Scored | Failed] = [*summary.scored, *summary.failed]
    names: dict[str, list[str]] = {}
    for row in rows:
        latest = row.records[-1] if isinstance(row, Scored) else row.record  # more seeds may have been asked for since
        command = run_command(latest, summary.test_set)
        names.setdefault(command, []).append(shlex.quote(" ".join(row.name.split())))
    if len(names) == 1 and registry.own().issubset(row.name for row in rows):
        names = {command: ["--all"] for command in names}
    return [command.replace(WHICH, " ".join(which), 1) for command, which in names.items()]


def run_command(record: Record, test_set: TestSet) -> str:
    """Return what makes a record, `WHICH` in place of its estimator.

    Parameters
    ----------
    record : Record
    test_set : TestSet
        Of the record's data.
    """
    name = str(record.preset.get("name", protocol.DEFAULT_PRESET))
    words = [
        f"python -m benchmark run {WHICH}",
        *data_flags(record.dataset, test_set.given, test_set.group, test_set.asked_folds),
        effort_flag(name),
    ]
    usual = protocol.preset_named(name)
    if test_set.folds:
        usual = usual.cross_validated
    for flag in ("trials", "seeds"):
        value = record.preset.get(flag)
        if isinstance(value, int) and value != getattr(usual, flag):
            words.append(f"--{flag} {value}")
    return " ".join(words)


def effort_flag(name: str) -> str:
    """Return the flag of `run` that asks for a preset, or for a time limit, by the name that a record has for it."""
    if not is_label(name):
        return f"--preset {word(name)}"
    each = name.endswith("-each")
    return f"{'--time-each' if each else '--time'} {name.removesuffix('-each')}"


def data_flags(dataset: str, given: str = "", group: str = "", folds: int | None = None) -> list[str]:
    """Return the flags that name a data set, as far as they are known, and say how it is split.

    Parameters
    ----------
    dataset : str
        Its name.
    given, group : str
        `TestSet.given` and `TestSet.group`; may come from a stranger.
    folds : int, optional
        `TestSet.asked_folds`.
    """
    split = [] if folds is None else [f"--folds {folds}"]
    if number := re.fullmatch(r"openml-(\d+)", dataset, re.ASCII):  # no other data get such a name
        return [f"--dataset openml:{number[1]}", *split]
    if dataset not in NAMED_DATASETS:
        groups = [f"--group {shlex.quote(md.plain(group))}"] if group else []
        return [f"--dataset {shlex.quote(md.plain(given)) if given else 'PATH'}", *groups, *split]
    return [f"--dataset {dataset}"] if dataset != DEFAULT_DATASET else []


def refit_command(summary: Summary, command: str, names: Sequence[str]) -> str:
    """Return what is made from the records, once they are there."""
    words = [f"python -m benchmark {command}", *(names if len(names) < len(summary.scored) else [])]
    test_set = summary.test_set
    words += data_flags(test_set.dataset, test_set.given, test_set.group, test_set.asked_folds)
    presets = {str(row.record.preset.get("name", "")) for row in summary.scored if row.name in names}
    words += [f"--preset {word(preset)}" for preset in presets - {protocol.DEFAULT_PRESET} if len(presets) == 1]
    return " ".join(words)


def word(text: str) -> str:
    """Return text that can stand in a command line."""
    return re.sub(r"[^\w.-]", "", text) or "standard"
