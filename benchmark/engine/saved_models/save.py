"""Saves the model of a refit: a worker writes it into a scratch folder, which is then moved into place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.datasets import fashion_mnist
from benchmark.datasets.dataset import Dataset
from benchmark.engine.jobs import Outcome, Saved
from benchmark.engine.saved_models.card import CARD, SCHEMA, ModelCard, differences, read_card
from benchmark.errors import BenchmarkError
from benchmark.storage import scratch, serialization
from benchmark.storage.records import Record

SEED = 0
"""Seed of the refit that is saved: every estimator has it, however few the seeds."""


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder on the file system of the saved models, for a worker to write a model into.

    It is removed afterwards, with all that is left in it.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.

    Raises
    ------
    OSError
    """
    models = folder / "models"
    models.mkdir(exist_ok=True)
    with scratch.folder(models.resolve()) as made:  # absolute, because a worker may have another current directory
        yield made


def install(
    folder: Path, written: Path, dataset: Dataset, record: Record, outcome: Outcome, again: bool = False
) -> str:
    """Move a model that a worker has written into its place; return the result in one line.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    written : Path
        Folder from `new_folder` that the worker wrote into.
    dataset : Dataset
    record : Record
        The record of the same refit.
    outcome : Outcome
        Outcome of the job that wrote the model.
    again : bool
        The refit was repeated only to save its model.

    Raises
    ------
    OSError
    """
    saved = outcome.saved
    if saved is None or saved.reason:
        return f"cannot be saved: {outcome.reason if saved is None else saved.reason}"
    size = sum((written / file).stat().st_size for file in saved.files)
    card = _card(dataset, record, saved, outcome, again, size)
    serialization.write_atomically(written / CARD, serialization.to_json(dataclasses.asdict(card)))
    written.chmod(0o755)  # a scratch folder is readable by its owner only
    target = written.parent / record.estimator
    with scratch.folder(written.parent) as trash:
        if target.exists():
            target.rename(trash / target.name)
        written.rename(target)
    return f"its model is saved: {model_folder(folder, record)}, {card.size / 1e6:.1f} MB"


def model_folder(folder: Path, record: Record) -> Path:
    """Return the folder of a record's saved model, which may not exist."""
    return folder / "models" / record.estimator


def is_saved(folder: Path, record: Record) -> bool:
    """Return whether the model of a record is saved, and complete by ``model.json`` and the sizes of its files."""
    path = model_folder(folder, record)
    try:
        card = read_card(path)
        size = sum((path / file).stat().st_size for file in card.files)
    except (BenchmarkError, OSError):
        return False
    return not differences(card, record) and size == card.size


def _card(dataset: Dataset, record: Record, saved: Saved, outcome: Outcome, again: bool, size: int) -> ModelCard:
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
        preparation="fashion-mnist" if dataset.name == fashion_mnist.NAME else "grey",
        seed=record.seed,
        params=record.params,
        preset=record.preset,
        fingerprint=record.fingerprint,
        proba_sha256=record.proba_sha256,
        refit="again" if again else "own",
        scores="predict_proba" if record.scores == "predict_proba" else "decision_function",
        classes=saved.classes,
        files=saved.files,
        size=size,
        environment=outcome.environment,
    )
