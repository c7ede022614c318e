"""What `list` shows: every estimator, whether it can be imported, and its records."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import shorten

from benchmark.engine import declaration, registry
from benchmark.engine.executors.local import LocalExecutor, temporary_executor
from benchmark.engine.fingerprint import fingerprint, stale
from benchmark.engine.jobs import DESCRIBE_SECONDS, Declaration, Describe, Limits, WorkerDiedError, one_line
from benchmark.engine.protocol import Preset, task_rows
from benchmark.engine.registry import Plugin
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task
from benchmark.storage import records

WORKER_NAME = "list"
"""Name of the worker that describes all plugins of models/."""

USUAL_TASK = Task(n_classes=10, image_shape=declaration.GREY_28)
"""Fashion-MNIST's, at its full size."""


@dataclass(frozen=True)
class Row:
    """One estimator; `error` is empty if its plugin can be imported and built."""

    name: str
    title: str
    family: str
    origin: str
    error: str
    recorded: str


def listing(results: Path) -> list[Row]:
    """Return every estimator, with what `results` holds for it.

    Parameters
    ----------
    results : Path
        Folder with one subfolder per data set.

    Returns
    -------
    list of Row
        Refused names (see `benchmark.engine.registry.refused`) come last.
    """
    plugins = list(registry.plugins().values())
    paths = sorted(results.glob("*/records/*/seed-*.json"))
    tasks = {path: _task(path) for path in paths}
    rows = []
    with temporary_executor() as executor:
        # Space and settings depend on the task, so a record is compared with what its plugin declares for its own.
        described = {task: _described(executor, plugins, task) for task in {USUAL_TASK, *filter(None, tasks.values())}}
        for plugin in plugins:
            found = described[USUAL_TASK][plugin.name]
            title, family, error = plugin.name, "", ""
            if isinstance(found, Declaration):
                title, family = found.title, found.family
            else:
                error = one_line(found)
            # The folds of a cross-validation mostly have the same to say.
            own = [path for path in paths if path.parent.name == plugin.name]
            states = dict.fromkeys(_state(path, described[tasks[path] or USUAL_TASK][plugin.name]) for path in own)
            rows.append(Row(plugin.name, title, family, plugin.origin, error, "; ".join(states) or "nothing"))
    return rows + [Row(name, "", "", "", reason, "") for name, reason in registry.refused().items()]


def _task(path: Path) -> Task | None:
    """Return the task of a record; None if its folder or itself cannot be read, or nothing was fitted."""
    try:
        record, test_set = records.read_record(path), records.read_test_set(path.parents[2])
        preset = Preset.recorded(record.preset)
    except (BenchmarkError, TypeError, KeyError):
        return None
    if test_set is None or not record.fit_rows:
        return None
    rows = task_rows(test_set.n_train, test_set.folds, preset)
    return replace(USUAL_TASK, image_shape=test_set.image_shape, rows=rows)


def _described(
    executor: LocalExecutor, plugins: Sequence[Plugin], task: Task
) -> dict[str, Declaration | BaseException]:
    """Describe the plugins of models/ in one worker, which loads each library once, and other plugins in their own.

    Nothing is fitted, so even libraries that can crash each other may share the process. If a plugin ends it all the
    same, each plugin gets a worker of its own, one after the other.
    """
    found: dict[str, Declaration | BaseException] = {}
    ours = [plugin for plugin in plugins if plugin.target is None]
    requests = [Describe(plugin.name, task) for plugin in ours]
    limits = Limits(DESCRIBE_SECONDS)
    with suppress(WorkerDiedError):
        described = executor.call(WORKER_NAME, task.threads, declaration.describe_all, requests, limits=limits).result()
        found = {plugin.name: each for plugin, each in zip(ours, described, strict=True)}
    for plugin in plugins:
        if plugin.name not in found:
            try:
                found[plugin.name] = executor.describe(Describe(plugin.name, task)).result()
            except Exception as error:
                found[plugin.name] = error
            executor.retire(plugin.name)
    return found


def _state(path: Path, today: Declaration | BaseException) -> str:
    try:
        record = records.read_record(path)
        preset = Preset.recorded(record.preset)
    except (BenchmarkError, TypeError, KeyError):  # `report` and `run` say what is wrong with the record
        return f"{path.parents[2].name} {path.stem}: damaged"
    which = f"in {record.fold.count} folds" if record.fold else f"seed {record.seed}"
    text = f"{record.dataset} {which} ({preset.name})"
    if record.status != "ok":
        return f"{text}: {record.status}, {shorten(record.reason, 80, placeholder=' …')}"
    if isinstance(today, Declaration):
        prints = fingerprint(record.dataset_sha256, preset, today)
        differing = stale({part: value for part, value in record.fingerprint.items() if part != "fold"}, prints)
        if differing:
            return f"{text}: stale, {' and '.join(differing)} changed"
    return text
