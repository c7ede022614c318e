"""Exact and near duplicates among images: arrays in, `Copies` out.

Two images are near duplicates if the Pearson correlation of their pixels is at least `NEAR`. Correlation ignores
brightness and contrast. An image of a single grey value has no correlation; it is a duplicate only of equal images.

All pairs are compared, by products of blocks of rows in float32. If rounding leaves a pair in doubt, its correlation is
computed again from whole numbers, so every machine finds the same pairs.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from benchmark.analyses.data_audit.schema import Copies

NEAR = 0.99
"""Correlation from which two images count as near duplicates."""

LISTED = 20_000
"""Most pairs that are stored, by descending similarity. The number of pairs and the images in them are complete."""

BLOCK_ROWS = 2_048
"""Images of a block: the product of two blocks takes 16 MB, large enough for BLAS to be fast."""

BLOCK_VALUES = 2**24
"""Most pixels of a block; a block has fewer images if they are large."""

MARGIN = 1e-4
"""Upper limit of the error of a product in float32: 1,000 roundings, each of 6e-8."""

Pixels = npt.NDArray[np.uint8]
Candidates = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]


def within(X: Pixels) -> Copies:
    """Return the duplicates in a set of images, (n, pixels): each pair once, the lower index first."""
    return _copies(X, X, itself=True)


def across(X: Pixels, other: Pixels) -> Copies:
    """Return the images of `X` that have a duplicate in `other`; a pair is an index into each."""
    return _copies(X, other, itself=False)


def correlation(a: Pixels, b: Pixels) -> npt.NDArray[np.float64]:
    """Return the Pearson correlation of each row of `a` with the same row of `b`, both (n, pixels).

    The sums are whole numbers, so the result is the same on every machine. For a row of a single grey value the result
    is 1 with an equal row, and 0 with any other.
    """
    correlations = np.empty(len(a))
    step = max(1, BLOCK_VALUES // (8 * a.shape[1]))
    for start in range(0, len(a), step):
        x, y = a[start : start + step].astype(np.int64), b[start : start + step].astype(np.int64)
        n, sum_x, sum_y = a.shape[1], x.sum(axis=1), y.sum(axis=1)
        joint = n * np.einsum("ij,ij->i", x, y) - sum_x * sum_y
        spread_x = n * np.einsum("ij,ij->i", x, x) - sum_x**2
        spread_y = n * np.einsum("ij,ij->i", y, y) - sum_y**2
        flat = (spread_x == 0) | (spread_y == 0)
        ratio = joint / np.where(flat, 1.0, np.sqrt(spread_x.astype(float)) * np.sqrt(spread_y.astype(float)))
        correlations[start : start + step] = np.where(flat, (x == y).all(axis=1), np.clip(ratio, -1.0, 1.0))
    return correlations


def _copies(X: Pixels, other: Pixels, *, itself: bool) -> Copies:
    has_copy = np.zeros(len(X), dtype=bool)
    n_pairs, blocks, stored = 0, [], 0
    for first, second, similarity in _near(X, other, itself=itself):
        has_copy[first] = True
        if itself:
            has_copy[second] = True
        n_pairs, stored = n_pairs + len(first), stored + len(first)
        blocks.append((first, second, similarity))
        if stored > 4 * LISTED:
            blocks, stored = [_closest(_joined(blocks))], LISTED
    first, second, _ = _joined(blocks)
    exact = correlation(X[first], other[second])
    order = np.lexsort((second, first, -exact))[:LISTED]
    first, second = first[order], second[order]
    return Copies(
        images=np.flatnonzero(has_copy),
        equal=_equal(X, other, itself=itself),
        n_pairs=n_pairs,
        pairs=np.column_stack([first, second]),
        similarity=exact[order],
        same=(X[first] == other[second]).all(axis=1),
    )


def _near(X: Pixels, other: Pixels, *, itself: bool) -> Iterator[Candidates]:
    """Yield the near duplicates of each pair of blocks: rows of `X`, rows of `other`, correlation in float32."""
    greys = np.unique(np.concatenate([each[_flat(each), 0] for each in (X, other)]))
    rows = max(1, min(BLOCK_ROWS, BLOCK_VALUES // max(1, X.shape[1])))
    for top in range(0, len(X), rows):
        left = _unit(X[top : top + rows], greys)
        for start in range(top if itself else 0, len(other), rows):
            diagonal = itself and start == top
            right = left if diagonal else _unit(other[start : start + rows], greys)
            product = left @ right.T
            hits = product >= NEAR - MARGIN
            first, second = np.nonzero(np.triu(hits, 1) if diagonal else hits)
            similarity = product[first, second]
            first, second = first + top, second + start
            doubtful = np.flatnonzero(similarity < NEAR + MARGIN)
            far = doubtful[correlation(X[first[doubtful]], other[second[doubtful]]) < NEAR]
            if len(first) > len(far):
                yield np.delete(first, far), np.delete(second, far), np.delete(similarity, far)


def _unit(X: Pixels, greys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return rows whose products are correlations.

    Images of a single grey value get one column for each such value, so that the product of equal images is 1 and any
    other is 0.
    """
    flat = _flat(X)
    centred = X.astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    centred /= np.where(flat, 1, length)[:, None]
    centred[flat] = 0
    if len(greys) == 0:
        return centred
    return np.hstack([centred, (flat[:, None] & (X[:, :1] == greys)).astype(np.float32)])


def _flat(X: Pixels) -> npt.NDArray[np.bool_]:
    return np.asarray(X.min(axis=1) == X.max(axis=1))


def flat(X: Pixels) -> npt.NDArray[np.int64]:
    """Return the indices of the images of a single grey value."""
    return np.flatnonzero(_flat(X))


def _joined(blocks: list[Candidates]) -> Candidates:
    if not blocks:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    first, second, similarity = zip(*blocks, strict=True)
    return np.concatenate(first), np.concatenate(second), np.concatenate(similarity)


def _closest(candidates: Candidates) -> Candidates:
    first, second, similarity = candidates
    order = np.lexsort((second, first, -similarity))[:LISTED]
    return first[order], second[order], similarity[order]


def _equal(X: Pixels, other: Pixels, *, itself: bool) -> npt.NDArray[np.int64]:
    """Return the rows of `X` that occur in `other`, or more than once in `X` itself, byte for byte."""
    keys = [hashlib.sha256(row.tobytes()).digest() for row in X]
    if itself:
        counts = Counter(keys)
        return np.flatnonzero([counts[key] > 1 for key in keys])
    others = {hashlib.sha256(row.tobytes()).digest() for row in other}
    return np.flatnonzero([key in others for key in keys])
