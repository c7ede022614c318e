"""Readers of what people have: a folder of IDX files, a pair of CSVs, an .npz, scikit-learn's digits."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import build, idx
from benchmark.datasets.base import Dataset
from benchmark.errors import BenchmarkError

IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""Part to the stems of its two files, which may end in .gz."""

Arrays = dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]


def digits() -> Dataset:
    """Return scikit-learn's bundled 8 by 8 digits; every fifth image of a class is a test image."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    X = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    y = bunch.target.astype(np.int64)
    rank = np.empty(len(y), dtype=np.int64)
    for label in np.unique(y):
        rank[y == label] = np.arange((y == label).sum())
    test = rank % 5 == 4
    arrays = {"train": (X[~test], y[~test]), "test": (X[test], y[test])}
    return build.dataset("digits", "scikit-learn's bundled digits", arrays, {"train": "digits", "test": "digits"})


def idx_file(folder: Path, stem: str) -> Path | None:
    """Return the IDX file of this stem in the folder, gzipped or not, or None."""
    return next((path for path in (folder / f"{stem}.gz", folder / stem) if path.is_file()), None)


def idx_arrays(folder: Path) -> tuple[Arrays, dict[str, str]]:
    """Read the four IDX files of a folder; return arrays, and the file to blame for each part."""
    arrays, files = {}, {}
    for part, (images, labels) in IDX_FILES.items():
        paths = [idx_file(folder, stem) for stem in (images, labels)]
        for stem, path in zip((images, labels), paths, strict=True):
            if path is None:
                raise BenchmarkError(f"{folder}: {stem} (or {stem}.gz) is missing")
        assert paths[0] and paths[1]
        X, y = idx.read(paths[0], idx.IMAGES), idx.read(paths[1], idx.LABELS)
        if len(X) != len(y):
            raise BenchmarkError(f"{paths[1]}: {len(y):,} labels, but {paths[0].name} has {len(X):,} images")
        arrays[part], files[part] = (X, y), str(paths[0])
    return arrays, files


def csv_pair(folder: Path) -> dict[str, Path] | None:
    """Return a folder's training and test CSV by their names, or None where there is no such pair."""
    found = {
        part: sorted(path for path in folder.glob("*.csv") if part in path.stem.lower()) for part in ("train", "test")
    }
    if any(len(paths) > 1 for paths in found.values()):
        raise BenchmarkError(f"{folder}: more than one CSV for a part: {', '.join(p.name for v in found.values() for p in v)}")
    return {part: paths[0] for part, paths in found.items()} if all(found.values()) else None


def csv_arrays(paths: dict[str, Path]) -> tuple[Arrays, dict[str, str]]:
    """Read Kaggle's form: a column ``label``, then a square number of pixel columns."""
    import pandas as pd

    arrays = {}
    for part, path in paths.items():
        try:
            table = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise BenchmarkError(f"{path}: cannot be read as CSV ({' '.join(str(error).split())})") from error
        if "label" not in table.columns:
            raise BenchmarkError(f"{path}: column `label` is missing; the first column must be it")
        pixels = table.drop(columns="label")
        expected = round(len(pixels.columns) ** 0.5) ** 2
        if len(pixels.columns) != expected or not expected:
            raise BenchmarkError(
                f"{path}: {len(pixels.columns)} pixel columns make no square image; is a column missing (784 for 28 by 28)?"
            )
        for column in table.columns:
            if not pd.api.types.is_numeric_dtype(table[column]):
                raise BenchmarkError(f"{path}: column `{column}` holds something that is no number")
            if table[column].isna().any():
                row = int(table[column].isna().to_numpy().argmax()) + 2
                raise BenchmarkError(f"{path}: column `{column}` is NaN or empty in line {row}")
        arrays[part] = pixels.to_numpy(), table["label"].to_numpy()
    return arrays, {part: str(path) for part, path in paths.items()}


def npz_arrays(path: Path) -> tuple[Arrays, dict[str, str]]:
    """Read ``X_train y_train X_test y_test`` from an ``.npz``; nothing is unpickled."""
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in ("X_train", "y_train", "X_test", "y_test") if name not in file.files]
            if missing:
                raise BenchmarkError(f"{path}: array `{missing[0]}` is missing; it has {', '.join(file.files) or 'none'}")
            arrays = {part: (file[f"X_{part}"], file[f"y_{part}"]) for part in ("train", "test")}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise BenchmarkError(f"{path}: cannot be read as .npz ({' '.join(str(error).split())})") from error
    return arrays, {part: f"{path} (X_{part}, y_{part})" for part in arrays}
