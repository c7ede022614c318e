"""A training and a test CSV of pixels, as Kaggle has them: a column ``label``, then a column a pixel."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.datasets import idx, validate
from benchmark.datasets.forms.form import Form, Request
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import pandas as pd

CSV_LIMIT = idx.LIMIT
"""Largest size of a CSV, in bytes: a pixel takes at least two in the file, and eight in memory."""

LINE_LIMIT = 2**20
"""Longest line of a CSV, in bytes: some 260,000 pixels. Without a limit, an endless line would fill the memory."""


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


def _read(folder: Path, request: Request) -> FileDataset:
    pair = csv_pair(folder)
    assert pair is not None  # it was recognised
    return csv_files(*pair, request.name)


FORM = Form("a *train*.csv and a *test*.csv", lambda path: path.is_dir() and csv_pair(path) is not None, _read)
