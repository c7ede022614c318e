"""Readers of the user's own files: a folder of IDX files, a pair of CSV files, an ``.npz``."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.datasets import idx, validate
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

if TYPE_CHECKING:
    import pandas as pd

Notify = Callable[[str], None]

NPZ_LIMIT = 4 * idx.LIMIT
"""Largest unpacked size of an ``.npz``, in bytes: a pixel stored as float64 takes eight."""


CSV_LIMIT = idx.LIMIT
"""Largest size of a CSV, in bytes: a pixel takes at least two in the file, and eight in memory."""

LINE_LIMIT = 2**20
"""Longest line of a CSV, in bytes: some 260,000 pixels. Without a limit, an endless line would fill the memory."""


def idx_folder(folder: Path, name: str, class_names: tuple[str, ...] | None = None) -> FileDataset:
    """Read the four IDX files of a folder, gzipped or not."""
    files = idx.find_files(folder)
    absent = idx.missing_files(files)
    if absent:
        raise BenchmarkError(f"{folder}: {absent[0]}.gz (or {absent[0]}) is missing; put the four files there")
    train, test = (
        RawPart(idx.read(images, idx.IMAGES), idx.read(labels, idx.LABELS), str(images), str(labels))
        for images, labels in (files[:2], files[2:])
    )
    return validate.build_dataset(name, str(folder), train, test, tuple(files), class_names)


def csv_pair(folder: Path) -> tuple[Path, Path] | None:
    """Return the training and the test CSV of a folder by their names, or None if it has no such pair."""
    matches = [sorted(path for path in folder.glob("*.csv") if part in path.stem.lower()) for part in ("train", "test")]
    for paths in matches:
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise BenchmarkError(f"{folder}: more than one CSV for one part ({names}); leave one training and one test")
    return (matches[0][0], matches[1][0]) if all(matches) else None


def csv_files(train: Path, test: Path, name: str) -> FileDataset:
    """Read Kaggle's format: a column ``label``, then a square number of pixel columns (784 for 28 by 28)."""
    tables = {path: _csv_table(path) for path in (train, test)}
    columns = tables[train].columns
    extra = columns.symmetric_difference(tables[test].columns)
    if len(extra):
        lacks, has = (test, train) if extra[0] in columns else (train, test)
        raise BenchmarkError(f"{lacks}: column `{extra[0]}` is missing, {has.name} has it; give both the same columns")
    # Both in the column order of the training CSV, or a test CSV with another order would give scrambled images.
    parts = [_csv_part(path, table[columns]) for path, table in tables.items()]
    return validate.build_dataset(name, str(train.parent), parts[0], parts[1], (train, test))


NPZ_FORMS = (
    # Arrays of training images and labels, of the test part, and of a validation part where the form has one.
    ("x_train", "y_train", "x_test", "y_test", "x_val", "y_val"),  # Keras, and this program
    ("train_images", "train_labels", "test_images", "test_labels", "val_images", "val_labels"),  # MedMNIST
)
"""Names of the arrays in an ``.npz``, in lower case; upper case is accepted, too."""


def npz_file(path: Path, name: str, notify: Notify) -> FileDataset:
    """Read an ``.npz`` whose arrays are called as one of `NPZ_FORMS` has it; nothing is unpickled.

    A validation part joins the training part: tuning splits its own validation rows off.
    """
    try:
        size = serialization.unpacked_bytes(path)
        if size > NPZ_LIMIT:
            raise BenchmarkError(f"{path}: unpacks to {size:,} bytes, more than {NPZ_LIMIT:,}; store pixels as uint8")
        with np.load(path, allow_pickle=False) as file:
            called = {each.lower(): each for each in file.files}
            form = max(NPZ_FORMS, key=lambda form: sum(key in called for key in form))
            absent = [key for key in form[:4] if key not in called]
            if absent:
                there = ", ".join(file.files) or "none"
                raise BenchmarkError(f"{path}: array `{absent[0]}` is missing, there are: {there}; save all four")
            arrays = {key: file[called[key]] for key in form if key in called}
    except serialization.UNREADABLE_NPZ as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(f"{path}: cannot be read as .npz ({cause}); save it again with numpy.savez") from error
    parts = [
        RawPart(arrays[X], arrays[y], f"{path} ({called[X]})", f"{path} ({called[y]})")
        for X, y in (form[:2], form[2:4], form[4:])
        if X in arrays and y in arrays
    ]
    if len(parts) == 3:
        notify(
            f"{path}: the {len(parts[2].X):,} images of {called[form[4]]} join those that train; tuning splits its own "
            "validation rows off from these"
        )
    return validate.build_dataset(name, str(path), parts[0], parts[1], (path,), more=parts[2:])


def _csv_table(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        _check_lines(path)
        table = pd.read_csv(path)
    except (OSError, ValueError, MemoryError) as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(f"{path}: cannot be read as CSV ({cause}); save it again") from error
    if "label" not in table.columns:
        raise BenchmarkError(f"{path}: column `label` is missing; the first column must be called so")
    if not isinstance(table.index, pd.RangeIndex):  # pandas silently uses surplus cells as an index
        raise BenchmarkError(f"{path}: the rows have more cells than the header; is a column's name missing?")
    if table.empty:
        raise BenchmarkError(f"{path}: no rows under its header; give at least two classes with two images each")
    return table


def _check_lines(path: Path) -> None:
    """Refuse what a CSV reader would load into memory at once: a huge file, or an endless line."""
    size = path.stat().st_size
    if size > CSV_LIMIT:
        raise BenchmarkError(f"{path}: {size:,} bytes, more than the {CSV_LIMIT:,} that are read; store it as .npz")
    with path.open("rb") as file:
        while line := file.readline(LINE_LIMIT):
            if len(line) == LINE_LIMIT:
                raise BenchmarkError(
                    f"{path}: a line is longer than {LINE_LIMIT:,} bytes; is it a CSV with one image a line?"
                )


def _csv_part(path: Path, table: pd.DataFrame) -> RawPart:
    import pandas as pd

    count = len(table.columns) - 1
    if math.isqrt(count) ** 2 != count or not count:
        nearest = round(math.sqrt(count)) ** 2
        raise BenchmarkError(f"{path}: a pixel column is missing or too many; {count} make no square, {nearest} would")
    for column in table.columns:
        if not pd.api.types.is_numeric_dtype(table[column]):
            raise BenchmarkError(f"{path}: column `{column}` holds something that is no number; correct it")
        if table[column].isna().any():
            line = int(table[column].isna().to_numpy().argmax()) + 2
            raise BenchmarkError(
                f"{path}: column `{column}` is NaN or empty in line {line}; correct or remove the line"
            )
    pixels = table.drop(columns="label").to_numpy()
    return RawPart(pixels, table["label"].to_numpy(), f"{path} (pixels)", f"{path} (label)")
