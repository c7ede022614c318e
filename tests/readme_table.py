"""The README's table of results, made from the records; ``python -m tests.readme_table`` puts it in."""

from __future__ import annotations

import re
from pathlib import Path

from benchmark import load
from tests.conftest import CHECKOUT

README = CHECKOUT / "README.md"
BLOCK = re.compile(r"(<!-- leaderboard -->\n).*?(\n<!-- end -->)", re.S)


def table(folder: Path) -> str:
    """Return the leaderboard's main columns as a markdown table."""
    frame = load(folder)
    hardest = frame["hardest_class"].iloc[0]
    lines = [
        f"| Estimator | Family | Test accuracy | F1 of {hardest} | Fit | Predict 1,000 |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for _, row in frame[frame["status"] == "ok"].iterrows():
        lines.append(
            f"| {row['title']} | {row['family']} | {row['test_accuracy']:.4f} | {row['hardest_class_f1']:.3f} "
            f"| {row['fit_seconds']:.0f} s | {1000 * row['predict_seconds_per_1000']:.0f} ms |"
        )
    return "\n".join(lines)


def updated(text: str) -> str:
    """Return the README with its table made anew."""
    made = table(CHECKOUT / "results" / "fashion-mnist")
    return BLOCK.sub(lambda found: found[1] + made + found[2], text)


if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
