"""Data sets of OpenML by number (https://www.openml.org): ``openml:40996``, downloaded once and verified.

OpenML describes each data set in a JSON that states the MD5 of its file. The MD5 is verified before the file is used;
the SHA-256 is then written to a file in the same folder and verified from then on. OpenML does not state the shape of
images, so a row counts as an image if its features are a square number of grey values, or three times that in colour.

Not `sklearn.datasets.fetch_openml`: it has no time limit, no size limit and no mirrors. In scikit-learn 1.9.1 with
pandas 3.1.1 its pandas parser raises a TypeError for Fashion-MNIST, whose classes are numbers; its other parser takes
some 40 s of processor time for the 70,000 rows, `arff.read` takes 6.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from benchmark.datasets import arff, idx, locations, split, validate
from benchmark.datasets.download import File, Source, download
from benchmark.datasets.validate import FileDataset, RawPart
from benchmark.errors import BenchmarkError
from benchmark.storage import serialization

MIRRORS = ("https://www.openml.org/", "https://api.openml.org/")

TRAINING_ROWS = {554: 60_000, 40996: 60_000}
"""Training rows of MNIST and Fashion-MNIST, which come first of 70,000; other data sets do not state a split."""

SMALLEST_SIDE = 8
"""Smallest side in pixels: fewer than 64 features are no image, even if their number is a square, as in iris."""

FOLDER_NAME = re.compile(r"openml-(\d+)", re.IGNORECASE)
"""`Dataset.name` of these data sets and no other; the report derives the ``--dataset`` flag from it."""

_DESCRIPTION_BYTES = 2**22


@dataclass(frozen=True)
class _About:
    """OpenML's description of a data set."""

    name: str
    status: str
    url: str
    md5: str
    target: str
    unused: frozenset[str]


def dataset_number(name: str) -> int | None:
    """Return 40996 for ``openml:40996``, and None for a name of another form.

    Raises
    ------
    BenchmarkError
        ``openml:`` is not followed by a number.
    """
    scheme, colon, rest = name.partition(":")
    if scheme.lower() != "openml" or not colon:
        return None
    if not re.fullmatch(r"\d{1,9}", rest, re.ASCII):
        raise BenchmarkError(f"{name[:80]!r}: give a data set of OpenML by its number, such as openml:40996")
    return int(rest)


def load(number: int, notify: Callable[[str], None]) -> FileDataset:
    """Find, verify and read a data set; download it if it is not in our cache.

    Parameters
    ----------
    number : int
        OpenML's number of the data set.
    notify : callable
        Called with one line if OpenML has withdrawn the data, if classes were left out, if pixels are scaled.

    Returns
    -------
    FileDataset

    Raises
    ------
    UnavailableError
        Not in the cache, and no mirror has it.
    BenchmarkError
        Its rows are not square grey images, or its target is not a class.
    """
    folder = locations.cache_folder() / "openml" / str(number)
    title = f"OpenML {number}"
    about = _describe(title, number, folder)
    if about.status != "active":
        notify(f"{title} ({about.name}) is {about.status}: OpenML knows of issues with it")
    path = _data(title, about, folder)
    table = arff.read(path, about.target, about.unused)
    shape = _shape(title, table.X)
    names, y = _classes(title, table)
    X = table.X
    first, held_out = TRAINING_ROWS.get(number, 0), ""
    if 0 < first < len(y):
        train, test = np.arange(first), np.arange(first, len(y))
    else:
        counts = np.bincount(y, minlength=len(names))
        rare = [names[label] for label in np.flatnonzero(counts < validate.MIN_TRAINING_IMAGES)]
        if rare:
            notify(f"{title}: classes with a single image are left out: {', '.join(rare)[:200]}")
        kept = np.flatnonzero(counts[y] >= validate.MIN_TRAINING_IMAGES)
        X, names = X[kept], tuple(name for name in names if name not in rare)
        y = np.unique(y[kept], return_inverse=True)[1].astype(np.int64)
        train, test = split.stratified_holdout(y, split.first_identical(X))
        held_out = title
    train_part, test_part = (
        RawPart(X[rows], y[rows], f"{title} (features)", f"{title} (target)", any_range=True) for rows in (train, test)
    )
    test_part = replace(test_part, held_out=held_out)
    source = f"{path} ({about.name}; {shape})"
    return validate.build_dataset(f"openml-{number}", source, train_part, test_part, (path,), names, notify=notify)


