"""What one estimator's winner answers to corrupted test images, on disk.

::

    results/<dataset>/records/<estimator>/robustness.json   what was asked, how it ended
    results/<dataset>/records/<estimator>/robustness.npz    predicted, (1 + corruptions, images), labels, uint8 or
                                                            uint16, first those of the images as they are; and
                                                            picture, (pixels,), uint8: the first of the images

No corrupted image is kept: `corruptions.py` makes the same ones again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from benchmark.datasets import corruptions
from benchmark.errors import BenchmarkError
from benchmark.storage import derived, records, serialization
from benchmark.storage.derived import Derived, Labels
from benchmark.storage.schema import Record, Status, TestSet
from benchmark.storage.serialization import NonNegativeFloat, NonNegativeInt, short_hash

SCHEMA = 1
"""Raised when a field changes its meaning; one of another schema is refused by name."""

VERB = "robustness"
"""What makes one."""


@dataclass(frozen=True)
class Robustness(Derived):
    """How one estimator answered.

    Attributes
    ----------
    status : {"ok", "failed", "timeout", "oom"}
    reason : str
        One line; empty if ok.
    images : int
        Test images predicted: those of `protocol.corrupted_images`.
    corruptions : tuple of str
        Their names, in the order of the predictions.
    fit_seconds, predict_seconds : float
        Measured alone on the machine; `predict_seconds` is for the images as they are.
    threads : int
    device : str
    environment : mapping of str to str
        Machine and versions.
    test_reads : int
        How often the test images have been predicted for this, as they are and under each corruption.
    arrays_sha256 : str
        Checksum of the ``.npz``; empty unless ok.
    winner : {"refitted", "stored"}
        Fitted once more for this; or the model that was kept of the record, which took no fit.
    """

    status: Status
    reason: str
    images: NonNegativeInt
    corruptions: tuple[str, ...]
    fit_seconds: NonNegativeFloat
    predict_seconds: NonNegativeFloat
    threads: NonNegativeInt
    device: str
    environment: Mapping[str, str]
    test_reads: NonNegativeInt
    arrays_sha256: str
    winner: Literal["refitted", "stored"] = "refitted"

    def check(self) -> None:
        """See `Derived.check`."""
        if len(set(self.corruptions)) < len(self.corruptions):
            raise ValueError("a corruption stands there twice")
        if self.images < 1:
            raise ValueError(f"it says that it is of {self.images} images")


@dataclass(frozen=True)
class Held:
    """With the predictions, row 0 of the images as they are; None of both arrays unless it is ok.

    Attributes
    ----------
    robustness : Robustness
    predicted : ndarray of labels, (1 + corruptions, images), or None
    picture : ndarray of uint8, (pixels,), or None
    """

    robustness: Robustness
    predicted: Labels | None = None
    picture: npt.NDArray[np.uint8] | None = None


def depends_on(record: Record) -> dict[str, str]:
    """Return what it depends on: all that a record's derivatives do, and the corruptions."""
    asked = [corruptions.VERSION, *(corruption.name for corruption in corruptions.CORRUPTIONS)]
    return {**derived.depends_on(record), "corruptions": short_hash(asked)}


def path_of(folder: Path, estimator: str) -> Path:
    """Return where the JSON lies; its ``.npz`` lies beside it."""
    return derived.path_of(folder, estimator, VERB)


def write(folder: Path, held: Held) -> Held:
    """Write atomically, the predictions first; return it with their checksum."""
    path = path_of(folder, held.robustness.estimator)
    arrays, blob = path.with_suffix(".npz"), None
    if held.predicted is not None and held.picture is not None:
        blob = serialization.to_npz(predicted=held.predicted, picture=held.picture)
        serialization.write_atomically(arrays, blob)
    checksum = "" if blob is None else hashlib.sha256(blob).hexdigest()
    written = dataclasses.replace(held, robustness=dataclasses.replace(held.robustness, arrays_sha256=checksum))
    serialization.write_atomically(path, serialization.to_json(dataclasses.asdict(written.robustness)))
    if blob is None:
        arrays.unlink(missing_ok=True)
    return written


def read_robustness(path: Path) -> Robustness:
    """Read the JSON; see `derived.read` for what is an error."""
    return derived.read(path, Robustness, SCHEMA, VERB)


def read(path: Path, test_set: TestSet) -> Held:
    """Read it with the predictions, strictly.

    Raises
    ------
    BenchmarkError
        As `derived.read`; made on other data; more images than there are; predictions that are
        missing, of the wrong shape or type, of no class, or not the ones that were written.
    """
    found = read_robustness(path)
    derived.check_data(path, found, test_set, VERB)
    n_test, n_classes = len(test_set.y), len(test_set.class_names)
    again = derived.remedy(path, VERB)
    if found.images > n_test:
        raise BenchmarkError(f"{path}: of {found.images} images, where there are {n_test}; {again}")
    if found.status != "ok":
        return Held(found)
    arrays, kind = path.with_suffix(".npz"), derived.label_type(n_classes)
    shape, pixels = (1 + len(found.corruptions), found.images), math.prod(test_set.image_shape)
    limit = math.prod(shape) * kind().itemsize + pixels + 2 * records.NPY_HEADER
    held = serialization.read_npz(arrays, limit, again)
    predicted, picture = held.get("predicted"), held.get("picture")
    try:
        if predicted is None or predicted.shape != shape or predicted.dtype != kind:
            raise ValueError(f"no array `predicted` of {kind.__name__} of shape {shape}")
        if picture is None or picture.shape != (pixels,) or picture.dtype != np.uint8:
            raise ValueError(f"no array `picture` of {pixels} bytes")
        if serialization.sha256(arrays) != found.arrays_sha256 or predicted.max() >= n_classes:
            raise ValueError(f"its SHA-256 is not the one in {path.name}")
    except ValueError as error:
        raise BenchmarkError(f"{arrays}: {error}; {again}") from error
    return Held(found, predicted, picture)


def read_all(folder: Path, test_set: TestSet) -> dict[str, Held]:
    """Return every estimator's that there is; see `read` for what is an error."""
    return derived.read_all(folder, test_set, VERB, read)
