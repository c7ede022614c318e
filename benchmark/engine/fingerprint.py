"""Hashes all that a record depends on, part by part, so that a stale record can say what changed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.engine import protocol
from benchmark.engine.protocol import Fold, Preset
from benchmark.storage.serialization import short_hash

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from benchmark.engine.jobs import Declaration


def fingerprint(dataset_sha256: str, preset: Preset, declared: Declaration, fold: Fold | None = None) -> dict[str, str]:
    """Hash everything that a result depends on and that may change after its record was written.

    Parameters
    ----------
    dataset_sha256 : str
    preset : Preset
        Its number of seeds is left out: more seeds add records and change none.
    declared : Declaration
    fold : Fold, optional
        Whose training part was tuned and fitted, of a cross-validation.

    Returns
    -------
    dict of str to str
        Name of the part to the first 12 hexadecimal digits of its SHA-256.
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
    if fold is not None:
        parts["fold"] = [fold.count, fold.repeat, fold.number, fold.test.tolist()]
    return {name: short_hash(value) for name, value in parts.items()}


def stale(recorded: Mapping[str, str], today: Mapping[str, str]) -> list[str]:
    """Return the parts in which a recorded fingerprint differs from today's."""
    return [name for name in sorted({*recorded, *today}) if recorded.get(name) != today.get(name)]


def _distribution(value: BaseDistribution) -> Any:
    from optuna.distributions import distribution_to_json  # imported here, because the report does not need Optuna

    return json.loads(distribution_to_json(value))
