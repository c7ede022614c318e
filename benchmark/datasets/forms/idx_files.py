"""A folder of IDX files, gzipped or not: the four of MNIST, or those of one or more of the data sets of EMNIST.

EMNIST (Cohen et al. 2017, https://www.nist.gov/itl/products-and-services/emnist-dataset) stores its pictures column by
column, so that they look turned and mirrored; they are turned upright here. Its ``emnist-letters-mapping.txt`` has a
label and the codes of its characters in each line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import idx, validate
from benchmark.datasets.forms import parts
from benchmark.datasets.forms.form import Form, Request, can_choose, chosen
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError

EMNIST = "emnist"
"""What the names of EMNIST's files begin with, in lower case."""

_MAPPING_BYTES = 2**16


def idx_folder(folder: Path, name: str, class_names: tuple[str, ...] | None = None) -> FileDataset:
    """Read the four IDX files of MNIST's names in a folder, gzipped or not."""
    files = idx.find_files(folder)
    absent = idx.missing_files(files)
    if absent:
        raise BenchmarkError(f"{folder}: {absent[0]}.gz (or {absent[0]}) is missing; put the four files there")
    train, test = (
        RawPart(idx.read(images, idx.IMAGES), idx.read(labels, idx.LABELS), str(images), str(labels))
        for images, labels in (files[:2], files[2:])
    )
    return validate.build_dataset(name, str(folder), train, test, tuple(files), class_names)


def upright(X: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return images of EMNIST, (n, height, width), as they are meant: rows and columns are exchanged."""
    return np.ascontiguousarray(X.transpose(0, 2, 1))


def _read(path: Path, request: Request) -> FileDataset:
    files = chosen(path, idx.find_sets)
    absent = idx.missing_file(files)
    if absent is not None:
        raise BenchmarkError(f"{path}: {absent} is missing; put it with the others")
    first = next(iter(files.values()))
    turned = first.name.lower().startswith(EMNIST)
    raw = {}
    for part in sorted({part for part, _ in files}):
        images, labels = files[part, "images"], files[part, "labels"]
        X, y = idx.read_any(images, idx.IMAGES), idx.read_any(labels, idx.LABELS)
        raw[part] = RawPart(upright(X) if turned else X, y, str(images), str(labels))
    mapping = mapping_file(first)
    names = {} if mapping is None else characters(mapping)
    if turned:
        named = f", and classes are named by {mapping.name}" if mapping else ""
        request.notify(f"{path}: EMNIST's pictures are stored turned, so their rows and columns are exchanged{named}")
    return parts.assemble(request.name, str(path), raw, request.notify, tuple(files.values()), names)


def mapping_file(path: Path) -> Path | None:
    """Return the file that gives the characters of the labels of one of EMNIST's files, or None."""
    name = re.split(r"-(?:train|test)[-.]", path.name.lower())[0]
    return next((each for each in path.parent.glob("*.txt") if each.name.lower() == f"{name}-mapping.txt"), None)


def characters(path: Path) -> dict[int, str]:
    """Return the characters of each label from lines such as ``1 65 97``, here "Aa".

    Raises
    ------
    BenchmarkError
        A line is something else.
    """
    try:
        if path.stat().st_size > _MAPPING_BYTES:
            raise ValueError("too large")
        rows = [list(map(int, line.split())) for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
        return {label: "".join(map(chr, codes)) or str(label) for label, *codes in rows}
    except (OSError, ValueError, OverflowError) as error:
        raise BenchmarkError(
            f"{path}: cannot be read as a label and its character codes in each line ({error}); fetch it again"
        ) from error


FORM = Form(
    f"IDX files ({idx.TRAIN[0]}.gz, emnist-letters-{idx.TRAIN[0]}.gz, ...)",
    lambda path: can_choose(path, idx.find_sets),
    _read,
)
