"""The folders of published picture sets, and what is read of them: which are the parts, and which the classes."""

from __future__ import annotations

import argparse
import io
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from rich.console import Console

from benchmark import datasets
from benchmark.cli import reading
from benchmark.cli.main import main
from benchmark.datasets import picture_folder, preprocessing
from benchmark.datasets.picture_files import part_of
from benchmark.errors import BenchmarkError
from tests.drawn import draw, picture


def load(path: Path | str) -> tuple[datasets.Dataset, list[str]]:
    """Load a data set, and what was told of it but that there are few pictures."""
    told: list[str] = []
    found = datasets.load(str(path), notify=told.append)
    return found, [line for line in told if "classes with few pictures" not in line]


def small(folder: Path, seed: int = 0, **counts: int) -> Path:
    return draw(folder, seed, (16, 16), **counts)


def counts(dataset: datasets.Dataset) -> dict[str, tuple[int, int]]:
    return datasets.summary(dataset)["counts"]


def both(folder: Path, train: str = "train", test: str = "test") -> Path:
    small(folder / train, 0, circle=6, square=5)
    small(folder / test, 1, circle=3, square=2)
    return folder


BOTH = {"circle": (6, 3), "square": (5, 2)}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, "train") for name in ("train", "Training", "seg_train", "train_set", "trainset", "TrainData")),
        *((name, "test") for name in ("TEST", "Testing", "dataset-test", "test_set", "PublicTest", "asl test")),
        *((name, "validation") for name in ("val", "valid", "Validation", "my-val", "valSet")),
        *((name, None) for name in ("trainer", "contest", "latest", "valley", "train_test", "interval", "pretrained")),
    ],
)
def test_a_part_is_one_word_of_a_name(name: str, part: str | None) -> None:
    assert part_of(name) == part


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("seg_train", "seg_test"),
        ("train_set", "test_set"),
        ("dataset-train", "dataset-test"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train/images", "test/images"),
        ("train/images", "test"),
        ("outer/data/train", "outer/data/test"),
    ],
)
def test_parts_are_found_under_their_usual_names_and_one_folder_down(tmp_path: Path, train: str, test: str) -> None:
    usual, _ = load(both(tmp_path / "usual"))
    found, told = load(both(tmp_path / "mine", train, test))
    assert counts(found) == BOTH
    assert found.sha256 == usual.sha256
    deeper = train.count("/") + test.count("/") if "outer" not in train else 1
    assert ["read from here" in line for line in told] == [True] * deeper


@pytest.mark.parametrize("place", ["data/data", "download", "download/data"])
def test_classes_are_found_one_folder_down(tmp_path: Path, place: str) -> None:
    small(tmp_path / "mine" / place, circle=5, square=5)
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (4, 1), "square": (4, 1)}
    assert told[0].endswith(f"{place}: read from here, the only folder with pictures")


def test_the_only_set_in_a_folder_is_read_and_the_rest_is_said(tmp_path: Path) -> None:
    both(tmp_path / "mine" / "set")
    small(tmp_path / "mine", circle=2)
    found, told = load(tmp_path / "mine")
    assert counts(found) == BOTH
    assert "set: read from here, the only folder with pictures of classes; 2 pictures elsewhere left out" in told[0]


def test_an_archive_packed_twice_is_read_once(tmp_path: Path) -> None:
    small(tmp_path / "mine", circle=5, square=5)  # as in a well-known set of brain scans
    for kind in ("circle", "square"):
        shutil.copytree(tmp_path / "mine" / kind, tmp_path / "mine" / "brains" / kind)
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (4, 1), "square": (4, 1)}
    assert "brains: the same 10 files as next to it, so left out" in told[0]
    (tmp_path / "mine" / "brains" / "circle" / "000.png").write_bytes(b"another")
    with pytest.raises(BenchmarkError, match=r"3 outer folders \(brains, circle, square\)"):
        load(tmp_path / "mine")


def test_a_part_inside_each_class_is_a_part(tmp_path: Path) -> None:
    for kind in ("circle", "square"):
        for part, seed, count in (("train", 0, 6), ("test", 1, 3)):
            small(tmp_path / "new", seed, **{kind: count})
            (tmp_path / "mine" / kind).mkdir(parents=True, exist_ok=True)
            (tmp_path / "new" / kind).rename(tmp_path / "mine" / kind / part)
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (6, 3), "square": (6, 3)}
    assert "the parts (test, train) are read inside each class" in told[0]


