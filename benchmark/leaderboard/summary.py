"""Every number of the report, computed once from the records; the other files only lay them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from benchmark.analyses.calibration.scores import Trust, trust
from benchmark.analyses.data_audit import schema as audit_schema
from benchmark.analyses.hardest_class import measure as anatomy
from benchmark.analyses.human_labels.record import People
from benchmark.analyses.human_labels.scores import Crowd, crowd
from benchmark.analyses.learning_curve.record import Held
from benchmark.analyses.learning_curve.scores import Learned, curves
from benchmark.analyses.robustness import record as robustness_record
from benchmark.analyses.robustness.scores import Withstood, withstood
from benchmark.analyses.tuning_budget import record as budget_record
from benchmark.analyses.tuning_budget.scores import stopped
from benchmark.leaderboard.rows import Failed, Scored, entry, score
from benchmark.metrics.scores import Floats
from benchmark.metrics.significance import Pair
from benchmark.render import markdown as md
from benchmark.storage.records import Record, Results, TestSet

__all__ = ["Failed", "Scored", "Summary", "is_preview", "summarise"]


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
        The class whose F1, averaged over the estimators, is lowest; None if none finished.
    wrong_under_all : ndarray of bool, (n_test,)
        Images that no estimator got right under any seed.
    trust : tuple of Trust
        How far each row's probabilities can be believed, in the order of `scored`.
    learned : tuple of Learned
        The learning curves that there are, in the order of `scored`.
    outdated : tuple of (str, tuple of str)
        Titles of estimators whose learning curve was made from another record, and what has changed.
    withstood : tuple of Withstood
        What the estimators answered to corrupted test images, where they were asked, in the order of `scored`.
    stopped : mapping of (str, int) to ndarray of float64, (n_test,)
        Which images trials that lost in the end got right, by estimator and number, where they were refitted.
    unusable : tuple of (str, str)
        Titles of estimators whose answers to those do not count, and why, as a clause.
    crowd : Crowd or None
        People beside the estimators; not one of `scored`.
    audit : Held or None
        What is odd about the data, where that was looked for.
    """

    test_set: TestSet
    class_names: tuple[str, ...]
    scored: tuple[Scored, ...]
    failed: tuple[Failed, ...]
    pairs: tuple[Pair, ...]
    hardest: int | None
    wrong_under_all: np.typing.NDArray[np.bool_]
    trust: tuple[Trust, ...]
    learned: tuple[Learned, ...] = ()
    outdated: tuple[tuple[str, tuple[str, ...]], ...] = ()
    withstood: tuple[Withstood, ...] = ()
    unusable: tuple[tuple[str, str], ...] = ()
    crowd: Crowd | None = None
    audit: audit_schema.AuditData | None = None
    stopped: Mapping[tuple[str, int], Floats] = field(default_factory=dict)

    @property
    def n_test(self) -> int:
        """Number of test images."""
        return len(self.test_set.y)

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
    return record.fit_rows < test_set.n_train or bool(record.preset.get("tiny"))


def summarise(
    results: Results,
    held: Mapping[str, Held] | None = None,
    corrupted: Mapping[str, robustness_record.Held] | None = None,
    people: People | None = None,
    audit: audit_schema.AuditData | None = None,
    budgets: Mapping[str, budget_record.Held] | None = None,
) -> Summary:
    """Score and rank everything that is on record.

    Parameters
    ----------
    results : Results
    held : mapping of str to Held, optional
        Learning curves by estimator.
    corrupted : mapping of str to robustness_record.Held, optional
        Answers to corrupted test images by estimator.
    people : People, optional
    audit : benchmark.analyses.data_audit.schema.Held, optional
    budgets : mapping of str to budget_record.Held, optional
        Refits of earlier choices by estimator.

    Returns
    -------
    Summary
    """
    test_set = results.test_set
    by_name = {name: tuple(group) for name, group in groupby(results.records, key=lambda record: record.estimator)}
    titles = _titles(by_name)
    entries = {name: entry(results, titles[name], records) for name, records in by_name.items()}
    failed = [
        Failed(name, titles[name], records[0].family, records[0])
        for name, records in by_name.items()
        if entries[name] is None
    ]
    scored, pairs = score(results, [one for one in entries.values() if one is not None])
    wrong = np.full(len(test_set.y), bool(scored))
    for row in scored:
        wrong &= row.correct == 0
    learned, outdated = curves(scored, held or {}, test_set.y)
    return Summary(
        test_set,
        _unique(test_set.class_names),
        scored,
        tuple(failed),
        pairs,
        anatomy.hardest(test_set.y, np.stack([row.f1 for row in scored])) if scored else None,
        wrong,
        tuple(trust(row, test_set.y) for row in scored),
        learned,
        outdated,
        *withstood(scored, corrupted or {}, test_set.y),
        crowd(people, scored),
        audit,
        stopped(scored, budgets or {}, test_set.y),
    )


def _titles(by_name: dict[str, tuple[Record, ...]]) -> dict[str, str]:
    titles = [md.plain(records[0].title) or name for name, records in by_name.items()]
    return dict(zip(by_name, _apart(titles, list(by_name)), strict=True))


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    plain = [md.plain(name) or f"class {label}" for label, name in enumerate(names)]
    return tuple(_apart(plain, [str(label) for label in range(len(names))]))


def _apart(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Return names told apart by their keys where they need it; all of them where a name feigns such a mark."""
    marked = [f"{name} ({key})" for name, key in zip(names, keys, strict=True)]
    found = [mark if names.count(name) > 1 else name for name, mark in zip(names, marked, strict=True)]
    return found if len(set(found)) == len(found) else marked
