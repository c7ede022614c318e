"""What a record depends on, hashed part by part, so that a stale one can say why it is stale."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.engine import protocol
from benchmark.engine.protocol import Preset
from benchmark.storage.serialization import short_hash

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from benchmark.engine.jobs import Declaration


def fingerprint(dataset_sha256: str, preset: Preset, declared: Declaration) -> dict[str, str]:
    """Hash everything that a result depends on and that can change under a record.

    Parameters
    ----------
    dataset_sha256 : str
    preset : Preset
        Without its number of seeds: more seeds are more records, not other ones.
    declared : Declaration

    Returns
    -------
    dict of str to str
        Part to the first 12 hexadecimal digits of its SHA-256.
    """
    rules = {name: value for name, value in dataclasses.asdict(preset).items() if name != "seeds"}
    rules |= {
        "split_seed": protocol.SPLIT_SEED,
        "tuning_seed": protocol.TUNING_SEED,
        "reduction_factor": protocol.REDUCTION_FACTOR,
        "batch": protocol.BATCH,
        "startup_trials": protocol.STARTUP_TRIALS,
    }
    parts: dict[str, Any] = {
        "dataset": dataset_sha256,
        "protocol": rules,
        "space": {name: _distribution(value) for name, value in declared.space.items()},
        "defaults": dict(declared.defaults),
        "settings": dict(declared.settings),
    }
    if preset.tiny:
        parts["smoke"] = dict(declared.smoke)
    if preset.thorough:
        parts["thorough"] = dict(declared.thorough)
    return {name: short_hash(value) for name, value in parts.items()}


def stale(recorded: Mapping[str, str], today: Mapping[str, str]) -> list[str]:
    """Return the parts in which a record differs from what a run would make today."""
    return [name for name in sorted({*recorded, *today}) if recorded.get(name) != today.get(name)]


def _distribution(value: BaseDistribution) -> Any:
    from optuna.distributions import distribution_to_json  # here, so that the report does without

    return json.loads(distribution_to_json(value))