def test_classes_with_the_word_of_a_part_in_their_name_are_classes(tmp_path: Path) -> None:
    small(tmp_path / "mine", bus=3, train_station=3, test_tube=3)
    assert load(tmp_path / "mine")[0].class_names == ("bus", "test_tube", "train_station")


@pytest.mark.parametrize("name", ["test", "validation", "Testing", "seg_test", "my-val"])
def test_a_part_alone_is_never_the_whole(tmp_path: Path, name: str) -> None:
    small(tmp_path / "mine" / name, circle=5, square=5)
    with pytest.raises(BenchmarkError, match=rf"there is a {name} but no train/<class>/") as caught:
        load(tmp_path / "mine")
    assert "--dataset" not in str(caught.value)
    with pytest.raises(BenchmarkError, match="but no train/<class>/"):
        load(tmp_path)
    small(tmp_path / "mine" / "train", 1, circle=5, square=5)  # the step that it names
    assert counts(load(tmp_path / "mine")[0]) == {"circle": (5, 5), "square": (5, 5)}


@pytest.mark.parametrize("other", ["test", "val"])
def test_parts_without_classes_are_no_classes(tmp_path: Path, other: str) -> None:
    small(tmp_path / "mine", **{"train": 5, other: 5})
    with pytest.raises(BenchmarkError, match="its pictures have no class; put those of each into a folder"):
        load(tmp_path / "mine")


def test_the_advice_for_a_part_without_classes_works(tmp_path: Path) -> None:
    small(tmp_path / "mine", train=10, test=5)
    rows = [f"{number:03d},{'ab'[number % 2]}" for number in range(10)]
    (tmp_path / "mine" / "train.csv").write_text("\n".join(["file_name,label", *rows]))
    assert counts(load(tmp_path / "mine")[0]) == {"a": (4, 1), "b": (4, 1)}


def test_a_test_part_without_classes_is_left_out_and_said(tmp_path: Path) -> None:
    small(tmp_path / "mine" / "train", circle=5, square=5)
    small(tmp_path / "mine", test=4)
    small(tmp_path / "mine" / "seg_pred", seg_pred=3)
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (4, 1), "square": (4, 1)}
    assert any("test: no pictures of a class are in it (4 pictures without one)" in line for line in told)
    assert any("seg_pred: neither train nor test" in line for line in told)
    (tmp_path / "mine" / "test").rename(tmp_path / "mine" / "away")
    (tmp_path / "mine" / "test").mkdir()
    (tmp_path / "mine" / "away").rename(tmp_path / "mine" / "test" / "test")  # doubled, as Kaggle's unpacker does it
    assert counts(load(tmp_path / "mine")[0]) == {"circle": (4, 1), "square": (4, 1)}


# --- classes two or three folders deep


def grocery(folder: Path) -> Path:
    for part, seed, count in (("train", 0, 4), ("test", 1, 2)):
        for place in ("Fruit/Apple/Golden", "Fruit/Apple/Pink", "Fruit/Banana", "Packages/Milk/Medium"):
            small(folder / "new", seed, circle=count)
            target = folder / part / place
            target.parent.mkdir(parents=True, exist_ok=True)
            (folder / "new" / "circle").rename(target)
            seed += 2
    shutil.rmtree(folder / "new")
    return folder


def test_the_innermost_folders_that_both_parts_have_are_the_classes(tmp_path: Path) -> None:
    found, told = load(grocery(tmp_path / "mine"))
    assert counts(found) == dict.fromkeys(("Banana", "Golden", "Medium", "Pink"), (4, 2))
    assert "the classes are the innermost folders (Banana, Golden, Medium and 1 more)" in told[0]
    outer, _ = load(named(told[0])[0])
    assert counts(outer) == {"Fruit": (12, 6), "Packages": (4, 2)}
    assert outer.name == "mine-outer"
    assert load(f"{tmp_path}/mine@inner")[0].class_names == found.class_names


