"""The README's answer and its top rows, made from the CSV files; ``python -m tests.readme_table`` writes them.

``report --check`` holds the CSV files to the records.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pandas as pd

from tests import CHECKOUT

README = CHECKOUT / "README.md"
BLOCK = re.compile(r"(<!-- leaderboard -->\n).*?(<!-- end -->)", re.S)

ROWS = 6
"""Rows that the README shows, the most accurate first."""


def block(folder: Path) -> str:
    """Return the README's answer and the top of the leaderboard, as markdown."""
    frame = pd.read_csv(folder / "leaderboard.csv")
    rows = frame[frame["status"] == "ok"]
    said = textwrap.fill(answer(rows, pd.read_csv(folder / "pairs.csv")), 120, break_on_hyphens=False)
    return f"{said}\n\n{table(rows.head(ROWS))}\n"


def answer(rows: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """Return the answer: the cheapest classical model that is not significantly less accurate than the best CNN.

    Parameters
    ----------
    rows : DataFrame
        Rows of the leaderboard with status "ok", the most accurate first.
    pairs : DataFrame
        Every two of them compared, as in ``pairs.csv``.
    """
    best = rows[rows["family"] == "cnn"].iloc[0]
    different = pairs[pairs["told_apart"] == "yes"]
    significant = {frozenset(pair) for pair in zip(different["first"], different["second"], strict=True)}
    level = [
        row
        for _, row in rows[rows["family"] == "classical"].iterrows()
        if row["test_accuracy"] >= best["test_accuracy"]
        or frozenset((row["estimator"], best["estimator"])) not in significant
    ]
    if not level:
        return (
            f"**On Fashion-MNIST: yes.** The best CNN, *{best['title']}*, has a test accuracy of "
            f"{best['test_accuracy']:.4f}. Every classical model is significantly less accurate."
        )
    row = min(level, key=lambda row: row["fit_seconds"])
    difference = (
        "The difference is significant."
        if frozenset((row["estimator"], best["estimator"])) in significant
        else "The difference is not significant."
    )
    return (
        f"**On Fashion-MNIST: no, a classical model will do.** *{row['title']}* has a test accuracy of "
        f"{row['test_accuracy']:.4f}; the best CNN has {best['test_accuracy']:.4f}. {difference} The classical model "
        f"trains in {row['fit_seconds']:.0f} s, the CNN in {best['fit_seconds']:.0f} s "
        f"({best['fit_seconds'] / row['fit_seconds']:.0f} times as long, on {row['threads']:.0f} CPU cores)."
    )


def table(rows: pd.DataFrame) -> str:
    """Return the leaderboard's main columns as a markdown table."""
    hardest = rows["hardest_class"].iloc[0]
    lines = [
        f"| Estimator | Family | Test accuracy | F1 of {hardest} | Fit | Predict 1,000 images |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for _, row in rows.iterrows():
        lines.append(
            f"| {row['title']} | {row['family']} | {row['test_accuracy']:.4f} | {row['hardest_class_f1']:.3f} "
            f"| {row['fit_seconds']:.0f} s | {row['predict_seconds_per_1000']:.2f} s |"
        )
    return "\n".join(lines)


def updated(text: str) -> str:
    """Return the README with its answer and its top rows made from the records."""
    made = block(CHECKOUT / "results" / "fashion-mnist")
    return BLOCK.sub(lambda found: found[1] + made + found[2], text)


if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
