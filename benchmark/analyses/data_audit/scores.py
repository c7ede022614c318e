"""What an audit found, counted and listed: for the page, the terminal and ``audit.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.analyses.data_audit.schema import PARTS, SCOPES, AuditData, Ints, parts_of
from benchmark.leaderboard.summary import Summary
from benchmark.render import markdown as md

CSV = "audit.csv"

NAMES = {"train": "training", "test": "test"}

WHERE = {
    "train": ("training", "another training image"),
    "test": ("test", "another test image"),
    "across": ("test", "a training image"),
}

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

HEADER = ("", "Training", "Test", "Test against training")


def counts(held: AuditData, y_test: Ints, n_classes: int) -> list[list[str]]:
    """Return the rows of the table of counts: what, training, test, test against training."""
    y = {"train": held.y_train, "test": y_test}
    found = [held.copies[scope] for scope in SCOPES]
    two_labels = [differing(held, scope, y).sum() for scope in SCOPES]
    wrong = len(held.errors.index)
    share = f" ({md.percent(wrong / held.audit.search.images)})" if held.audit.search else ""
    return [
        ["Images", *(f"{len(y[part]):,}" for part in PARTS), md.NONE],
        ["Images of each class", *(spread(np.bincount(y[part], minlength=n_classes)) for part in PARTS), md.NONE],
        ["Images equal to another, byte for byte", *(some(len(each.equal)) for each in found)],
        ["Images with a near copy", *(some(len(each.images)) for each in found)],
        ["Pairs of near copies", *(some(each.n_pairs) for each in found)],
        ["Pairs of near copies with two labels", *map(some, two_labels)],
        ["Images of one grey value", *(some(len(held.flat[part])) for part in PARTS), md.NONE],
        ["Pixels that never vary", *(some(len(held.constant[part])) for part in PARTS), md.NONE],
        ["Labels likely to be wrong", some(wrong) + share if held.audit.search else "not looked for", *[md.NONE] * 2],
    ]


def first_indices(held: AuditData, most: int = 6) -> list[tuple[str, str]]:
    """Return, of each kind that there is, its name and the first indices."""
    kinds = [
        *(
            (f"{NAMES[parts_of(scope)[0]]} images equal to {WHERE[scope][1]}", held.copies[scope].equal)
            for scope in SCOPES
        ),
        *(
            (f"{NAMES[parts_of(scope)[0]]} images nearly equal to {WHERE[scope][1]}", held.copies[scope].images)
            for scope in SCOPES
        ),
        *((f"{NAMES[part]} images of one grey value", held.flat[part]) for part in PARTS),
        ("training images whose label is likely wrong, most likely first", held.errors.index),
    ]
    return [
        (kind, ", ".join(map(str, index[:most].tolist())) + (", …" if len(index) > most else ""))
        for kind, index in kinds
        if len(index)
    ]


def frame(scores: AuditScores) -> pd.DataFrame:
    """Return every image that is odd, one row per finding: copies, the closest first, then label errors."""
    held, summary = scores.audit, scores.summary
    y = {"train": held.y_train, "test": summary.test_set.y}
    names = summary.class_names
    rows: list[dict[str, object]] = []
    for scope in reversed(SCOPES):  # across, what matters to the scores, comes first
        copies, (first, second) = held.copies[scope], parts_of(scope)
        for (one, other), similarity, same in zip(copies.pairs.tolist(), copies.similarity, copies.same, strict=True):
            rows.append(
                {
                    "part": first,
                    "index": one,
                    "kind": "equal" if same else "near copy",
                    "label": names[y[first][one]],
                    "partner_part": second,
                    "partner_index": other,
                    "partner_label": names[y[second][other]],
                    "similarity": float(similarity),
                }
            )
    for part in PARTS:
        rows += [
            {"part": part, "index": one, "kind": "one grey value", "label": names[y[part][one]]}
            for one in held.flat[part].tolist()
        ]
    errors = held.errors
    for one, suggested, margin in zip(errors.index.tolist(), errors.suggested.tolist(), errors.margin, strict=True):
        rows.append(
            {
                "part": "train",
                "index": one,
                "kind": "label",
                "label": names[held.y_train[one]],
                "suggested_label": names[suggested],
                "margin": float(margin),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(("index", "partner_index"), "Int64"))
    words = ["part", "kind", "label", "partner_part", "partner_label", "suggested_label"]
    return table.astype(dict.fromkeys(words, object)).fillna(dict.fromkeys(words, ""))


def differing(held: AuditData, scope: str, y: Mapping[str, Ints]) -> npt.NDArray[np.bool_]:
    """Return which of a scope's listed pairs have two labels."""
    first, second = parts_of(scope)
    pairs = held.copies[scope].pairs
    return np.asarray(y[first][pairs[:, 0]] != y[second][pairs[:, 1]])


def some(number: int) -> str:
    """Return "1,234" or "none"."""
    return f"{number:,}" if number else "none"


def spread(numbers: Ints) -> str:
    """Return "1,000", or "139 to 146"."""
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


@dataclass(frozen=True)
class AuditScores:
    """An audit of the data beside the leaderboard."""

    summary: Summary
    audit: AuditData


def compute(summary: Summary, data: AuditData | None) -> AuditScores | None:
    """Return the audit on disk, or None where there is none."""
    return None if data is None else AuditScores(summary, data)
