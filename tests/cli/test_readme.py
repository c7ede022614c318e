"""What the README says is so."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from tests import CHECKOUT, readme_table
from tests.in_process import benchmark
from tests.plugin_lab import checkout

TEXT = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_it_has_at_most_150_lines() -> None:
    assert len(TEXT.splitlines()) <= 150


def test_its_first_screen_holds_the_question_the_answer_and_the_two_commands() -> None:
    screen = "\n".join(TEXT.splitlines()[:45])
    assert "**Do I need a CNN for this, or will a classical model do, and what does each cost me?**" in screen
    assert readme_table.block(CHECKOUT / "results" / "fashion-mnist") in screen
    assert "benchmark run --all --preset quick\n```" in screen
    assert "-m pytest\n```" in screen


def test_its_answer_and_its_table_are_the_leaderboards() -> None:
    assert readme_table.updated(TEXT) == TEXT, "run: python -m tests.readme_table"


@pytest.mark.parametrize(
    ("fast", "significant", "expected"),
    [
        (0.91, [], "no, a classical model will do.** *Fast* has a test accuracy of 0.9100; the best CNN has 0.9200"),
        (0.91, ["fast"], "no, a classical model will do.** *Slow* has a test accuracy of 0.9150"),
        (0.91, ["fast", "slow"], "yes.** The best CNN, *Net*, has a test accuracy of 0.9200."),
        (0.95, ["fast", "slow"], "no, a classical model will do.** *Fast* has a test accuracy of 0.9500"),
    ],
)
def test_its_answer_is_the_cheapest_classical_model_that_keeps_up(
    fast: float, significant: list[str], expected: str
) -> None:
    rows = pd.DataFrame(
        [
            ("net", "Net", "cnn", 0.92, 100.0),
            ("slow", "Slow", "classical", 0.915, 50.0),
            ("fast", "Fast", "classical", fast, 10.0),
            ("small_net", "Small net", "cnn", 0.9, 1.0),
        ],
        columns=["estimator", "title", "family", "test_accuracy", "fit_seconds"],
    ).assign(threads=2)
    pairs = pd.DataFrame(
        [(other, "net", "yes" if other in significant else "no") for other in ("slow", "fast")],
        columns=["first", "second", "told_apart"],
    )
    answer = " ".join(readme_table.answer(rows, pairs).split())
    assert answer.startswith(f"**On Fashion-MNIST: {expected}")
    if "no," in expected:
        title = re.search(r"\*(\w+)\* has", expected)
        assert title is not None
        assert ("is significant" in answer) == (title[1].lower() in significant)


def test_its_plugin_copied_out_works(tmp_path: Path) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    lab = checkout(tmp_path / "lab", naive_bayes=source)
    checked = benchmark("check", "naive_bayes", cwd=lab)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_it_links_to_every_page_of_the_docs() -> None:
    linked = set(re.findall(r"\]\((docs/[^)#]+\.md)\)", TEXT))
    assert linked == {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "docs").glob("*.md")}


def test_ci_runs_the_command_that_it_gives() -> None:
    block = re.search(r"<!-- test-command -->\n```bash\n(.*?)\n```\n<!-- end -->", TEXT, re.S)
    assert block is not None
    assert "pytest" in block[1]
    assert "<!-- test-command -->" in (CHECKOUT / ".ci" / "run").read_text()