def test_a_level_that_the_parts_do_not_share_is_no_class(tmp_path: Path) -> None:
    for part, batches in (("train", "ab"), ("test", "cd")):
        for number, batch in enumerate(batches):
            for kind in ("circle", "square"):
                small(tmp_path / "new", number + 3 * (part == "test"), **{kind: 3})
                (tmp_path / "mine" / part / kind).mkdir(parents=True, exist_ok=True)
                (tmp_path / "new" / kind).rename(tmp_path / "mine" / part / kind / batch)
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (6, 6), "square": (6, 6)}
    assert "the classes are the outer folders (circle, square), which are the same in all parts" in told[0]


def test_no_level_that_the_parts_share(tmp_path: Path) -> None:
    small(tmp_path / "mine" / "train" / "x", circle=3, square=3)
    small(tmp_path / "mine" / "train" / "y", circle=3, square=3)
    small(tmp_path / "mine" / "test" / "z", triangle=3)
    small(tmp_path / "mine" / "test" / "w", triangle=3)
    with pytest.raises(BenchmarkError, match="at no level have the folders of train and test the same names"):
        load(tmp_path / "mine")


def omniglot(folder: Path) -> Path:
    for number, alphabet in enumerate(("Greek", "Latin")):
        for character, kind in enumerate(("circle", "square")):
            small(folder / "new", 10 * number + character, **{kind: 4})
            (folder / alphabet).mkdir(exist_ok=True)
            (folder / "new" / kind).rename(folder / alphabet / f"character{character + 1:02d}")
    (folder / "new").rmdir()
    return folder


def test_one_class_alone_is_refused_with_steps_that_work(tmp_path: Path) -> None:
    small(tmp_path / "mine", photos=10)
    with pytest.raises(
        BenchmarkError, match=r"has 1 \(photos\).*or add a table, train.csv, with the columns file_name"
    ):
        load(tmp_path / "mine")
    rows = [f"{number:03d},{'ab'[number % 2]}" for number in range(10)]
    (tmp_path / "mine" / "train.csv").write_text("\n".join(["file_name,label", *rows]))
    assert counts(load(tmp_path / "mine")[0]) == {"a": (4, 1), "b": (4, 1)}
    (tmp_path / "mine" / "train.csv").unlink()
    small(tmp_path / "mine", 1, circle=5)
    assert load(tmp_path / "mine")[0].class_names == ("circle", "photos")


def named(text: str) -> list[str]:
    """Return the data sets of the commands that a message names."""
    words = shlex.split(text)
    return [re.sub(r"[;,]$", "", words[place + 1]) for place, word in enumerate(words) if word == "--dataset"]


@pytest.mark.parametrize("asked", ["", "@24@grey"])
def test_where_two_readings_remain_both_commands_are_named_and_work(tmp_path: Path, asked: str) -> None:
    folder = omniglot(tmp_path / "my letters")
    with pytest.raises(BenchmarkError, match=r"2 outer folders \(Greek, Latin\) or the 4 innermost") as caught:
        load(f"{folder}{asked}")
    outer, inner, alone = named(str(caught.value))
    assert load(alone)[0].class_names == ("character01", "character02")
    assert main(["data", "--dataset", outer]) == main(["data", "--dataset", inner]) == 0
    assert load(outer)[0].class_names == ("Greek", "Latin")
    found, _ = load(inner)
    assert found.class_names == ("Greek/character01", "Greek/character02", "Latin/character01", "Latin/character02")
    assert found.name == ("my-letters-24x24-grey-inner" if asked else "my-letters-inner")
    assert found.image_shape == ((24, 24, 1) if asked else (16, 16, 3))


def test_a_reading_with_too_few_pictures_is_none(tmp_path: Path) -> None:
    small(tmp_path / "new", circle=5, square=5)
    for kind in ("circle", "square"):
        for path in sorted((tmp_path / "new" / kind).iterdir()):
            (tmp_path / "mine" / kind / f"patient {path.stem}").mkdir(parents=True)
            path.rename(tmp_path / "mine" / kind / f"patient {path.stem}" / path.name)
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (4, 1), "square": (4, 1)}
    assert "the classes are the outer folders (circle, square); the innermost ones have too few" in told[0]


# --- classes under people and places, and in the names of the files


def drawn(folder: Path, *names: str) -> Path:
    """Write a picture of each name, each another."""
    random = np.random.default_rng(0)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture("circle", random, (16, 16)).save(folder / name)
    return folder


