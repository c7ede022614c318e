"""What `list` shows: every estimator, whether it can be imported, what stands recorded for it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

from benchmark import records, registry
from benchmark.errors import BenchmarkError
from benchmark.estimator import Task
from benchmark.executors.local import LocalExecutor
from benchmark.fingerprint import fingerprint, stale
from benchmark.jobs import Declaration, Describe, one_line
from benchmark.protocol import Preset


@dataclass(frozen=True)
class Row:
    """One estimator; `error` is empty if it can be imported and built."""

    name: str
    title: str
    family: str
    origin: str
    error: str
    recorded: str


def listing(results: Path) -> list[Row]:
    """Describe every estimator, each in a worker of its own, and what `results` holds for it.

    Parameters
    ----------
    results : Path
        Holds one folder per data set.

    Returns
    -------
    list of Row
        Names that are refused (see `benchmark.registry.refused`) come last.
    """
    paths = sorted(results.glob("*/records/*/seed-*.json"))
    with tempfile.TemporaryDirectory() as logs:
        executor = LocalExecutor(Path(logs))
        try:
            task = Task(n_classes=10, image_shape=(28, 28))
            waiting = [
                (plugin, executor.describe(Describe(plugin.name, task))) for plugin in registry.plugins().values()
            ]
            rows = []
            for plugin, future in waiting:
                title, family, error, declared = plugin.name, "", "", None
                try:
                    declared = future.result()
                    title, family = declared.title, declared.family
                except Exception as caught:
                    error = one_line(caught)
                states = [_state(path, declared) for path in paths if path.parent.name == plugin.name]
                rows.append(Row(plugin.name, title, family, plugin.origin, error, "; ".join(states) or "nothing"))
            return rows + [Row(name, "", "", "", reason, "") for name, reason in registry.refused().items()]
        finally:
            executor.close()


def _state(path: Path, today: Declaration | None) -> str:
    try:
        record = records.read_record(path)
        preset = Preset.recorded(record.preset)
    except (BenchmarkError, TypeError, KeyError):  # `report` and `run` say what is wrong with it
        return f"{path.parents[2].name} {path.stem}: damaged"
    text = f"{record.dataset} seed {record.seed} ({preset.name})"
    if record.status != "ok":
        return f"{text}: {record.status}, {shorten(record.reason, 80, placeholder=' …')}"
    if today is not None:
        differing = stale(record.fingerprint, fingerprint(record.dataset_sha256, preset, today))
        if differing:
            return f"{text}: stale, {' and '.join(differing)} changed"
    return text
