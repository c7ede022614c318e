"""Names of files on pages, with thumbnails: made from the records without the pictures, bounded, never followed."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark import report
from benchmark.engine import registry
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.commands import refit_command, run_commands
from benchmark.leaderboard.summary import summarise
from benchmark.render import markdown as md
from benchmark.render import png, thumbnails
from benchmark.render.figure import PlannedFigure
from benchmark.render.thumbnails import Thumbnail
from benchmark.storage import records
from benchmark.storage.records import TestSet
from tests import synthetic_results as synthetic

SHAPE = (8, 8, 3)
CLASSES = ("left", "mid", "right")
HOSTILE = "../../x/[a](javascript:b)`<img src=x>|\n# y\x1b[31m\ud83d.png"


def colour_results(folder: Path, names: tuple[str, ...], given: str = "") -> TestSet:
    """Write two estimators on 60 colour images, of which the last class is missed most; all pixels are stored."""
    y = np.arange(60) % 3
    images = np.random.default_rng(0).integers(0, 256, (60, 192), dtype=np.uint8)
    test_set = TestSet(
        "my-photos", "d" * 64, CLASSES, SHAPE, 60_000, y, np.arange(60), images, names=names, given=given
    )
    records.write_test_set(folder, test_set)
    for name, family, missed in (("svm", "classical", 12), ("cnn", "cnn", 8)):
        predicted = y.copy()
        predicted[np.flatnonzero(y == 2)[:missed]] = 1
        synthetic.write_predictions(folder, test_set, name, predicted, family=family)
    return test_set


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one pixel for each figure: these tests are not about figures."""
    monkeypatch.setattr(PlannedFigure, "png", lambda planned: png.encode(Image.new("RGB", (1, 1)), planned.inputs))


def files(n: int = 60) -> tuple[str, ...]:
    return tuple(f"test/{CLASSES[row % 3]}/IMG_{row:03d}.jpg" for row in range(n))


@pytest.mark.usefixtures("undrawn")
def test_pages_link_the_names_to_thumbnails_made_from_stored_pixels(tmp_path: Path) -> None:
    test_set = colour_results(tmp_path, files())
    report.write(tmp_path)
    for page in ("leaderboard.md", "right.md"):
        links = re.findall(r"#(\d+) \[([^\]]+)\]\(([^)]+)\)", (tmp_path / page).read_text())
        assert links
        for index, name, path in links:
            assert name.replace("\\", "") == test_set.names[int(index)]
            with Image.open(tmp_path / path) as image:
                np.testing.assert_array_equal(np.asarray(image), test_set.example_images[int(index)].reshape(SHAPE))
    html = (tmp_path / "leaderboard.html").read_text()
    assert '<a href="thumbnails/test-2.png">test/right/IMG_002.jpg</a>' in html
    assert report.check(tmp_path) == []
    written = sorted((tmp_path / "thumbnails").iterdir())
    assert 0 < len(written) <= thumbnails.MOST
    written[0].write_bytes(written[1].read_bytes())
    written[-1].unlink()
    assert sorted(report.check(tmp_path)) == sorted(f"thumbnails/{each.name}" for each in (written[0], written[-1]))


@pytest.mark.usefixtures("undrawn")
def test_without_names_there_are_no_thumbnails_and_old_ones_go(tmp_path: Path) -> None:
    test_set = colour_results(tmp_path, files())
    report.write(tmp_path)
    (tmp_path / "thumbnails" / "mine.png").write_bytes(b"mine")
    records.write_test_set(tmp_path, dataclasses.replace(test_set, names=()))
    report.write(tmp_path)
    assert [path.name for path in (tmp_path / "thumbnails").iterdir()] == ["mine.png"]
    assert "Files:" not in "".join(path.read_text() for path in tmp_path.glob("*.md"))


def test_a_strangers_names_stay_text(tmp_path: Path) -> None:
    colour_results(tmp_path, (HOSTILE,) * 60)
    texts = report.texts(tmp_path)
    for page in ("leaderboard.md", "right.md"):
        text = texts[page].decode()
        assert md.escape(HOSTILE) in text
        assert not re.search(r"(?<!\\)\]\(javascript", text)
        links = set(re.findall(r"\]\((thumbnails[^)]*)\)", text))
        assert links <= {f"thumbnails/test-{index}.png" for index in range(60)}
        assert "<img" not in text
        assert "\x1b" not in text


def test_names_are_read_back_and_nothing_is_stored_where_there_are_none(tmp_path: Path) -> None:
    odd = ("", "a\ud83d.png", "b\nc/ü.png", *files(57))
    test_set = colour_results(tmp_path / "with", odd, "my_photos@64@grey")
    found = records.read_test_set(tmp_path / "with")
    assert found is not None
    assert (found.names, found.given) == (odd, "my_photos@64@grey")
    without = dataclasses.replace(test_set, names=(), given="")
    records.write_test_set(tmp_path / "without", without)
    header = json.loads((tmp_path / "without" / "records" / "test-set.json").read_text())
    assert set(header) == {"schema", "dataset", "sha256", "class_names", "image_shape", "n_train"}
    with np.load(tmp_path / "without" / "records" / "test-set.npz") as arrays:
        assert set(arrays.files) == {"y", "example_index", "example_images"}


def test_names_of_other_images_are_refused(tmp_path: Path) -> None:
    colour_results(tmp_path, files(59))
    with pytest.raises(BenchmarkError, match="59 file names of 60 images"):
        records.read_test_set(tmp_path)


@pytest.mark.parametrize("side", [8, 64, 200])
def test_a_thumbnail_fits_its_limit(side: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    blob = Thumbnail("test", 0, "a.png", noise).png()
    assert len(blob) <= thumbnails.MAX_BYTES
    with Image.open(io.BytesIO(blob)) as image:
        assert image.size == ((side, side) if side < 200 else (50, 50))


# The command that makes it again


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ("my_photos@48x64@grey", "my_photos@48x64@grey"),
        ("PATH/my photos@64", "'PATH/my photos@64'"),
        ("a`b\n$(c)", "'a`b $(c)'"),
        ("", "PATH"),
    ],
)
def test_the_command_names_the_data_as_given_and_the_estimators(tmp_path: Path, given: str, flag: str) -> None:
    colour_results(tmp_path, (), given)
    summary = summarise(records.read(tmp_path))
    assert run_commands(summary) == [f"python -m benchmark run cnn svm --dataset {flag} --preset standard"]


def test_the_command_names_the_groups_as_given(tmp_path: Path) -> None:
    test_set = colour_results(tmp_path, (), "my_photos")
    records.write_test_set(tmp_path, dataclasses.replace(test_set, group=r"patient\d+"))
    summary = summarise(records.read(tmp_path))
    flags = r"--dataset my_photos --group 'patient\d+'"
    assert run_commands(summary) == [f"python -m benchmark run cnn svm {flags} --preset standard"]
    assert refit_command(summary, "curve", ["svm"]) == f"python -m benchmark curve svm {flags}"


def test_all_estimators_are_called_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colour_results(tmp_path, ())
    monkeypatch.setattr(registry, "own", lambda: {"cnn", "svm"})
    summary = summarise(records.read(tmp_path))
    assert run_commands(summary) == ["python -m benchmark run --all --dataset PATH --preset standard"]
    assert registry.plugins().keys() >= {"cnn", "hog_svm"}
