"""What is known of a kept model: ``model.json``, written once it is whole and read back strictly."""

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

from benchmark.datasets import preprocessing as pictures
from benchmark.engine.fingerprint import stale
from benchmark.engine.saved_models import formats
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from benchmark.storage import serialization as plain
from benchmark.storage.records import Record, Results
from benchmark.storage.schema import EstimatorName, is_safe_name
from benchmark.storage.serialization import NonNegativeInt

SCHEMA = 1
"""Of ``model.json``."""

SHEET = "model.json"

_FILE = re.compile(r"step-\d{1,4}(-\d{1,6})?\.(skops|safetensors|ubj|txt)")

_SHA256 = re.compile(r"[0-9a-f]{64}")

Preparation = Literal["fashion-mnist", "grey"]


@dataclass(frozen=True)
class Sheet:
    """What ``model.json`` holds.

    Attributes
    ----------
    schema : int
    name, title, family, augmentation : str
        Of the estimator, as in its record.
    dataset, dataset_sha256 : str
    class_names : tuple of str
    image_shape : tuple of int
        (height, width).
    preparation : {"fashion-mnist", "grey"}
        What makes an image for it of a photo, see `Kept.prepare`.
    seed : int
    params : mapping of str to object
        The winner's.
    preset : mapping
        The `benchmark.engine.protocol.Preset`'s fields.
    fingerprint : mapping of str to str
        Of its record.
    proba_sha256 : str
        Of its record's predictions: what tells it from a record that was made anew.
    refit : {"own", "again"}
        The record's own; or made again for keeping alone, with the record's parameters, rows, seed and threads.
    scores : str
        The method that its probabilities come from, as in the record.
    classes : tuple of int
        Classes that there were rows of, ascending.
    files : mapping of str to str
        Name to SHA-256.
    size : int
        Bytes of the files.
    environment : mapping of str to str
        Machine and versions that it was fitted on.
    """

    schema: NonNegativeInt
    name: EstimatorName
    title: str
    family: str
    augmentation: str
    dataset: str
    dataset_sha256: str
    class_names: tuple[str, ...]
    image_shape: tuple[NonNegativeInt, NonNegativeInt]
    preparation: Preparation
    seed: NonNegativeInt
    params: Mapping[str, Any]
    preset: Mapping[str, Any]
    fingerprint: Mapping[str, str]
    proba_sha256: str
    refit: Literal["own", "again"]
    scores: Literal["predict_proba", "decision_function"]
    classes: tuple[NonNegativeInt, ...]
    files: Mapping[str, str]
    size: NonNegativeInt
    environment: Mapping[str, str]

    def check(self) -> None:
        """Look for fields that contradict each other, or would reach outside of the model's folder.

        Raises
        ------
        ValueError
        """
        if not 0 < math.prod(self.image_shape) <= 10**7:
            raise ValueError(f"image_shape is {self.image_shape}")
        classes = list(self.classes)
        if not classes or classes != sorted(set(classes)) or classes[-1] >= len(self.class_names):
            raise ValueError(f"classes {str(classes)[:80]} of {len(self.class_names)} names")
        for file, checksum in self.files.items():
            if not _FILE.fullmatch(file) or not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
                raise ValueError(f"a file {file[:80]!r}")


@dataclass(frozen=True)
class Kept(Sheet):
    """A kept model, and how it stands to its record.

    Attributes
    ----------
    path : Path
        Its folder.
    test_accuracy : float or None
        Of its record; None if it is stale. Its own but for rounding, unless `refit` is "again".
    stale : str
        Why it is no longer the record's, in a few words; empty if it is.
    """

    path: Path
    test_accuracy: float | None
    stale: str

    @property
    def formats(self) -> tuple[str, ...]:
        """What its files are, see `benchmark.engine.saved_models.formats.names`."""
        return formats.names(self.files)

    @property
    def pixels(self) -> int:
        """Of an image."""
        return math.prod(self.image_shape)

    def prepare(self, picture: Image.Image, as_is: bool = False) -> npt.NDArray[np.uint8]:
        """Make an image for it of a picture.

        Parameters
        ----------
        picture : PIL.Image.Image
            Of mode "RGB", see `benchmark.datasets.preprocessing.decode`.
        as_is : bool
            Only grey and to size, whatever its preparation.

        Returns
        -------
        ndarray of uint8, (pixels,)
        """
        height, width = self.image_shape
        if self.preparation == "fashion-mnist" and not as_is:
            return pictures.as_fashion_mnist(picture, (height, width))
        return pictures.to_grey(picture, (height, width))


def find(folder: Path, warn: Callable[[str], None] = lambda text: None) -> list[Kept]:
    """Return the kept models of a data set, by name.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    warn : callable
        Told of each that is left out because its ``model.json`` is damaged, in one line.
    """
    results, trouble = None, "there are no records beside it"
    try:
        if (folder / "records").is_dir():
            results = records.read(folder)
    except BenchmarkError as error:
        trouble = str(error)
    found = []
    for path in sorted((folder / "models").glob(f"*/{SHEET}")):
        if not is_safe_name(path.parent.name):  # half-written ones begin with a dot
            continue
        try:
            sheet = read(path.parent)
        except BenchmarkError as error:
            warn(f"{error} (left out)")
            continue
        accuracy, why = (None, trouble) if results is None else _standing(results, sheet)
        found.append(Kept(**vars(sheet), path=path.parent, test_accuracy=accuracy, stale=why))
    return found


def read(path: Path) -> Sheet:
    """Read the ``model.json`` of a model's folder, strictly: each field of its type, files within the folder.

    Raises
    ------
    BenchmarkError
    """
    data = plain.read_json(path / SHEET, SCHEMA)
    again = f"make it anew with: python -m benchmark run {path.name} --keep"
    try:
        sheet = plain.from_json(data, Sheet)
        sheet.check()
        if sheet.name != path.name:
            raise ValueError(f"it says that it is of {sheet.name[:80]!r}")
    except ValueError as error:
        raise BenchmarkError(f"{path / SHEET}: not a model of schema {SCHEMA} ({error}); {again}") from error
    return sheet


def differences(sheet: Sheet, record: Record) -> str:
    """Return why a model is not a record's, in a few words; empty if it is."""
    if sheet.dataset_sha256 != record.dataset_sha256:
        return "the data are others"
    changed = stale(sheet.fingerprint, record.fingerprint)
    if changed:
        return f"{' and '.join(changed)} changed"
    if dict(sheet.params) != dict(record.params):
        return "the winner is another"
    return "" if sheet.proba_sha256 == record.proba_sha256 else "its record was made anew"


def _standing(results: Results, sheet: Sheet) -> tuple[float | None, str]:
    """Return the test accuracy of a model's record, or why it is not that record's."""
    record = next((each for each in results.records if (each.estimator, each.seed) == (sheet.name, sheet.seed)), None)
    if record is None or record.status != "ok":
        return None, "it has no record" if record is None else f"its record says that it {record.status}"
    why = differences(sheet, record)
    if why:
        return None, why
    predicted = results.proba[record.estimator, record.seed].argmax(axis=1)
    return float((predicted == results.test_set.y).mean()), ""
