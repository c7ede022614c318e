"""Scores of an audit: duplicates and what they do to the accuracies, likely label errors, and ``audit.csv``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.analyses.data_audit.schema import PARTS, SCOPES, AuditData, Ints, parts_of
from benchmark.datasets.dataset import array_shape
from benchmark.leaderboard.summary import Summary
from benchmark.metrics.scores import Interval
from benchmark.render import markdown as md
from benchmark.render.thumbnails import Thumbnail

COLUMNS = (
    "part",
    "index",
    "kind",
    "label",
    "partner_part",
    "partner_index",
    "partner_label",
    "similarity",
    "suggested_label",
    "margin",
)
"""Of ``audit.csv``; `FILES` are added where the images come from files."""

FILES = {"index": "file", "partner_index": "partner_file"}
"""Columns with the file of an image, by the column with its index, after which they come."""


@dataclass(frozen=True)
class LabelPair:
    """Near duplicates with two different labels.

    Attributes
    ----------
    labels : (int, int)
        The lower first.
    pairs : tuple of int
        Pairs of images in each scope, in the order of `SCOPES`.
    """

    labels: tuple[int, int]
    pairs: tuple[int, ...]


@dataclass(frozen=True)
class Rescored:
    """An estimator's accuracy without the test images that have a near duplicate in training.

    Attributes
    ----------
    title : str
    accuracy : Interval
        On all test images, mean over seeds, as are the others.
    without : float
        On the test images without a near duplicate in training.
    on_duplicates : float
        On the test images with one.
    """

    title: str
    accuracy: Interval
    without: float
    on_duplicates: float

    @property
    def change(self) -> float:
        """The second accuracy minus the first."""
        return round(
            self.without - self.accuracy.estimate, 12
        )  # beyond that, equal means differ by the order of summation


@dataclass(frozen=True)
class Suggestion:
    """Likely label errors with the same label and the same suggested label.

    Attributes
    ----------
    label, suggested : int
    images : int
    share : float
        Of all likely label errors.
    share_of_label : float
        Of the training images with this label.
    """

    label: int
    suggested: int
    images: int
    share: float
    share_of_label: float


@dataclass(frozen=True)
class AuditScores:
    """An audit of the data, and what it means for the leaderboard.

    Attributes
    ----------
    summary : Summary
    audit : AuditData
    label_pairs : tuple of LabelPair
        Most pairs first; of the listed pairs only.
    rescored : tuple of Rescored
        In the order of the leaderboard. Empty if no test image has a near duplicate in training, or all have one.
    overtaken : tuple of (str, str)
        Titles of two estimators of which the first is more accurate without near duplicates, and was not with them.
    suggestions : tuple of Suggestion
        Most images first.
    hardest : int
        Likely label errors with the hardest class as label or suggested label.
    """

    summary: Summary
    audit: AuditData
    label_pairs: tuple[LabelPair, ...]
    rescored: tuple[Rescored, ...]
    overtaken: tuple[tuple[str, str], ...]
    suggestions: tuple[Suggestion, ...]
    hardest: int

    @property
    def y(self) -> dict[str, Ints]:
        """Labels by part."""
        return labels(self.audit, self.summary)

    @property
    def has_files(self) -> bool:
        """Whether the files of the images are known."""
        return bool(self.audit.names or self.summary.test_set.names)

    def file(self, part: str, index: int) -> str:
        """Return the file of an image; empty if it is not known."""
        if part == "train":
            return self.audit.names.get(int(index), "")
        names = self.summary.test_set.names
        return names[index] if names else ""

    def thumbnails(self, part: str, index: Ints) -> list[Thumbnail]:
        """Return the thumbnails of those of some images of a part whose file and pixels are known."""
        pictures, shape = self.audit.pictures[part], array_shape(self.summary.test_set.image_shape)
        rows = {image: row for row, image in enumerate(pictures.index.tolist())}
        return [
            Thumbnail(part, image, file, pictures.pixels[rows[image]].reshape(shape))
            for image in index.tolist()
            if image in rows and (file := self.file(part, image))
        ]


def compute(summary: Summary, data: AuditData | None) -> AuditScores | None:
    """Return the scores of the audit on disk, or None if there is no audit."""
    if data is None:
        return None
    rescored = _rescored(summary, data.copies["across"].images)
    errors, hardest = data.errors, -1 if summary.hardest is None else summary.hardest
    touched = (data.y_train[errors.index] == hardest) | (errors.suggested == hardest)
    return AuditScores(
        summary,
        data,
        _label_pairs(summary, data),
        rescored,
        _overtaken(rescored),
        _suggestions(data, len(summary.class_names)),
        int(np.sum(touched)),
    )


def labels(audit: AuditData, summary: Summary) -> dict[str, Ints]:
    """Return the labels by part."""
    return {"train": audit.y_train, "test": summary.test_set.y}


def differing(audit: AuditData, scope: str, y: Mapping[str, Ints]) -> npt.NDArray[np.bool_]:
    """Return which of a scope's listed pairs have two different labels, (m,)."""
    first, second = parts_of(scope)
    pairs = audit.copies[scope].pairs
    return np.asarray(y[first][pairs[:, 0]] != y[second][pairs[:, 1]])


