"""`Dataset`: images and labels, independent of the format that they were read from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

Shape = tuple[int, int, int]
"""Of an image: (height, width, channels), with 1 channel (grey) or 3 (red, green, blue)."""


def array_shape(image_shape: Shape) -> tuple[int, ...]:
    """Return the shape of one image as Pillow and matplotlib have it: (height, width), or (height, width, 3)."""
    return image_shape[:2] if image_shape[2] == 1 else image_shape


def pixel_count(image_shape: Shape) -> int:
    """Return the number of pixels of an image, whatever its channels."""
    return image_shape[0] * image_shape[1]


def size_text(image_shape: Shape) -> str:
    """Return "28 by 28 pixels, grey", or "64 by 48 pixels, in colour": height first."""
    height, width, channels = image_shape
    return f"{height} by {width} pixels, {'grey' if channels == 1 else 'in colour'}"


def no_groups() -> npt.NDArray[np.int64]:
    """Return the `Part.groups` of data without groups."""
    return np.zeros(0, dtype=np.int64)


def none_validates() -> npt.NDArray[np.bool_]:
    """Return the `Part.validates` of data without a validation part."""
    return np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True)
class Part:
    """Images and labels.

    Attributes
    ----------
    X : ndarray of uint8, (n, pixels)
        Values from 0 to 255; each image is flattened row by row, and the channels of a pixel one after the other.
    y : ndarray of int64, (n,)
        Labels, ``0 .. n_classes - 1``.
    names : tuple of str, (n,), or empty
        The file of each image, relative to the data set's folder, if each has one.
    groups : ndarray of int64, (n,), or empty
        Images of one number belong together, such as those of one patient, and copies; a number means the same in the
        training and in the test part. Empty if no two images belong together, and for published data sets.
    validates : ndarray of bool, (n,), or empty
        Whether an image of the training part comes from the validation part of the data, which tuning takes as it is.
        Empty if there is none that can be used; see `split.can_validate`.
    """

    X: npt.NDArray[np.uint8]
    y: npt.NDArray[np.int64]
    names: tuple[str, ...] = ()
    groups: npt.NDArray[np.int64] = field(default_factory=no_groups)
    validates: npt.NDArray[np.bool_] = field(default_factory=none_validates)


@dataclass(frozen=True)
class Dataset:
    """A data set, ready for the benchmark.

    Attributes
    ----------
    name : str
        Safe as a folder name: letters, digits, ``.``, ``_`` and ``-``.
    class_names : tuple of str
    image_shape : tuple of int
        See `Shape`.
    train, test : Part
    source : str
        Where the data were read from, as text for people.
    remarks : tuple of str
        What a reader of the results must know: what was left out, split off, or is unusual; one line each.
    given : str
        What ``--dataset`` was given, with what was asked for (``my_photos@64@grey``), so that a page can say how to
        make it again; of an absolute path its last part only, after ``PATH/``. Empty for a data set with a name.
    group : str
        What ``--group`` was given.
    read_as : str
        How the user's own images were read: the end of `source`, without their place on this machine. Empty for a
        published data set.
    folds : int
        Folds of its cross-validation, in which case `train` and `test` are the same images, all of them; 0 if it has a
        test part.
    asked_folds : int or None
        What ``--folds`` was given, so that a page can say how to make it again.
    """

    name: str
    class_names: tuple[str, ...]
    image_shape: Shape
    train: Part
    test: Part
    source: str
    remarks: tuple[str, ...] = ()
    given: str = ""
    group: str = ""
    read_as: str = ""
    folds: int = 0
    asked_folds: int | None = None

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of shapes, pixels, labels, number of folds, and the groups and validation rows that splits depend on.

        The same images have the same checksum in any format.
        """
        digest = hashlib.sha256(repr((self.class_names, array_shape(self.image_shape))).encode())
        if self.folds:
            digest.update(f"cross-validated in {self.folds} folds".encode())
        for part in (self.train,) if self.folds else (self.train, self.test):
            digest.update(repr(part.X.shape).encode())
            digest.update(np.ascontiguousarray(part.X).data)
            digest.update(part.y.astype("<i8").tobytes())
            if len(part.groups):
                digest.update(b"groups" + part.groups.astype("<i8").tobytes())
            if len(part.validates):
                digest.update(b"validates" + part.validates.tobytes())
        return digest.hexdigest()
