"""Results on disk: what one estimator's tuned parameters predict for corrupted test images.

::

    results/<dataset>/records/<estimator>/robustness.json   which images and corruptions, times, status
    results/<dataset>/records/<estimator>/robustness.npz    predicted, (1 + corruptions, images), labels, uint8 or
                                                            uint16, the first row for the clean images; and
                                                            picture, (pixels,), uint8: the first of the images

Corrupted images are not stored: `benchmark.datasets.corruptions` computes the same ones again.
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
"""Raised when a field changes its meaning. A file of another schema is refused by name."""

STEM = "robustness"
"""Stem of the file names, and the command that writes them."""


@dataclass(frozen=True)
class Robustness(Derived):
    """The results of one estimator.

    Attributes
    ----------
    status : {"ok", "failed", "timeout", "oom"}
    reason : str
        One line; empty if ok.
    images : int
        Number of test images predicted: those of `protocol.corrupted_images`.
    corruptions : tuple of str
        Their names, in the order of the predictions.
    fit_seconds, predict_seconds : float
        Measured alone on the machine; `predict_seconds` is for the clean images.
    threads : int
    device : str
    environment : mapping of str to str
        Machine and versions.
    test_reads : int
        How often the test images have been predicted for this, clean and under each corruption.
    arrays_sha256 : str
        Checksum of the ``.npz``; empty unless ok.
    winner : {"refitted", "stored"}
        Refitted for this; or the saved model of the record, which took no fit.
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
            raise ValueError("it names a corruption twice")
        if self.images < 1:
            raise ValueError(f"it says that it is of {self.images} images")


@dataclass(frozen=True)
class RobustnessData:
    """The results with the predictions.

    Attributes
    ----------
    robustness : Robustness
    predicted : ndarray of labels, (1 + corruptions, images), or None
        Row 0 is for the clean images. None unless it is ok.
    picture : ndarray of uint8, (pixels,), or None
        The first of the images. None unless it is ok.
    """

    robustness: Robustness
    predicted: Labels | None = None
    picture: npt.NDArray[np.uint8] | None = None


def depends_on(record: Record) -> dict[str, str]:
    """Return what the results depend on: the record's fingerprint and parameters, and the corruptions."""
    applied = [corruptions.VERSION, *(corruption.name for corruption in corruptions.CORRUPTIONS)]
    return {**derived.depends_on(record), "corruptions": short_hash(applied)}


def path_of(folder: Path, estimator: str) -> Path:
    """Return the path of the JSON; its ``.npz`` is in the same folder."""
    return derived.path_of(folder, estimator, STEM)


def write(folder: Path, data: RobustnessData) -> RobustnessData:
    """Write both files atomically, the predictions first; return the results with their checksum."""
    path = path_of(folder, data.robustness.estimator)
    arrays, blob = path.with_suffix(".npz"), None
    if data.predicted is not None and data.picture is not None:
        blob = serialization.to_npz(predicted=data.predicted, picture=data.picture)
        serialization.write_atomically(arrays, blob)
    checksum = "" if blob is None else hashlib.sha256(blob).hexdigest()
    written = dataclasses.replace(data, robustness=dataclasses.replace(data.robustness, arrays_sha256=checksum))
    serialization.write_atomically(path, serialization.to_json(dataclasses.asdict(written.robustness)))
    if blob is None:
        arrays.unlink(missing_ok=True)
    return written


def read_robustness(path: Path) -> Robustness:
    """Read the JSON; see `derived.read` for the errors."""
    return derived.read(path, Robustness, SCHEMA, STEM)


def read(path: Path, test_set: TestSet) -> RobustnessData:
    """Read the results with the predictions, strictly.

    Raises
    ------
    BenchmarkError
        See `derived.read`; the results were made on other data, or name more images than there are; or the predictions
        are missing, of the wrong shape or type, of an unknown class, or not those that were written.
    """
    robustness = read_robustness(path)
    derived.check_data(path, robustness, test_set, STEM)
    n_test, n_classes = len(test_set.y), len(test_set.class_names)
    again = derived.remedy(path, STEM)
    if robustness.images > n_test:
        raise BenchmarkError(f"{path}: it is of {robustness.images} images, but there are {n_test}; {again}")
    if robustness.status != "ok":
        return RobustnessData(robustness)
    arrays, kind = path.with_suffix(".npz"), derived.label_type(n_classes)
    shape, pixels = (1 + len(robustness.corruptions), robustness.images), math.prod(test_set.image_shape)
    limit = math.prod(shape) * kind().itemsize + pixels + 2 * records.NPY_HEADER
    stored = serialization.read_npz(arrays, limit, again)
    predicted, picture = stored.get("predicted"), stored.get("picture")
    try:
        if predicted is None or predicted.shape != shape or predicted.dtype != kind:
            raise ValueError(f"no array `predicted` of {kind.__name__} of shape {shape}")
        if picture is None or picture.shape != (pixels,) or picture.dtype != np.uint8:
            raise ValueError(f"no array `picture` of {pixels} bytes")
        if serialization.sha256(arrays) != robustness.arrays_sha256 or predicted.max() >= n_classes:
            raise ValueError(f"its SHA-256 is not the one in {path.name}")
    except ValueError as error:
        raise BenchmarkError(f"{arrays}: {error}; {again}") from error
    return RobustnessData(robustness, predicted, picture)
