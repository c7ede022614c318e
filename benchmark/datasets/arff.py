"""ARFF, the format of OpenML's files: a header of attributes, then CSV.

Source: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/. Rows are read in pieces and stored as
bytes if they fit, so that 70,000 images take 55 MB instead of 439 MB.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from benchmark.datasets.forms.csv_pixels import LINE_LIMIT
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import pandas as pd

_ATTRIBUTE = re.compile(
    r"@attribute\s+(?:'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\"|(?P<bare>\S+))\s+(?P<type>.+)",
    re.IGNORECASE,
)

_PIECE = 4_096
"""Rows that are read at once."""


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
        Values of the target that the header declares, in its order; empty if the target is a number.
    """

    X: npt.NDArray[Any]
    y: npt.NDArray[Any]
    declared: tuple[str, ...]


def read(path: Path, target: str, unused: frozenset[str] = frozenset()) -> Table:
    """Read a dense ARFF file with numerical features.

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
    import pandas as pd

    try:
        with path.open("rb") as file:
            attributes = _header(file, path)
            names = [name for name, _ in attributes]
            if target not in names:
                raise BenchmarkError(
                    f"{path}: there is no attribute `{target[:80]}`, which its description calls the target"
                )
            column = names.index(target)
            features = [i for i, name in enumerate(names) if i != column and name not in unused]
            # Only a question mark means a missing value; a class may be called "NA".
            pieces = pd.read_csv(
                file,
                header=None,
                index_col=False,
                na_values=["?"],
                keep_default_na=False,
                quotechar="'",
                escapechar="\\",
                skipinitialspace=True,
                dtype={column: str},
                encoding_errors="replace",
                chunksize=_PIECE,
            )
            X, y = [], []
            for piece in pieces:
                if piece.shape[1] != len(names):
                    raise BenchmarkError(
                        f"{path}: the rows have {piece.shape[1]:,} values, its header names {len(names):,} attributes"
                    )
                if piece.isna().to_numpy().any():
                    raise BenchmarkError(f"{path}: values are missing; give data without gaps")
                X.append(_numbers(piece[features], names, path))
                y.append(piece[column].to_numpy(dtype=object).astype(str))
    except (OSError, ValueError, MemoryError) as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(f"{path}: cannot be read as ARFF ({cause}); remove it, and it is fetched again") from error
    if not X:
        raise BenchmarkError(f"{path}: no rows under its header")
    return Table(np.concatenate(X), np.concatenate(y), _values(attributes[column][1]))


def _header(file: BinaryIO, path: Path) -> list[tuple[str, str]]:
    """Return the name and type of each attribute; leaves the file position at the first row."""
    attributes: list[tuple[str, str]] = []
    while line := file.readline(LINE_LIMIT):
        text = line.decode("utf-8", errors="replace").strip()
        if text.lower().startswith("@data"):
            return attributes
        if match := _ATTRIBUTE.fullmatch(text):
            quoted = match["single"] if match["single"] is not None else match["double"]
            name = match["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            attributes.append((name, match["type"].strip()))
    raise BenchmarkError(f"{path}: there is no @data line; is it an ARFF file?")


def _values(kind: str) -> tuple[str, ...]:
    """Return the declared values of a nominal attribute, ``{a, 'b c'}``; empty for another type."""
    if not (kind.startswith("{") and kind.endswith("}")):
        return ()
    cells = next(csv.reader([kind[1:-1]], quotechar="'", escapechar="\\", skipinitialspace=True), [])
    return tuple(cell.strip() for cell in cells)


def _numbers(piece: pd.DataFrame, names: list[str], path: Path) -> npt.NDArray[Any]:
    import pandas as pd

    for column in piece.columns:
        if not pd.api.types.is_numeric_dtype(piece[column]):
            raise BenchmarkError(f"{path}: `{names[column][:80]}` is no number, so this is no data set of images")
    values: npt.NDArray[Any] = piece.to_numpy()
    if values.dtype.kind in "iu" and values.size and values.min() >= 0 and values.max() <= 255:
        values = values.astype(np.uint8)
    return values
