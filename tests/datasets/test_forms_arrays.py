"""Forms of arrays, each on a small example as it is published: .npz, .npy, IDX, CSV."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark import datasets
from benchmark.cli import main as cli
from benchmark.datasets.forms import csv_pixels, npy_files, npz_file
from benchmark.errors import BenchmarkError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (30, 6, 6), dtype=np.uint8)
GREY[:, 0, 0] = 0
GREY[:, 0, 1] = 255
COLOUR = RNG.integers(0, 256, (30, 6, 6, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2] * 10, dtype=np.uint8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))


def loaded(path: Path | str) -> tuple[datasets.Dataset, list[str]]:
    told: list[str] = []
    return datasets.load(str(path), notify=told.append), told


def usual(tmp_path: Path, X: np.ndarray = GREY, y: np.ndarray = LABELS) -> datasets.Dataset:
    """Return the data set of these arrays, 20 to train and 10 to test."""
    np.savez(tmp_path / "usual.npz", X_train=X[:20], y_train=y[:20], X_test=X[20:], y_test=y[20:])
    return datasets.load(str(tmp_path / "usual.npz"))


def images(part: datasets.Part, shape: tuple[int, ...]) -> set[bytes]:
    return {image.tobytes() for image in part.X.reshape(-1, *shape)}


# --- .npz


@pytest.mark.parametrize("side", [28, 64, 128, 224])
@pytest.mark.parametrize("channels", [1, 3])
def test_medmnist_in_each_of_its_sizes(tmp_path: Path, side: int, channels: int) -> None:
    shape = (6, side, side, 3)[: 4 if channels == 3 else 3]
    X = RNG.integers(0, 256, shape, dtype=np.uint8)
    y = np.array([[0], [1], [0], [1], [0], [1]], dtype=np.uint8)
    arrays = {
        f"{part}_{kind}": each for part in ("train", "val", "test") for kind, each in (("images", X), ("labels", y))
    }
    np.savez(tmp_path / f"pathmnist_{side}.npz", **arrays)
    found, told = loaded(tmp_path / f"pathmnist_{side}.npz")
    assert found.image_shape == (side, side, channels)
    assert (len(found.train.y), len(found.test.y)) == (12, 6)
    assert told == [
        f"{tmp_path}/pathmnist_{side}.npz: the 6 images of val_images join those that train; tuning splits its own "
        "validation rows off from these"
    ]


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
@pytest.mark.parametrize("form", ["{kind}_{part}", "{part}_{kind}", "{part}{kind}", "{part}ing-{kind}"])
def test_names_of_arrays_in_any_case_and_order(tmp_path: Path, case: Callable[[str], str], form: str) -> None:
    for kinds in (("x", "y"), ("images", "labels"), ("data", "target")):
        arrays = {
            case(form.format(part=part, kind=kind)): each[rows]
            for part, rows in (("train", slice(20)), ("test", slice(20, None)))
            for kind, each in zip(kinds, (GREY, LABELS), strict=True)
        }
        np.savez(tmp_path / "a.NPZ", **arrays)
        (tmp_path / "a.NPZ.npz").rename(tmp_path / "a.NPZ")
        assert loaded(tmp_path / "a.NPZ")[0].sha256 == usual(tmp_path).sha256


@pytest.mark.parametrize("names", [("x", "y"), ("X", "Y"), ("images", "labels"), ("x_train", "y_train")])
def test_an_npz_without_a_test_part_is_split(tmp_path: Path, names: tuple[str, str]) -> None:
    np.savez(tmp_path / "a.npz", **dict(zip(names, (GREY, LABELS), strict=True)))
    found, told = loaded(tmp_path / "a.npz")
    assert told == [
        f"{tmp_path}/a.npz: there is no test part, so a fifth of each class is split off as the test part (drawn with "
        "seed 0): 24 pictures train, 6 test (--folds 5 cross-validates them instead)"
    ]
    assert np.bincount(found.test.y).tolist() == [2, 2, 2]
    assert images(found.train, (6, 6)) | images(found.test, (6, 6)) == {each.tobytes() for each in GREY}
    where = {image.tobytes(): label for image, label in zip(GREY, LABELS, strict=True)}
    assert all(where[image.tobytes()] == label for image, label in zip(found.test.X, found.test.y, strict=True))


def test_copies_stay_in_one_part_and_classes_of_one_image_are_left_out(tmp_path: Path) -> None:
    X, y = np.concatenate([GREY, GREY, GREY[:1] // 2]), np.concatenate([LABELS, LABELS, [9]])
    np.savez(tmp_path / "a.npz", x=X, y=y)
    found, told = loaded(tmp_path / "a.npz")
    assert not images(found.train, (6, 6)) & images(found.test, (6, 6))
    assert found.class_names == ("0", "1", "2")
    assert told[0].endswith("classes with a single image are left out: 9")


def test_validation_rows_test_where_nothing_else_does(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=GREY[:20], y_train=LABELS[:20], x_val=GREY[20:], y_val=LABELS[20:])
    found, told = loaded(tmp_path / "a.npz")
    assert found.sha256 == usual(tmp_path).sha256
    assert told == [f"{tmp_path}/a.npz: the 10 images of x_val are the test part, since there is no other"]


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_that_come_first_are_read_and_said(tmp_path: Path, channels: int) -> None:
    last = COLOUR[..., :channels]
    first = np.moveaxis(last, 3, 1)
    np.savez(tmp_path / "a.npz", X_train=first[:20], y_train=LABELS[:20], X_test=first[20:], y_test=LABELS[20:])
    found, told = loaded(tmp_path / "a.npz")
    assert found.sha256 == usual(tmp_path, last).sha256
    assert f"(X_train): images have shape (20, {channels}, 6, 6), so they are read with their channels first" in told[0]
    assert len(told) == 1


def test_rows_of_three_values_a_pixel_are_in_colour(tmp_path: Path) -> None:
    rows = COLOUR.reshape(30, -1)
    np.savez(tmp_path / "a.npz", X_train=rows[:20], y_train=LABELS[:20], X_test=rows[20:], y_test=LABELS[20:])
    found, told = loaded(tmp_path / "a.npz")
    assert found.sha256 == usual(tmp_path, COLOUR).sha256
    assert "108 values an image are read as 6 by 6 pixels: red, green and blue of each in turn" in told[0]


def ramps(count: int, side: int) -> np.ndarray:
    """Return images that are lighter further down and to the right, each colour in its own measure."""
    random = np.random.default_rng(1)
    slopes = random.uniform(0, 255 / (2 * side), (2, count, 1, 1, 3))
    down, right = np.arange(side)[None, :, None, None], np.arange(side)[None, None, :, None]
    X = slopes[0] * down + slopes[1] * right + random.uniform(0, 3, (count, side, side, 3))
    X[:, 0, 0], X[:, -1, -1] = 0, 255
    return X.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("form", ["npz", "csv"])
@pytest.mark.parametrize("planes", [True, False])
def test_the_order_of_the_colours_is_seen_in_the_pixels(tmp_path: Path, form: str, planes: bool) -> None:
    X = ramps(30, 32 if form == "npz" else 8)
    rows = (np.moveaxis(X, 3, 1) if planes else X).reshape(30, -1)
    if form == "npz":
        np.savez(tmp_path / "a.npz", X_train=rows[:20], y_train=LABELS[:20], X_test=rows[20:], y_test=LABELS[20:])
        found, told = loaded(tmp_path / "a.npz")
    else:
        found, told = loaded(pair(tmp_path / "mine", X=rows))
    assert found.sha256 == usual(tmp_path, X).sha256
    order = "all red, then all green, then all blue" if planes else "red, green and blue of each in turn"
    assert any(line.endswith(f"pixels: {order}") for line in told)


WORDS = np.array(["ant", "bee", "cat"])
LETTERS = np.delete(np.arange(25), 9)
MANY = RNG.integers(0, 256, (96, 6, 6), dtype=np.uint8)
LABEL_KINDS = {
    "texts": (WORDS[LABELS], ("ant", "bee", "cat")),
    "bytes": (WORDS.astype("S")[LABELS], ("ant", "bee", "cat")),
    "whole floats": (LABELS.astype(np.float64), ("0", "1", "2")),
    "one-hot": (np.eye(3, dtype=np.uint8)[LABELS], ("0", "1", "2")),
    "one-hot in floats": (np.eye(3)[LABELS], ("0", "1", "2")),
    "one-hot in booleans": (np.eye(3, dtype=bool)[LABELS], ("0", "1", "2")),
    "a column": (LABELS[:, None], ("0", "1", "2")),
    "booleans": (LABELS == 1, ("0", "1")),
    "minus 1 and 1": (np.where(LABELS == 1, 1, -1), ("-1", "1")),
    "from 1": (LABELS + 1, ("1", "2", "3")),
    "1 to 26 with gaps": (LABELS * 12 + 2, ("2", "14", "26")),
}


@pytest.mark.parametrize(("y", "names"), LABEL_KINDS.values(), ids=list(LABEL_KINDS))
def test_labels_of_every_kind(tmp_path: Path, y: np.ndarray, names: tuple[str, ...]) -> None:
    found = usual(tmp_path, GREY, y)
    assert found.class_names == names
    own = LABELS if len(names) == 3 else (LABELS == 1).astype(int)
    assert np.array_equal(found.train.y, own[:20])
    assert np.array_equal(found.test.y, own[20:])
    np.savez(tmp_path / "one.npz", images=GREY, labels=y)
    assert loaded(tmp_path / "one.npz")[0].class_names == names


def test_labels_of_0_to_24_without_9(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=MANY, y=np.tile(LETTERS, 4))
    found, _ = loaded(tmp_path / "a.npz")
    assert found.class_names == tuple(str(label) for label in range(25) if label != 9)
    assert np.bincount(found.train.y, minlength=24).tolist() == [3] * 24


def test_several_classes_an_image_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"y_train\): 14 answers an image, some with several classes or none"):
        usual(tmp_path, GREY, RNG.integers(0, 2, (30, 14)))


def test_arrays_without_names_are_read_by_their_shapes(tmp_path: Path) -> None:
    pieces = GREY[:20], LABELS[:20], GREY[20:], LABELS[20:]
    for order in ((0, 1, 2, 3), (0, 2, 1, 3)):  # the second is that of train_test_split
        np.savez(tmp_path / "a.npz", *(pieces[i] for i in order))
        found, told = loaded(tmp_path / "a.npz")
        assert found.sha256 == usual(tmp_path).sha256
        assert "the arrays have no names, so they are read in their order: arr_0 and arr_" in told[0]
    np.savez(tmp_path / "a.npz", GREY, LABELS)
    assert len(loaded(tmp_path / "a.npz")[0].test.y) == 6
    np.savez(tmp_path / "a.npz", GREY)
    with pytest.raises(BenchmarkError, match=r"the arrays have no names \(arr_0 \(30, 6, 6\)\); save them as X_train"):
        loaded(tmp_path / "a.npz")


def test_a_missing_array_is_named_as_its_sister(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", train_images=GREY, train_labels=LABELS, test_images=GREY, extra=np.array([object()]))
    with pytest.raises(BenchmarkError, match=r"`test_labels` is missing, there are: train_images, .*extra; save"):
        loaded(tmp_path / "a.npz")


def test_other_arrays_of_an_npz_are_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=GREY, y=LABELS, about=np.array([object()]))  # would have to be unpickled
    assert len(loaded(tmp_path / "a.npz")[0].train.y) == 24


def test_what_is_too_large_for_the_memory_is_refused_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "a.npz", x=GREY, y=LABELS)
    monkeypatch.setattr(npz_file, "NPZ_LIMIT", 1_000)
    with pytest.raises(
        BenchmarkError, match=r"a\.npz: unpacks to [\d,]+ bytes, more than 1,000; give fewer or smaller"
    ):
        loaded(tmp_path / "a.npz")
    monkeypatch.undo()
    monkeypatch.setattr(npz_file.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 1_000}))
    with pytest.raises(
        BenchmarkError, match=r"more than half of the 1,000 of memory that are free; give fewer or smaller"
    ):
        loaded(tmp_path / "a.npz")


def test_a_file_for_each_part(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    np.savez(folder / "train.npz", x=GREY[:20], y=LABELS[:20])
    np.savez(folder / "test.npz", x_test=GREY[20:], y_test=LABELS[20:])
    found, told = loaded(folder)
    assert (found.name, found.sha256) == ("mine", usual(tmp_path).sha256)
    assert told == [f"{folder}: train from train.npz, test from test.npz"]
    np.savez(folder / "test.npz", GREY)
    with pytest.raises(BenchmarkError, match=r"test\.npz: arrays `x` and `y` are expected, there are: arr_0"):
        loaded(folder)


# --- .npy


def test_quickdraw_has_a_file_a_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "drawings"
    folder.mkdir()
    drawn = {
        name: RNG.integers(0, 256, (n, 784), dtype=np.uint8) for name, n in (("cat", 40), ("the Eiffel Tower", 20))
    }
    np.save(folder / "full_numpy_bitmap_cat.npy", drawn["cat"])
    np.save(folder / "the Eiffel Tower.npy", drawn["the Eiffel Tower"])
    found, told = loaded(folder)
    assert (found.name, found.image_shape) == ("drawings", (28, 28, 1))
    assert found.class_names == ("cat", "the Eiffel Tower")
    assert told[0] == f"{folder}: 2 .npy files, a class each by its name"
    assert np.bincount(found.test.y).tolist() == [8, 4]
    for label, name in enumerate(found.class_names):
        own = found.train.X[found.train.y == label]
        assert {row.tobytes() for row in own} < {row.tobytes() for row in drawn[name]}
    monkeypatch.setattr(npy_files, "MOST_IMAGES", 25)
    few, told = loaded(folder)
    assert "at most 25 images of each are taken, 45 of 60 (drawn with seed 0)" in told[0]
    assert np.bincount(np.concatenate([few.train.y, few.test.y])).tolist() == [25, 20]
    assert loaded(folder)[0].sha256 == few.sha256
    monkeypatch.setattr(npy_files, "MOST_BYTES", 784 * 2 * 10)
    assert "at most 10 images of each are taken, 20 of 60" in loaded(folder)[1][0]


def test_quickdraw_of_pictures_and_of_several_sizes(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GREY)
    np.save(tmp_path / "b.npy", GREY // 2)
    assert loaded(tmp_path)[0].image_shape == (6, 6, 1)
    np.save(tmp_path / "b.npy", GREY[:, :5])
    with pytest.raises(BenchmarkError, match=r"b\.npy: an array of shape \(30, 5, 6\), a\.npy has \(30, 6, 6\)"):
        loaded(tmp_path)
    (tmp_path / "b.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-10])
    with pytest.raises(BenchmarkError, match=r"b\.npy: cannot be read as \.npy"):
        loaded(tmp_path)


def test_npy_files_of_images_and_labels(tmp_path: Path) -> None:
    folder = tmp_path / "signs"
    folder.mkdir()
    np.save(folder / "X.npy", (GREY / 255).astype(np.float32))
    np.save(folder / "Y.npy", np.eye(3)[LABELS])
    found, told = loaded(folder)
    assert "read from X.npy, Y.npy" in told[0]
    assert images(found.train, (6, 6)) | images(found.test, (6, 6)) == {each.tobytes() for each in GREY}
    for name, array in (
        ("x_train", GREY[:20]),
        ("y_train", LABELS[:20]),
        ("x_test", GREY[20:]),
        ("y_test", LABELS[20:]),
    ):
        (tmp_path / "four").mkdir(exist_ok=True)
        np.save(tmp_path / "four" / f"{name}.npy", array)
    assert loaded(tmp_path / "four")[0].sha256 == usual(tmp_path).sha256


def test_letters_of_the_alphabet_are_classes(tmp_path: Path) -> None:
    for letter in "wxyz":
        np.save(tmp_path / f"{letter}.npy", RNG.integers(0, 256, (5, 6, 6), dtype=np.uint8))
    assert loaded(tmp_path)[0].class_names == ("w", "x", "y", "z")


# --- IDX


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def idx_files(folder: Path, form: str, parts: tuple[str, str] = ("train", "test"), y: np.ndarray = LABELS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    turned = GREY.transpose(0, 2, 1) if "emnist" in form.lower() else GREY
    for part, rows in zip(parts, (slice(20), slice(20, None)), strict=True):
        for kind, array, rank in (("images", turned, 3), ("labels", y, 1)):
            name = form.format(part=part, kind=kind, rank=rank)
            content = idx(np.ascontiguousarray(array[rows]))
            (folder / name).write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    return folder


@pytest.mark.parametrize(
    "form",
    [
        "{part}-{kind}-idx{rank}-ubyte.gz",
        "{part}-{kind}-idx{rank}-ubyte",
        "{part}-{kind}.idx{rank}-ubyte",
        "{part}-{kind}.idx{rank}-ubyte.gz",
        "{part}-{kind}-IDX{rank}-UBYTE.GZ",
        "mine-{part}-{kind}-idx{rank}-ubyte",
    ],
)
@pytest.mark.parametrize("test", ["t10k", "test", "T10K"])
def test_idx_under_the_names_that_are_about(tmp_path: Path, form: str, test: str) -> None:
    folder = idx_files(tmp_path / "mine", form, ("train" if test.islower() else "TRAIN", test))
    found, told = loaded(folder)
    assert found.sha256 == usual(tmp_path).sha256
    assert not told


EMNIST = "emnist-{set}-{{part}}-{{kind}}-idx{{rank}}-ubyte.gz"


@pytest.mark.parametrize("which", ["balanced", "byclass", "bymerge", "digits", "letters", "mnist"])
def test_emnist_is_turned_upright(tmp_path: Path, which: str) -> None:
    folder = idx_files(tmp_path / "gzip", EMNIST.format(set=which))
    found, told = loaded(folder)
    assert found.sha256 == usual(tmp_path).sha256
    assert told == [f"{folder}: EMNIST's pictures are stored turned, so their rows and columns are exchanged"]


def test_emnist_letters_start_at_1_and_are_named_by_the_mapping(tmp_path: Path) -> None:
    folder = idx_files(tmp_path / "gzip", EMNIST.format(set="letters"), y=LABELS + 1)
    assert loaded(folder)[0].class_names == ("1", "2", "3")
    (folder / "emnist-letters-mapping.txt").write_text("1 65 97\n2 66 98 \n3 67 99\n4 68 100\n")
    found, told = loaded(folder)
    assert found.class_names == ("Aa", "Bb", "Cc")
    assert np.array_equal(found.train.y, LABELS[:20])
    assert "classes are named by emnist-letters-mapping.txt" in told[0]
    (folder / "emnist-letters-mapping.txt").write_text("a b\n")
    with pytest.raises(BenchmarkError, match=r"mapping\.txt: cannot be read as a label and its character codes"):
        loaded(folder)


def test_one_of_several_sets_in_a_folder_is_chosen_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for which in ("letters", "digits"):
        folder = idx_files(tmp_path / "gzip", EMNIST.format(set=which), y=LABELS + (which == "letters"))
    with pytest.raises(BenchmarkError) as caught:
        loaded(folder)
    commands = [f"--dataset {folder / f'emnist-{which}'}" for which in ("digits", "letters")]
    assert str(caught.value) == f"{folder}: 2 data sets are in it; give one of them: {', '.join(commands)}"
    for command, first in zip(commands, ("0", "1"), strict=True):
        path = command.split()[1]
        found, _ = loaded(path)
        assert (found.name, found.class_names[0]) == (Path(path).name, first)
        assert all(str(tmp_path) not in remark for remark in found.remarks)
        assert cli.main(["data", *command.split()]) == 0
    with pytest.raises(BenchmarkError, match="no data set is called"):
        loaded(folder / "emnist-words")


def test_a_missing_idx_file_is_named_as_the_others_are(tmp_path: Path) -> None:
    folder = idx_files(tmp_path / "gzip", EMNIST.format(set="letters"))
    (folder / "emnist-letters-test-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(BenchmarkError, match=r"emnist-letters-test-labels-idx1-ubyte\.gz is missing"):
        loaded(folder)
    (folder / "emnist-letters-test-images-idx3-ubyte.gz").unlink()
    assert "there is no test part" in loaded(folder)[1][1]
    (folder / "emnist-letters-train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(BenchmarkError, match=r"emnist-letters-train-images-idx3-ubyte\.gz is missing"):
        loaded(folder)


# --- Kuzushiji's four .npz


def kuzushiji(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    for part, rows in (("train", slice(20)), ("test", slice(20, None))):
        np.savez_compressed(folder / f"{name}-{part}-imgs.npz", GREY[rows])
        np.savez_compressed(folder / f"{name}-{part}-labels.npz", LABELS[rows])


def test_kuzushiji_is_four_files_of_one_array(tmp_path: Path) -> None:
    folder = tmp_path / "kana"
    kuzushiji(folder, "kmnist")
    found, told = loaded(folder)
    assert found.sha256 == usual(tmp_path).sha256
    assert told == [f"{folder}: read from 4 .npz files of one array each (kmnist)"]
    (folder / "kmnist_classmap.csv").write_text(
        "index,codepoint,char\n0,U+304A,お\n1,U+304D,き\n2,U+3059,す\n", "utf-8"
    )
    found, told = loaded(folder)
    assert found.class_names == ("お", "き", "す")
    assert "classes are named by kmnist_classmap.csv" in told[0]
    kuzushiji(folder, "k49")
    with pytest.raises(BenchmarkError, match=f"--dataset {folder}/k49, --dataset {folder}/kmnist"):
        loaded(folder)
    assert loaded(folder / "k49")[0].class_names == ("0", "1", "2")
    (folder / "k49-test-labels.npz").unlink()
    with pytest.raises(BenchmarkError, match=r"k49: the \.npz with the labels of the test part is missing"):
        loaded(folder / "k49")


# --- CSV


def table(
    path: Path,
    X: np.ndarray = GREY,
    y: np.ndarray | None = LABELS,
    *,
    head: str | None = "label",
    last: bool = False,
    separator: str = ",",
    pixel: str = "pixel{}",
) -> Path:
    """Write a CSV of pixels; `head` names the label, None leaves the header out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = X.reshape(len(X), -1).astype(str).tolist()
    names = [pixel.format(i) for i in range(len(rows[0]))]
    lines = [] if head is None else [names]
    lines += rows
    if y is not None:
        answers = ([] if head is None else [head]) + [str(each) for each in y.tolist()]
        lines = [[*line, answer] if last else [answer, *line] for line, answer in zip(lines, answers, strict=True)]
    text = "\n".join(separator.join(line) for line in lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def pair(folder: Path, names: tuple[str, str] = ("train.csv", "test.csv"), X: np.ndarray = GREY, **how: object) -> Path:
    table(folder / names[0], X[:20], LABELS[:20], **how)
    table(folder / names[1], X[20:], LABELS[20:], **how)
    return folder


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("head", ["label", "Class", "emotion", "TARGET", "species", None])
def test_the_label_is_found_with_and_without_a_header(
    tmp_path: Path, head: str | None, last: bool, separator: str
) -> None:
    found, told = loaded(pair(tmp_path / "mine", head=head, last=last, separator=separator))
    assert found.sha256 == usual(tmp_path).sha256
    guessed = f"the {'last' if last else 'first'} column is taken as the label: it has 3 values"
    assert told == ([f"{tmp_path}/mine/train.csv: {guessed}"] if head in ("species", None) else [])


@pytest.mark.parametrize("last", [False, True])
def test_labels_without_a_header_may_be_texts(tmp_path: Path, last: bool) -> None:
    found, _ = loaded(table(tmp_path / "a.csv", y=WORDS[LABELS], head=None, last=last))
    assert found.class_names == ("ant", "bee", "cat")


def test_columns_that_pandas_numbered_are_a_header(tmp_path: Path) -> None:
    found, _ = loaded(pair(tmp_path / "mine", pixel="{}"))
    assert found.sha256 == usual(tmp_path).sha256


@pytest.mark.parametrize(
    "names",
    [
        ("sign_mnist_train.csv", "sign_mnist_test.csv"),
        ("latest_train.csv", "latest_test.csv"),
        ("TrainingSet.csv", "TestingSet.csv"),
        ("mnist_train_small.csv", "mnist_test.csv"),
        ("a-train.csv.gz", "a-test.csv.gz"),
        ("train.tsv", "test.tsv"),
        ("Train.CSV", "Test.CSV"),
    ],
)
def test_a_pair_is_found_by_the_words_of_its_names(tmp_path: Path, names: tuple[str, str]) -> None:
    found, told = loaded(pair(tmp_path / "mine", names))
    assert (found.name, found.sha256) == ("mine", usual(tmp_path).sha256)
    assert not told


@pytest.mark.parametrize("name", ["mine.csv", "latest_train.csv", "digits_train_test.csv", "contest.csv", "x.csv.gz"])
def test_one_csv_is_split_whether_it_or_its_folder_is_given(tmp_path: Path, name: str) -> None:
    path = table(tmp_path / "mine" / name)
    for given, called in ((path, name.split(".")[0]), (path.parent, "mine")):
        found, told = loaded(given)
        assert found.name == called
        assert (len(found.train.y), len(found.test.y)) == (24, 6)
        assert "there is no test part, so a fifth of each class is split off" in told[0]


def test_a_test_part_alone_is_never_the_whole(tmp_path: Path) -> None:
    table(tmp_path / "mine" / "digits_test.csv")
    with pytest.raises(BenchmarkError, match=r"mine: there is digits_test\.csv and no CSV to train on; add one"):
        loaded(tmp_path / "mine")
    (tmp_path / "mine" / "digits_test.csv").unlink()
    np.savez(tmp_path / "mine" / "digits_test.npz", x=GREY, y=LABELS)
    with pytest.raises(BenchmarkError, match=r"mine: there is digits_test\.npz and nothing to train on; add the train"):
        loaded(tmp_path / "mine")


@pytest.mark.parametrize("head", ["label", None])
def test_a_test_csv_without_labels_is_left_out_and_said(tmp_path: Path, head: str | None) -> None:
    table(tmp_path / "mine" / "train.csv", head=head)
    table(tmp_path / "mine" / "test.csv", GREY[:9], None, head=head)
    (tmp_path / "mine" / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    found, told = loaded(tmp_path / "mine")
    assert (len(found.train.y), len(found.test.y)) == (24, 6)
    assert any(text == f"{tmp_path}/mine/test.csv: it has no labels, so it is left out" for text in told)


def test_a_validation_csv_trains(tmp_path: Path) -> None:
    pair(tmp_path / "mine")
    table(tmp_path / "mine" / "validation.csv", GREY[:3] // 2, LABELS[:3])
    found, told = loaded(tmp_path / "mine")
    assert (len(found.train.y), len(found.test.y)) == (23, 10)
    assert "the 3 images of validation.csv join those that train" in told[0]


@pytest.mark.parametrize("name", ["id", "Index", "", "image_id"])
def test_a_column_that_numbers_the_images_is_left_out(tmp_path: Path, name: str) -> None:
    table(tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    numbered = [f"{name},{lines[0]}", *(f"{i},{line}" for i, line in enumerate(lines[1:]))]
    (tmp_path / "b.csv").write_text("\n".join(numbered))
    found, told = loaded(tmp_path / "b.csv")
    assert found.sha256 == loaded(tmp_path / "a.csv")[0].sha256
    assert "numbers the images, so it is left out" in told[0]
    (tmp_path / "c.csv").write_text("\n".join(numbered[1:]))  # without a header
    again, told = loaded(tmp_path / "c.csv")
    assert again.sha256 == found.sha256
    assert "its first column numbers the images" in told[0]


def test_three_columns_a_pixel_are_in_colour(tmp_path: Path) -> None:
    found, told = loaded(pair(tmp_path / "mine", ("hmnist_train.csv", "hmnist_test.csv"), COLOUR, last=True))
    assert found.sha256 == usual(tmp_path, COLOUR).sha256
    assert "108 values an image are read as 6 by 6 pixels" in told[0]


def test_several_tables_of_a_folder_are_listed(tmp_path: Path) -> None:
    for name, X in (("hmnist_6_6_L.csv", GREY), ("hmnist_6_6_RGB.csv", COLOUR)):
        table(tmp_path / "skin" / name, X, last=True)
    (tmp_path / "skin" / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx\nHAM_1,ISIC_1,bkl\n")
    with pytest.raises(BenchmarkError) as caught:
        loaded(tmp_path / "skin")
    commands = str(caught.value).split("give one of them: ")[1].split(", ")
    assert [loaded(each.split()[1])[0].image_shape for each in commands] == [(6, 6, 1), (6, 6, 3)]


def test_the_csv_of_emnist_is_turned_too(tmp_path: Path) -> None:
    names = "emnist-letters-{}.csv".format
    found, told = loaded(pair(tmp_path / "a", (names("train"), names("test")), GREY.transpose(0, 2, 1), head=None))
    assert found.sha256 == usual(tmp_path).sha256
    assert "EMNIST's pictures are stored turned" in told[-1]
    (tmp_path / "a" / "emnist-letters-mapping.txt").write_text("0 88\n1 65 97\n2 66 98\n")
    assert loaded(tmp_path / "a")[0].class_names == ("X", "Aa", "Bb")


def test_classes_called_none_or_na_are_classes(tmp_path: Path) -> None:
    found, _ = loaded(table(tmp_path / "a.csv", y=np.array(["None", "NA", "null"])[LABELS]))
    assert found.class_names == ("NA", "None", "null")


def test_a_damaged_csv_gz_is_called_that(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv.gz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BenchmarkError, match=r"a\.csv\.gz: cannot be read as CSV"):
        loaded(path)
    path.write_bytes(path.read_bytes()[:12] + bytes(50))
    with pytest.raises(BenchmarkError, match=r"a\.csv\.gz: cannot be read as CSV"):
        loaded(path)


def fer(path: Path, head: str = "emotion,pixels,Usage", usage: tuple[str, ...] = ()) -> Path:
    rows = [" ".join(map(str, image.ravel().tolist())) for image in GREY]
    ends = [f",{each}" for each in usage] or [""] * 30
    lines = [f"{label},{row}{end}" for label, row, end in zip(LABELS, rows, ends, strict=True)]
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def test_fer_2013_has_its_pixels_in_one_column(tmp_path: Path) -> None:
    usage = ("Training",) * 15 + ("PublicTest",) * 5 + ("PrivateTest",) * 10
    for head in ("emotion,pixels,Usage", "emotion, pixels, Usage"):
        found, told = loaded(fer(tmp_path / "fer2013.csv", head, usage))
        assert found.sha256 == usual(tmp_path).sha256
        assert "column `pixels` holds the 36 values of each image" in told[0]
        assert "a column says the part of each image: 10 test, 15 train, 5 validation" in told[1]
        assert "the 5 images of the validation rows join those that train" in told[2]
    found, told = loaded(fer(tmp_path / "train.csv", "emotion,pixels"))
    assert len(found.test.y) == 6
    text = (tmp_path / "train.csv").read_text().replace(" ", " x", 1)
    (tmp_path / "train.csv").write_text(text)
    with pytest.raises(BenchmarkError, match=r"train\.csv: `pixels` in row 0 \(from 0\) are not 36 numbers"):
        loaded(tmp_path / "train.csv")


INDICES = {
    "a count": "file,label,pixels\na.dat,cat,784\n",
    "kaggle": "id,label\n" + "".join(f"{i},cat\n" for i in range(30)),
    "files": "image_id,5_o_Clock_Shadow\n" + "".join(f"{i:06}.jpg,-1\n" for i in range(30)),
    "attributes": "image_id," + ",".join(f"a{i}" for i in range(40)) + "\n000001.jpg" + ",-1" * 40 + "\n",
}


@pytest.mark.parametrize("text", INDICES.values(), ids=list(INDICES))
def test_an_index_next_to_pictures_is_no_table_of_pixels(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.csv").write_text(text)
    assert not csv_pixels.has_pixels(tmp_path / "train.csv")
    assert not csv_pixels.FORM.recognises(tmp_path)


def test_the_only_data_in_a_folder_are_read_and_several_are_listed(tmp_path: Path) -> None:
    place = tmp_path / "download" / "data"
    place.mkdir(parents=True)
    (tmp_path / "download" / "README.md").write_text("about")
    np.savez(place / "a.npz", x=GREY, y=LABELS)
    found, told = loaded(tmp_path / "download")
    assert (found.name, len(found.test.y)) == ("download", 6)
    assert told[0] == f"{tmp_path}/download: read from data/a.npz, the only data in it"
    np.savez(place / "b.npz", x=GREY, y=LABELS)
    with pytest.raises(
        BenchmarkError, match=f"2 data sets are in it; give one of them: --dataset {place}/a.npz, --data"
    ):
        loaded(tmp_path / "download")


# --- a CSV as programs and archives leave it


EIGHT = np.random.default_rng(5).integers(0, 256, (30, 8, 8), dtype=np.uint8)


def text_of(separator: str = ",", head: bool = True, index: bool = False, **how: object) -> str:
    """Return all images of 8 by 8 pixels and their labels as pandas writes them."""
    frame = pd.DataFrame(EIGHT.reshape(30, -1), columns=[f"p{i}" for i in range(64)])
    frame.insert(0, "label", LABELS)
    return frame.to_csv(sep=separator, header=head, index=index, **how)


SHUFFLED = np.random.default_rng(3).permutation(30)
AS_WRITTEN: dict[str, tuple[str, bytes]] = {
    "bars": ("a.csv", text_of("|").encode()),
    "blanks": ("a.csv", text_of(" ").encode()),
    "blanks, no header": ("a.txt", text_of(" ", head=False).encode()),
    "columns set apart": ("a.txt", text_of(" ", head=False).replace(" ", "   ").replace("\n", " \n  ").encode()),
    "comma and blank": ("a.csv", text_of(head=False).replace(",", ", ").encode()),
    "a comma at the end": ("a.csv", text_of(head=False).replace("\n", ",\n").encode()),
    "quoted": ("a.csv", text_of(quoting=csv.QUOTE_ALL).encode()),
    "a mark of UTF-8": ("a.csv", b"\xef\xbb\xbf" + text_of(head=False).encode()),
    "UTF-16": ("a.csv", text_of("\t").encode("utf-16")),
    "lines of DOS": ("a.csv", text_of().replace("\n", "\r\n").encode()),
    "lines of old Macs": ("a.csv", text_of().replace("\n", "\r").encode()),
    "a comment": ("a.csv", b"# by me\n\n" + text_of().encode()),
    "Excel's separator": ("a.csv", b"sep=;\n" + text_of(";").encode()),
    "an index": ("a.csv", text_of(index=True).encode()),
    "bzip2": ("a.csv.bz2", bz2.compress(text_of().encode())),
    "xz": ("a.csv.xz", lzma.compress(text_of().encode())),
    ".data": ("a.data", text_of(head=False).encode()),
}


@pytest.mark.parametrize(("name", "content"), AS_WRITTEN.values(), ids=list(AS_WRITTEN))
def test_a_csv_as_programs_write_it(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_bytes(content)
    table(tmp_path / "usual.csv", EIGHT)
    for given in (tmp_path / "mine", tmp_path / "mine" / name):
        assert loaded(given)[0].sha256 == loaded(tmp_path / "usual.csv")[0].sha256


def test_fractions_with_a_comma_are_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame(GREY.reshape(30, -1) / 255.0).assign(label=LABELS)
    frame.to_csv(tmp_path / "a.csv", sep=";", decimal=",", index=False)
    table(tmp_path / "usual.csv")
    assert loaded(tmp_path / "a.csv")[0].sha256 == loaded(tmp_path / "usual.csv")[0].sha256


def test_an_index_of_shuffled_rows_is_no_pixel(tmp_path: Path) -> None:
    frame = pd.DataFrame(GREY.reshape(30, -1)).assign(label=LABELS).iloc[SHUFFLED]
    frame.to_csv(tmp_path / "a.csv", header=False)
    frame.to_csv(tmp_path / "usual.csv", index=False)
    found, told = loaded(tmp_path / "a.csv")
    assert found.sha256 == loaded(tmp_path / "usual.csv")[0].sha256
    assert "its first column numbers the images" in told[0]


def test_a_column_of_file_names_is_no_label(tmp_path: Path) -> None:
    table(tmp_path / "usual.csv", EIGHT)
    frame = pd.read_csv(tmp_path / "usual.csv").assign(file=[f"{i}.png" for i in range(30)])
    frame.to_csv(tmp_path / "a.csv", index=False)
    found, told = loaded(tmp_path / "a.csv")
    assert found.sha256 == loaded(tmp_path / "usual.csv")[0].sha256
    assert "column `file` names the images, so it is left out" in told[0]


def test_an_index_in_one_part_alone_is_no_pixel(tmp_path: Path) -> None:
    folder = pair(tmp_path / "mine")
    pd.read_csv(folder / "train.csv").to_csv(folder / "train.csv")
    assert loaded(folder)[0].sha256 == usual(tmp_path).sha256


@pytest.mark.parametrize(
    "names",
    [
        ("optdigits.tra", "optdigits.tes"),
        ("zip.train.gz", "zip.test.gz"),
        ("mine.train.csv", "mine.test.csv"),
        ("train (1).csv", "test (1).csv"),
        ("train.dat", "test.dat"),
        ("latest_train.txt", "latest_test.txt"),
    ],
)
def test_a_pair_is_found_by_its_endings(tmp_path: Path, names: tuple[str, str]) -> None:
    found, _ = loaded(pair(tmp_path / "mine", names, EIGHT, head=None))
    assert found.sha256 == usual(tmp_path, EIGHT).sha256


@pytest.mark.parametrize(
    "names",
    [
        ("{}_images.csv", "{}_labels.csv"),
        ("X_{}.csv", "y_{}.csv"),
        ("csv{}Images 30x36.csv", "csv{}Label 30x1.csv"),  # Arabic handwritten characters
    ],
)
@pytest.mark.parametrize("head", [False, True])
def test_labels_may_be_in_a_file_of_their_own(tmp_path: Path, names: tuple[str, str], head: bool) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for part, rows in (("Train", slice(20)), ("Test", slice(20, None))):
        for name, values in zip(names, (GREY[rows].reshape(-1, 36), LABELS[rows]), strict=True):
            pd.DataFrame(values).to_csv(folder / name.format(part), header=head, index=False)
    found, told = loaded(folder)
    assert found.sha256 == usual(tmp_path).sha256
    assert f"the labels of {names[0].format('Train')}" in told[0]
    short = folder / names[1].format("Train")
    short.write_text("\n".join(short.read_text().split("\n")[:10]))
    with pytest.raises(BenchmarkError, match=r"labels, but .*Train.*\.csv has 20 images; give one an image"):
        loaded(folder)


LITTER = ("._{}", "~${}", "{}~", ".~lock.{}#", "__MACOSX/._{}", ".ipynb_checkpoints/{}", "Thumbs.db", "desktop.ini")


def kinds(folder: Path) -> dict[str, list[str]]:
    """Write the same images in each form of several files, and return the names of the files of each."""
    pair(folder / "csv")
    for part, rows in (("train", slice(20)), ("test", slice(20, None))):
        for form in ("npz", "npy"):
            (folder / form).mkdir(exist_ok=True)
        np.savez(folder / "npz" / f"{part}.npz", x=GREY[rows], y=LABELS[rows])
        np.save(folder / "npy" / f"x_{part}.npy", GREY[rows])
        np.save(folder / "npy" / f"y_{part}.npy", LABELS[rows])
    kuzushiji(folder / "k49", "k49")
    idx_files(folder / "idx", "{part}-{kind}-idx{rank}-ubyte")
    return {each.name: [path.name for path in each.iterdir()] for each in folder.iterdir()}


@pytest.mark.parametrize("form", ["csv", "npz", "npy", "k49", "idx"])
def test_litter_next_to_arrays_is_skipped_without_a_word(tmp_path: Path, form: str) -> None:
    names = kinds(tmp_path / "data")[form]
    usual_told = loaded(tmp_path / "data" / form)[1]
    for pattern in LITTER:
        for name in names:
            path = tmp_path / "data" / form / pattern.format(name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"\0\5\26\7 litter")
    found, told = loaded(tmp_path / "data" / form)
    assert found.sha256 == usual(tmp_path).sha256
    assert told == usual_told


def test_litter_of_an_archive_does_not_hide_the_only_folder(tmp_path: Path) -> None:
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "__MACOSX" / "data").mkdir(parents=True)
    np.savez(tmp_path / "mine" / "data" / "a.npz", x=GREY, y=LABELS)
    (tmp_path / "mine" / "__MACOSX" / "data" / "._a.npz").write_bytes(b"litter")
    assert len(loaded(tmp_path / "mine")[0].test.y) == 6


def test_idx_files_unpacked_into_folders_of_their_names(tmp_path: Path) -> None:
    folder = idx_files(tmp_path / "mine", "{part}-{kind}-idx{rank}-ubyte")
    for path in list(folder.iterdir()):
        path.rename(tmp_path / "file")
        path.mkdir()
        (tmp_path / "file").rename(path / path.name)
    assert loaded(folder)[0].sha256 == usual(tmp_path).sha256


def test_measurements_next_to_pictures_are_no_pixels(tmp_path: Path) -> None:
    for name, level in (("jazz", 40), ("rock", 200)):
        (tmp_path / "music" / name).mkdir(parents=True)
        for i in range(6):
            Image.new("L", (9, 9), level + i).save(tmp_path / "music" / name / f"{i}.png")
    lines = [f"{i}.wav," + ",".join(["0.25"] * 58) + ",jazz" for i in range(12)]
    (tmp_path / "music" / "features.csv").write_text("\n".join(["file,a", *lines]) + "\n")
    (tmp_path / "music" / "boxes.txt").write_text("0 " * 64 + "\n" + "0 " * 64 + "\n")
    found, _ = loaded(tmp_path / "music")
    assert found.class_names == ("jazz", "rock")


def test_fer_with_fractions_is_scaled_by_the_same_rule(tmp_path: Path) -> None:
    text = fer(tmp_path / "usual.csv", "emotion,pixels").read_text().splitlines()
    lines = [text[0]]
    for line in text[1:]:
        label, pixels = line.split(",")
        lines.append(f"{label},{' '.join(f'{int(value) / 255:.5f}' for value in pixels.split())}")
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    found, told = loaded(tmp_path / "a.csv")
    assert found.sha256 == loaded(tmp_path / "usual.csv")[0].sha256
    assert any("scaled from 0..1 to 0..255" in line for line in told)
