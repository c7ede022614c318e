"""The card of a saved model, ``model.json``: written once the model is complete, and read back strictly."""

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
from benchmark.storage import records, serialization
from benchmark.storage.records import Record, Results
from benchmark.storage.schema import safe_name

SCHEMA = 1
"""Version of ``model.json``."""

CARD = "model.json"

_FILE = re.compile(r"step-\d{1,4}(-\d{1,6})?\.(skops|safetensors|ubj|txt)")

_SHA256 = re.compile(r"[0-9a-f]{64}")

Preparation = Literal["fashion-mnist", "grey"]


@dataclass(frozen=True)
class ModelCard:
    """What ``model.json`` holds.

    Attributes
    ----------
    schema : int
    name, title, family, augmentation : str
        As in the estimator's record.
    dataset, dataset_sha256 : str
    class_names : tuple of str
    image_shape : tuple of int
        (height, width).
    preparation : {"fashion-mnist", "grey"}
        How a photo becomes an image for the model, see `SavedModel.prepare`.
    seed : int
    params : mapping of str to object
        Chosen by tuning.
    preset : mapping
        Fields of the `benchmark.engine.protocol.Preset`.
    fingerprint : mapping of str to str
        As in the record.
    proba_sha256 : str
        Checksum of the record's predictions. A record that was written again has another one.
    refit : {"own", "again"}
        The record's own refit; or one repeated only to save its model, with the record's parameters, rows, seed and
        threads.
    scores : str
        Method of the pipeline that its probabilities come from, as in the record.
    classes : tuple of int
        Classes with training rows, ascending.
    files : mapping of str to str
        File name to SHA-256.
    size : int
        Bytes of all files.
    environment : mapping of str to str
        Machine and library versions of the fit.
    """

    schema: int
    name: str
    title: str
    family: str
    augmentation: str
    dataset: str
    dataset_sha256: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    preparation: Preparation
    seed: int
    params: Mapping[str, Any]
    preset: Mapping[str, Any]
    fingerprint: Mapping[str, str]
    proba_sha256: str
    refit: Literal["own", "again"]
    scores: Literal["predict_proba", "decision_function"]
    classes: tuple[int, ...]
    files: Mapping[str, str]
    size: int
    environment: Mapping[str, str]

    def check(self) -> None:
        """Check that no fields contradict each other, and that no file lies outside the model's folder.

        Raises
        ------
        ValueError
        """
        if not safe_name(self.name):
            raise ValueError(f"{self.name!r} is no estimator's name")
        if len(self.image_shape) != 2 or not 0 < math.prod(self.image_shape) <= 10**7:
            raise ValueError(f"image_shape is {self.image_shape}")
        classes = list(self.classes)
        if not classes or classes != sorted(set(classes)) or classes[-1] >= len(self.class_names):
            raise ValueError(f"classes {str(classes)[:80]} of {len(self.class_names)} names")
        for file, checksum in self.files.items():
            if not _FILE.fullmatch(file) or not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
                raise ValueError(f"a file {file[:80]!r}")


@dataclass(frozen=True)
class SavedModel(ModelCard):
    """A saved model, and whether its record still belongs to it.

    Attributes
    ----------
    path : Path
        Folder of the model.
    test_accuracy : float or None
        Test accuracy of its record; None if the model is stale. Unless `refit` is "again" it is the model's own, but
        for rounding.
    stale : str
        Why the model no longer belongs to its record, in a few words; empty if it does.
    """

    path: Path
    test_accuracy: float | None
    stale: str

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats of its files, see `benchmark.engine.saved_models.formats.names`."""
        return formats.names(self.files)

    @property
    def pixels(self) -> int:
        """Pixels of an image."""
        return math.prod(self.image_shape)

    def prepare(self, picture: Image.Image, as_is: bool = False) -> npt.NDArray[np.uint8]:
        """Convert a picture to an image for this model.

        Parameters
        ----------
        picture : PIL.Image.Image
            Of mode "RGB", see `benchmark.datasets.preprocessing.decode`.
        as_is : bool
            Only convert to grey and resize, whatever the model's preparation.

        Returns
        -------
        ndarray of uint8, (pixels,)
        """
        height, width = self.image_shape
        if self.preparation == "fashion-mnist" and not as_is:
            return preprocessing.as_fashion_mnist(picture, (height, width))
        return preprocessing.to_grey(picture, (height, width))


def find(folder: Path, warn: Callable[[str], None] = lambda text: None) -> list[SavedModel]:
    """Return the saved models of a data set, sorted by name.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    warn : callable
        Called with one line for each model that is left out because its ``model.json`` is damaged.
    """
    results, trouble = None, "there are no records for it"
    try:
        if (folder / "records").is_dir():
            results = records.read(folder)
    except BenchmarkError as error:
        trouble = str(error)
    found = []
    for path in sorted((folder / "models").glob(f"*/{CARD}")):
        if not safe_name(path.parent.name):  # the name of an unfinished one begins with a dot
            continue
        try:
            card = read_card(path.parent)
        except BenchmarkError as error:
            warn(f"{error} (left out)")
            continue
        accuracy, why = (None, trouble) if results is None else _accuracy(results, card)
        found.append(SavedModel(**vars(card), path=path.parent, test_accuracy=accuracy, stale=why))
    return found


def read_card(path: Path) -> ModelCard:
    """Read the ``model.json`` of a model's folder, strictly: every field has its type, every file is in the folder.

    Raises
    ------
    BenchmarkError
    """
    data = serialization.read_json(path / CARD, SCHEMA)
    again = f"save it again with: python -m benchmark run {path.name} --keep"
    try:
        card: ModelCard = serialization.typed(data, ModelCard, "the model")
        card.check()
        if card.name != path.name:
            raise ValueError(f"its name is {card.name[:80]!r}")
    except ValueError as error:
        raise BenchmarkError(f"{path / CARD}: not a model of schema {SCHEMA} ({error}); {again}") from error
    return card


def differences(card: ModelCard, record: Record) -> str:
    """Return why a model does not belong to a record, in a few words; empty if it does."""
    if card.dataset_sha256 != record.dataset_sha256:
        return "the data have changed"
    changed = stale(card.fingerprint, record.fingerprint)
    if changed:
        return f"{' and '.join(changed)} changed"
    if dict(card.params) != dict(record.params):
        return "the tuned parameters changed"
    return "" if card.proba_sha256 == record.proba_sha256 else "its record was written again"


def _accuracy(results: Results, card: ModelCard) -> tuple[float | None, str]:
    """Return the test accuracy of a model's record, or why the model does not belong to it."""
    record = next((each for each in results.records if (each.estimator, each.seed) == (card.name, card.seed)), None)
    if record is None or record.status != "ok":
        return None, "it has no record" if record is None else f"its record says that it {record.status}"
    why = differences(card, record)
    if why:
        return None, why
    predicted = results.proba[record.estimator, record.seed].argmax(axis=1)
    return float((predicted == results.test_set.y).mean()), ""
