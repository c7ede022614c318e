"""A table next to pictures: every layout in which one is published, and what may be wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmark import datasets
from benchmark.errors import BenchmarkError
from tests.drawn import draw, picture

Rows = list[tuple[str, str]]


def load(path: Path) -> tuple[datasets.Dataset, list[str]]:
    """Load a data set, and what was told of it but that there are few pictures."""
    told: list[str] = []
    found = datasets.load(str(path), notify=told.append)
    return found, [line for line in told if "classes with few pictures" not in line]


def counts(dataset: datasets.Dataset) -> dict[str, tuple[int, int]]:
    return datasets.summary(dataset)["counts"]


def flat(folder: Path, seed: int, count: int, prefix: str = "") -> Rows:
    """Write pictures of circles and squares by turns; return the name and the shape of each."""
    folder.mkdir(parents=True, exist_ok=True)
    random, rows = np.random.default_rng(seed), []
    for number in range(count):
        kind, name = ("circle", "square")[number % 2], f"{prefix}{number:03d}.png"
        picture(kind, random, (16, 16)).save(folder / name)
        rows.append((name, kind))
    return rows


def write(path: Path, rows: Sequence[Sequence[object]], *head: str, separator: str = ",") -> None:
    lines = [head, *rows] if head else rows
    path.write_text("\n".join(separator.join(map(str, row)) for row in lines) + "\n")


def kaggle(folder: Path) -> None:
    """Lay out ids without a suffix, a test part without labels, and the form for its answers."""
    write(folder / "train.csv", [(name[:-4], kind) for name, kind in flat(folder / "train", 0, 12)], "id", "label")
    tested = flat(folder / "test", 1, 6)  # the same names as in train/
    write(folder / "sample_submission.csv", [(name[:-4], "circle") for name, _ in tested], "id", "label")
    write(folder / "test.csv", [(name[:-4], number) for number, (name, _) in enumerate(tested)], "id", "width")


def two_tables(folder: Path) -> None:
    write(folder / "train.csv", flat(folder / "images", 0, 12, "a"), "image", "breed")
    write(folder / "test.csv", flat(folder / "images", 1, 6, "b"), "image", "breed")


def tabs(folder: Path) -> None:
    write(folder / "train.tsv", flat(folder / "images", 0, 12, "a"), "filename", "kind", separator="\t")
    write(folder / "test.tsv", flat(folder / "images", 1, 6, "b"), "filename", "kind", separator="\t")


def lists(folder: Path) -> None:
    for part, seed, count in (("train", 0, 12), ("test", 1, 6)):
        rows = [(f"pictures/{name}", kind) for name, kind in flat(folder / "pictures", seed, count, part)]
        write(folder / f"{part}.txt", rows, separator=" ")


def metadata(folder: Path) -> None:
    rows = [
        (f"{part}/{name}", kind)
        for part, seed, count in (("train", 0, 12), ("test", 1, 6))
        for name, kind in flat(folder / part, seed, count)
    ]
    write(folder / "metadata.csv", rows, "file_name", "label")


def metadata_of_parts(folder: Path) -> None:
    for part, seed, count in (("train", 0, 12), ("test", 1, 6)):
        rows = flat(folder / "data" / part, seed, count)
        lines = [json.dumps({"file_name": name, "label": kind, "objects": {"box": [1]}}) for name, kind in rows]
        (folder / "data" / part / "metadata.jsonl").write_text("\n".join(lines))


def split_column(folder: Path) -> None:
    for seed, part in enumerate(("train", "test")):
        flat(folder / "images", seed, 12 if part == "train" else 6, part)
    rows = [
        (number, f"images\\{path.name}", ("circle", "square")[int(path.stem[-3:]) % 2], path.name[:-7].title() + "ing")
        for number, path in enumerate(sorted((folder / "images").iterdir()))
    ]
    write(
        folder / "index.csv", [(n, f, k, s.replace("Testing", "PublicTest")) for n, f, k, s in rows], "", "p", "k", "s"
    )


def two_folders(folder: Path) -> None:
    """Lay out pictures in folders that are no classes, most of one class, and the tables of pixels next to it."""
    rows = flat(folder / "images_part_1", 0, 10, "a") + flat(folder / "images_part_2", 1, 8, "b")
    named = [(f"L{number}", name[:-4], kind, 40 + number) for number, (name, kind) in enumerate(rows)]
    write(folder / "metadata.csv", named, "lesion_id", "image_id", "dx", "age")
    write(folder / "pixels_8_8.csv", [[0] * 65] * 18, *(f"pixel{number}" for number in range(64)), "label")


def one_hot(folder: Path) -> None:
    rows = [(name, int(kind == "circle"), int(kind == "square")) for name, kind in flat(folder / "images", 0, 18)]
    write(folder / "truth.csv", rows, "image", "circle", "square")


def signs(folder: Path) -> None:
    """Lay out the German traffic signs: classes in folders, a flat test part with a table, a table of classes."""
    for number, kind in enumerate(("circle", "square")):
        for name, _ in flat(folder / "new", 5 + number, 6):
            (folder / "Train" / f"{number:05d}").mkdir(parents=True, exist_ok=True)
            (folder / "new" / name).rename(folder / "Train" / f"{number:05d}" / f"{kind}{name}")
    rows = [(30, int(kind == "square"), f"Test/{name}") for name, kind in flat(folder / "Test", 1, 6)]
    write(folder / "Test.csv", rows, "Width", "ClassId", "Path", separator=";")
    write(
        folder / "Meta.csv",
        [(f"Meta/{name}", n) for n, (name, _) in enumerate(flat(folder / "Meta", 2, 2))],
        "Path",
        "ClassId",
    )


SPLIT, WHOLE = {"circle": (5, 1), "square": (5, 1)}, {"circle": (6, 3), "square": (6, 3)}
FORMS: list[tuple[Callable[[Path], None], dict[str, tuple[int, int]], str]] = [
    (kaggle, SPLIT, "of the test part without a label, so left out: 6 pictures"),
    (two_tables, WHOLE, "train.csv: column breed says the class of each picture in column image"),
    (tabs, WHOLE, "train.tsv: column kind says the class of each picture in column filename"),
    (lists, WHOLE, "train.txt: column 2 says the class of each picture in column 1"),
    (metadata, WHOLE, "metadata.csv: column label says the class of each picture in column file_name"),
    (metadata_of_parts, WHOLE, "train/metadata.jsonl: column label says the class"),
    (split_column, WHOLE, "index.csv: column k says the class of each picture in column p"),
    (two_folders, {"circle": (7, 2), "square": (7, 2)}, "column dx says the class of each picture in column image_id"),
    (one_hot, {"circle": (7, 2), "square": (7, 2)}, "column circle ... square says the class of each picture"),
    (signs, {"00000": (6, 3), "00001": (6, 3)}, "the folders say the classes of the training part, and Test.csv"),
]


@pytest.mark.parametrize(("make", "expected", "said"), FORMS, ids=[make.__name__ for make, _, _ in FORMS])
def test_every_layout_is_read_and_said(
    tmp_path: Path, make: Callable[[Path], None], expected: dict[str, tuple[int, int]], said: str
) -> None:
    (tmp_path / "mine").mkdir()
    make(tmp_path / "mine")
    found, told = load(tmp_path / "mine")
    assert counts(found) == expected
    assert any(said in line for line in told), told
    assert all("\n" not in line for line in told)
    for part in (found.train, found.test):  # every picture has its own label: of each shape only the own ones
        for name, label in zip(part.names, part.y, strict=True):
            assert int(Path(name).stem[-3:]) % 2 == label or make is signs
    if make in (kaggle, metadata):
        assert {name.split("/")[0] for name in found.train.names} == {"train"}


def index(folder: Path) -> None:
    for part, seed, count in (("train", 0, 6), ("test", 1, 3)):
        draw(folder / part, seed, (16, 16), circle=count, square=count)


def same_index(folder: Path) -> None:
    rows = [(path.relative_to(folder).as_posix(), path.parent.name) for path in sorted(folder.glob("train/*/*"))]
    write(folder / "train.csv", rows, "filepaths", "labels")


def other_index(folder: Path) -> None:
    write(folder / "train.csv", [("/home/me/x.png", 3)], "path", "n")
    write(folder / "test.csv", [("/home/me/y.png", 3)], "path", "n")


def torn_index(folder: Path) -> None:
    (folder / "train.csv").write_bytes(b'a,b\n"x,\xff\n1,2,3,4\n')
    (folder / "more.jsonl").write_text("{}\n[1]\nnonsense")


def boxes(folder: Path) -> None:
    write(folder / "boxes.csv", [("train/circle/000.png", "a"), ("train/circle/000.png", "b")], "image", "label")


@pytest.mark.parametrize("add", [same_index, other_index, torn_index, boxes])
def test_a_table_next_to_folders_that_say_the_classes_is_no_obstacle(
    tmp_path: Path, add: Callable[[Path], None]
) -> None:
    index(tmp_path / "mine")
    usual, _ = load(tmp_path / "mine")
    add(tmp_path / "mine")
    found, told = load(tmp_path / "mine")
    assert found.sha256 == usual.sha256
    assert len(told) == 1
    assert "the folders say the classes, so not read: " in told[0]


def test_a_table_that_knows_the_parts_is_read(tmp_path: Path) -> None:
    draw(tmp_path / "mine", 0, (16, 16), circle=6, square=6)
    paths = sorted((tmp_path / "mine").glob("*/*"))
    rows = [(path.relative_to(tmp_path / "mine").as_posix(), path.parent.name) for path in paths]
    split = ["train", "train", "test"] * 4
    write(tmp_path / "mine" / "list.csv", [(*row, part) for row, part in zip(rows, split, strict=True)], "f", "c", "s")
    assert counts(load(tmp_path / "mine")[0]) == {"circle": (4, 2), "square": (4, 2)}


def test_a_table_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder, outside = tmp_path / "mine", tmp_path / "outside"
    rows = flat(folder / "train", 0, 12)
    flat(outside, 5, 3)
    (folder / "train" / "link.png").symlink_to(outside / "000.png")
    (folder / "linked").symlink_to(outside)
    bad = ["../outside/000.png", f"{outside}/000.png", "train/../../outside/001.png", "link.png", "linked/000.png"]
    bad += ["../000.png", "/000.png", "C:\\000.png", "..\\outside\\000.png", "", "."]
    write(folder / "train.csv", [*rows, *((path, "square") for path in bad)], "file_name", "label")
    (folder / "train" / "more.csv").symlink_to(folder / "train.csv")
    found, told = load(folder)
    assert counts(found) == SPLIT
    assert len(found.train.names) + len(found.test.names) == 12
    assert any(f"{len(bad)} rows without a picture in the folder (../outside/000.png" in line for line in told)


def test_rows_and_pictures_without_each_other_are_counted(tmp_path: Path) -> None:
    rows = flat(tmp_path / "images", 0, 14)
    write(tmp_path / "labels.csv", [*rows[:12], (rows[12][0], ""), ("gone.png", "circle")], "image", "label")
    found, told = load(tmp_path)
    assert counts(found) == SPLIT
    assert [line.split(": ", 1)[1] for line in told[1:4]] == [
        "1 row without a picture in the folder (gone.png)",
        "1 picture without a label, left out (images/012.png)",
        "without a row in a table, so left out: 1 picture (images/013.png)",
    ]


def test_a_table_of_something_else_does_not_hide_that_two_readings_remain(tmp_path: Path) -> None:
    for seed, place in enumerate(("a", "b")):
        draw(tmp_path / place, seed, (16, 16), circle=4, square=4)
    write(tmp_path / "results.csv", [("run 1", 0.9)], "name", "score")
    with pytest.raises(BenchmarkError, match=r"@outer or .*@inner"):
        load(tmp_path)
    rows = [(path.relative_to(tmp_path).as_posix(), path.parent.name) for path in sorted(tmp_path.glob("*/*/*"))]
    write(tmp_path / "labels.csv", rows, "file", "label")  # says which reading is right
    assert counts(load(tmp_path)[0]) == {"circle": (6, 2), "square": (6, 2)}


GOOD = "id,label\n" + "".join(f"{number:03d},{'ab'[number % 2]}\n" for number in range(12))
AS_WRITTEN = {
    "with a mark of its encoding": b"\xef\xbb\xbf" + GOOD.encode(),
    "in UTF-16": GOOD.encode("utf-16"),
    "on Windows": GOOD.replace("\n", "\r\n").encode(),
    "with spaces": GOOD.replace(",", " , ").encode(),
    "with bars": GOOD.replace(",", "|").encode(),
    "without a header": GOOD.split("\n", 1)[1].encode(),
    "with folders that are not there": GOOD.replace("0", "archive/train/0", 1).encode(),
}


@pytest.mark.parametrize("blob", AS_WRITTEN.values(), ids=list(AS_WRITTEN))
def test_tables_of_every_program_are_read(tmp_path: Path, blob: bytes) -> None:
    flat(tmp_path / "train", 0, 12)
    (tmp_path / "train.csv").write_bytes(blob)
    assert counts(load(tmp_path)[0]) == {"a": (5, 1), "b": (5, 1)}


def test_a_name_in_latin_1_and_paths_of_this_machine(tmp_path: Path) -> None:
    flat(tmp_path / "train", 0, 12)
    (tmp_path / "train.csv").write_bytes(GOOD.replace(",a", ",caf\u00e9").encode("latin-1"))
    assert load(tmp_path)[0].class_names == ("b", "caf\u00e9")
    (tmp_path / "train.csv").write_text(GOOD.replace("\n0", f"\n{tmp_path}/train/0"))
    assert load(tmp_path)[0].class_names == ("a", "b")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD + "1,2,3,4\n", "cannot be read as a table; save it again as CSV"),
        ("id,label\n", "cannot be read as a table"),
        (
            "id,label\nx,1\ny,2\n",
            r"none of its columns \(id, label\) names a picture of the folder; write file names as",
        ),
        ("", "train.csv: cannot be read as CSV"),
    ],
)
def test_a_table_that_says_nothing_is_refused(tmp_path: Path, text: str, why: str) -> None:
    flat(tmp_path / "train", 0, 12)
    (tmp_path / "train.csv").write_text(text)
    with pytest.raises(BenchmarkError, match=why):
        load(tmp_path)


def test_deep_json_is_no_table(tmp_path: Path) -> None:
    flat(tmp_path / "train", 0, 12)
    (tmp_path / "metadata.jsonl").write_text('{"file_name": ' + "[" * 10_000)
    with pytest.raises(BenchmarkError, match="cannot be read as a table"):
        load(tmp_path)


def unclear(folder: Path) -> None:
    rows = [(name, kind, kind, number) for number, (name, kind) in enumerate(flat(folder / "images", 0, 12))]
    write(folder / "t.csv", rows, "image", "shape", "colour", "age")


def no_label(folder: Path) -> None:
    write(folder / "t.csv", [(name,) for name, _ in flat(folder / "images", 0, 12)], "image")


def contradictory(folder: Path) -> None:
    rows = flat(folder / "images", 0, 12)
    write(folder / "a.csv", rows, "image", "label")
    write(folder / "b.csv", [(name, "triangle") for name, _ in rows], "image", "label")


def one_class(folder: Path) -> None:
    write(folder / "a.csv", [(name, 1) for name, _ in flat(folder / "images", 0, 12)], "image", "label")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (unclear, r"any of these may be the classes: shape, colour, age; call the one that is `label`"),
        (no_label, "no column says their classes; add a column `label`"),
        (contradictory, r"images/000.png is 'triangle' here and 'circle' in a.csv; correct one, or move"),
        (one_class, "two classes with 2 pictures each are needed to train, it has 1"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, make: Callable[[Path], None], why: str) -> None:
    make(tmp_path)
    with pytest.raises(BenchmarkError, match=why) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_advice_of_the_refusals_works(tmp_path: Path) -> None:
    for make in (unclear, no_label, contradictory):
        (tmp_path / make.__name__).mkdir()
        make(tmp_path / make.__name__)
    table = tmp_path / "unclear" / "t.csv"
    table.write_text(table.read_text().replace("shape", "label"))
    lines = (tmp_path / "no_label" / "t.csv").read_text().splitlines()
    added = [f"{line},{'label' if number == 0 else number % 2}" for number, line in enumerate(lines)]
    (tmp_path / "no_label" / "t.csv").write_text("\n".join(added))
    (tmp_path / "contradictory" / "b.csv").unlink()
    assert [counts(load(tmp_path / name)[0]) for name in ("unclear", "contradictory")] == [SPLIT, SPLIT]
    assert counts(load(tmp_path / "no_label")[0]) == {"0": (5, 1), "1": (5, 1)}


def test_labels_and_counts_of_whole_numbers_and_a_colliding_column(tmp_path: Path) -> None:
    rows = flat(tmp_path / "images", 0, 12)  # 000 to 011: a label of 0 or 1 is the name of no picture
    renamed = [(str(number), float(kind == "circle")) for number, (_, kind) in enumerate(rows)]
    for number, (name, _) in enumerate(rows):
        (tmp_path / "images" / name).rename(tmp_path / "images" / f"{number}.png")
    write(tmp_path / "train.csv", renamed, "id", "label")
    assert counts(load(tmp_path)[0]) == {"0": (5, 1), "1": (5, 1)}


@pytest.mark.parametrize(
    ("name", "head", "separator"),
    [
        ("a.csv", "# made by me\n\nfile|label\n", "|"),
        ("a.csv", "sep=;\nfile;label\n", ";"),
        ("a.dat", "", " "),
        ("a.lst", "", "\t"),
    ],
)
def test_lists_with_other_endings_and_comments(tmp_path: Path, name: str, head: str, separator: str) -> None:
    rows = flat(tmp_path / "mine" / "pictures", 0, 12)
    lines = "".join(f"{file}{separator}{label}\n" for file, label, *_ in rows)
    (tmp_path / "mine" / name).write_text(head + lines)
    assert counts(load(tmp_path / "mine")[0]) == {"circle": (5, 1), "square": (5, 1)}
