"""Readers of what people have: a folder of IDX files, a pair of CSVs, an ``.npz``."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np

from benchmark.datasets import build, idx
from benchmark.datasets.build import FileDataset, RawPart
from benchmark.errors import BenchmarkError


def idx_folder(folder: Path, name: str, class_names: tuple[str, ...] | None = None) -> FileDataset:
    """Read the four IDX files of a folder, gzipped or not."""
    files = idx.find(folder)
    absent = idx.missing(files)
    if absent:
        raise BenchmarkError(f"{folder}: {absent[0]}.gz (or {absent[0]}) is missing; put the four files there")
    parts = [
        RawPart(idx.read(images, idx.IMAGES), idx.read(labels, idx.LABELS), str(images), str(labels))
        for images, labels in (files[:2], files[2:])
    ]
    return build.dataset(name, str(folder), *parts, files=tuple(files), class_names=class_names)


def csv_pair(folder: Path) -> tuple[Path, Path] | None:
    """Return a folder's training and test CSV by their names, or None where there is no such pair."""
    found = [sorted(path for path in folder.glob("*.csv") if part in path.stem.lower()) for part in ("train", "test")]
    for paths in found:
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise BenchmarkError(f"{folder}: more than one CSV for one part ({names}); leave one training and one test")
    return (found[0][0], found[1][0]) if all(found) else None


def csv_files(train: Path, test: Path, name: str) -> FileDataset:
    """Read Kaggle's form: a column ``label``, then a square number of pixel columns (784 for 28 by 28)."""
    parts = (_csv_part(train), _csv_part(test))
    return build.dataset(name, str(train.parent), *parts, files=(train, test))


def npz_file(path: Path, name: str) -> FileDataset:
    """Read ``X_train y_train X_test y_test`` from an ``.npz``; nothing is unpickled."""
    arrays = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise BenchmarkError(f"{path}: holds one array, is no .npz; save it with numpy.savez")
            for key in ("X_train", "y_train", "X_test", "y_test"):
                if key not in file.files:
                    there = ", ".join(file.files) or "none"
                    raise BenchmarkError(f"{path}: array `{key}` is missing, there are: {there}; save all four")
                arrays[key] = file[key]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(f"{path}: cannot be read as .npz ({cause}); save it again with numpy.savez") from error
    parts = [
        RawPart(arrays[f"X_{part}"], arrays[f"y_{part}"], f"{path} (X_{part})", f"{path} (y_{part})")
        for part in ("train", "test")
    ]
    return build.dataset(name, str(path), *parts, files=(path,))


def _csv_part(path: Path) -> RawPart:
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(f"{path}: cannot be read as CSV ({cause}); save it again") from error
    if "label" not in table.columns:
        raise BenchmarkError(f"{path}: column `label` is missing; the first column must be called so")
    if table.empty:
        raise BenchmarkError(f"{path}: no rows under its header; give at least two classes with two images each")
    count = len(table.columns) - 1
    if math.isqrt(count) ** 2 != count or not count:
        nearest = round(math.sqrt(count)) ** 2
        raise BenchmarkError(f"{path}: a pixel column is missing or too many; {count} make no square, {nearest} would")
    for column in table.columns:
        if not pd.api.types.is_numeric_dtype(table[column]):
            raise BenchmarkError(f"{path}: column `{column}` holds something that is no number; mend it")
        if table[column].isna().any():
            line = int(table[column].isna().to_numpy().argmax()) + 2
            raise BenchmarkError(f"{path}: column `{column}` is NaN or empty in line {line}; mend or drop the line")
    pixels = table.drop(columns="label").to_numpy()
    return RawPart(pixels, table["label"].to_numpy(), f"{path} (pixels)", f"{path} (label)")
