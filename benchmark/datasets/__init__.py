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

from benchmark.datasets import digits, fashion_mnist, formats, idx, kmnist, mnist, mnist_like, openml, picture_files
from benchmark.datasets.dataset import Dataset, Part
from benchmark.datasets.download import UnavailableError
from benchmark.datasets.locations import cache_folder
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError

__all__ = ["NAMES", "Dataset", "Part", "cache_folder", "load", "summary"]

PUBLISHED = (fashion_mnist.PUBLISHED, mnist.PUBLISHED, kmnist.PUBLISHED)
"""What is published as MNIST was: four files of the same names."""

NAMES = (fashion_mnist.NAME, digits.NAME, mnist.NAME, kmnist.NAME)

FASHION_MNIST_SHA256 = "aead7343f1c7e79f3fd53fea2ca86af122561159dce16818dd4ac019c613a8d1"
"""`Dataset.sha256` of Fashion-MNIST, by which it is known in any format."""

_SIZED = re.compile(r"(?P<path>.+)@(?P<height>\d{1,4})(x(?P<width>\d{1,4}))?", re.ASCII)
"""A folder of pictures and the size that they are to be brought to: ``my_photos@32``, ``my_photos@48x32``."""


def load(
    name: str | None = None, data_dir: Path | None = None, notify: Callable[[str], None] = lambda _: None
) -> Dataset:
    """Load a data set by name or path.

    Parameters
    ----------
    name : str, optional
        One of `NAMES`; ``openml:`` and a number; or a path: of a folder of pictures, of a folder
        of IDX files, of a folder with a training and a test CSV, or of an ``.npz``. None is
        Fashion-MNIST, and the digits where Fashion-MNIST cannot be had.
    data_dir : Path, optional
        Where the files of Fashion-MNIST, MNIST or KMNIST are looked for first.
    notify : callable
        Told in one line each: that the digits stand in, what of the data was left out and why,
        how a test part was split off, and what else a reader of the results must know.

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
    if name is None:
        try:
            return mnist_like.load(fashion_mnist.PUBLISHED, PUBLISHED, data_dir)
        except UnavailableError as error:  # a wrong file in a named place is not the same as no file
            notify(f"{error}. RUNNING ON SCIKIT-LEARN'S 8x8 DIGITS INSTEAD: nothing here is about Fashion-MNIST")
            return digits.load()
    which = next((each for each in PUBLISHED if each.name == name), None)
    if which is not None:
        return mnist_like.load(which, PUBLISHED, data_dir)
    number = openml.dataset_number(name)
    if number is not None:
        return _recognised(openml.load(number, notify))
    return _from_path(name, notify)


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
        "files": mnist_like.file_sums(files),
        "counts": {name: (int(train[i]), int(test[i])) for i, name in enumerate(dataset.class_names)},
    }


def _from_path(name: str, notify: Callable[[str], None]) -> FileDataset:
    text, size = _sized(name)
    path = Path(text).expanduser() if text.strip() else None  # Path("") would be this very folder
    if path is None or not os.path.exists(path):  # unlike Path.exists, answers False to a name that no file can have
        near = difflib.get_close_matches(re.sub(r"[^a-z0-9]+", "-", name.lower()), NAMES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"give {', '.join(NAMES)}, openml:NUMBER, or a path that exists"
        raise BenchmarkError(f"no data set is called {name[:80]!r}; {hint}")
    plain = _read(path, size, notify)
    recognised = _recognised(plain)
    if recognised is not plain:
        return recognised
    if plain.image_shape == (28, 28):
        called = (plain.name, *(file.name for file in plain.files))
        if any("fashion" in each.lower() for each in called) and mnist.PUBLISHED.looks_like(plain.train.X):
            raise BenchmarkError(f"{path}: this is MNIST, not Fashion-MNIST, under its name; give it another to run it")
    which = mnist_like.identify(path, PUBLISHED) if path.is_dir() else None
    if which is not None:
        return replace(plain, name=which.name, class_names=which.class_names)
    if plain.name.lower() in NAMES or openml.FOLDER_NAME.fullmatch(plain.name):
        return replace(plain, name=f"{plain.name}-{plain.sha256[:8]}")  # two data sets must not share a results folder
    return plain


def _sized(name: str) -> tuple[str, tuple[int, int] | None]:
    """Return the path and the size that stands behind it, if any; a path that exists is one as it stands."""
    match = _SIZED.fullmatch(name)
    if match is None or os.path.exists(Path(name).expanduser()):
        return name, None
    height = int(match["height"])
    return match["path"], (height, int(match["width"] or height))


def _read(path: Path, size: tuple[int, int] | None, notify: Callable[[str], None]) -> FileDataset:
    """Read what lies there, by the first reader that finds something of its kind."""
    if not path.is_dir():
        if size is not None or path.suffix != ".npz":
            raise BenchmarkError(f"{path}: give a folder (pictures, IDX files, or a pair of CSVs) or an .npz file")
        return formats.npz_file(path, path.stem)
    stem, pair = path.resolve().name, None if idx.find_files(path) else formats.csv_pair(path)
    if pair is None and not idx.find_files(path) and picture_files.has_pictures(path):
        from benchmark.datasets import picture_folder

        return picture_folder.load(path, stem, notify, size)
    if size is not None:
        raise BenchmarkError(f"{path}: only pictures are brought to a size, and no folder of them is here; leave out @")
    if pair is not None:
        return formats.csv_files(*pair, stem)
    if idx.find_files(path):
        return formats.idx_folder(path, stem)
    raise BenchmarkError(
        f"{path}: neither IDX files ({idx.TRAIN[0]}.gz, ...) nor a *train*.csv and a *test*.csv nor folders of "
        "PNG or JPEG pictures (train/<class>/, test/<class>/) are in it"
    )


def _recognised(found: FileDataset) -> FileDataset:
    """Return Fashion-MNIST under its own name, whatever it was read from."""
    if found.image_shape == (28, 28) and len(found.class_names) == len(fashion_mnist.CLASS_NAMES):
        known = replace(found, name=fashion_mnist.NAME, class_names=fashion_mnist.CLASS_NAMES)
        if known.sha256 == FASHION_MNIST_SHA256:
            return known
    return found
