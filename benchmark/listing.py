"""What `list` shows: every estimator, whether it can be imported, what stands recorded for it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmark import records, registry
from benchmark.estimator import Estimator, Task
from benchmark.executors.local import LocalExecutor
from benchmark.fingerprint import fingerprint, stale
from benchmark.jobs import Describe, one_line
from benchmark.protocol import Preset
from benchmark.records import Record


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
    """
    held = [records.read_record(path) for path in sorted(results.glob("*/records/*/seed-*.json"))]
    with tempfile.TemporaryDirectory() as logs:
        executor = LocalExecutor(Path(logs))
        try:
            task = Task(n_classes=10, image_shape=(28, 28))
            waiting = [
                (plugin, executor.describe(Describe(plugin.name, task))) for plugin in registry.plugins().values()
            ]
            rows = []
            for plugin, future in waiting:
                title, family, error, prints = plugin.name, "", "", None
                try:
                    defaults, declared = future.result(), plugin.load()
                    title, family = declared.title, declared.family
                    prints = (declared, defaults)
                except Exception as caught:
                    error = one_line(caught)
                mine = [record for record in held if record.estimator == plugin.name]
                states = [_state(record, prints) for record in mine]
                rows.append(Row(plugin.name, title, family, plugin.origin, error, "; ".join(states) or "nothing"))
            return rows
        finally:
            executor.close()


def _state(record: Record, today: tuple[Estimator, dict[str, object]] | None) -> str:
    preset = Preset(**{**record.preset, "rungs": tuple(record.preset["rungs"])})
    text = f"{record.dataset} seed {record.seed} ({preset.name})"
    if record.status != "ok":
        return f"{text}: {record.status}"
    if today is not None:
        differing = stale(record.fingerprint, fingerprint(record.dataset_sha256, preset, *today))
        if differing:
            return f"{text}: stale, {' and '.join(differing)} changed"
    return text
