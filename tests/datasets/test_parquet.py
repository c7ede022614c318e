"""Parquet files of pictures, as Hugging Face publishes them."""

from __future__ import annotations

import io
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import datasets
from benchmark.datasets.forms import parquet_pixels
from benchmark.errors import BenchmarkError
from tests.drawn import draw, picture

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def load(path: Path | str) -> tuple[datasets.Dataset, list[str]]:
    """Load a data set, and what was told of it but that there are few pictures."""
    told: list[str] = []
    found = datasets.load(str(path), notify=told.append)
    return found, [line for line in told if "classes with few pictures" not in line]


def counts(dataset: datasets.Dataset) -> dict[str, tuple[int, int]]:
    return datasets.summary(dataset)["counts"]


def pixels(number: int, random: np.random.Generator) -> bytes:
    blob = io.BytesIO()
    picture(("circle", "square")[number % 2], random, (16, 16)).save(blob, "PNG")
    return blob.getvalue()


def write(
    path: Path,
    seed: int,
    count: int,
    label: Callable[[int], Any] = lambda number: number % 2,
    names: tuple[str, ...] = ("circle", "square"),
    columns: tuple[str, ...] = ("label",),
    **options: Any,
) -> None:
    """Write a file of circles and squares by turns, with the names of the classes in its schema if there are any."""
    random = np.random.default_rng(seed)
    rows = [{"bytes": pixels(number, random), "path": f"{number}.png"} for number in range(count)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    labels = {column: pa.array([label(number) for number in range(count)]) for column in columns}
    table = pa.table({"image": pa.array(rows, kind), **labels})
    features = {column: {"names": list(names), "_type": "ClassLabel"} for column in columns if names}
    info = {"info": {"features": {"image": {"_type": "Image"}, **features}}}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(info)}), path, **options)


@pytest.mark.parametrize("place", ["", "data", "default"])
def test_parts_shards_and_names_of_classes(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "mine" / place
    write(folder / "train-00000-of-00002.parquet", 0, 7, row_group_size=3)
    write(folder / "train-00001-of-00002.parquet", 1, 5)
    write(folder / "test-00000-of-00001.parquet", 2, 6)
    found, told = load(tmp_path / "mine")
    assert (found.name, found.image_shape) == ("mine", (16, 16, 3))
    assert counts(found) == {"circle": (7, 3), "square": (5, 3)}
    assert [line.split(": ", 1)[1] for line in told] == ["column label says the class of each picture in column image"]
    random = np.random.default_rng(2)
    drawn = [np.asarray(picture(("circle", "square")[n % 2], random, (16, 16))).ravel() for n in range(6)]
    assert np.array_equal(found.test.X, [drawn[n] for n in (0, 2, 4, 1, 3, 5)])
    assert found.test.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.test.names[1].endswith("test-00000-of-00001.parquet#0.2 2.png")
    with pytest.raises(BenchmarkError, match="@outer is for folders in folders; leave it out"):
        load(f"{tmp_path}/mine@outer")
    asked, _ = load(f"{tmp_path}/mine@24@grey")
    assert (asked.name, asked.image_shape) == ("mine-24x24-grey", (24, 24, 1))


def test_folders_of_parts_and_the_same_pictures_in_folders(tmp_path: Path) -> None:
    for part, seed, count in (("train", 0, 8), ("test", 1, 4)):
        write(tmp_path / "mine" / part / "0000.parquet", seed, count)
        random = np.random.default_rng(seed)
        for number in range(count):
            place = tmp_path / "folders" / part / ("circle", "square")[number % 2] / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(pixels(number, random))
    assert load(tmp_path / "mine")[0].sha256 == load(tmp_path / "folders")[0].sha256


def test_labels_as_texts_without_a_test_part_in_one_file(tmp_path: Path) -> None:
    write(tmp_path / "flowers.parquet", 0, 12, lambda number: ("rose", "lily")[number % 2], ())
    found, told = load(tmp_path / "flowers.parquet")
    assert (found.name, counts(found)) == ("flowers", {"lily": (5, 1), "rose": (5, 1)})
    assert any("a fifth of each class is split off" in line for line in told)


def test_a_test_part_without_labels_is_none(tmp_path: Path) -> None:
    write(tmp_path / "train-0.parquet", 0, 12)
    write(tmp_path / "validation-0.parquet", 1, 6)
    write(tmp_path / "test-0.parquet", 2, 6, lambda _: -1)
    found, told = load(tmp_path)
    assert counts(found) == {"circle": (6, 3), "square": (6, 3)}
    assert any("test-0.parquet: 6 pictures without a label, left out" in line for line in told)
    assert any("the 6 pictures of the validation part are the test part" in line for line in told)
    write(tmp_path / "test-0.parquet", 2, 6)
    found, told = load(tmp_path)
    assert counts(found) == {"circle": (9, 3), "square": (9, 3)}
    assert any("the 6 pictures of the validation part join those that train" in line for line in told)


def test_a_column_of_patients_groups_and_is_offered(tmp_path: Path) -> None:
    write(tmp_path / "train-0.parquet", 0, 60)
    table = pq.read_table(tmp_path / "train-0.parquet")
    patients = [f"p{number // 3}" if number else None for number in range(60)]
    pq.write_table(table.append_column("patient_id", pa.array(patients)), tmp_path / "train-0.parquet")
    _, told = load(tmp_path)
    assert any("20 groups of 59 pictures" in line and "give --group patient_id" in line for line in told)
    found = datasets.load(str(tmp_path), notify=told.append, group="patient_id")
    assert any("59 pictures are in 20 groups; 1 picture in none" in line for line in told)
    of = {
        int(name.split()[0].split(".")[-1]): group
        for part in (found.train, found.test)
        for name, group in zip(part.names, part.groups, strict=True)
    }
    assert all(of[number] == of[number + 1] for number in range(3, 59) if number % 3 < 2)
    assert not set(found.train.groups) & set(found.test.groups)


def test_the_paths_of_rows_show_groups(tmp_path: Path) -> None:
    write(tmp_path / "train-0.parquet", 0, 60)
    table = pq.read_table(tmp_path / "train-0.parquet")
    rows = table.column("image").to_pylist()
    rows = [{**row, "path": f"{1000 + number // 4}_{number % 4}.png"} for number, row in enumerate(rows)]
    changed = table.set_column(0, "image", pa.array(rows, table.schema.field("image").type))
    pq.write_table(changed, tmp_path / "train-0.parquet")
    _, told = load(tmp_path)
    line = next(line for line in told if "--group" in line)
    assert "15 groups of 60 pictures" in line
    found = datasets.load(str(tmp_path), group=shlex.split(line.split("--group ")[1])[0].rstrip(","))
    assert len(set(found.train.groups)) + len(set(found.test.groups)) == 15


def test_a_damaged_picture_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "train-0.parquet", 0, 12)
    table = pq.read_table(tmp_path / "train-0.parquet")
    rows = table.column("image").to_pylist()
    rows[0]["bytes"], rows[1]["bytes"] = b"nonsense", None
    changed = table.set_column(0, "image", pa.array(rows, table.schema.field("image").type))
    pq.write_table(changed, tmp_path / "train-0.parquet")
    found, told = load(tmp_path)
    assert counts(found) == {"circle": (4, 1), "square": (4, 1)}
    assert any("2 of 12 pictures are left out" in line and "only a path" in line for line in told)