def group_of(part: datasets.Part) -> dict[str, set[int]]:
    """Return the groups of the pictures by the first patient in their name."""
    found: dict[str, set[int]] = {}
    for name, group in zip(part.names, part.groups, strict=True):
        found.setdefault(re.findall(r"patient\d+", name)[0], set()).add(int(group))
    return found


@pytest.mark.parametrize("name", ["patient{0:02d}/{1}/{2}.png", "{1}/patient{0:02d}/{2}.png"])
def test_the_folders_of_patients_are_groups_and_no_classes(tmp_path: Path, name: str) -> None:
    kinds = [("benign",), ("benign", "malignant")]
    names = [name.format(i, kind, j) for i in range(10) for kind in kinds[i % 3 > 0] for j in range(3)]
    found, told = load(drawn(tmp_path / "mine", *names))
    assert {kind: sum(each) for kind, each in counts(found).items()} == {"benign": 30, "malignant": 18}
    train, test = group_of(found.train), group_of(found.test)
    assert not train.keys() & test.keys()
    assert len(train) + len(test) == 10
    assert all(len(groups) == 1 for groups in (*train.values(), *test.values()))
    assert any("48 pictures are in 10 groups" in line for line in told)
    assert any(re.search("the classes are the (innermost|outer) folders .* group$", line) for line in told)
    assert load(f"{tmp_path}/mine@outer")[0].class_names != load(f"{tmp_path}/mine@inner")[0].class_names


@pytest.mark.parametrize("last", [7, 6])
def test_patients_in_parts_are_groups_too(tmp_path: Path, last: int) -> None:
    names = [
        f"{'train' if i < last else 'test'}/patient{i}/{kind}/{j}.png"
        for i in range(8)
        for kind in ("benign", "malignant")
        for j in range(3)
    ]
    found, _ = load(drawn(tmp_path / "mine", *names))
    tests = 3 * (8 - last)
    assert counts(found) == {"benign": (3 * last, tests), "malignant": (3 * last, tests)}
    assert len(set(found.train.groups)) == last
    assert not set(found.train.groups) & set(found.test.groups)


@pytest.mark.parametrize("outer", ["grade{}", "{}", "class_{}"])
def test_numbered_classes_are_no_patients(tmp_path: Path, outer: str) -> None:
    names = [f"{outer.format(i)}/{side}/{j}.png" for i in range(1, 4) for side in ("left", "right") for j in range(4)]
    with pytest.raises(BenchmarkError, match="the classes may be the 3 outer folders"):
        load(drawn(tmp_path / "mine", *names))


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (("{kind}.{i}.jpg",), ("cat", "dog")),
        (("{kind}_{i:03d}.png",), ("cat", "red_panda")),
        (("pictures/{kind} ({i}).png",), ("cat", "dog")),
        (("train/{kind}-{i}.png", "test/{kind}-{i}.png"), ("cat", "dog")),
        (("data/Training/{kind}-{i}.png", "data/Testing/{kind}-{i}.png"), ("cat", "dog")),
    ],
)
def test_the_words_before_a_number_are_the_classes_of_a_flat_folder(
    tmp_path: Path, names: tuple[str, ...], kinds: tuple[str, ...]
) -> None:
    files = [name.format(kind=kind, i=i) for name in names for kind in kinds for i in range(5)]
    found, told = load(drawn(tmp_path / "mine", *files))
    assert counts(found) == dict.fromkeys(kinds, (5, 5) if len(names) > 1 else (4, 1))
    line = "the classes are the words before a number in the names of the pictures"
    assert any(f"{line} ({', '.join(kinds)})" in text for text in told)


def test_a_test_part_of_numbers_alone_is_left_out_next_to_classes_in_names(tmp_path: Path) -> None:
    files = [f"train/{kind}.{i}.jpg" for kind in ("cat", "dog") for i in range(5)]
    folder = drawn(tmp_path / "mine", *files, "test1/1.jpg", "test1/2.jpg")
    (folder / "sampleSubmission.csv").write_text("id,label\n1,0\n2,0\n")
    found, told = load(folder)
    assert counts(found) == {"cat": (4, 1), "dog": (4, 1)}
    assert any("test1: no pictures of a class are in it (2 pictures without one)" in line for line in told)


