"""Published nets: their accuracies compared with their reimplementations, on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from benchmark.analyses.published_nets import scores as published
from benchmark.analyses.published_nets.scores import (
    PublishedScores,
    compute,
    mean_epochs,
    reached_last_epoch,
    training_accuracy,
)
from benchmark.analyses.published_nets.section import FILE, section
from benchmark.cli import main as cli
from benchmark.leaderboard.summary import summarise
from benchmark.render import html
from benchmark.render.document import Table
from benchmark.report.assemble import assemble
from benchmark.storage import records
from benchmark.storage.schema import TestSet
from tests import synthetic_results as synthetic
from tests.report.test_report import page

Y = np.arange(1_000) % 10
SHIRT = synthetic.CLASSES.index("Shirt")
NETS = tuple(net.name for net in published.PUBLISHED)


@pytest.fixture(scope="module", autouse=True)
def as_fashion() -> Iterator[None]:
    """Let synthetic results pass as results on Fashion-MNIST."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "FASHION_MNIST_SHA256", "d" * 64)
        yield


def write(folder: Path, test_set: TestSet, name: str, wrong: int, training: float | None, **changes: Any) -> None:
    """Write a record that takes so many images, first shirts and then boots, for tops."""
    predicted = Y.copy()
    predicted[np.concatenate([np.flatnonzero(Y == SHIRT), np.flatnonzero(Y == 9)])[:wrong]] = 0
    history = {"train_loss": (0.5, 0.3), **({} if training is None else {"train_accuracy": (0.8, training)})}
    fields = {"family": "cnn", "history": history, "params": {"net__lr": 0.00123, "net__batch_size": 256}}
    synthetic.write_predictions(folder, test_set, name, predicted, **{**fields, **changes})