def broken(folder: Path) -> None:
    (folder / "train-0.parquet").write_bytes(b"PAR1 nonsense")


def two_labels(folder: Path) -> None:
    write(folder / "train-0.parquet", 0, 8, columns=("fine", "coarse"))


def strange(folder: Path) -> None:
    write(folder / "train-0.parquet", 0, 8, lambda number: number)


def no_image(folder: Path) -> None:
    pq.write_table(pa.table({"text": ["a"], "label": [1]}), folder / "train-0.parquet")


def only_test(folder: Path) -> None:
    write(folder / "test-0.parquet", 0, 8)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (broken, "cannot be read as Parquet .*; download it again"),
        (two_labels, "may be in any of its columns fine, coarse; call the one that says them `label`"),
        (strange, "label 2 in column label, but its schema names 2 classes"),
        (no_image, "the pictures must be in a column `image`; its columns are text, label"),
        (only_test, r"no file with labels for training, train-\*.parquet; add it"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, make: Callable[[Path], None], why: str) -> None:
    make(tmp_path)
    with pytest.raises(BenchmarkError, match=why) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "train-0.parquet", 0, 8)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(BenchmarkError, match=r"Parquet needs pyarrow; install it with: pip install -e '.\[parquet\]'"):
        load(tmp_path)


def test_pictures_next_to_a_parquet_file_of_none_are_read_still(tmp_path: Path) -> None:
    draw(tmp_path, 0, (16, 16), circle=5, square=5)
    (tmp_path / "more").mkdir()
    pq.write_table(pa.table({"x": [1]}), tmp_path / "more" / "embeddings.parquet")
    assert counts(load(tmp_path)[0]) == {"circle": (4, 1), "square": (4, 1)}


def test_lists_of_pixels_of_several_lengths_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    pq.write_table(pa.table({"image": [[0] * 64, [0] * 63] * 4, "label": [0, 1] * 4}), path)
    with pytest.raises(BenchmarkError, match=r"train\.parquet: its lists of pixels have several lengths"):
        load(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BenchmarkError, match=r"train\.parquet: cannot be read as Parquet"):
        load(path)


def test_lists_of_more_values_than_are_read_are_refused_before_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"image": [[7] * 64] * 8, "label": [0, 1] * 4}), tmp_path / "train.parquet")
    monkeypatch.setattr(parquet_pixels.idx, "LIMIT", 2_000)
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    with pytest.raises(BenchmarkError, match=r"520 values, more than are read"):
        load(tmp_path / "train.parquet")


def test_nested_lists_in_colour_are_pixels(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    pq.write_table(pa.table({"image": images.tolist(), "label": [0, 1] * 6}), tmp_path / "train.parquet")
    found, _ = load(tmp_path / "train.parquet")
    assert found.image_shape == (8, 8, 3)
    rows = np.concatenate([found.train.X, found.test.X])
    assert set(map(bytes, rows)) == set(map(bytes, images.reshape(12, -1)))
