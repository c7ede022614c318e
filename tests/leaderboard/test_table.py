"""The leaderboard's tables: scores of the stored predictions, seeds, footnotes, and the commands behind the rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmark import load
from benchmark.engine import protocol
from benchmark.leaderboard import per_class, table
from benchmark.leaderboard.commands import run_commands
from benchmark.leaderboard.footnotes import conditions_differ, notes
from benchmark.leaderboard.summary import summarise
from benchmark.leaderboard.verdict import blocks as verdict
from benchmark.render.document import Quote, Table
from benchmark.storage import records
from tests import synthetic_results as synthetic


def first_screen(folder: Path) -> Table:
    summary = summarise(records.read(folder))
    return table.first_screen(summary, notes(summary, every=False))[0]


def every_number(folder: Path) -> dict[str, dict[str, str]]:
    """Return the texts of the wide table, by title and header."""
    summary = summarise(records.read(folder))
    found = table.every_number(summary, notes(summary))[0]
    headers = [column.header for column in found.columns]
    return {row[1].value: dict(zip(headers, (cell.text for cell in row), strict=True)) for row in found.rows}


def test_scores_are_those_of_the_stored_predictions(known: Path) -> None:
    frame = load(known).set_index("estimator")
    assert frame["test_accuracy"].tolist() == pytest.approx([261 / 300, 240 / 300])
    assert frame.index.tolist() == ["b", "a"]
    assert frame["rank"].tolist() == [1, 2]
    assert frame.loc["a", "f1_mid"] == pytest.approx(2 * 50 / (100 + 60))
    assert frame.loc["b", "f1_right"] == pytest.approx(2 * 75 / (100 + 79))
    assert set(frame["hardest_class"]) == {"mid"}
    assert frame.loc["a", "macro_f1"] == pytest.approx(np.mean([2 * 90 / 210, 100 / 160, 2 * 100 / 230]))
    assert frame.loc["b", "predict_seconds_per_1000"] == pytest.approx(2.0 * 1000 / 300)


def test_the_first_screen_has_nine_facts_a_row(known: Path) -> None:
    found = first_screen(known)
    assert [column.header for column in found.columns] == [
        "Rank",
        "Estimator",
        "Family",
        "Test accuracy (95 % interval)",
        "F1 of mid",
        "Fit",
        "Predict 1,000",
        "Size",
    ]
    rank, title, family, accuracy, f1, fit, predict, size = found.rows[0]
    assert (rank.value, title.value, family.value) == (1, "B", "cnn")
    assert accuracy.value == pytest.approx(0.87)
    assert accuracy.interval == pytest.approx((0.83, 0.907), abs=5e-4)
    assert accuracy.text + accuracy.ends == "0.8700 (0.830–0.907)"
    assert f1.value == pytest.approx(2 * 86 / (100 + 111))
    assert (fit.value, fit.text) == (50.0, "50 s")
    assert predict.value == pytest.approx(2.0 * 1000 / 300)
    assert size.value == records.read(known).records[1].model_bytes


def test_more_seeds_of_one_row_are_in_the_command_that_makes_it(known: Path) -> None:
    results = records.read(known)
    record = next(record for record in results.records if record.estimator == "a")
    more = dataclasses.replace(record, seed=1, preset={**record.preset, "name": "standard", "seeds": 3})
    records.write(known, more, results.proba["a", 0])
    commands = run_commands(summarise(records.read(known)))
    assert "python -m benchmark run a --preset standard --seeds 3" in commands
    (other,) = (command for command in commands if command.startswith("python -m benchmark run b --preset "))
    assert "--seeds" not in other


def test_the_best_of_each_class_is_bold(tmp_path: Path) -> None:
    synthetic.write_realistic(tmp_path, seeds=1)
    summary = summarise(records.read(tmp_path))
    found = per_class.table(summary)
    for place in range(1, len(found.columns)):
        column = [row[place] for row in found.rows]
        best = max(f"{cell.value:.3f}" for cell in column)
        assert [cell.text.startswith("**") for cell in column] == [f"{cell.value:.3f}" == best for cell in column]
    assert found.rows[0][1].value == pytest.approx(summary.scored[0].f1[0])
    assert found.rows[0][1].interval == pytest.approx((summary.scored[0].f1_low[0], summary.scored[0].f1_high[0]))


def test_seeds_are_averaged_and_missing_ones_said(tmp_path: Path) -> None:
    y = np.arange(100) % 10
    test_set = synthetic.write_test_set(tmp_path, y)
    for seed, wrong in ((0, 10), (1, 20), (2, 30)):
        predicted = np.where(np.arange(100) < wrong, (y + 1) % 10, y)
        synthetic.write_predictions(tmp_path, test_set, "x", predicted, seed=seed, fit_seconds=10.0 * (seed + 1))
    synthetic.write_predictions(tmp_path, test_set, "y", y, seed=0)
    synthetic.write_failure(tmp_path, "y", seed=1, reason="disk full")
    # Less effort than the seeds above it: an average over both would compare nothing.
    synthetic.write_predictions(tmp_path, test_set, "x", y, seed=3, fit_rows=500, preset={"name": "quick"})
    row = load(tmp_path).set_index("estimator").loc["x"]
    assert row["test_accuracy"] == pytest.approx(0.8)
    assert row["seeds"] == 3
    assert (row["test_accuracy_seed_min"], row["test_accuracy_seed_max"]) == (pytest.approx(0.7), pytest.approx(0.9))
    assert row["fit_seconds"] == pytest.approx(20.0)
    rows = every_number(tmp_path)
    by_images, by_seeds = rows["X"]["Other images / other seeds, ± points"].split(" / ")
    half = 4.3027 * 0.1 / 3**0.5  # Student's, of three seeds that differ by 0.1
    assert float(by_seeds) == pytest.approx(100 * (min(1.0, 0.8 + half) - (0.8 - half)) / 2, abs=0.01)
    assert float(by_images) < float(by_seeds)
    assert rows["Y"]["Other images / other seeds, ± points"].endswith("/ —")
    remarks = notes(summarise(records.read(tmp_path))).by_row
    assert "Seed 3 does not count here: it was made with less effort (preset quick)." in remarks["x"]
    assert "Seed 1 does not count here: it ended as failed: disk full." in remarks["y"]
    assert "1 seed; other rows have up to 3." in remarks["y"]


def test_rows_measured_elsewhere_are_marked(tmp_path: Path) -> None:
    y = np.arange(100) % 10
    test_set = synthetic.write_test_set(tmp_path, y)
    for name, changes in (
        ("x", {}),
        ("y", {}),
        ("z", {"threads": 8, "environment": synthetic.ENVIRONMENT | {"processor": "Big|CPU"}, "family": "cnn"}),
    ):
        synthetic.write_predictions(tmp_path, test_set, name, y, **changes)
    summary = summarise(records.read(tmp_path))
    assert conditions_differ(summary.scored)
    (note,) = (text for text in notes(summary).by_row["z"] if "compare its times with care" in text)
    assert note.endswith("processor Big\\|CPU (elsewhere Some CPU); threads 8 (elsewhere 2).")
    marked = [row[1].text for row in first_screen(tmp_path).rows]
    assert marked == ["X", "Y", "Z <sup>a</sup>"]


def test_mixed_presets_are_marked(tmp_path: Path) -> None:
    y = np.arange(100) % 10
    test_set = synthetic.write_test_set(tmp_path, y)
    synthetic.write_predictions(tmp_path, test_set, "x", y)
    quick = dataclasses.asdict(protocol.PRESETS["quick"])
    synthetic.write_predictions(tmp_path, test_set, "y", y, family="cnn", fit_rows=10_000, preset=quick)
    summary = summarise(records.read(tmp_path))
    (warning,) = (block for block in verdict(summary) if isinstance(block, Quote))
    assert warning.text.endswith("*Y* trained on 10,000 of the 60,000 rows (preset quick).")
    for every in (True, False):
        assert any("preset quick, trained on 10,000 rows" in text for text in notes(summary, every=every).by_row["y"])
    assert run_commands(summary) == [
        "python -m benchmark run x --preset standard",
        "python -m benchmark run y --preset quick",
    ]
