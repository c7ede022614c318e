"""Four ``.npz`` files of one array each, as Kuzushiji-MNIST and Kuzushiji-49 are published by their authors.

They are called ``kmnist-train-imgs.npz``, ``kmnist-train-labels.npz``, ``kmnist-test-imgs.npz`` and
``kmnist-test-labels.npz``; a ``kmnist_classmap.csv`` in the folder names the classes. Source: Clanuwat et al. 2018,
Deep learning for classical Japanese literature, https://github.com/rois-codh/kmnist.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy.typing as npt

from benchmark.datasets.forms import npz_file, parts
from benchmark.datasets.forms.csv_pixels import CSV_LIMIT
from benchmark.datasets.forms.form import Form, Request, can_choose, chosen
from benchmark.datasets.picture_tree import files_in
from benchmark.datasets.split import TRAIN
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError

_NAME = re.compile(r"(?P<set>.+?)[-_](?P<part>train|test)[-_](?P<kind>imgs|images|labels)\.npz", re.IGNORECASE)

_CLASS_MAP = "{}_classmap.csv"

Files = dict[tuple[str, str], Path]
"""By part and kind, "images" or "labels"."""


def find(folder: Path) -> dict[str, Files]:
    """Return the files of each data set in a folder, by the beginning of their names."""
    sets: dict[str, Files] = {}
    for path in files_in(folder):
        if (match := _NAME.fullmatch(path.name)) is not None:
            kind = "labels" if match["kind"].lower() == "labels" else "images"
            sets.setdefault(match["set"], {})[match["part"].lower(), kind] = path
    return sets


def _read(path: Path, request: Request) -> FileDataset:
    folder = path if path.is_dir() else path.parent
    files = chosen(path, find)
    there = {part for part, _ in files} | {TRAIN}
    raw = {}
    for part in sorted(there):
        for kind in ("images", "labels"):
            if (part, kind) not in files:
                raise BenchmarkError(f"{path}: the .npz with the {kind} of the {part} part is missing; put it there")
        images, labels = files[part, "images"], files[part, "labels"]
        X, y = (_only(each) for each in (images, labels))
        raw[part] = RawPart(X, y, str(images), str(labels))
    first = next(iter(files.values()))
    match = _NAME.fullmatch(first.name)
    assert match is not None  # it was found by it
    names = _class_names(folder / _CLASS_MAP.format(match["set"]))
    said = f", classes are named by {_CLASS_MAP.format(match['set'])}" if names else ""
    request.notify(f"{path}: read from {len(files)} .npz files of one array each ({match['set']}){said}")
    return parts.assemble(request.name, str(path), raw, request.notify, tuple(files.values()), names)


def _only(path: Path) -> npt.NDArray[Any]:
    arrays = npz_file.read_arrays(path)
    if len(arrays) != 1:
        raise BenchmarkError(f"{path}: {len(arrays)} arrays, where one is expected; give the published file")
    return next(iter(arrays.values()))


def _class_names(path: Path) -> dict[int, str]:
    """Return the names of labels from a table with the columns index, codepoint and char; empty without a table.

    Raises
    ------
    BenchmarkError
        The table is damaged.
    """
    if not path.is_file():
        return {}
    import pandas as pd

    try:
        if path.stat().st_size > CSV_LIMIT // 2**10:
            raise ValueError("too large")
        table = pd.read_csv(path)
        return {int(label): str(name) for label, name in zip(table["index"], table["char"], strict=True)}
    except (OSError, ValueError, KeyError) as error:
        raise BenchmarkError(
            f"{path}: cannot be read ({' '.join(str(error).split())}); remove it, or give the columns index and char"
        ) from error


FORM = Form("Kuzushiji's .npz files (kmnist-train-imgs.npz, ...)", lambda path: can_choose(path, find), _read)