@pytest.mark.parametrize(
    "names",
    [
        ("IMG_1.png", "IMG_2.png", "DSC_1.png", "DSC_2.png"),
        ("cat_1.png", "cat_2.png", "dog_1.png"),
        ("cat_1.png", "cat_2.png", "dog_1.png", "dog_2.png", "7.png"),
        ("cat_1.png", "cat_2.png", "cat_3.png"),
        (f"{'a' * 200}.png", "cat_1.png", "cat_2.png", "dog_1.png", "dog_2.png"),
    ],
)
def test_names_that_say_no_classes_or_not_of_all_pictures_are_not_read(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(BenchmarkError, match="no pictures of a class in it"):
        load(drawn(tmp_path / "mine", *names))


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train_seg/train_seg", "test_seg/test_seg"),
        ("seg_train/train", "seg_test/test"),
        ("training_set/training_set", "test_set/test_set"),
        ("x/seg_train/seg_train/seg_train", "x/seg_test/seg_test/seg_test"),
        ("forest-train-v2/forest-train-v2", "forest-test-v2"),
        ("archive/set/set/training_set/training_set", "archive/set/set/test_set/test_set"),
        ("Train/TRAIN", "Test/TEST"),
    ],
)
def test_doubled_folders_are_parts_whatever_is_added_to_their_names(tmp_path: Path, train: str, test: str) -> None:
    assert counts(load(both(tmp_path / "mine", train, test))[0]) == BOTH


def test_a_part_packed_twice_is_read_once(tmp_path: Path) -> None:
    folder = both(tmp_path / "mine", "seg_train", "seg_test")
    for part in ("seg_train", "seg_test"):
        shutil.copytree(folder / part, tmp_path / "copy")
        (tmp_path / "copy").rename(folder / part / part)
    found, told = load(folder)
    assert counts(found) == BOTH
    assert any(line.endswith("the same 11 files as next to it, so left out") for line in told)


def test_several_sets_are_refused_with_commands_that_work(tmp_path: Path) -> None:
    for fold in ("fold 1", "fold 2"):
        both(tmp_path / "mine" / fold)
    small(tmp_path / "mine" / "good" / "train", good=5)  # cannot be read alone
    with pytest.raises(BenchmarkError, match="3 of its folders have a train part of their own") as caught:
        load(tmp_path / "mine")
    assert named(str(caught.value)) == [str(tmp_path / "mine" / "fold 1"), str(tmp_path / "mine" / "fold 2")]
    for path in named(str(caught.value)):
        assert counts(load(path)[0]) == BOTH


def test_two_folders_for_one_part(tmp_path: Path) -> None:
    both(tmp_path / "mine", "train_a", "test")
    small(tmp_path / "mine" / "train_b", 5, circle=4, square=4)
    with pytest.raises(BenchmarkError, match=r"more than one folder may be the train part \(train_a, train_b\)"):
        load(tmp_path / "mine")
    (tmp_path / "mine" / "train_b").rename(tmp_path / "elsewhere")  # the step that it names
    assert counts(load(tmp_path / "mine")[0]) == BOTH


def test_a_size_that_is_not_offered_is_refused_with_the_nearest(tmp_path: Path) -> None:
    small(tmp_path / "mine", circle=5, square=5)
    with pytest.raises(BenchmarkError, match="not 300 by 4") as caught:
        load(f"{tmp_path}/mine@300x4@grey")
    assert load(*named(str(caught.value)))[0].image_shape == (256, 8, 1)


# --- litter and masks


@pytest.mark.parametrize("name", ["._000.jpg", ".DS_Store", "Thumbs.db", "ehthumbs.db", "__MACOSX/circle/._a.png"])
def test_litter_of_operating_systems_is_skipped_without_a_word(tmp_path: Path, name: str) -> None:
    usual, _ = load(both(tmp_path / "usual"))
    both(tmp_path / "mine")
    for place in ("", "train", "train/circle"):
        path = tmp_path / "mine" / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"litter")
    found, told = load(tmp_path / "mine")
    assert found.sha256 == usual.sha256
    assert told == []


def mask_names(folder: Path) -> None:
    for path in list(folder.glob("*/*")):
        Image.new("1", (16, 16)).save(path.with_name(f"{path.stem}_mask.png"))


