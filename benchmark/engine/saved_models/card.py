"""The model card ``model.json``: written after the model's files, and read back strictly."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmark.datasets import preprocessing
from benchmark.engine.fingerprint import stale
from benchmark.engine.saved_models import formats
from benchmark.errors import BenchmarkError
from benchmark.estimator import USUAL_ROWS
from benchmark.storage import records, serialization
from benchmark.storage.records import Record, Results
from benchmark.storage.schema import EstimatorName, is_safe_name
from benchmark.storage.serialization import NonNegativeInt

SCHEMA = 1
"""Schema version of ``model.json``."""

CARD_FILE = "model.json"

_FILE = re.compile(r"step-\d{1,4}(-\d{1,6})?\.(skops|safetensors|ubj|txt)")

_SHA256 = re.compile(r"[0-9a-f]{64}")

Preparation = Literal["fashion-mnist", "grey", "colour"]

Refit = Literal["own", "again", "whole"]


@dataclass(frozen=True)
class ModelCard:
    """The contents of ``model.json``.

    Attributes
    ----------
    schema : int
        Schema version.
    name, title, family, augmentation : str
        Of the estimator, as in its record.
    dataset, dataset_sha256 : str
        Name and SHA-256 of the training data.
    class_names : tuple of str
        Names of all classes of the data set, by label.
    image_shape : tuple of int
        (height, width, channels).
    preparation : {"fashion-mnist", "grey", "colour"}
        How a photo is turned into an input image, see `SavedModel.prepare`.
    seed : int
        Seed of the refit.
    params : mapping of str to object
        The tuned parameters.
    preset : mapping
        The fields of the `benchmark.engine.protocol.Preset`.
    task_rows : int
        `Task.rows` of the refit.
    fingerprint : mapping of str to str
        Fingerprint of the record.
    proba_sha256 : str
        SHA-256 of the record's predictions. It changes if the record is recomputed.
    refit : {"own", "again", "whole"}
        "own" for the refit that the record describes; "again" for a later refit that was made only to save the model,
        with the record's parameters, rows, seed and threads; "whole" for a fit on all images of a cross-validation,
        with the parameters of its first fold, whose record this is.
    scores : {"predict_proba", "decision_function"}
        Method that the class scores come from, as in the record.
    classes : tuple of int
        Labels that occurred in the training rows, ascending.
    files : mapping of str to str
        SHA-256 by file name.
    size : int
        Total size of the files, in bytes.
    environment : mapping of str to str
        Machine and library versions that the model was fitted with.
    """

    schema: NonNegativeInt
    name: EstimatorName
    title: str
    family: str
    augmentation: str
    dataset: str
    dataset_sha256: str
    class_names: tuple[str, ...]
    image_shape: tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt]
    preparation: Preparation
    seed: NonNegativeInt
    params: Mapping[str, Any]
    preset: Mapping[str, Any]
    task_rows: NonNegativeInt
    fingerprint: Mapping[str, str]
    proba_sha256: str
    refit: Refit
    scores: Literal["predict_proba", "decision_function"]
    classes: tuple[NonNegativeInt, ...]
    files: Mapping[str, str]
    size: NonNegativeInt
    environment: Mapping[str, str]

    def check(self) -> None:
        """Refuse fields that contradict each other, and file names that lead out of the model's folder.

        Raises
        ------
        ValueError
        """
        if not 0 < math.prod(self.image_shape) <= 10**7:
            raise ValueError(f"image_shape is {self.image_shape}")
        classes = list(self.classes)
        if not classes or classes != sorted(set(classes)) or classes[-1] >= len(self.class_names):
            raise ValueError(f"classes are {str(classes)[:80]}, with {len(self.class_names)} class names")
        for file, checksum in self.files.items():
            if not _FILE.fullmatch(file) or not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
                raise ValueError(f"file {file[:80]!r} has a bad name or checksum")


@dataclass(frozen=True)
class SavedModel(ModelCard):
    """A saved model, compared with its record.

    Attributes
    ----------
    path : Path
        Folder of the model.
    test_accuracy : float or None
        Test accuracy of the record; None if the model is stale. It is the model's own accuracy up to rounding, unless
        `refit` is "again"; if it is "whole", it is the cross-validation's.
    stale : str
        Why the model no longer belongs to its record, in a few words; empty if it does.
    """

    path: Path
    test_accuracy: float | None
    stale: str

    @property
    def formats(self) -> tuple[str, ...]:
        """File formats of the model, see `benchmark.engine.saved_models.formats.names`."""
        return formats.names(self.files)

    @property
    def pixels(self) -> int:
        """Number of values of an input image: its pixels, times its channels."""
        return math.prod(self.image_shape)

    def prepare(self, picture: Image.Image, as_is: bool = False) -> npt.NDArray[np.uint8]:
        """Turn a picture into an input image of this model.

        Parameters
        ----------
        picture : PIL.Image.Image
            Of mode "RGB", see `benchmark.datasets.preprocessing.decode`.
        as_is : bool
            Only resize, and make grey for a model of one channel, whatever `preparation` says.

        Returns
        -------
        ndarray of uint8, (pixels,)
        """
        if self.preparation == "fashion-mnist" and not as_is:
            return preprocessing.as_fashion_mnist(picture, self.image_shape[:2])
        return preprocessing.to_pixels(picture, self.image_shape)


def find_models(folder: Path, warn: Callable[[str], None] = lambda text: None) -> list[SavedModel]:
    """Return the saved models of a data set, sorted by name.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    warn : callable
        Called with one line for each model that is skipped because its ``model.json`` is damaged.
    """
    results, problem = None, "this folder has no records"
    try:
        if (folder / "records").is_dir():
            results = records.read(folder)
    except BenchmarkError as error:
        problem = str(error)
    models = []
    for path in sorted((folder / "models").glob(f"*/{CARD_FILE}")):
        if not is_safe_name(path.parent.name):  # unfinished models are in folders that begin with a dot
            continue
        try:
            card = read_card(path.parent)
        except BenchmarkError as error:
            warn(f"{error} (skipped)")
            continue
        accuracy, reason = (None, problem) if results is None else _compare_with_record(results, card)
        models.append(SavedModel(**vars(card), path=path.parent, test_accuracy=accuracy, stale=reason))
    return models


def read_card(path: Path) -> ModelCard:
    """Read ``model.json`` in a model's folder; each field must have its type, and each file must be in the folder.

    Raises
    ------
    BenchmarkError
    """
    data = serialization.read_json(path / CARD_FILE, SCHEMA)
    remedy = f"save it again with: python -m benchmark run {path.name} --keep"
    try:
        # Cards of earlier versions do not say their rows, and no default of theirs depended on them.
        data = {"task_rows": USUAL_ROWS, **serialization.with_channels(data)}
        card: ModelCard = serialization.from_json(data, ModelCard)
        card.check()
        if card.name != path.name:
            raise ValueError(f"its name field is {card.name[:80]!r}")
    except ValueError as error:
        raise BenchmarkError(f"{path / CARD_FILE}: not a model of schema {SCHEMA} ({error}); {remedy}") from error
    return card


def stale_reason(card: ModelCard, record: Record) -> str:
    """Return why a model does not belong to a record, in a few words; empty if it does."""
    if card.dataset_sha256 != record.dataset_sha256:
        return "the data changed"
    changed = stale(card.fingerprint, record.fingerprint)
    if changed:
        return f"{' and '.join(changed)} changed"
    if dict(card.params) != dict(record.params):
        return "the best parameters changed"
    return "" if card.proba_sha256 == record.proba_sha256 else "its record was recomputed"


def _compare_with_record(results: Results, card: ModelCard) -> tuple[float | None, str]:
    """Return the test accuracy of the model's record and an empty string, or None and why the model is stale."""
    record = next((one for one in results.records if (one.estimator, one.seed) == (card.name, card.seed)), None)
    if record is None:
        return None, "it has no record"
    if record.status != "ok":
        return None, f"its record has the status {record.status}"
    reason = stale_reason(card, record)
    if reason:
        return None, reason
    predicted = results.proba[record.estimator, record.seed].argmax(axis=1)
    return float((predicted == results.test_set.y).mean()), ""
