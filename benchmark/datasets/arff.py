"""ARFF, the format of OpenML's and Weka's files: a header of attributes, then rows as in a CSV.

Source: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/. The header is read by liac-arff, which
scikit-learn has for `fetch_openml`; so are rows with braces or with both kinds of quotes. liac-arff takes some 40 s of
processor time for 70,000 images, so pandas reads rows with one kind of quotes at most. Rows are read in pieces and
stored as bytes if they fit: 70,000 images take 55 MB instead of 439 MB.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from benchmark.errors import BenchmarkError

NUMERIC, STRING = "NUMERIC", "STRING"

_TYPE = re.compile(r"\s(?:(?P<number>numeric|real|int|integer)|string|date)\b[^'\"{}]*$", re.IGNORECASE)
"""The end of an attribute's line that is no list of values; a range, a format of a date or a comment may follow."""

_COMMENT = re.compile(r"\}\s*%.*$")
"""A comment behind a list of values."""

_BRACES = re.compile(r"[{}\\]")

LINE_LIMIT = 2**20
"""Longest line, in bytes, as of a CSV of pixels."""

_PIECE = 4_096
"""Rows that are read at once."""


@dataclass(frozen=True)
class Attribute:
    """An attribute of a header.

    Attributes
    ----------
    name : str
    kind : str or tuple of str
        `NUMERIC`; `STRING`, also of dates; or the values of a nominal attribute in their order.
    """

    name: str
    kind: str | tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The content of an ARFF file.

    Attributes
    ----------
    X : ndarray, (n, features)
        uint8 if all values are whole numbers in 0..255.
    y : ndarray of str, (n,)
        Values of the target, as written in the file.
    declared : tuple of str
        Values of the target that the header declares, in its order; empty if the target is a number or a text.
    """

    X: npt.NDArray[Any]
    y: npt.NDArray[Any]
    declared: tuple[str, ...]


def attributes(path: Path) -> list[Attribute]:
    """Return the attributes of a file.

    Raises
    ------
    BenchmarkError
        The file is not ARFF.
    """
    try:
        with _open(path) as file:
            return _header(_lines(file, path), path)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def read(path: Path, target: str, unused: frozenset[str] = frozenset()) -> Table:
    """Read an ARFF file with numerical features.

    Parameters
    ----------
    path : Path
    target : str
        Name of the attribute that is the class.
    unused : frozenset of str
        Names of attributes that are not features, such as row numbers.

    Returns
    -------
    Table

    Raises
    ------
    BenchmarkError
        The file is not ARFF, has no such target, has a feature that is not a number, or has missing values.
    """
    try:
        with _open(path) as file:
            lines = _lines(file, path)
            header = _header(lines, path)
            names = [each.name for each in header]
            if target not in names:
                raise BenchmarkError(
                    f"{path}: there is no attribute `{target[:80]}`, which its description calls the target"
                )
            column = names.index(target)
            features = [i for i, name in enumerate(names) if i != column and name not in unused]
            X, y = [], []
            for rows in _pieces(lines):
                values, labels = _piece(rows, names, column, features, path)
                X.append(_numbers(values, [names[i] for i in features], path))
                y.append(labels)
    except (OSError, EOFError, zlib.error, ValueError, MemoryError) as error:
        raise _unreadable(path, error) from error
    if not X:
        raise BenchmarkError(f"{path}: no rows under its header")
    kind = header[column].kind
    declared = kind if isinstance(kind, tuple) else ()
    labels = np.concatenate(y)
    if declared and "0" not in declared:
        labels = np.where(labels == "0", declared[0], labels)  # a row of a sparse file leaves the first value out
    return Table(np.concatenate(X), labels, declared)


def in_order(values: Sequence[str], declared: Sequence[str]) -> list[str]:
    """Return values of a target in the order of the header; without one, as numbers or, if one is none, as texts.

    Raises
    ------
    ValueError
        A value is not declared.
    """
    if declared:
        return sorted(values, key=declared.index)
    try:
        return sorted(values, key=float)
    except ValueError:
        return sorted(values)


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _unreadable(path: Path, error: Exception) -> BenchmarkError:
    cause = " ".join(str(error).split())[:200]
    return BenchmarkError(f"{path}: cannot be read as ARFF ({cause}); remove it and fetch it again, or save it again")


def _lines(file: IO[bytes], path: Path) -> Iterator[str]:
    """Yield the lines of a file that say something, without comments, wherever they are."""
    while line := file.readline(LINE_LIMIT):
        if len(line) == LINE_LIMIT:
            raise BenchmarkError(f"{path}: a line is longer than {LINE_LIMIT:,} bytes; is it an ARFF file?")
        text = line.decode("utf-8-sig", errors="replace").strip()
        if text and not text.startswith("%"):
            yield text


def _header(lines: Iterator[str], path: Path) -> list[Attribute]:
    """Return the attributes; leaves the lines at the first row."""
    from sklearn.externals import _arff

    found = ["@RELATION images"]
    for line in lines:
        if line.lower().startswith("@data"):
            break
        if re.match(r"@attribute\s", line, re.IGNORECASE):
            # liac-arff 2.4.0 knows neither a tab behind the keyword, a range, a date, nor a comment in the line.
            line = re.sub(r"^\S+\s+", "@ATTRIBUTE ", _COMMENT.sub("}", line))
            found.append(_TYPE.sub(lambda match: f" {NUMERIC if match['number'] else STRING}", line))
    else:
        raise BenchmarkError(f"{path}: there is no @data line; is it an ARFF file?")
    try:
        read = _arff.load([*found, "@DATA"])["attributes"]
    except (_arff.ArffException, ValueError) as error:
        raise _unreadable(path, error) from error
    return [Attribute(_unquoted(name), tuple(kind) if isinstance(kind, list) else kind) for name, kind in read]


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)


def _pieces(lines: Iterator[str]) -> Iterator[list[str]]:
    from itertools import islice

    while piece := list(islice(lines, _PIECE)):
        yield piece


def _piece(
    rows: Sequence[str], names: Sequence[str], column: int, features: Sequence[int], path: Path
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the features of some rows, numbers or objects, and their targets as texts."""
    import pandas as pd

    text = "\n".join(rows).replace("\t", " ")  # pandas skips blanks before a quote, but no tabs
    if _BRACES.search(text) or ("'" in text and '"' in text):
        table = pd.DataFrame(_quoted(rows, len(names), path))
    else:
        table = pd.read_csv(
            io.StringIO(text),
            quotechar='"' if '"' in text else "'",
            sep="," if "," in rows[0] else r"\s+",
            header=None,
            index_col=False,
            na_values=["?"],  # a class may be called "NA"
            keep_default_na=False,
            skipinitialspace=True,
            dtype={column: str},
        )
    if table.shape[1] != len(names):
        raise BenchmarkError(
            f"{path}: the rows have {table.shape[1]:,} values, its header names {len(names):,} attributes"
        )
    if table[[column, *features]].isna().to_numpy().any():
        raise BenchmarkError(f"{path}: values are missing; give data without gaps")
    return table[features].to_numpy(), table[column].str.strip().to_numpy(dtype=object).astype(str)


def _quoted(rows: Sequence[str], count: int, path: Path) -> list[list[str | None]]:
    """Return the values of rows with quotes or braces as texts; None where one is missing."""
    from sklearn.externals import _arff

    header = ["@RELATION rows", *(f"@ATTRIBUTE a{i} {STRING}" for i in range(count)), "@DATA"]
    try:
        return cast("list[list[str | None]]", _arff.load([*header, *rows])["data"])
    except (_arff.ArffException, ValueError) as error:
        raise _unreadable(path, error) from error


def _numbers(values: npt.NDArray[Any], names: Sequence[str], path: Path) -> npt.NDArray[Any]:
    if values.dtype.kind not in "biuf":
        for place, name in enumerate(names):
            try:
                values[:, place].astype(np.float64)
            except (ValueError, TypeError) as error:
                raise BenchmarkError(f"{path}: `{name[:80]}` is no number, so this is no data set of images") from error
        values = values.astype(np.float64)
        if np.array_equal(values, values.astype(np.int64)):
            values = values.astype(np.int64)
    if values.dtype.kind in "iu" and values.size and values.min() >= 0 and values.max() <= 255:
        values = values.astype(np.uint8)
    return values
