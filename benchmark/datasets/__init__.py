"""A name or a path in, a Dataset out."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.datasets import build, fashion_mnist, formats
from benchmark.datasets.base import Dataset, Part
from benchmark.datasets.fashion_mnist import cache_folder
from benchmark.errors import BenchmarkError

__all__ = ["NAMES", "Dataset", "Part", "cache_folder", "load", "summary"]

NAMES = (fashion_mnist.NAME, "digits")

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
        Where Fashion-MNIST's files lie.
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
    if name == "digits":
        return formats.digits()
    if name == fashion_mnist.NAME or (name is None and data_dir is not None):
        return fashion_mnist.load(data_dir)
    if name is None:
        try:
            return fashion_mnist.load()
        except BenchmarkError as error:
            if "no mirror gave it" not in str(error):
                raise  # a wrong file in a named place is not the same as no file
            notify(f"{error}. RUNNING ON SCIKIT-LEARN'S 8x8 DIGITS INSTEAD: nothing here is about Fashion-MNIST")
            return formats.digits()
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
    source = Path(dataset.source)
    return {
        "name": dataset.name,
        "source": dataset.source,
        "image_shape": dataset.image_shape,
        "sha256": dataset.sha256,
        "files": fashion_mnist.file_sums(source) if source.is_dir() else {},
        "counts": {name: (int(train[i]), int(test[i])) for i, name in enumerate(dataset.class_names)},
    }


def _from_path(name: str) -> Dataset:
    path = Path(name)
    if not path.exists():
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"give {', '.join(NAMES)}, or a path that exists"
        raise BenchmarkError(f"no data set is called {name!r}; {hint}")
    if path.is_dir():
        stems = [stem for pair in formats.IDX_FILES.values() for stem in pair]
        if any(formats.idx_file(path, stem) for stem in stems):
            arrays, files = formats.idx_arrays(path)
        elif pair := formats.csv_pair(path):
            arrays, files = formats.csv_arrays(pair)
        else:
            raise BenchmarkError(
                f"{path}: neither IDX files ({stems[0]}[.gz], ...) nor a *train*.csv and a *test*.csv are in it"
            )
    elif path.suffix == ".npz":
        arrays, files = formats.npz_arrays(path)
    else:
        raise BenchmarkError(f"{path}: give a folder (IDX files, or a pair of CSVs) or an .npz, not {path.suffix or 'this'}")
    plain = build.dataset(path.resolve().stem, str(path), arrays, files)
    if plain.image_shape == (28, 28) and len(plain.class_names) == len(fashion_mnist.CLASS_NAMES):
        known = Dataset(
            fashion_mnist.NAME, fashion_mnist.CLASS_NAMES, plain.image_shape, plain.train, plain.test, plain.source
        )
        if known.sha256 == FASHION_MNIST_SHA256:
            return known
    return plain
