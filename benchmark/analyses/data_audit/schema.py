"""The fields of an audit; `benchmark.analyses.data_audit.record` writes and reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from benchmark.storage.serialization import LARGEST, NonNegativeInt, Share

SCHEMA = 1
"""Increased when a field changes its meaning; an audit of another schema is refused with its number."""

PARTS = ("train", "test")

SCOPES = ("train", "test", "across")
"""Where duplicates are searched; across: test images that have a duplicate among the training images."""

PAIRS_SHOWN, ERRORS_SHOWN = 12, 24
"""Number of pairs of near duplicates, and of likely label errors, whose pictures are stored."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """Images that have a duplicate.

    Attributes
    ----------
    images : ndarray of int64
        Images with a near duplicate, ascending; test images if the scope is "across".
    equal : ndarray of int64
        Images with an exact duplicate, ascending.
    n_pairs : int
        Number of pairs of near duplicates, exact ones included.
    pairs : ndarray of int64, (m, 2)
        The closest pairs, at most `duplicates.LISTED`; a test image and a training image if the scope is "across".
    similarity : ndarray of float64, (m,)
        Pearson correlation, descending.
    same : ndarray of bool, (m,)
        Whether the two are equal byte for byte.
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
        Probability of the given label minus that of the suggested one; negative.
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
    """How label errors were searched.

    Attributes
    ----------
    estimator, title : str
    folds : int
    images : int
        Number of images that were searched: those of each class with at least as many images as folds.
    accuracy : float
        Accuracy of the out-of-fold predictions.
    share : float
        Estimated share of wrong labels among these images.
    cleanlab : str
        Version of cleanlab.
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
    """The part of an audit that its JSON holds.

    Attributes
    ----------
    schema : int
    dataset, dataset_sha256 : str
    near : float
        Correlation from which two images are near duplicates.
    pairs : mapping of str to int
        Number of pairs of near duplicates by scope, including those that are not listed.
    status : {"ok", "skipped", "failed"}
        Status of the search for label errors; anything but "ok" has a `reason` and no `search`.
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
        Pixels with the same value in every image of the part: index, row by row, and value.
    flat : mapping of part to ndarray of int64
        Images of a single grey value.
    copies : mapping of scope to Copies
    errors : LabelErrors
    pictures : mapping of part to Pictures
    names : mapping of int to str
        The file of each training image that is mentioned, by its index; empty for data without files.
    """

    audit: Audit
    y_train: Ints
    constant: Mapping[str, Ints]
    flat: Mapping[str, Ints]
    copies: Mapping[str, Copies]
    errors: LabelErrors
    pictures: Mapping[str, Pictures]
    names: Mapping[int, str] = field(default_factory=dict)

    def mentioned(self) -> Ints:
        """Return the training images that a page or ``audit.csv`` mentions, ascending."""
        found = [self.flat["train"], self.errors.index, self.pictures["train"].index]
        found += [self.copies["train"].pairs.ravel(), self.copies["across"].pairs[:, 1]]
        return np.unique(np.concatenate(found))


def parts_of(scope: str) -> tuple[str, str]:
    """Return the parts of the first and of the second image of a scope's pairs."""
    return ("test", "train") if scope == "across" else (scope, scope)


def shown_scope(copies: Mapping[str, Copies]) -> str | None:
    """Return the scope whose duplicates are shown: "across" if it has any, because these affect the scores."""
    return next((scope for scope in ("across", "train", "test") if copies[scope].n_pairs), None)


def pairs_to_show(scope: str, copies: Copies, y: Mapping[str, Ints]) -> Ints:
    """Return indices into `copies.pairs`: pairs with two labels first, then the closest; no image is shown twice.

    Parameters
    ----------
    scope : str
    copies : Copies
        The duplicates of that scope.
    y : mapping of part to ndarray of int64
        Labels.
    """
    first, second = parts_of(scope)
    same_label = y[first][copies.pairs[:, 0]] == y[second][copies.pairs[:, 1]]
    shown: set[tuple[str, int]] = set()
    chosen: list[int] = []
    for pair in np.lexsort((-copies.similarity, same_label)).tolist():
        images = {(first, int(copies.pairs[pair, 0])), (second, int(copies.pairs[pair, 1]))}
        if not images & shown and len(chosen) < PAIRS_SHOWN:
            shown |= images
            chosen.append(pair)
    return np.array(chosen, dtype=np.int64)


def no_errors() -> LabelErrors:
    """Return an empty list."""
    return LabelErrors(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