def _label_pairs(summary: Summary, audit: AuditData) -> tuple[LabelPair, ...]:
    y, k = labels(audit, summary), len(summary.class_names)
    counts = np.zeros((len(SCOPES), k, k), dtype=np.int64)
    for place, scope in enumerate(SCOPES):
        first, second = parts_of(scope)
        pairs = audit.copies[scope].pairs[differing(audit, scope, y)]
        low, high = np.sort(np.column_stack([y[first][pairs[:, 0]], y[second][pairs[:, 1]]]), axis=1).T
        np.add.at(counts[place], (low, high), 1)
    return tuple(LabelPair(cell, tuple(counts[:, *cell].tolist())) for cell in _most_frequent(counts.sum(axis=0)))


def _rescored(summary: Summary, duplicates: Ints) -> tuple[Rescored, ...]:
    if not 0 < len(duplicates) < summary.n_test:
        return ()
    kept = np.delete(np.arange(summary.n_test), duplicates)
    return tuple(
        Rescored(
            row.title,
            row.accuracy,
            round(float(row.correct[kept].mean()), 12),
            float(row.correct[duplicates].mean()),
        )
        for row in summary.scored
    )


def _overtaken(rescored: Sequence[Rescored]) -> tuple[tuple[str, str], ...]:
    pairs = combinations(rescored, 2)
    return tuple((behind.title, ahead.title) for ahead, behind in pairs if ahead.without < behind.without)


def _suggestions(audit: AuditData, n_classes: int) -> tuple[Suggestion, ...]:
    errors = audit.errors
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (audit.y_train[errors.index], errors.suggested), 1)
    images = np.bincount(audit.y_train, minlength=n_classes)
    return tuple(
        Suggestion(
            label,
            suggested,
            int(counts[label, suggested]),
            float(counts[label, suggested] / len(errors.index)),
            float(counts[label, suggested] / images[label]),
        )
        for label, suggested in _most_frequent(counts)
    )


def _most_frequent(counts: Ints) -> list[tuple[int, int]]:
    """Return the cells of a matrix that are not zero, the largest first."""
    order = np.argsort(-counts, axis=None, kind="stable")[: np.count_nonzero(counts)]
    return [(int(row), int(column)) for row, column in zip(*np.unravel_index(order, counts.shape), strict=True)]


def frame(scores: AuditScores) -> pd.DataFrame:
    """Return ``audit.csv``, one row for each finding: duplicates, the closest first, then likely label errors."""
    audit, y, names = scores.audit, scores.y, scores.summary.class_names
    rows: list[dict[str, object]] = []
    for scope in reversed(SCOPES):  # duplicates across the parts come first, as they affect the scores
        copies, (first, second) = audit.copies[scope], parts_of(scope)
        for (index, other), similarity, same in zip(copies.pairs.tolist(), copies.similarity, copies.same, strict=True):
            rows.append(
                {
                    "part": first,
                    "index": index,
                    "kind": "equal" if same else "near copy",
                    "label": names[y[first][index]],
                    "partner_part": second,
                    "partner_index": other,
                    "partner_label": names[y[second][other]],
                    "similarity": float(similarity),
                }
            )
    for part in PARTS:
        rows += [
            {"part": part, "index": index, "kind": "one grey value", "label": names[y[part][index]]}
            for index in audit.flat[part].tolist()
        ]
    errors = audit.errors
    for index, suggested, margin in zip(errors.index.tolist(), errors.suggested.tolist(), errors.margin, strict=True):
        rows.append(
            {
                "part": "train",
                "index": index,
                "kind": "label",
                "label": names[audit.y_train[index]],
                "suggested_label": names[suggested],
                "margin": float(margin),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(("index", "partner_index"), "Int64"))
    words = ["part", "kind", "label", "partner_part", "partner_label", "suggested_label"]
    table = table.astype(dict.fromkeys(words, object)).fillna(dict.fromkeys(words, ""))
    if scores.has_files:
        for index, file in FILES.items():
            of = table[index.replace("index", "part")]
            files = [
                md.plain(scores.file(part, row)) if part else "" for part, row in zip(of, table[index], strict=True)
            ]
            table.insert(table.columns.get_loc(index) + 1, file, files)
    return table
