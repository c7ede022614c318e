"""Nets that others published: their figures beside ours on the page and in the terminal, and only where both are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.analyses.published_nets import section as published
from benchmark.cli import main as cli
from benchmark.report import html
from benchmark.storage import records
from benchmark.storage.schema import TestSet
from tests import synthetic_results as synthetic
from tests.report.test_report import cells, page, section, tables

Y = np.arange(1_000) % 10
SHIRT = synthetic.CLASSES.index("Shirt")
NETS = tuple(one.name for one in published.PUBLISHED)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (1).to_bytes(4, "big") * 2


@pytest.fixture(scope="module", autouse=True)
def as_fashion() -> Iterator[None]:
    """Take synthetic results for those on Fashion-MNIST."""
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
def whole(five: Path) -> str:
    return page(five)


@pytest.fixture(scope="module")
def text(whole: str) -> str:
    return section(whole, published.HEADING)


def test_the_differences_are_to_the_nearer_end_of_what_was_published(text: str) -> None:
    assert cells(text, 0) == {
        "Cnn 32": ["0.9570", "0.9559–0.9585", "within", "0.9150", "0.911–0.912", "+0.0030"],
        "Cnn 64": ["0.9500", "0.9634–0.9641", "−0.0134", "0.9160", "0.915–0.916", "within"],
        "Cnn 64 dropout": ["0.9500", "0.942–0.948", "+0.0020", "0.9100", "0.918–0.919", "−0.0080"],
    }
    f1 = cells(text, 1)["Cnn 64 dropout"]
    assert f1[SHIRT] == f"**{2 * 10 / (100 + 10):.3f}**"
    assert f1[0] == f"{2 * 100 / (100 + 190):.3f}"
    assert [cell for cell in f1 if "*" in cell] == [f1[SHIRT]]
    assert "**These nets score what was published of them, as far as the test images can tell.**" in text
    assert "*Cnn 64*, has 0.9160 (−0.0040), and its worst class is Shirt, too (F1 0.276)" in text
    assert "preview" not in text.lower()


def test_what_augmentation_does_is_a_paired_difference(text: str) -> None:
    (line,) = [line for line in text.splitlines() if "augmentation alone" in line]
    assert line.startswith("**What augmentation alone does: −4.00 points** (95 % interval −5.")
    assert "so it makes this net worse." in line
    assert "*Cnn unaugmented* has 0.9100 after 2 epochs (batch\\_size 256, lr 0.0012; training accuracy 0.9400)" in line
    assert "its images turned\\|about, and has 0.8700" in line
    assert line.endswith("Published with augmentation was 0.895 (−0.0250).")


def test_it_stands_before_how_it_was_measured_and_in_the_html(whole: str) -> None:
    headings = [line for line in whole.splitlines() if line.startswith("## ")]
    assert headings[-2:] == [f"## {published.HEADING}", "## How it was measured"]
    pictures = [line.split("](")[1].rstrip(")") for line in whole.splitlines() if line.startswith("![")]
    shown = html.page(whole, dict.fromkeys(pictures, PNG), []).decode()
    assert shown.count("0.9559–0.9585") == 1


def test_the_terminal_says_what_the_page_says(five: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["published", "--results", str(five.parent)]) == 0
    said = capsys.readouterr().out
    for row in tables(text)[0][2:]:
        title, *figures = (cell.strip() for cell in row)
        line = next(line for line in said.splitlines() if line.startswith(f"{title}  "))
        assert line.removeprefix(title).split() == figures
    assert "What augmentation alone does: −4.00 points (95 % interval" in said
    assert "turned|about" in said
    assert "**" not in said


def test_a_net_that_scores_less_is_named(tmp_path: Path) -> None:
    folder = results(tmp_path, {name: (150 if name == "cnn_64" else 80, 0.95) for name in NETS}, fit_rows=4_000)
    text = section(page(folder), published.HEADING)
    assert "**Not all of these nets score what was published of them: *Cnn 64* scored less.**" in text
    assert "**A preview, which compares nothing**: trained on 4,000 of the 60,000 rows." in text
    assert "augmentation" not in text


def test_without_a_net_there_is_no_table_and_the_command_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["published", "--results", str(tmp_path)]
    assert cli.main(again) == 2
    assert f"make some with: python -m benchmark run {' '.join(NETS)}" in capsys.readouterr().err
    folder = results(tmp_path, {"cnn_32": (80, None), "cnn_augmented": (80, 0.9)})
    synthetic.write_failure(folder, "cnn_64", status="oom", reason="needs 12 GiB")
    assert published.HEADING not in page(folder)
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
    made_by = "it is made by: python -m benchmark run cnn_augmented cnn_unaugmented"
    assert f"What augmentation alone does is not on record; {made_by}" in capsys.readouterr().out


def test_two_that_cannot_be_told_apart_are_not(tmp_path: Path) -> None:
    folder = results(tmp_path, {"cnn_augmented": (81, 0.9), "cnn_unaugmented": (80, 0.9)})
    text = section(page(folder), published.HEADING)
    assert "−0.10 points** (95 % interval −0.30 to 0.00), so 1,000 test images cannot tell the two apart." in text


def test_a_net_that_was_never_stopped_is_said_to_be_one(tmp_path: Path) -> None:
    folder = results(tmp_path, {"cnn_unaugmented": (80, 0.9)}, history=stopped(4))
    test_set = records.read_test_set(folder)
    assert test_set is not None
    write(folder, test_set, "cnn_augmented", 90, 0.9, history=stopped(2))
    text = section(page(folder), published.HEADING)
    assert text.count("its held-out loss lowest at the last epoch that was tried") == 1
    assert "training accuracy 0.9000, its held-out loss lowest at the last epoch that was tried). Both" in text


def stopped(tried: int) -> dict[str, tuple[float, ...]]:
    return {"train_accuracy": (0.8, 0.9), "valid_loss": (0.5, 0.4, 0.41, 0.42)[:tried]}


def test_of_other_data_nothing_was_published(
    five: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "FASHION_MNIST_SHA256", "e" * 64)
    assert published.HEADING not in page(five)
    assert cli.main(["published", "--results", str(five.parent)]) == 2
    assert "these are results on other data than Fashion-MNIST" in capsys.readouterr().err
