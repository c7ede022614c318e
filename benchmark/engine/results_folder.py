"""Which folder the results of a run go to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from benchmark.engine.protocol import PRESETS, Preset
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from benchmark.storage.lock import record_files


def results_folder(results: Path, dataset: str, preset: Preset) -> Path:
    """Return the folder of a run's results: ``<results>/<dataset>``, unless that would lose work.

    A folder holds one protocol. Where it holds records of a preset that takes more effort (the
    published `standard` results, say), a smaller run goes to ``<dataset>-<preset>`` beside it.
    """
    folder = results / dataset
    effort = list(PRESETS)
    for path in record_files(folder):
        with suppress(BenchmarkError):  # one that cannot be read is dealt with once the folder is claimed
            held = records.read_record(path).preset.get("name")
            if held in effort and effort.index(held) > effort.index(preset.name):
                return results / f"{dataset}-{preset.name}"
    return folder
