"""Every two estimators compared: which can be told apart, in words and as CSV."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmark.leaderboard.summary import Scored, Summary
from benchmark.metrics.significance import Pair
from benchmark.render import markdown as md

CSV = "pairs.csv"

HEADING = "Which of them can be told apart"


def section(summary: Summary) -> list[str]:
    """Return the section's paragraphs, without its heading and figure; empty where there is no pair."""
    if not summary.pairs:
        return []
    apart = sum(pair.significant for pair in summary.pairs)
    of = md.plural(len(summary.pairs), "pair")
    text = f"Of {of} of estimators, {apart:,} can be told apart on {summary.n_test:,} test images"
    same = [pair for pair in summary.pairs if not pair.significant]
    if not same:
        return [f"{text}: all of them."]
    return [f"{text}. {'This' if len(same) == 1 else 'These'} cannot:", _undecided(summary, same)]


def _undecided(summary: Summary, pairs: list[Pair]) -> str:
    rows = []
    for pair in pairs:
        first, second = (f"*{md.escape(summary.scored[place].title)}*" for place in (pair.first, pair.second))
        estimate, low, high = md.points(pair.difference)
        only = f"{pair.only_first:,} / {pair.only_second:,}"
        rows.append([first, second, f"{estimate} ({low} to {high})", only, md.p_value(pair.p), md.p_value(pair.p_holm)])
    header = ["First", "Second", "Lead of the first, points", "Right only under one / the other"]
    return md.table([*header, "McNemar's p", "Holm's p"], rows, left=2)


def is_ours(blob: bytes) -> bool:
    """Tell whether a file is such a table."""
    return blob.startswith(b"first,second,difference,")


def frame(summary: Summary) -> pd.DataFrame:
    """Return one row per pair, with raw numbers: differences are shares, not points."""
    return pd.DataFrame([_row(summary.scored, pair) for pair in summary.pairs])


def _row(scored: tuple[Scored, ...], pair: Pair) -> dict[str, Any]:
    return {
        "first": scored[pair.first].name,
        "second": scored[pair.second].name,
        "difference": pair.difference.estimate,
        "difference_low": pair.difference.low,
        "difference_high": pair.difference.high,
        "right_only_first": pair.only_first,
        "right_only_second": pair.only_second,
        "mcnemar_p": pair.p,
        "holm_p": pair.p_holm,
        "told_apart": "yes" if pair.significant else "no",
    }
