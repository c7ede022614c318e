"""An ARFF file of pixels, or one for each part: Weka's format, in which OpenML's files can be downloaded by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import arff
from benchmark.datasets.forms import csv_pixels, parts
from benchmark.datasets.forms.form import Form, Request, can_choose, chosen
from benchmark.datasets.picture_tree import files_in, is_litter
from benchmark.datasets.split import TRAIN, VALIDATION
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError

SUFFIXES = (".arff", ".arff.gz")
"""Suffixes of such files, in lower case; upper case is accepted, too."""


def _is_arff(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES) and path.is_file() and not is_litter(path.name)


def find(folder: Path) -> dict[str, dict[str, Path]]:
    """Return the ARFF files in a folder; see `parts.by_part`."""
    return parts.by_part(folder, [each for each in files_in(folder) if _is_arff(each)])


def _read(path: Path, request: Request) -> FileDataset:
    files = {TRAIN: path} if path.is_file() else chosen(path, find)
    if TRAIN not in files:
        there = ", ".join(each.name for each in files.values())
        raise BenchmarkError(f"{path}: there is {there} and no ARFF to train on; add one with `train` in its name")
    raw = {}
    for part, file in files.items():
        if file.stat().st_size > csv_pixels.CSV_LIMIT:
            raise BenchmarkError(f"{file}: more than {csv_pixels.CSV_LIMIT:,} bytes that are read; store it as .npz")
        attributes = arff.attributes(file)
        target = _target(attributes)
        unused = {each.name for each in attributes if each.name.lower() in csv_pixels.IDS and each.name != target}
        request.notify(f"{file}: the classes are in the attribute {target[:80]}")
        table = arff.read(file, target, frozenset(unused))
        raw[part] = RawPart(table.X, _labels(table.y), f"{file} (features)", f"{file} ({target[:80]})")
    validation = files[VALIDATION].name if VALIDATION in files else ""
    return parts.assemble(request.name, str(path), raw, request.notify, tuple(files.values()), None, validation)


def _target(attributes: list[arff.Attribute]) -> str:
    """Return the attribute of the classes: of a usual name, or the first or the last one, the one with texts."""
    lower = {each.name.lower(): each.name for each in attributes[::-1]}
    usual = next((lower[name] for name in csv_pixels.LABELS if name in lower), None)
    if usual is not None:
        return usual
    first, last = attributes[0], attributes[-1]
    return first.name if last.kind == arff.NUMERIC and first.kind != arff.NUMERIC else last.name


def _labels(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return whole numbers as such, so that classes have the order that they have in other forms; or the texts."""
    try:
        numbers = y.astype(np.float64)
        whole: npt.NDArray[np.int64] = numbers.astype(np.int64)
    except ValueError:
        return y
    return whole if np.array_equal(whole, numbers) else y


FORM = Form(
    "an ARFF file of pixels, or a *train*.arff and a *test*.arff",
    lambda path: _is_arff(path) or can_choose(path, find),
    _read,
)
