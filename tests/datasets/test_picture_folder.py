"""A folder of pictures as a data set: every way in which they lie, everything that is odd about them, and a run."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark import datasets
from benchmark.cli.main import main
from benchmark.datasets import picture_folder, preprocessing, split
from benchmark.errors import BenchmarkError
from benchmark.storage import records
from tests.drawn import draw, picture
from tests.in_process import benchmark


def load(path: Path | str) -> tuple[datasets.Dataset, list[str]]:
    """Load a data set, and what was told of it."""
    told: list[str] = []
    return datasets.load(str(path), notify=told.append), told


def both(folder: Path, **counts: int) -> Path:
    """Draw a training and a test part, of which nothing is odd."""
    draw(folder / "train", 0, **{"circle": 12, "square": 11, **counts})
    draw(folder / "test", 1, circle=3, square=2)
    return folder


def counts(dataset: datasets.Dataset) -> dict[str, tuple[int, int]]:
    return datasets.summary(dataset)["counts"]


# --- every way in


def test_both_parts_are_taken_as_they_lie_in_one_stated_way(tmp_path: Path) -> None:
    folder = both(tmp_path / "my photos")
    found, told = load(folder)
    assert told == []
    assert (found.name, found.image_shape, found.class_names) == ("my-photos", (64, 64, 3), ("circle", "square"))
    assert counts(found) == {"circle": (12, 3), "square": (11, 2)}
    assert "15 pictures" not in found.source
    assert "28 pictures, brought whole to 64 by 64 pixels, in colour" in found.source
    for part, name in ((found.train, "train"), (found.test, "test")):
        paths = sorted((folder / name).glob("*/*"))
        expected = [preprocessing.to_pixels(preprocessing.decode(path.read_bytes()), (64, 64, 3)) for path in paths]
        assert np.array_equal(part.X, np.stack(expected))
        assert [found.class_names[label] for label in part.y] == [path.parent.name for path in paths]
    (folder / "train").rename(folder / "TRAIN")
    for path in (folder / "TRAIN" / "circle").iterdir():
        path.rename(path.with_suffix(path.suffix.upper().replace("JPG", "JPEG")))
    assert load(folder)[0].sha256 == found.sha256


@pytest.mark.parametrize("layout", ["mine", "mine/train"])
def test_without_a_test_part_a_fifth_of_each_class_is_split_off_and_it_is_said(tmp_path: Path, layout: str) -> None:
    draw(tmp_path / layout, circle=20, square=14, triangle=5)
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (16, 4), "square": (11, 3), "triangle": (4, 1)}
    assert split.SPLIT in told[-1]
    assert "31 pictures train, 8 test" in told[-1]
    assert "triangle (5)" in told[-2]
    assert load(tmp_path / "mine")[0].sha256 == found.sha256
    every = np.vstack([found.train.X, found.test.X])
    assert len(np.unique(every, axis=0)) == 39


def test_what_was_told_goes_with_the_data_set_without_the_place_on_this_machine(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=20, square=14)
    (folder / "circle" / "broken.png").write_bytes(b"no picture")
    found, told = load(folder)
    assert found.read_as == (
        "34 pictures, brought whole to 64 by 64 pixels, in colour, and padded with their border's colour"
    )
    assert len(found.remarks) == len(told) >= 2
    assert found.remarks[0].startswith("1 of 35 pictures are left out: circle/broken.png (")
    assert all(remark in text.replace(f"{folder}/", "") for remark, text in zip(found.remarks, told, strict=True))
    assert not any(str(tmp_path) in text for text in (found.read_as, *found.remarks))


def test_copies_of_training_images_are_found_whatever_their_label() -> None:
    train, test = np.eye(4, dtype=np.uint8), np.eye(6, 4, k=1, dtype=np.uint8)
    test[5] = train[3]
    # Rows 0 to 2 are training images, 3 and 4 are black, and 5 is a training image.
    assert split.copied_tests(train, test).tolist() == [0, 1, 2, 5]
    assert split.copied_tests(np.asfortranarray(train), test[:, ::1]).tolist() == [0, 1, 2, 5]
    assert split.copied_tests(train, test[3:5]).tolist() == []


def test_an_empty_test_part_is_none(tmp_path: Path) -> None:
    draw(tmp_path / "mine" / "train", circle=10, square=10)
    (tmp_path / "mine" / "test" / "circle").mkdir(parents=True)
    found, told = load(tmp_path / "mine")
    assert len(found.test.y) == 4
    assert any("no pictures of a class are in it" in line for line in told)


def test_copies_are_never_split_over_both_parts(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=10, square=10)
    for path in sorted((folder / "circle").iterdir()):
        shutil.copy(path, path.with_stem(f"{path.stem} (copy)"))
    found, told = load(folder)
    assert counts(found)["circle"] == (16, 4)
    assert not {image.tobytes() for image in found.train.X} & {image.tobytes() for image in found.test.X}
    assert not any("pixels of one" in line for line in told)


@pytest.mark.parametrize(
    ("drawn", "asked", "shape", "name"),
    [
        ((8, 8), "", (8, 8, 3), "mine"),
        ((20, 32), "", (32, 20, 3), "mine"),  # PIL's order is the other one
        ((7, 7), "", (8, 8, 3), "mine"),
        ((20, 90), "", (64, 64, 3), "mine"),
        ((65, 65), "", (64, 64, 3), "mine"),
        ((64, 64), "@96", (96, 96, 3), "mine-96x96"),
        ((64, 64), "@grey", (64, 64, 1), "mine-grey"),
        (None, "@48x32", (48, 32, 3), "mine-48x32"),
        (None, "@48x32@grey", (48, 32, 1), "mine-48x32-grey"),
        (None, "@grey@32", (32, 32, 1), "mine-32x32-grey"),
    ],
)
def test_small_pictures_of_one_size_keep_it_and_any_other_can_be_asked_for(
    tmp_path: Path, drawn: tuple[int, int] | None, asked: str, shape: tuple[int, int, int], name: str
) -> None:
    folder = draw(tmp_path / "mine", size=drawn, circle=6, square=6)
    found, _ = load(f"{folder}{asked}")
    assert (found.image_shape, found.name) == (shape, name)
    if drawn == (shape[1], shape[0]):
        mode = "L" if shape[2] == 1 else "RGB"
        untouched = {preprocessing.decode(path.read_bytes()).convert(mode).tobytes() for path in folder.glob("*/*")}
        assert {image.tobytes() for image in found.train.X} <= untouched


def test_a_folder_whose_pictures_are_all_grey_is_grey(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=6, square=6)
    for path in folder.glob("*/*"):
        Image.open(path).convert("L").convert("RGB").save(path)
    found, _ = load(folder)
    assert found.image_shape == (64, 64, 1)
    assert found.train.X.tobytes() == load(f"{folder}@grey")[0].train.X.tobytes()
    picture("circle", np.random.default_rng(3)).save(folder / "circle" / "900.png")
    assert load(folder)[0].image_shape == (64, 64, 3)


def test_pictures_smaller_than_usual_are_not_blown_up(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for number in range(20):
        kind = "circle" if number % 2 else "square"
        draw(tmp_path / "new", number, size=(20 + number, 20), **{kind: 1})
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (tmp_path / "new" / kind / "000.png").rename(folder / kind / f"{number}.png")
    assert load(folder)[0].image_shape == (38, 38, 3)  # eighteen of twenty are smaller


def test_a_size_that_cannot_be(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=3, square=3)
    for size in ("7", "257", "28x4"):
        with pytest.raises(BenchmarkError, match="8 to 256 pixels a side"):
            load(f"{folder}@{size}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BenchmarkError, match="it has none of these: "):
        load(f"{tmp_path}/empty@28")
    np.savez(tmp_path / "a.npz", x=1)
    with pytest.raises(BenchmarkError, match=r"only pictures can be resized or made grey.*; leave out what follows"):
        load(f"{tmp_path}/a.npz@28")
    folder.rename(tmp_path / "mine@28")  # a folder may be called so
    assert load(tmp_path / "mine@28")[0].name == "mine-28"


# --- what is odd is left out and said, or refused in one line


def odd_files(folder: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "._000.png", ".hidden.png", "desktop.ini"):
        (folder / "train" / "circle" / name).write_bytes(b"litter")
    (folder / "train" / "__MACOSX").mkdir()
    (folder / ".git" / "objects").mkdir(parents=True)


def broken_files(folder: Path) -> None:
    (folder / "train" / "circle" / "a.png").write_bytes(b"no picture")
    whole = (folder / "train" / "circle" / "000.png").read_bytes()
    (folder / "train" / "circle" / "b.png").write_bytes(whole[: len(whole) // 2])
    (folder / "test" / "square" / "c.JPG").write_bytes(b"")
    with (folder / "test" / "square" / "d.png").open("wb") as file:
        file.truncate(20 * 2**20)  # takes no room on the disk


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "train" / "circle" / "pipe.png")


def links(folder: Path) -> None:
    outside = draw(folder.parent / "outside", 7, circle=3)
    (folder / "train" / "circle" / "out.png").symlink_to(outside / "circle" / "000.png")
    (folder / "train" / "circle" / "torn.png").symlink_to(folder / "nowhere.png")
    (folder / "train" / "more").symlink_to(outside / "circle")
    (folder / "train" / "round").symlink_to(folder / "train")
    (folder / "train" / "circle" / "self.png").symlink_to("self.png")


def link_inside(folder: Path) -> None:
    path = folder / "train" / "square" / "000.png"
    path.rename(folder / "kept.png")
    path.symlink_to("../../kept.png")


def other_files(folder: Path) -> None:
    (folder / "train" / "circle" / "notes.txt").write_text("")
    (folder / "train" / "circle" / "x.pdf").write_bytes(b"")


def loose(folder: Path) -> None:
    shutil.copy(folder / "train" / "circle" / "000.png", folder / "train" / "nobody.png")


def nested(folder: Path) -> None:
    (folder / "train" / "circle" / "2024").mkdir()
    (folder / "train" / "circle" / "000.png").rename(folder / "train" / "circle" / "2024" / "000.png")


def empty_class(folder: Path) -> None:
    (folder / "train" / "hexagon").mkdir()


def single(folder: Path) -> None:
    draw(folder / "train", 3, triangle=1)
    draw(folder / "test", 4, triangle=2)


def only_tested(folder: Path) -> None:
    draw(folder / "test", 4, triangle=2)


def only_trained(folder: Path) -> None:
    draw(folder / "train", 4, triangle=12)


def validation(folder: Path) -> None:
    draw(folder / "val", 4, circle=2)


def third_part(folder: Path) -> None:
    draw(folder / "extra", 4, circle=2)


def masks(folder: Path) -> None:
    for name in ("000_mask.png", "000_mask_1.png"):
        Image.new("1", (30, 30)).save(folder / "train" / "circle" / name)


def copied(folder: Path) -> None:
    shutil.copy(folder / "train" / "circle" / "001.png", folder / "test" / "circle" / "999.png")


def mislabelled(folder: Path) -> None:
    shutil.copy(folder / "train" / "circle" / "001.png", folder / "train" / "square" / "999.png")


def uneven(folder: Path) -> None:
    draw(folder / "train", 5, circle=60)


USUAL = {"circle": (12, 3), "square": (11, 2)}
ODD: list[tuple[Callable[[Path], None], str | None, dict[str, tuple[int, int]]]] = [
    (odd_files, None, USUAL),
    (broken_files, r"4 of 32 pictures are left out: train/circle/a\.png \(this is no PNG.*and 1 more", USUAL),
    (pipe, None, USUAL),
    (links, r"out of this one, so left out: 5 symbolic links .*train/circle/out\.png.*and 2 more", USUAL),
    (link_inside, r"outside the folders of the classes, so left out: 1 picture .*kept\.png", USUAL),
    (other_files, r"so left out: 2 files .*notes\.txt, train/circle/x\.pdf", USUAL),
    (loose, r"so left out: 1 picture .*train/nobody\.png", USUAL),
    (nested, r"below count as the class's own: 1 folder \(train/circle\)", USUAL),
    (empty_class, r"without a picture, so no class: 1 folder \(train/hexagon\)", USUAL),
    (single, r"with a single picture to train on are left out: triangle", USUAL),
    (only_tested, r"without a picture to train on are left out: triangle \(2 to test\)", USUAL),
    (only_trained, r"no score of their own: triangle", {**USUAL, "triangle": (12, 0)}),
    (
        validation,
        r"the 2 pictures of the validation part join those that train",
        {"circle": (14, 3), "square": (11, 2)},
    ),
    (third_part, r"extra: neither train nor test, so its pictures are left out", USUAL),
    (masks, r"the mask of another one, so left out: 2 pictures .*000_mask\.png", USUAL),
    (copied, r"1 of 6 test pictures have the pixels of one that trains.*circle/999.png is train/circle/001.png", {}),
    (mislabelled, r"same pixels are in two classes: 1 picture .*square/999.png is train/circle/001.png", {}),
    (uneven, r"uneven \(60 pictures of circle, 11 of square\).*macro F1", {}),
]


@pytest.mark.parametrize(("change", "said", "expected"), ODD, ids=[change.__name__ for change, _, _ in ODD])
def test_what_is_odd_is_said_in_one_line(
    tmp_path: Path, change: Callable[[Path], None], said: str | None, expected: dict[str, tuple[int, int]]
) -> None:
    folder = both(tmp_path / "mine")
    usual, _ = load(folder)
    change(folder)
    found, told = load(folder)
    assert [bool(re.search(said or "", line)) for line in told] == ([True] if said else []), told
    assert all("\n" not in line for line in told)
    if expected:
        assert counts(found) == expected
    if expected == USUAL and change is not nested:  # the first of its class is the last now
        assert found.sha256 == usual.sha256


REFUSED = {
    "one class": (lambda place: draw(place, circle=5), r"two classes with 2 pictures each are needed.*has 1"),
    "two of one each": (lambda place: draw(place, circle=1, square=1), "two classes with 2 pictures each.*has 0"),
    "two of two each": (lambda place: draw(place, circle=2, square=2), "too few pictures to split off"),
    "no training part": (lambda place: draw(place / "test", circle=5, square=5), "a test but no train/<class>/"),
    "no classes": (
        lambda place: draw(place, train=5, test=5),
        r"train: its pictures have no class; put those of each into a folder",
    ),
    "folders two deep": (
        lambda place: draw(place / "round", circle=5, square=5) and draw(place / "angular", circle=5, square=5),
        r"its pictures are in subfolders.*2 outer folders \(angular, round\) or the 4 innermost.*@outer or .*@inner",
    ),
    "all broken": (
        lambda place: [path.write_bytes(b"x") for path in draw(place, circle=3, square=2).glob("*/*")],
        r"none of its 5 pictures can be read: circle/000.png \(this is no PNG.*and 2 more",
    ),
    "the test part broken": (
        lambda place: [path.write_bytes(b"x") for path in (both(place) / "test").glob("*/*")],
        "no picture of its test part can be read",
    ),
    "no class on both sides": (
        lambda place: draw(place / "train", circle=5, square=5) and draw(place / "test", triangle=5),
        "no class that trains has a test picture",
    ),
    "no pictures": (lambda place: (place / "train" / "circle").mkdir(parents=True), "it has none of these: "),
}


@pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_run_is_refused_in_one_line(tmp_path: Path, make: Callable[[Path], object], why: str) -> None:
    make(tmp_path / "mine")
    with pytest.raises(BenchmarkError, match=why) as caught:
        load(tmp_path / "mine")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("names", [("Training", "Testing"), ("TRAIN", "val"), ("training", "Validation")])
def test_parts_have_their_other_usual_names(tmp_path: Path, names: tuple[str, str]) -> None:
    usual, _ = load(both(tmp_path / "mine"))
    for name, other in zip(("train", "test"), names, strict=True):
        (tmp_path / "mine" / name).rename(tmp_path / "mine" / other)
    found, told = load(tmp_path / "mine")
    assert found.sha256 == usual.sha256
    assert [line.split(": ")[1] for line in told] == (
        [] if names[1] == "Testing" else ["its 5 pictures are the test part, since there is no other"]
    )


def test_the_only_folder_with_pictures_is_read_and_said(tmp_path: Path) -> None:
    usual, _ = load(both(tmp_path / "mine"))
    (tmp_path / "outer" / "download").mkdir(parents=True)
    (tmp_path / "outer" / "readme.txt").write_text("")
    (tmp_path / "mine").rename(tmp_path / "outer" / "download" / "photos")
    found, told = load(tmp_path / "outer")
    assert found.sha256 == usual.sha256
    assert "photos: read from here" in told[-1]


@pytest.mark.parametrize("suffix", ["png", "webp", "bmp", "gif", "tiff", "pgm", "ppm"])
def test_every_common_form_of_a_picture_is_read(tmp_path: Path, suffix: str) -> None:
    for kind in ("circle", "square"):
        (tmp_path / "mine" / kind).mkdir(parents=True)
        for number in range(5):
            drawn = picture(kind, np.random.default_rng(number), (32, 32)).convert("L" if suffix == "pgm" else "RGB")
            drawn.save(
                tmp_path / "mine" / kind / f"{number}.{suffix}", **({"lossless": True} if suffix == "webp" else {})
            )
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (4, 1), "square": (4, 1)}
    assert not any("left out" in line for line in told)
    assert found.image_shape == (32, 32, 1 if suffix == "pgm" else 3)


def test_a_class_may_be_called_train_or_anything(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    names = ["bus", "train", "a|b", "=1+1", "<script>", "ä ö", "[red]", os.fsdecode(b"\xff")]
    random = np.random.default_rng(0)
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(5):
            picture("circle", random).save(folder / name / f"{number}.png")
    found, _ = load(folder)
    assert found.class_names == tuple(sorted(names))
    assert len(found.sha256) == 64
    assert main(["data", "--dataset", str(folder)]) == 0


def test_a_letter_with_its_accent_apart_is_the_same_class(tmp_path: Path) -> None:
    draw(tmp_path / "train", circle=4, square=4)
    draw(tmp_path / "test", circle=2, square=2)
    (tmp_path / "train" / "circle").rename(tmp_path / "train" / "caf\u00e9")
    (tmp_path / "test" / "circle").rename(tmp_path / "test" / "cafe\u0301")
    assert load(tmp_path)[0].class_names == ("caf\u00e9", "square")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look anywhere")
def test_a_folder_that_may_not_be_looked_into(tmp_path: Path) -> None:
    folder = both(tmp_path / "mine") / "train" / "circle"
    folder.chmod(0)
    try:
        with pytest.raises(BenchmarkError, match="circle: cannot be looked into"):
            load(tmp_path / "mine")
    finally:
        folder.chmod(0o700)


def test_transparent_turned_and_sixteen_bit_pictures_are_taken(tmp_path: Path) -> None:
    folder = draw(tmp_path / "mine", circle=5, square=5)
    Image.fromarray(np.zeros((30, 30, 4), np.uint8)).save(folder / "circle" / "clear.png")
    Image.fromarray((np.arange(900, dtype=np.uint16) * 70).reshape(30, 30)).save(folder / "circle" / "deep.png")
    found, _ = load(folder)
    assert counts(found)["circle"] == (6, 1)


def test_pictures_that_took_long_are_kept_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(picture_folder, "SLOW", 0)
    folder = both(tmp_path / "mine")
    broken_files(folder)
    usual, told = load(folder)
    (kept,) = (tmp_path / "cache" / "pictures").iterdir()
    monkeypatch.setattr(picture_folder, "_prepare", lambda *_, **__: pytest.fail("prepared again"))
    again, told_again = load(folder)
    assert (again.sha256, told_again) == (usual.sha256, told)
    monkeypatch.undo()
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    kept.write_bytes(b"torn")
    assert load(folder)[0].sha256 == usual.sha256
    picture("square", np.random.default_rng(9)).save(folder / "train" / "circle" / "000.png")
    assert load(folder)[0].sha256 != usual.sha256


# --- a run, from the folder to the leaderboard


def test_a_run_on_a_folder_of_pictures(tmp_path: Path) -> None:
    folder = draw(tmp_path / "my_photos", circle=70, square=40, triangle=6)
    (folder / "circle" / "broken.png").write_bytes(b"no picture")
    arguments = ["--dataset", str(folder), "--preset", "smoke", "--results", str(tmp_path / "results"), "--jobs", "1"]
    ran = benchmark("run", "logistic_regression", *arguments, "--folds", "0")
    assert ran.returncode == 0, ran.stderr
    assert "WARNING" in ran.stdout
    assert "1 of 117 pictures are left out: circle/broken.png" in ran.stdout
    found = records.read(tmp_path / "results" / "my_photos")
    assert found.test_set.class_names == ("circle", "square", "triangle")
    assert {record.status for record in found.records} == {"ok"}
    page = (tmp_path / "results" / "my_photos" / "method.md").read_text()
    assert "93 training and 23 test images of 64 by 64 pixels, in colour, in 3 classes" in page
    assert benchmark("report", "--check", "--results", str(tmp_path / "results")).returncode == 0


def test_photos_with_damaged_exif_are_read_by_threads_without_a_word(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01"  # promises five entries, holds none
    for name, level in (("oak", 60), ("elm", 190)):
        (tmp_path / "trees" / name).mkdir(parents=True)
        for i in range(20):
            path = tmp_path / "trees" / name / f"{i}.jfif"
            Image.new("RGB", (28, 28), (level + i,) * 3).save(path, "JPEG", exif=exif)
    before, told = list(warnings.filters), []
    found = datasets.load(str(tmp_path / "trees"), notify=told.append)
    assert len(found.train.y) + len(found.test.y) == 40
    assert not recwarn.list
    assert warnings.filters == before
    assert len(told) == 1  # how the test part was split off