def _describe(title: str, number: int, folder: Path) -> _About:
    name = "description.json"
    file = File("", _DESCRIPTION_BYTES, path=f"api/v1/json/data/{number}")
    download(_source(title, {name: file}, MIRRORS), folder)
    path = folder / name
    try:
        description: dict[str, Any] = json.loads(path.read_bytes())["data_set_description"]
        texts = [description[key] for key in ("name", "format", "url", "md5_checksum")]
        target, status = description.get("default_target_attribute") or "", description.get("status", "active")
        if not all(isinstance(text, str) for text in (*texts, target, status)):
            raise ValueError("a field is not a text")
        if not re.fullmatch("[0-9a-fA-F]{32}", texts[3]):
            raise ValueError("no MD5")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        path.unlink(missing_ok=True)
        raise BenchmarkError(f"{path}: this is no description of {title} by OpenML ({error}); try again") from error
    if texts[1].lower() != "arff" or not texts[2].lower().endswith(".arff"):
        raise BenchmarkError(f"{title} ({texts[0]}): its format is {texts[1]} ({texts[2]}); only dense ARFF is read")
    if not target or "," in target:
        raise BenchmarkError(
            f"{title} ({texts[0]}): it names no single target; only data with one class an image are read"
        )
    unused = _names(description.get("ignore_attribute")) | _names(description.get("row_id_attribute"))
    return _About(texts[0], status, texts[2], texts[3].lower(), target, unused)


def _names(field: object) -> frozenset[str]:
    """Return the attribute names in a field: OpenML writes one name, several separated by commas, or a list."""
    listed = field if isinstance(field, list) else [field]
    return frozenset(name.strip() for text in listed if isinstance(text, str) for name in text.split(","))


def _data(title: str, about: _About, folder: Path) -> Path:
    """Return the path of the verified data file; download it if necessary."""
    name = "data.arff"
    url = urlsplit(about.url)
    host = url.hostname or ""
    theirs = (f"{url.scheme}://{url.netloc}/",) if host == "openml.org" or host.endswith(".openml.org") else ()
    file = File("", idx.LIMIT, about.md5, url.path.lstrip("/"))
    download(_source(title, {name: file}, tuple(dict.fromkeys((*theirs, *MIRRORS)))), folder)
    path, record = folder / name, folder / f"{name}.sha256"
    line = f"{idx.digest(path)}  {name}\n"  # the format of sha256sum
    try:
        if not record.exists():
            serialization.write_atomically(record, line.encode())
        recorded = record.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BenchmarkError(f"{record}: {error.strerror}; set BENCHMARK_CACHE to another folder") from error
    if recorded != line:
        raise BenchmarkError(
            f"{path}: SHA-256 is {line[:64]}, when it was downloaded it was {recorded[:64]}; remove {folder}"
        )
    return path


def _source(title: str, files: dict[str, File], mirrors: tuple[str, ...]) -> Source:
    return Source(title, files, mirrors, put="look up the number at openml.org", flag="try again later")


def _shape(title: str, X: npt.NDArray[Any]) -> str:
    """Return how features are read as pixels; their range is checked with the others, see `validate.RANGES`."""
    values = X.shape[1]
    for channels, what in ((1, "grey pixels, row by row"), (3, "pixels in colour")):
        side = math.isqrt(values // channels)
        if side >= SMALLEST_SIDE and channels * side * side == values:
            return f"{values:,} features taken as {side} by {side} {what}"
    raise BenchmarkError(
        f"{title}: {values:,} features make no square image of {SMALLEST_SIDE} by {SMALLEST_SIDE} pixels "
        "or more, grey or in colour; choose another data set, or save its images as .npz"
    )


def _classes(title: str, table: arff.Table) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Return the names of the classes that occur, in the header's order or by number, and the label of each row."""
    present, codes = np.unique(table.y, return_inverse=True)
    try:
        order = arff.in_order(present.tolist(), table.declared)
    except ValueError as error:
        raise BenchmarkError(f"{title}: its target has values that its header does not name; choose another") from error
    if 2 * len(present) > len(codes):
        raise BenchmarkError(
            f"{title}: its target has {len(present):,} values in {len(codes):,} rows; that is no class"
        )
    rank = {value: label for label, value in enumerate(order)}
    return tuple(order), np.asarray([rank[value] for value in present.tolist()], dtype=np.int64)[codes]