def mask_suffixes(folder: Path) -> None:
    for path in list(folder.glob("*/*")):
        if path.suffix == ".png":
            Image.open(path).save(path.with_suffix(".jpg"))
        Image.new("1", (16, 16)).save(path.with_suffix(".png"))


def mask_folders(folder: Path) -> None:
    for kind in ("circle", "square"):
        (folder / kind).rename(folder / "images")
        (folder / kind).mkdir()
        (folder / "images").rename(folder / kind / "images")
        (folder / kind / "masks").mkdir()
        for path in (folder / kind / "images").iterdir():
            Image.new("1", (16, 16)).save(folder / kind / "masks" / f"{path.stem}.png")


@pytest.mark.parametrize("add", [mask_names, mask_suffixes, mask_folders])
def test_masks_are_no_pictures_of_a_class(tmp_path: Path, add: Callable[[Path], None]) -> None:
    small(tmp_path / "mine", circle=5, square=5)
    add(tmp_path / "mine")
    found, told = load(tmp_path / "mine")
    assert counts(found) == {"circle": (4, 1), "square": (4, 1)}
    assert any("the mask of another one, so left out: 10 pictures" in line for line in told)
    assert not any("mask" in name or name.endswith("s.png") for name in found.train.names)


def test_with_and_without_a_mask_are_classes(tmp_path: Path) -> None:
    for name, seed in (("mask", 0), ("no_mask", 1), ("with_mask", 2)):
        small(tmp_path / "new", seed, circle=5)
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "new" / "circle").rename(tmp_path / "mine" / name)
    assert load(tmp_path / "mine")[0].class_names == ("mask", "no_mask", "with_mask")


# --- what is refused before a picture is decoded, and what is shown while they are


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda place: small(place, circle=5), r"has 1 \(circle\); give each class a folder of its own"),
        (lambda place: small(place / "train", circle=5, square=5) and small(place / "test", triangle=3), "both parts"),
        (lambda place: small(place.parent, mine=5), "no pictures of a class in it; put those of each class into"),
    ],
)
def test_the_layout_is_checked_before_a_picture_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], why: str
) -> None:
    make(tmp_path / "mine")
    monkeypatch.setattr(picture_folder, "_prepared", lambda *_: pytest.fail("decoded"))
    with pytest.raises(BenchmarkError, match=why):
        load(tmp_path / "mine")


def test_the_advice_for_a_test_part_that_cannot_be_read_works(tmp_path: Path) -> None:
    both(tmp_path / "mine")
    for path in (tmp_path / "mine" / "test").glob("*/*"):
        path.write_bytes(b"no picture")
    with pytest.raises(BenchmarkError, match="take that part away and a fifth of each class is split off"):
        load(tmp_path / "mine")
    shutil.rmtree(tmp_path / "mine" / "test")
    assert counts(load(tmp_path / "mine")[0]) == {"circle": (5, 1), "square": (4, 1)}


def test_the_folder_that_holds_all_classes_can_be_read_as_the_refusal_says(tmp_path: Path) -> None:
    small(tmp_path / "mine" / "shapes", circle=5, square=5)
    small(tmp_path / "mine" / "round", circle=5)
    with pytest.raises(BenchmarkError, match="has 1"):
        load(tmp_path / "mine" / "round")
    small(tmp_path / "mine" / "round", 1, square=5)
    assert len(load(f"{tmp_path}/mine@inner")[0].class_names) == 4


def test_progress_is_told_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(tmp_path / "mine", circle=5, square=5)
    monkeypatch.setattr(picture_folder, "TICK", 0)
    told: list[tuple[int, int]] = []
    datasets.load(str(tmp_path / "mine"), progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 10) for done in range(1, 11)]
    screen = io.StringIO()
    arguments = argparse.Namespace(dataset=str(tmp_path / "mine"), data_dir=None, group="", folds=None)
    reading.load(arguments, Console(file=screen, force_terminal=True, width=100))
    assert "decoding pictures" in screen.getvalue()
    plain = io.StringIO()
    reading.load(arguments, Console(file=plain, width=100))
    assert "decoding" not in plain.getvalue()


