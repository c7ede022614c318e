"""What an audit holds, field by field; audit_record.py writes and reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from benchmark.storage.serialization import LARGEST, NonNegativeInt, Share

SCHEMA = 1
"""Raised when a field changes its meaning; an audit of another schema is refused by name."""

PARTS = ("train", "test")

SCOPES = ("train", "test", "across")
"""Where copies are looked for; across: test images that have a copy among the training images."""

PAIRS_SHOWN, ERRORS_SHOWN = 12, 24
"""Pairs of near copies, and likely label errors, whose pictures are kept."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """Images that have a copy.

    Attributes
    ----------
    images : ndarray of int64
        Those that have a near copy, ascending; of test images, across.
    equal : ndarray of int64
        Those that have a copy equal byte for byte, ascending.
    n_pairs : int
        Of near copies, equal ones among them.
    pairs : ndarray of int64, (m, 2)
        Of these the closest, at most `duplicates.LISTED`; across, a test image and a training image.
    similarity : ndarray of float64, (m,)
        Pearson correlation, descending.
    same : ndarray of bool, (m,)
        Equal byte for byte.
    """

    images: Ints
    equal: Ints
    n_pairs: int
    pairs: Ints
    similarity: npt.NDArray[np.float64]
    same: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LabelErrors:
    """Training images whose label is likely wrong, most likely first.

    Attributes
    ----------
    index : ndarray of int64, (m,)
    suggested : ndarray of int64, (m,)
        The most probable class.
    margin : ndarray of float64, (m,)
        Probability of the given label less that of the suggested one; below zero.
    """

    index: Ints
    suggested: Ints
    margin: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pictures:
    """Images of a part that the report shows: `index`, ascending, and `pixels`, uint8, (k, pixels)."""

    index: Ints
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Search:
    """How label errors were looked for.

    Attributes
    ----------
    estimator, title : str
    folds : int
    images : int
        Looked at: those of every class that has as many images as there are folds.
    accuracy : float
        Of the out-of-fold predictions.
    share : float
        Of all labels looked at, estimated to be wrong.
    cleanlab : str
        Its version.
    """

    estimator: str
    title: str
    folds: Annotated[int, Meta(ge=2, le=LARGEST)]
    images: NonNegativeInt
    accuracy: Share
    share: Share
    cleanlab: str


@dataclass(frozen=True)
class Audit:
    """What the JSON holds.

    Attributes
    ----------
    schema : int
    dataset, dataset_sha256 : str
    near : float
        Correlation from which two images are near copies.
    pairs : mapping of str to int
        Near copies, by scope; more than are listed, if there are very many.
    status : {"ok", "skipped", "failed"}
        Of the search for label errors; anything but "ok" has a `reason` and no `search`.
    reason : str
        One line.
    search : Search or None
    environment : mapping of str to str
    arrays_sha256 : str
    """

    schema: NonNegativeInt
    dataset: str
    dataset_sha256: str
    near: Annotated[float, Meta(gt=0, le=1)]
    pairs: Mapping[str, NonNegativeInt]
    status: Literal["ok", "skipped", "failed"]
    reason: str
    search: Search | None
    environment: Mapping[str, str]
    arrays_sha256: str = ""


@dataclass(frozen=True)
class AuditData:
    """An audit with its arrays.

    Attributes
    ----------
    audit : Audit
    y_train : ndarray of int64, (n_train,)
    constant : mapping of part to ndarray of int64, (k, 2)
        Pixels that have one value in every image of the part: place, row by row, and value.
    flat : mapping of part to ndarray of int64
        Images of one grey value.
    copies : mapping of scope to Copies
    errors : LabelErrors
    pictures : mapping of part to Pictures
    """

    audit: Audit
    y_train: Ints
    constant: Mapping[str, Ints]
    flat: Mapping[str, Ints]
    copies: Mapping[str, Copies]
    errors: LabelErrors
    pictures: Mapping[str, Pictures]


def parts_of(scope: str) -> tuple[str, str]:
    """Return the parts of the first and of the second image of a scope's pairs."""
    return ("test", "train") if scope == "across" else (scope, scope)


def shown_scope(copies: Mapping[str, Copies]) -> str | None:
    """Return the scope whose copies are shown: across, where they matter to the scores, if there are any."""
    return next((scope for scope in ("across", "train", "test") if copies[scope].n_pairs), None)


def pairs_to_show(scope: str, copies: Copies, y: Mapping[str, Ints]) -> Ints:
    """Return places in `copies.pairs`: those of two labels first, then the closest; no image is shown twice.

    Parameters
    ----------
    scope : str
    copies : Copies
        Of that scope.
    y : mapping of part to ndarray of int64
        Labels.
    """
    first, second = parts_of(scope)
    same_label = y[first][copies.pairs[:, 0]] == y[second][copies.pairs[:, 1]]
    shown: set[tuple[str, int]] = set()
    places: list[int] = []
    for place in np.lexsort((-copies.similarity, same_label)).tolist():
        images = {(first, int(copies.pairs[place, 0])), (second, int(copies.pairs[place, 1]))}
        if not images & shown and len(places) < PAIRS_SHOWN:
            shown |= images
            places.append(place)
    return np.array(places, dtype=np.int64)


def no_errors() -> LabelErrors:
    """Return an empty list."""
    return LabelErrors(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
