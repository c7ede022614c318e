"""Puts a winner's refit among the kept models: written in a room apart, then moved into place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.datasets import fashion_mnist
from benchmark.datasets.dataset import Dataset
from benchmark.engine.jobs import Outcome, Saved
from benchmark.engine.saved_models.card import SCHEMA, SHEET, Sheet, differences, read
from benchmark.errors import BenchmarkError
from benchmark.storage import scratch
from benchmark.storage import serialization as plain
from benchmark.storage.records import Record

SEED = 0
"""Of the refit that is kept: the one that every estimator has, however few the seeds."""


@contextmanager
def room(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside the kept models for a worker to write one into; what is left in it is removed.

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
    with scratch.temporary_folder(models.resolve()) as made:  # a worker may have gone elsewhere
        yield made


def settle(folder: Path, made: Path, dataset: Dataset, record: Record, outcome: Outcome, again: bool = False) -> str:
    """Put what a worker wrote into its place, if it did; return what came of it, in one line.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    made : Path
        The room that it was written in.
    dataset : Dataset
    record : Record
        Whose refit it is.
    outcome : Outcome
        Of the job that was to write it.
    again : bool
        The record stood, and the refit was made for this alone.

    Raises
    ------
    OSError
    """
    saved = outcome.saved
    if saved is None or saved.reason:
        return f"cannot be kept: {outcome.reason if saved is None else saved.reason}"
    sheet = _sheet(dataset, record, saved, outcome, again, sum((made / file).stat().st_size for file in saved.files))
    plain.write_atomically(made / SHEET, plain.to_json(dataclasses.asdict(sheet)))
    made.chmod(0o755)  # a scratch folder is its owner's alone
    there = made.parent / record.estimator
    with scratch.temporary_folder(made.parent) as away:
        if there.exists():
            there.rename(away / there.name)
        made.rename(there)
    return f"its model is kept: {place(folder, record)}, {sheet.size / 1e6:.1f} MB"


def place(folder: Path, record: Record) -> Path:
    """Return where the model of a record lies, if it is kept."""
    return folder / "models" / record.estimator


def is_kept(folder: Path, record: Record) -> bool:
    """Tell whether the model of a record is there, whole as far as ``model.json`` and the files' sizes say."""
    path = place(folder, record)
    try:
        sheet = read(path)
        size = sum((path / file).stat().st_size for file in sheet.files)
    except (BenchmarkError, OSError):
        return False
    return not differences(sheet, record) and size == sheet.size


def _sheet(dataset: Dataset, record: Record, saved: Saved, outcome: Outcome, again: bool, size: int) -> Sheet:
    return Sheet(
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
