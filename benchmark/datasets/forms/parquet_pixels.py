"""Parquet files of pixels, as pandas writes them: a column a pixel, or the pixels of an image in a list.

They are read by the rules of a CSV, see `csv_pixels`; files of pictures are the matter of `parquet`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmark.datasets import idx
from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    import pandas as pd

SUFFIX = ".parquet"
"""In lower case; upper case is accepted, too."""

FEWEST = 64
"""Fewest columns of numbers that are pixels."""


def has_pixels(path: Path) -> bool:
    """Return whether a file has many columns of numbers, or lists of numbers and no pictures; False without pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return False
    try:
        types = pq.read_schema(path).types
    except (OSError, ValueError):
        return False  # damaged: the reader of pictures says so
    numbers = sum(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) for kind in types
    )
    pictures = any(pa.types.is_struct(kind) or pa.types.is_binary(kind) for kind in types)
    return numbers >= FEWEST or (not pictures and sum(map(_is_list, types)) == 1)


def columns(path: Path) -> tuple[str, ...]:
    """Return the names of the columns; those of a list get numbers, which only reading can count.

    Raises
    ------
    ValueError, OSError
        The file is damaged.
    """
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    return tuple(field.name for field in schema if not _is_list(field.type))


def frame(path: Path) -> pd.DataFrame:
    """Return a file as a table with a column a pixel.

    Raises
    ------
    BenchmarkError
        It has too many values, or its images have several sizes.
    ValueError, OSError
        It is damaged.
    """
    import pandas as pd
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        about = file.metadata
        groups = [about.row_group(number) for number in range(file.num_row_groups)]
        values = sum(group.column(place).num_values for group in groups for place in range(group.num_columns))
        if values > idx.LIMIT // 8:  # floats; what they take in the file says little
            raise BenchmarkError(f"{path}: {values:,} values, more than are read; give fewer or smaller images")
        table = file.read()
    pieces = []
    for name in table.column_names:
        column = table.column(name)
        if _is_list(column.type):
            rows = _rows(column, path)
            pieces.append(pd.DataFrame(rows, columns=[f"{name}{place}" for place in range(rows.shape[1])]))
        else:
            pieces.append(column.to_pandas().rename(name))
    return pd.concat(pieces, axis=1)


def _rows(column: Any, path: Path) -> npt.NDArray[Any]:
    """Return lists of numbers, in whatever depth, as rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    count, flat = len(column), column.combine_chunks()
    if isinstance(flat, pa.ExtensionArray):
        flat = flat.storage
    while _is_list(flat.type):
        if flat.null_count or len(pc.unique(pc.list_value_length(flat))) > 1:
            raise BenchmarkError(f"{path}: its lists of pixels have several lengths; give all images the same size")
        flat = pc.list_flatten(flat)
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(count, -1)


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
