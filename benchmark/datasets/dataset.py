"""`Dataset`: images and labels, independent of the format that they were read from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Part:
    """Images and labels.

    Attributes
    ----------
    X : ndarray of uint8, (n, pixels)
        Grey values from 0 to 255; each image is flattened row by row.
    y : ndarray of int64, (n,)
        Labels, ``0 .. n_classes - 1``.
    """

    X: npt.NDArray[np.uint8]
    y: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """A data set, ready for the benchmark.

    Attributes
    ----------
    name : str
        Safe as a folder name: letters, digits, ``.``, ``_`` and ``-``.
    class_names : tuple of str
    image_shape : tuple of int
        (height, width).
    train, test : Part
    source : str
        Where the data were read from, as text for people.
    """

    name: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]
    train: Part
    test: Part
    source: str

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of shapes, pixels and labels: the same images have the same checksum in any format."""
        digest = hashlib.sha256(repr((self.class_names, self.image_shape)).encode())
        for part in (self.train, self.test):
            digest.update(repr(part.X.shape).encode())
            digest.update(np.ascontiguousarray(part.X).data)
            digest.update(part.y.astype("<i8").tobytes())
        return digest.hexdigest()
