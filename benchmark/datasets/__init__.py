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

from benchmark.datasets import cross_validation, digits, fashion_mnist, forms, kmnist, mnist, mnist_like, openml
from benchmark.datasets.dataset import Dataset, Part, no_groups, none_validates
from benchmark.datasets.download import UnavailableError
from benchmark.datasets.locations import cache_folder
from benchmark.datasets.picture_cache import Asked
from benchmark.datasets.request import ProgressBar, Request, unseen
from benchmark.datasets.validate import FileDataset
from benchmark.errors import BenchmarkError

__all__ = ["NAMES", "Dataset", "Part", "cache_folder", "load", "summary"]

PUBLISHED = (fashion_mnist.PUBLISHED, mnist.PUBLISHED, kmnist.PUBLISHED)
"""The data sets that are published in the form of MNIST: four IDX files of the same names."""

NAMES = (fashion_mnist.NAME, digits.NAME, mnist.NAME, kmnist.NAME)

FASHION_MNIST_SHA256 = "aead7343f1c7e79f3fd53fea2ca86af122561159dce16818dd4ac019c613a8d1"
"""`Dataset.sha256` of Fashion-MNIST, by which it is recognised in any format."""

_ASKED = re.compile(
    r"(?P<path>.+)@((?P<height>\d{1,4})(x(?P<width>\d{1,4}))?|(?P<grey>grey)|(?P<level>outer|inner))", re.ASCII
)
"""A folder of pictures, and what is asked for, in any order: ``my_photos@32``, ``my_photos@48x32@grey@outer``."""


def load(
    name: str | None = None,
    data_dir: Path | None = None,
    notify: Callable[[str], None] = lambda _: None,
    progress: ProgressBar = unseen,
    group: str = "",
    folds: int | None = 0,
) -> Dataset:
    """Load a data set by name or path.

    Parameters
    ----------
    name : str, optional
        One of `NAMES`; ``openml:`` and a number; or the path of data in one of `benchmark.datasets.forms`: a folder of
        pictures or of IDX files, an ``.npz`` file, a CSV of pixels, an archive of these. None means Fashion-MNIST, or
        the digits if Fashion-MNIST is unavailable.
    data_dir : Path, optional
        The first folder to search for the files of Fashion-MNIST, MNIST or KMNIST.
    notify : callable
        Called with one line each time a reader of the results must know something: that the digits replace
        Fashion-MNIST, what part of the data was left out and why, how a test part was split off.
    progress : callable
        Called with the number of pictures decoded and of all, from time to time.
    group : str
        Which pictures of a path belong together; see `grouping.group_names`.
    folds : int or None
        Folds of a cross-validation, for data without a test part; 0 splits a test part off; None, as the commands have
        it, does what the number of images asks for. See `cross_validation.hold_out_or_fold`.

    Returns
    -------
    Dataset

    Raises
    ------
    BenchmarkError
        The name is unknown, or the input is invalid; the message names the file and the cause.
    """
    if group and (name is None or name in NAMES or openml.dataset_number(name) is not None):
        raise BenchmarkError(
            f"--group is for your own pictures, and {name or fashion_mnist.NAME} has no file names; leave it out"
        )
    if name is None or name in NAMES:
        cross_validation.refuse_folds(name or fashion_mnist.NAME, folds)
    if name == digits.NAME:
        return digits.load()
    if name is None:
        try:
            return mnist_like.load(fashion_mnist.PUBLISHED, PUBLISHED, data_dir)
        except UnavailableError as error:  # a wrong file in a folder that the user named is another error, and raised
            notify(f"{error}. RUNNING ON SCIKIT-LEARN'S 8x8 DIGITS INSTEAD: nothing here is about Fashion-MNIST")
            return digits.load()
    which = next((each for each in PUBLISHED if each.name == name), None)
    if which is not None:
        return mnist_like.load(which, PUBLISHED, data_dir)
    number = openml.dataset_number(name)
    if number is not None:
        return _with_remarks(name, notify, lambda keep: _recognised(openml.load(number, keep)), folds)
    return _with_remarks(name, notify, lambda keep: _from_path(name, keep, progress, group), folds)


def _with_remarks(
    name: str,
    notify: Callable[[str], None],
    read: Callable[[Callable[[str], None]], FileDataset],
    folds: int | None,
) -> FileDataset:
    """Read a data set, and keep what its reader said, without the place on this machine."""
    remarks: list[str] = []

    def keep(text: str) -> None:
        remarks.append(text)
        notify(text)

    dataset = cross_validation.hold_out_or_fold(read(keep), folds, keep)
    place = Path(_asked(name)[0]).expanduser()
    here = [text.replace(f"{place}: ", "", 1).replace(f"{place}{os.sep}", "") for text in remarks]
    for folder in place.parents:  # of an array in a file, of one of several data sets in a folder or an archive
        if folder.name:
            here = [text.replace(f"{folder}{os.sep}", "") for text in here]
    if openml.dataset_number(name) is not None:
        return replace(dataset, remarks=tuple(here))
    given = "" if dataset.name in NAMES else _without_place(name)
    return replace(dataset, remarks=tuple(here), given=given, read_as=_read_as(dataset.source, str(place)))


