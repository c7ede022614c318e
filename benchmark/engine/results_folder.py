"""Chooses the folder of a run's results."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from benchmark.engine.protocol import PRESETS, Preset
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from benchmark.storage.lock import record_files


def results_folder(results: Path, dataset: str, preset: Preset) -> Path:
    """Return the folder of a run's results: ``<results>/<dataset>``, unless that would lose work.

    A folder holds the results of one protocol. If it holds records of a preset with more effort (the published
    `standard` results, say), a smaller run goes to ``<results>/<dataset>-<preset>``. So does every run
    with a time limit.
    """
    folder = results / dataset
    if preset.name not in PRESETS:
        return results / f"{dataset}-{preset.name}"
    effort = list(PRESETS)
    for path in record_files(folder):
        with suppress(BenchmarkError):  # a record that cannot be read is handled once the folder is locked
            name = records.read_record(path).preset.get("name")
            if name in effort and effort.index(name) > effort.index(preset.name):
                return results / f"{dataset}-{preset.name}"
    return folder
