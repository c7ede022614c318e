"""The leaderboard's numbers, computed once from the records; everything else lays them out or adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from benchmark.leaderboard.reference import Reference
from benchmark.leaderboard.rows import Failed, Scored, entry, score
from benchmark.metrics.scores import hardest_class
from benchmark.metrics.significance import Pair
from benchmark.render import markdown as md
from benchmark.storage.records import Record, Results, TestSet

__all__ = ["Failed", "Scored", "Summary", "is_preview", "summarise"]

MANY_COPIES = 0.05
"""Share of the test images that are copies of training images, from which the verdict is given without them first."""


@dataclass(frozen=True)
class Summary:
    """One data set's results, scored and ranked.

    Attributes
    ----------
    test_set : TestSet
    class_names : tuple of str
        One line each, and unique.
    scored : tuple of Scored
        Best first.
    failed : tuple of Failed
        By name.
    pairs : tuple of Pair
        Every two of `scored` compared, by their places.
    hardest : int or None
        The class whose F1, averaged over the estimators, is lowest; None if none finished, or every class has too few
        test images (see `benchmark.metrics.scores.HARDEST_IMAGES`).
    wrong_under_all : ndarray of bool, (n_test,)
        Images that no estimator got right under any seed.
    references : tuple of Reference
        Rows shown for comparison.
    without_copies : Summary or None
        The same without the test images that are copies of training images, if these are many and some are left.
    """

    test_set: TestSet
    class_names: tuple[str, ...]
    scored: tuple[Scored, ...]
    failed: tuple[Failed, ...]
    pairs: tuple[Pair, ...]
    hardest: int | None
    wrong_under_all: np.typing.NDArray[np.bool_]
    references: tuple[Reference, ...] = ()
    without_copies: Summary | None = None

    @property
    def n_test(self) -> int:
        """Number of test images."""
        return len(self.test_set.y)

    @property
    def many_copies(self) -> bool:
        """Whether so many test images are copies of training images that the scores cannot be trusted."""
        return len(self.test_set.copies) >= MANY_COPIES * self.n_test

    @property
    def previews(self) -> tuple[Scored, ...]:
        """The rows that are no result: trained on part of the rows, or with `smoke` parameters."""
        return tuple(row for row in self.scored if is_preview(row.record, self.test_set))

    def pair(self, first: Scored, second: Scored) -> Pair:
        """Return the comparison of two rows, seen from the first."""
        places = [row.name for row in self.scored]
        wanted = (places.index(first.name), places.index(second.name))
        for pair in self.pairs:
            if (pair.first, pair.second) == wanted:
                return pair
            if (pair.second, pair.first) == wanted:
                return pair.reversed
        raise KeyError(f"{first.name} is not compared with {second.name}")

    def best_of(self, family: str) -> Scored | None:
        """Return the most accurate estimator of a family."""
        return next((row for row in self.scored if row.family == family), None)


def is_preview(record: Record, test_set: TestSet) -> bool:
    """Return whether a record was made with less than all training rows, or a tiny model."""
    return record.fit_rows < test_set.most_fit_rows or bool(record.preset.get("tiny"))


def summarise(results: Results) -> Summary:
    """Score and rank everything that is on record.

    Parameters
    ----------
    results : Results

    Returns
    -------
    Summary
        Without references.
    """
    summary = _summarise(results)
    left = np.delete(np.arange(summary.n_test), results.test_set.copies)
    if not summary.many_copies or not len(left):
        return summary
    return replace(summary, without_copies=_summarise(_only(results, left)))


def _only(results: Results, rows: np.typing.NDArray[np.int64]) -> Results:
    """Return the same results on some of the test images."""
    share = len(rows) / len(results.test_set.y)
    none = results.test_set.example_index[:0]
    test_set = replace(
        results.test_set,
        y=results.test_set.y[rows],
        example_index=none,
        example_images=results.test_set.example_images[:0],
        copies=none,
    )
    # The time of all test images; the leaderboard has that of 1,000.
    records = tuple(replace(each, predict_seconds=each.predict_seconds * share) for each in results.records)
    proba = {key: values[rows] for key, values in results.proba.items()}
    return replace(results, test_set=test_set, records=records, proba=proba)


def _summarise(results: Results) -> Summary:
    test_set = results.test_set
    by_name = {name: tuple(group) for name, group in groupby(results.records, key=lambda record: record.estimator)}
    titles = _titles(by_name)
    entries = {name: entry(results, titles[name], records) for name, records in by_name.items()}
    failed = [
        Failed(name, titles[name], records[0].family, records[0])
        for name, records in by_name.items()
        if entries[name] is None
    ]
    scored, pairs = score(results, [each for each in entries.values() if each is not None])
    wrong = np.full(len(test_set.y), bool(scored))
    for row in scored:
        wrong &= row.correct == 0
    return Summary(
        test_set,
        _unique(test_set.class_names),
        scored,
        tuple(failed),
        pairs,
        hardest_class(test_set.y, np.stack([row.f1 for row in scored])) if scored else None,
        wrong,
    )


def _titles(by_name: dict[str, tuple[Record, ...]]) -> dict[str, str]:
    titles = [md.plain(records[0].title) or name for name, records in by_name.items()]
    return dict(zip(by_name, _apart(titles, list(by_name)), strict=True))


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    plain = [md.plain(name) or f"class {label}" for label, name in enumerate(names)]
    return tuple(_apart(plain, [str(label) for label in range(len(names))]))


def _apart(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Return unique names: equal ones get their key added, and all do where a name already looks like that."""
    marked = [f"{name} ({key})" for name, key in zip(names, keys, strict=True)]
    found = [mark if names.count(name) > 1 else name for name, mark in zip(names, marked, strict=True)]
    return found if len(set(found)) == len(found) else marked
