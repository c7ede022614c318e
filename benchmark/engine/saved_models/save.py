"""Saves the refit of a tuned estimator: a worker writes it to a temporary folder, which is then moved into place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.datasets import fashion_mnist
from benchmark.datasets.dataset import Dataset
from benchmark.engine.jobs import Outcome, Saved
from benchmark.engine.protocol import Preset, task_rows
from benchmark.engine.saved_models.card import CARD_FILE, SCHEMA, ModelCard, Preparation, Refit, read_card, stale_reason
from benchmark.errors import BenchmarkError
from benchmark.storage import scratch, serialization
from benchmark.storage.records import Record

SEED = 0
"""Seed of the refit that is saved: every estimator has this one, whatever the number of seeds."""

CANNOT_BE_KEPT = "cannot be kept: "
"""First words of the line for a model that does not fit into the safe file formats, or that cannot be written."""


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Make an empty folder for a worker to write a model to; afterwards it is removed with all that is left in it.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``. The temporary folder is in its ``models``, so that it can be moved into place.

    Raises
    ------
    OSError
    """
    models = folder / "models"
    models.mkdir(exist_ok=True)
    with scratch.temporary_folder(models.resolve()) as path:  # absolute: a worker may have another working directory
        yield path


def install(
    folder: Path, written: Path, dataset: Dataset, record: Record, outcome: Outcome, refit: Refit = "own"
) -> str:
    """Move the model that a worker wrote into place, and return one line that says so, or why there is no model.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    written : Path
        The temporary folder that the worker wrote to.
    dataset : Dataset
    record : Record
        Record of the refit.
    outcome : Outcome
        Outcome of the job that wrote the model.
    refit : {"own", "again", "whole"}
        See `ModelCard`.

    Raises
    ------
    OSError
    """
    saved = outcome.saved
    if saved is None or saved.reason:
        return f"{CANNOT_BE_KEPT}{outcome.reason if saved is None else saved.reason}"
    size = sum((written / file).stat().st_size for file in saved.files)
    card = _card(dataset, record, saved, outcome, refit, size)
    serialization.write_atomically(written / CARD_FILE, serialization.to_json(dataclasses.asdict(card)))
    written.chmod(0o755)  # only the owner may read a temporary folder
    target = written.parent / record.estimator
    with scratch.temporary_folder(written.parent) as discarded:
        if target.exists():
            target.rename(discarded / target.name)
        written.rename(target)
    whole = "; it is fitted on all images with the parameters of the first fold" if refit == "whole" else ""
    return f"its model is saved: {model_folder(folder, record)}, {card.size / 1e6:.1f} MB{whole}"


def model_folder(folder: Path, record: Record) -> Path:
    """Return the folder of a record's model, whether or not the model is saved."""
    return folder / "models" / record.estimator


def is_saved(folder: Path, record: Record) -> bool:
    """Tell whether the model of a record is saved; of its files only the total size is checked."""
    path = model_folder(folder, record)
    try:
        card = read_card(path)
        size = sum((path / file).stat().st_size for file in card.files)
    except (BenchmarkError, OSError):
        return False
    return not stale_reason(card, record) and size == card.size


def _preparation(dataset: Dataset) -> Preparation:
    if dataset.name == fashion_mnist.NAME:
        return "fashion-mnist"
    return "grey" if dataset.image_shape[2] == 1 else "colour"


def _card(dataset: Dataset, record: Record, saved: Saved, outcome: Outcome, refit: Refit, size: int) -> ModelCard:
    return ModelCard(
        schema=SCHEMA,
        name=record.estimator,
        title=record.title,
        family=record.family,
        augmentation=record.augmentation,
        dataset=record.dataset,
        dataset_sha256=record.dataset_sha256,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        preparation=_preparation(dataset),
        seed=record.seed,
        params=record.params,
        preset=record.preset,
        task_rows=task_rows(len(dataset.train.y), dataset.folds, Preset.recorded(record.preset)),
        fingerprint=record.fingerprint,
        proba_sha256=record.proba_sha256,
        refit=refit,
        scores="predict_proba" if record.scores == "predict_proba" else "decision_function",
        classes=saved.classes,
        files=saved.files,
        size=size,
        environment=outcome.environment,
    )
