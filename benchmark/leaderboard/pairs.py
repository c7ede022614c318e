"""Every two estimators compared: which differ significantly, in words and as CSV."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics.significance import Pair
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import Block, Cell, Figures, Section, Table, number, pictures
from benchmark.render.document import table as make_table

CSV, FILE = "pairs.csv", "significance.md"

COLUMNS = ("first", "second", "difference")
"""The first of the CSV's."""

TITLE = "Which differences are significant"


def section(summary: Summary, figures: Figures) -> Section | None:
    """Return the section, or None where there is no pair."""
    if not summary.pairs:
        return None
    apart = sum(pair.significant for pair in summary.pairs)
    of = fmt.plural(len(summary.pairs), "pair")
    text = f"Of {of} of estimators, {apart:,} differ significantly on {summary.n_test:,} test images"
    same = [pair for pair in summary.pairs if not pair.significant]
    blocks: list[Block] = [f"{text}: all of them."]
    if same:
        blocks = [f"{text}. {'This does' if len(same) == 1 else 'These do'} not:", _table(summary, same)]
    blocks += pictures(figures, "pairs", "confusion-matrices")
    return Section(FILE, TITLE, f"{text}.", blocks, csv=frame(summary))


def _table(summary: Summary, pairs: list[Pair]) -> Table:
    rows = []
    for pair in pairs:
        first, second = (summary.scored[place].title for place in (pair.first, pair.second))
        estimate, low, high = fmt.points(pair.difference)
        rows.append(
            [
                Cell(f"*{md.escape(first)}*", first),
                Cell(f"*{md.escape(second)}*", second),
                Cell(f"{estimate} ({low} to {high})", pair.difference.estimate),
                Cell(f"{pair.only_first:,} / {pair.only_second:,}", pair.only_first),
                number(pair.p, fmt.p_value),
                number(pair.p_holm, fmt.p_value),
            ]
        )
    header = ["First", "Second", "Lead of the first, points", "Right only under one / the other"]
    test = "Corrected t-test's p" if summary.test_set.folds else "McNemar's p"
    return make_table([*header, test, "Holm's p"], rows, left=2)


def frame(summary: Summary) -> pd.DataFrame:
    """Return one row per pair, with raw numbers: differences are shares, not points."""
    p = "corrected_t_p" if summary.test_set.folds else "mcnemar_p"
    return pd.DataFrame([_row(summary.scored, pair, p) for pair in summary.pairs])


def _row(scored: tuple[Scored, ...], pair: Pair, p: str) -> dict[str, Any]:
    return {
        "first": scored[pair.first].name,
        "second": scored[pair.second].name,
        "difference": pair.difference.estimate,
        "difference_low": pair.difference.low,
        "difference_high": pair.difference.high,
        "right_only_first": pair.only_first,
        "right_only_second": pair.only_second,
        p: pair.p,
        "holm_p": pair.p_holm,
        "told_apart": "yes" if pair.significant else "no",
    }