def test_a_large_jpeg_is_decoded_smaller_and_looks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = picture("circle", np.random.default_rng(0), (40, 30)).resize((1200, 900), Image.Resampling.BICUBIC)
    for turned in (1, 6):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = turned
        file = io.BytesIO()
        drawn.save(file, "JPEG", quality=95, exif=exif)
        whole, less = (preprocessing.decode(file.getvalue(), shape) for shape in (None, (48, 64, 3)))
        assert whole.size == ((1200, 900) if turned == 1 else (900, 1200))
        assert less.size == ((300, 225) if turned == 1 else (225, 300))
        pixels = [preprocessing.to_pixels(image, (48, 64, 3)).astype(int) for image in (whole, less)]
        assert np.abs(pixels[0] - pixels[1]).mean() < 1
    assert preprocessing.decode(file.getvalue(), (256, 256, 3)).size == (900, 1200)


# --- links


def linked(folder: Path, *names: str) -> Path:
    """Put folders elsewhere, and links to them in their place."""
    for name in names:
        place = folder.parent / "elsewhere" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (folder / name).rename(place)
        (folder / name).symlink_to(place)
    return folder


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (("train/circle", "train/square", "test/circle", "test/square"), 4),
        (("train/circle", "train/square"), 2),
        (("train",), 1),
        (("train", "test"), 2),
    ],
)
def test_the_advice_for_folders_that_are_links_works_and_trains_on_no_test_part(
    tmp_path: Path, names: tuple[str, ...], left: int
) -> None:
    folder = linked(both(tmp_path / "mine"), *names)
    with pytest.raises(BenchmarkError, match=f"{left} symbolic link.*make a copy: cp -rL ") as caught:
        load(folder)
    assert "--dataset" not in str(caught.value)  # a class or a part is never offered as the whole
    command = shlex.split(str(caught.value).split("make a copy: ")[1])
    subprocess.run(command, check=True)
    assert counts(load(command[-1])[0]) == BOTH


def test_classes_that_are_links_are_no_data_sets_of_their_own(tmp_path: Path) -> None:
    folder = linked(small(tmp_path / "mine", circle=6, square=6), "circle", "square")
    with pytest.raises(
        BenchmarkError, match=r"it has only links to data\. .*2 symbolic links \(circle, square\)"
    ) as caught:
        load(folder)
    assert "--dataset" not in str(caught.value)


def test_pictures_that_are_links_out_of_the_folder(tmp_path: Path) -> None:
    for name in ("circle", "square"):
        small(tmp_path / "elsewhere", **{name: 6})
        (tmp_path / "mine" / name).mkdir(parents=True)
        for path in (tmp_path / "elsewhere" / name).iterdir():
            (tmp_path / "mine" / name / path.name).symlink_to(path)
    with pytest.raises(BenchmarkError, match=r"12 symbolic links \(circle/000\.png.*make a copy: cp -rL"):
        load(tmp_path / "mine")


@pytest.mark.parametrize("form", ["npy", "csv"])
def test_parts_of_arrays_in_folders_are_never_read_without_the_test_part(tmp_path: Path, form: str) -> None:
    X, y = np.random.default_rng(0).integers(0, 256, (20, 64)), np.arange(20) % 2
    for part in ("train", "test"):
        (tmp_path / "mine" / part).mkdir(parents=True)
        if form == "npy":
            np.save(tmp_path / "mine" / part / "x.npy", X)
            np.save(tmp_path / "mine" / part / "y.npy", y)
        else:
            np.savetxt(tmp_path / "mine" / part / "data.csv", np.c_[y, X], "%d", ",")
    with pytest.raises(BenchmarkError, match="test, train are parts in folders or forms of their own; put their files"):
        load(tmp_path / "mine")


def test_a_published_set_with_a_third_doubled_folder_without_classes(tmp_path: Path) -> None:
    folder = both(tmp_path / "mine", "seg_train/seg_train", "seg_test/seg_test")
    (folder / "seg_pred" / "seg_pred").mkdir(parents=True)
    for i in range(3):
        shutil.copy(
            folder / "seg_test" / "seg_test" / "circle" / "000.png", folder / "seg_pred" / "seg_pred" / f"{i}.png"
        )
    found, told = load(folder)
    assert counts(found) == BOTH
    assert any("seg_pred: neither train nor test, so its pictures are left out" in line for line in told)
