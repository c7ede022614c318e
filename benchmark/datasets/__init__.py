"""A name or a path in, a Dataset out."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.datasets import digits, fashion_mnist, formats, idx
from benchmark.datasets.base import Dataset, Part
from benchmark.datasets.build import FileDataset
from benchmark.datasets.download import UnavailableError
from benchmark.datasets.places import cache as cache_folder
from benchmark.errors import BenchmarkError

__all__ = ["NAMES", "Dataset", "Part", "cache_folder", "load", "summary"]

NAMES = (fashion_mnist.NAME, digits.NAME)

FASHION_MNIST_SHA256 = "aead7343f1c7e79f3fd53fea2ca86af122561159dce16818dd4ac019c613a8d1"
"""`Dataset.sha256` of Fashion-MNIST, by which it is known in any format."""


def load(
    name: str | None = None, data_dir: Path | None = None, notify: Callable[[str], None] = lambda _: None
) -> Dataset:
    """Load a data set by name or path.

    Parameters
    ----------
    name : str, optional
        "fashion-mnist", "digits", or the path of a folder of IDX files, of a folder with a
        training and a test CSV, or of an ``.npz``. None is Fashion-MNIST, and the digits
        where Fashion-MNIST cannot be had.
    data_dir : Path, optional
        Where Fashion-MNIST's files are looked for first.
    notify : callable
        Told in one line when the digits stand in.

    Returns
    -------
    Dataset

    Raises
    ------
    BenchmarkError
        Unknown name, or bad input: names file and cause.
    """
    if name == digits.NAME:
        return digits.load()
    if name == fashion_mnist.NAME:
        return fashion_mnist.load(data_dir)
    if name is None:
        try:
            return fashion_mnist.load(data_dir)
        except UnavailableError as error:  # a wrong file in a named place is not the same as no file
            notify(f"{error}. RUNNING ON SCIKIT-LEARN'S 8x8 DIGITS INSTEAD: nothing here is about Fashion-MNIST")
            return digits.load()
    return _from_path(name)


def summary(dataset: Dataset) -> dict[str, Any]:
    """Return what there is to know of a data set, for people.

    Returns
    -------
    dict
        ``name``, ``source``, ``image_shape``, ``sha256``; ``files``: name to SHA-256;
        ``counts``: class name to (training, test) images.
    """
    k = len(dataset.class_names)
    train, test = (np.bincount(part.y, minlength=k) for part in (dataset.train, dataset.test))
    files = dataset.files if isinstance(dataset, FileDataset) else ()
    return {
        "name": dataset.name,
        "source": dataset.source,
        "image_shape": dataset.image_shape,
        "sha256": dataset.sha256,
        "files": fashion_mnist.file_sums(files),
        "counts": {name: (int(train[i]), int(test[i])) for i, name in enumerate(dataset.class_names)},
    }


def _from_path(name: str) -> FileDataset:
    path = Path(name).expanduser() if name.strip() else None  # Path("") would be this very folder
    if path is None or not os.path.exists(path):  # unlike Path.exists, answers False to a name that no file can have
        near = difflib.get_close_matches(re.sub(r"[^a-z0-9]+", "-", name.lower()), NAMES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"give {', '.join(NAMES)}, or a path that exists"
        raise BenchmarkError(f"no data set is called {name[:80]!r}; {hint}")
    stem = path.resolve().name if path.is_dir() else path.stem
    if path.is_dir():
        if idx.find(path):
            plain = formats.idx_folder(path, stem)
        elif pair := formats.csv_pair(path):
            plain = formats.csv_files(*pair, stem)
        else:
            raise BenchmarkError(
                f"{path}: neither IDX files ({idx.TRAIN[0]}.gz, ...) nor a *train*.csv and a *test*.csv are in it"
            )
    elif path.suffix == ".npz":
        plain = formats.npz_file(path, stem)
    else:
        raise BenchmarkError(f"{path}: give a folder (IDX files, or a pair of CSVs) or an .npz file")
    if plain.image_shape == (28, 28) and len(plain.class_names) == len(fashion_mnist.CLASS_NAMES):
        known = replace(plain, name=fashion_mnist.NAME, class_names=fashion_mnist.CLASS_NAMES)
        if known.sha256 == FASHION_MNIST_SHA256:
            return known
        called = (plain.name, *(file.name for file in plain.files))
        if any("fashion" in each.lower() for each in called) and fashion_mnist.looks_like_mnist(plain.train.X):
            raise BenchmarkError(f"{path}: {fashion_mnist.IS_MNIST}, under its name; give it another name to run it")
    if plain.name.lower() in NAMES:
        return replace(plain, name=f"{plain.name}-{plain.sha256[:8]}")  # two data sets must not share a results folder
    return plain
