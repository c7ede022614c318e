"""What the README says is so."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from benchmark.cli import main as cli
from benchmark.datasets.corruptions import CORRUPTIONS
from benchmark.engine.protocol import CORRUPTED_IMAGES, CURVE_ROWS, PRESETS, curve_points
from tests import CHECKOUT, readme_table
from tests.in_process import benchmark
from tests.plugin_lab import models

TEXT = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_its_table_is_what_the_records_give() -> None:
    assert readme_table.updated(TEXT) == TEXT, "run: python -m tests.readme_table"


def test_its_plugin_copied_out_works(tmp_path: Path) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    lab = models(tmp_path / "lab", alone=True, naive_bayes=source)
    checked = benchmark("check", "naive_bayes", cwd=lab)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_its_presets_are_the_protocols() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d.*) \|$", TEXT, re.M))
    assert set(rows) == set(PRESETS)
    for name, preset in PRESETS.items():
        trials, rungs, refit, _ = (cell.strip() for cell in rows[name].split(" | "))
        assert int(trials) == preset.trials
        assert rungs == ", ".join(f"{rung:,}" for rung in preset.rungs)
        assert refit == (f"{preset.final_rows:,}" if preset.final_rows else "all")


def test_its_learning_curve_is_the_protocols() -> None:
    assert f"{sum(rows for rows, _ in curve_points(60_000)):,} rows in all" in TEXT
    assert ", ".join(f"{rows:,}" for rows in CURVE_ROWS[:-1]) + f" and {CURVE_ROWS[-1]:,} images" in TEXT


def test_its_corrupted_images_are_the_protocols() -> None:
    assert f"{CORRUPTED_IMAGES:,} test images as they are and under {len(CORRUPTIONS)} corruptions" in TEXT


def test_its_links_and_the_changelogs_lead_somewhere() -> None:
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", (CHECKOUT / page).read_text(encoding="utf-8")):
            assert (CHECKOUT / target).exists(), f"{page}: {target}"


def test_every_flag_it_names_exists() -> None:
    (verbs,) = (action.choices for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction))
    helps = "".join(verb.format_help() for verb in verbs.values())
    flags = set(re.findall(r"`(--[a-z-]+)`|benchmark [a-z]+ .*?(--[a-z-]+)", TEXT))
    assert {flag for pair in flags for flag in pair if flag} <= set(re.findall(r"--[a-z-]+", helps))


def test_ci_runs_the_command_that_it_gives() -> None:
    block = re.search(r"<!-- test-command -->\n```bash\n(.*?)\n```\n<!-- end -->", TEXT, re.S)
    assert block is not None
    assert "pytest" in block[1]
    assert "<!-- test-command -->" in (CHECKOUT / ".ci" / "run").read_text()