def _without_place(name: str) -> str:
    """Return a path as it was given, but of an absolute one only its last part: pages are published."""
    path = Path(name).expanduser()
    return f"PATH/{path.name}" if path.is_absolute() else name.rstrip("/")


def _read_as(source: str, place: str) -> str:
    """Return the end of a source, "PLACE (how it was read)", without the place and the brackets."""
    return source.removeprefix(place).strip().removeprefix("(").removesuffix(")") if source.startswith(place) else ""


def summary(dataset: Dataset) -> dict[str, Any]:
    """Return the facts about a data set that the command ``data`` prints.

    Returns
    -------
    dict
        ``name``, ``source``, ``image_shape``, ``sha256``, ``folds``; ``files``: name to SHA-256;
        ``counts``: class name to (training, test) images, which are the same if there are folds.
    """
    k = len(dataset.class_names)
    train, test = (np.bincount(part.y, minlength=k) for part in (dataset.train, dataset.test))
    files = dataset.files if isinstance(dataset, FileDataset) else ()
    return {
        "name": dataset.name,
        "source": dataset.source,
        "image_shape": dataset.image_shape,
        "sha256": dataset.sha256,
        "folds": dataset.folds,
        "files": mnist_like.file_sums(files),
        "counts": {name: (int(train[i]), int(test[i])) for i, name in enumerate(dataset.class_names)},
    }


def _from_path(name: str, notify: Callable[[str], None], progress: ProgressBar, group: str) -> FileDataset:
    text, asked = _asked(name)
    asked = replace(asked, group=group)
    path = Path(text).expanduser() if text.strip() else None  # Path("") would be the working directory
    if path is None or not forms.exists(path):
        near = difflib.get_close_matches(re.sub(r"[^a-z0-9]+", "-", name.lower()), NAMES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"give {', '.join(NAMES)}, openml:NUMBER, or a path that exists"
        raise BenchmarkError(f"no data set is called {name[:80]!r}; {hint}")
    dataset = forms.read(path, Request(_name(path), asked, notify, progress))
    recognised = _recognised(dataset)
    if recognised is not dataset:
        return recognised
    if dataset.image_shape == (28, 28, 1):
        names = (dataset.name, *(file.name for file in dataset.files))
        if any("fashion" in each.lower() for each in names) and mnist.PUBLISHED.looks_like(dataset.train.X):
            raise BenchmarkError(f"{path}: this is MNIST, not Fashion-MNIST, under its name; give it another to run it")
    which = mnist_like.identify(path, PUBLISHED) if path.is_dir() else None
    if which is not None:
        return replace(_ungrouped(dataset), name=which.name, class_names=which.class_names)
    if dataset.name.lower() in NAMES or openml.FOLDER_NAME.fullmatch(dataset.name):
        # two data sets must not share a results folder
        return replace(dataset, name=f"{dataset.name}-{dataset.sha256[:8]}")
    return dataset


def _name(path: Path) -> str:
    """Return the name of a data set by its path: without the suffixes of a file, ``digits`` for ``digits.csv.gz``."""
    if path.is_dir():
        return path.resolve().name
    return re.sub(r"\.(csv|tsv|tar)$", "", path.stem, flags=re.IGNORECASE)


def _asked(name: str) -> tuple[str, Asked]:
    """Split ``path@size@grey@outer`` into the path and what is asked for; an existing path is never split."""
    asked = Asked()
    while not os.path.exists(Path(name).expanduser()) and (match := _ASKED.fullmatch(name)) is not None:
        name = match["path"]
        if match["grey"]:
            asked = replace(asked, grey=True)
        elif match["level"]:
            asked = replace(asked, level=match["level"])
        else:
            height = int(match["height"])
            asked = replace(asked, size=(height, int(match["width"] or height)))
    return name, asked


def _ungrouped(dataset: FileDataset) -> FileDataset:
    """Return a data set as it is published: everybody splits it in the same way, whatever its copies."""
    plain = (replace(part, groups=no_groups(), validates=none_validates()) for part in (dataset.train, dataset.test))
    train, test = plain
    return replace(dataset, train=train, test=test)


def _recognised(dataset: FileDataset) -> FileDataset:
    """Return Fashion-MNIST under its own name, in whatever format it was read; any other data set unchanged."""
    if dataset.image_shape == (28, 28, 1) and len(dataset.class_names) == len(fashion_mnist.CLASS_NAMES):
        renamed = replace(_ungrouped(dataset), name=fashion_mnist.NAME, class_names=fashion_mnist.CLASS_NAMES)
        if renamed.sha256 == FASHION_MNIST_SHA256:
            return renamed
    return dataset