def results(tmp_path: Path, nets: dict[str, tuple[int, float | None]], **changes: Any) -> Path:
    """Write a folder of these nets, by how many images they miss and their training accuracy."""
    folder = tmp_path / "fashion-mnist"
    test_set = synthetic.write_test_set(folder, Y)
    for name, (wrong, training) in nets.items():
        write(folder, test_set, name, wrong, training, **changes)
    return folder


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three nets, and one with augmentation and without."""
    nets = {"cnn_32": (85, 0.957), "cnn_64": (84, 0.95), "cnn_64_dropout": (90, 0.95)}
    pair = {"cnn_augmented": (130, 0.88), "cnn_unaugmented": (90, 0.94)}
    return results(tmp_path_factory.mktemp("results"), {**nets, **pair}, augmentation="turned|about")


@pytest.fixture(scope="module")
def scores(five: Path) -> PublishedScores:
    return scored(five)


def scored(folder: Path) -> PublishedScores:
    found = compute(summarise(records.read(folder)))
    assert found is not None
    return found


def tables_of(scores: PublishedScores) -> list[Table]:
    page = section(scores, {})
    assert page is not None
    return [block for block in page.blocks if isinstance(block, Table)]


def test_the_page(five: Path, file_regression: FileRegressionFixture) -> None:
    file_regression.check(page(five, FILE), extension=".md", encoding="utf-8")


def test_the_differences_are_to_the_nearer_end_of_what_was_published(scores: PublishedScores) -> None:
    expected = {
        "Cnn 32": (0.957, 0, True, 0.915, 0.003, False),
        "Cnn 64": (0.95, -0.0134, False, 0.916, 0, True),
        "Cnn 64 dropout": (0.95, 0.002, False, 0.91, -0.008, False),
    }
    for net in scores.nets:
        training, test = net.training, net.test
        found = (training.measured, training.difference, training.within, test.measured, test.difference, test.within)
        assert found == pytest.approx(expected[net.row.title])
    assert not any(net.is_worse for net in scores.nets)
    assert [scores.summary.class_names[net.worst_class] for net in scores.nets] == ["Shirt"] * 3
    assert scores.best.row.title == "Cnn 64"
    assert scores.best.row.f1[SHIRT] == pytest.approx(0.276, abs=5e-4)


def test_the_tables_hold_the_values(scores: PublishedScores) -> None:
    accuracies, f1 = tables_of(scores)
    assert {row[0].value: [cell.text for cell in row[1:]] for row in accuracies.rows} == {
        "Cnn 32": ["0.9570", "0.9559–0.9585", "within", "0.9150", "0.911–0.912", "+0.0030"],
        "Cnn 64": ["0.9500", "0.9634–0.9641", "−0.0134", "0.9160", "0.915–0.916", "within"],
        "Cnn 64 dropout": ["0.9500", "0.942–0.948", "+0.0020", "0.9100", "0.918–0.919", "−0.0080"],
    }
    values = [cell.value for cell in accuracies.rows[2][1:]]
    assert values == pytest.approx([0.95, 0.942, 0.002, 0.91, 0.918, -0.008])
    accuracy = scores.nets[2].row.accuracy
    assert accuracies.rows[2][4].interval == (accuracy.low, accuracy.high)
    row = f1.rows[2][1:]
    assert row[SHIRT].value == pytest.approx(2 * 10 / (100 + 10))
    assert row[SHIRT].text == f"**{2 * 10 / (100 + 10):.3f}**"
    assert row[0].value == pytest.approx(2 * 100 / (100 + 190))
    assert [cell for cell in row if "*" in cell.text] == [row[SHIRT]]


def test_what_augmentation_does_is_a_paired_difference(scores: PublishedScores) -> None:
    found = scores.augmentation
    assert found is not None
    assert found.effect == "worse"
    assert found.lead.difference.estimate == pytest.approx(-0.04)
    assert -0.06 < found.lead.difference.low < -0.05
    assert found.lead.difference.high < 0
    assert (found.unaugmented.title, found.unaugmented.accuracy.estimate) == ("Cnn unaugmented", pytest.approx(0.91))
    assert (mean_epochs(found.unaugmented), training_accuracy(found.unaugmented)) == (2, pytest.approx(0.94))
    assert found.augmented.accuracy.estimate == pytest.approx(0.87)
    assert (found.test.published, found.test.difference) == ((0.895, 0.895), pytest.approx(-0.025))


def test_it_comes_before_how_it_was_measured_and_is_in_the_html(five: Path) -> None:
    assembled = assemble(five)
    assert [each.file for each in assembled.sections][-2:] == [FILE, "method.md"]
    (part,) = (each for each in assembled.sections if each.file == FILE)
    assert html.Writer().content(part.blocks).count("0.9559–0.9585") == 1


def test_the_terminal_says_what_the_page_says(
    five: Path, scores: PublishedScores, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["published", "--results", str(five.parent)]) == 0
    said = capsys.readouterr().out
    for row in tables_of(scores)[0].rows:
        title, *figures = (cell.text for cell in row)
        line = next(line for line in said.splitlines() if line.startswith(f"{title}  "))
        assert line.removeprefix(title).split() == figures
    assert "−4.00 points (95 % interval" in said
    assert "turned|about" in said
    assert "**" not in said


def test_a_net_that_scores_less_is_named(tmp_path: Path) -> None:
    folder = results(tmp_path, {name: (150 if name == "cnn_64" else 80, 0.95) for name in NETS}, fit_rows=4_000)
    scores = scored(folder)
    assert [net.net.name for net in scores.nets if net.is_worse] == ["cnn_64"]
    assert scores.augmentation is None
    text = page(folder, FILE)
    assert "*Cnn 64* scores less" in text
    assert "preview" in text
    assert "4,000 of the 60,000 rows" in text
    assert "augmentation" not in text


def test_without_a_net_there_is_no_table_and_the_command_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["published", "--results", str(tmp_path)]
    assert cli.main(again) == 2
    assert f"make some with: python -m benchmark run {' '.join(NETS)}" in capsys.readouterr().err
    folder = results(tmp_path, {"cnn_32": (80, None), "cnn_augmented": (80, 0.9)})
    synthetic.write_failure(folder, "cnn_64", status="oom", reason="needs 12 GiB")
    assert section(scored(folder), {}) is None
    assert cli.main(again) == 2
    assert (
        "cnn_32 has no training accuracy on record, cnn_64 ended as oom (needs 12 GiB) and cnn_64_dropout has no "
        "record; make what is missing with: python -m benchmark run cnn_32 cnn_64 cnn_64_dropout --force\n"
    ) in capsys.readouterr().err


def test_without_the_other_half_nothing_is_said_of_augmentation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results(tmp_path, {**dict.fromkeys(NETS, (80, 0.95)), "cnn_augmented": (80, 0.9)})
    assert cli.main(["published", "--results", str(tmp_path)]) == 0
    made_by = "make it with: python -m benchmark run cnn_augmented cnn_unaugmented"
    assert f"The effect of augmentation alone is not on record; {made_by}" in capsys.readouterr().out


def test_two_that_do_not_differ_significantly_are_not_called_different(tmp_path: Path) -> None:
    found = scored(results(tmp_path, {"cnn_augmented": (81, 0.9), "cnn_unaugmented": (80, 0.9)})).augmentation
    assert found is not None
    assert found.effect == "within noise"
    assert found.lead.difference == pytest.approx((-0.001, -0.003, 0))


def test_a_net_that_was_never_stopped_is_said_to_be_one(tmp_path: Path) -> None:
    folder = results(tmp_path, {"cnn_unaugmented": (80, 0.9)}, history=stopped(4))
    test_set = records.read_test_set(folder)
    assert test_set is not None
    write(folder, test_set, "cnn_augmented", 90, 0.9, history=stopped(2))
    found = scored(folder).augmentation
    assert found is not None
    assert [reached_last_epoch(row) for row in (found.unaugmented, found.augmented)] == [False, True]
    assert page(folder, FILE).count("lowest held-out loss in the last epoch tried") == 1


def stopped(tried: int) -> dict[str, tuple[float, ...]]:
    return {"train_accuracy": (0.8, 0.9), "valid_loss": (0.5, 0.4, 0.41, 0.42)[:tried]}


def test_of_other_data_nothing_was_published(
    five: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "FASHION_MNIST_SHA256", "e" * 64)
    assert compute(summarise(records.read(five))) is None
    assert cli.main(["published", "--results", str(five.parent)]) == 2
    assert "these are results on other data than Fashion-MNIST" in capsys.readouterr().err
